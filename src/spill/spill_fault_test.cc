// Spilling where the pool refuses, the disk is full, or a file does not come back as it was
// written.
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file_size_limit.h"
#include "memory/allocator.h"
#include "memory/fault_pool.h"
#include "spill/block_format.h"
#include "spill/spill_writer.h"
#include "spill/stream_reader.h"
#include "spill/test_folder.h"

namespace spillway::spill {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kStreams = 5;

Status WriteSome(SpillWriter* writer, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) {
    const auto stream = static_cast<uint32_t>(i) % kStreams;
    const int64_t bytes = i % 97 == 96 ? 20'000 : 500;
    uint8_t* room = writer->TryExtend(stream, bytes);
    if (room == nullptr) {
      ARROW_RETURN_NOT_OK(writer->StartBlock(stream, bytes));
      room = writer->TryExtend(stream, bytes);
    }
    std::memset(room, static_cast<int>(i), static_cast<size_t>(bytes));
  }
  return Status::OK();
}

Result<std::unique_ptr<SpilledStreams>> Spill(SpillDirectory* directory, bool compress,
                                              ResidentQuota* quota, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto writer, SpillWriter::Make(directory, {.purpose = "rows",
                                                                   .streams = kStreams,
                                                                   .block_bytes = 4096,
                                                                   .write_bytes = 10'000,
                                                                   .compress = compress,
                                                                   .quota = quota,
                                                                   .pool = pool}));
  ARROW_RETURN_NOT_OK(WriteSome(writer.get(), 300));
  return writer->Finish();
}

Status ReadAll(const SpilledStreams& streams, arrow::MemoryPool* pool) {
  StreamReader reader(pool);
  for (uint32_t stream = 0; stream < kStreams; ++stream) {
    for (reader.Open(streams, stream); !reader.done();) {
      ARROW_RETURN_NOT_OK(reader.Next().status());
    }
  }
  return Status::OK();
}

TEST(SpillFaultTest, ARefusalAtAnyRequestIsCleanAndLeaksNothing) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (const bool compress : {false, true}) {
    for (int64_t fail_at = 1;; ++fail_at) {
      arrow::ProxyMemoryPool backing(memory::BackingPool());
      memory::FaultPool pool(&backing, {.fail_at = fail_at});
      ResidentQuota quota(20'000);
      const auto spill_and_read = [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(const auto streams, Spill(directory.get(), compress, &quota, &pool));
        return ReadAll(*streams, &pool);
      };
      const Status status = spill_and_read();
      ASSERT_EQ(backing.bytes_allocated(), 0) << "request " << fail_at;
      ASSERT_TRUE(quota.TryTake(20'000));
      if (status.ok()) {
        ASSERT_GT(fail_at, 10);
        break;
      }
      ASSERT_TRUE(status.IsOutOfMemory()) << status.ToString();
    }
  }
  EXPECT_EQ(base.CountEntries(), 2);  // the folder and its lock: no file is left behind
}

void ExpectStorageFull(const Status& status) {
  ASSERT_FALSE(status.ok());
  const auto error = FindError(status);
  ASSERT_TRUE(error.has_value()) << status.ToString();
  EXPECT_EQ(error->code, ErrorCode::kStorageFull) << status.ToString();
  EXPECT_NE(error->where.find("/spillway-spill-"), std::string::npos);
  EXPECT_FALSE(error->cure.empty());
}

// A file may not grow above ever larger limits: so the disk is full at each write in turn.
TEST(SpillFaultTest, AFullDiskAtAnyWriteIsACodedError) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  int failures = 0;
  for (rlim_t limit = 0;; limit += 1000) {
    arrow::ProxyMemoryPool pool(memory::BackingPool());
    const Status status = [&] {
      const FileSizeLimit full_disk(limit);
      return Spill(directory.get(), false, nullptr, &pool).status();
    }();
    ASSERT_EQ(pool.bytes_allocated(), 0);
    if (status.ok()) break;
    ASSERT_NO_FATAL_FAILURE(ExpectStorageFull(status));
    ++failures;
  }
  EXPECT_GT(failures, 20);
  EXPECT_EQ(base.CountEntries(), 2);
}

TEST(SpillFaultTest, AFileSystemWithoutRoomIsACodedErrorWithItsCure) {
  TestFolder base;
  if (!base.Mount("size=64k")) {
    GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  }
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  const Status status = Spill(directory.get(), false, nullptr, memory::BackingPool()).status();
  ExpectStorageFull(status);
  EXPECT_NE(FindError(status)->cure.find("resources.spill_directory"), std::string::npos);
}

// The one file of the run.
fs::path FileIn(const SpillDirectory& directory) {
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    if (entry.path().filename() != "lock") return entry.path();
  }
  return {};
}

class SpillDamageTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    directory_ = SpillDirectory::Make({base_.text()}, "test").ValueOrDie();
    streams_ = Spill(directory_.get(), GetParam(), nullptr, memory::BackingPool()).ValueOrDie();
    path_ = FileIn(*directory_);
    ASSERT_FALSE(path_.empty());
  }

  void FlipByte(int64_t offset) {
    const storage::FileDescriptor file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    uint8_t byte = 0;
    ASSERT_EQ(::pread(file.get(), &byte, 1, offset), 1);
    byte ^= 0x40;
    ASSERT_EQ(::pwrite(file.get(), &byte, 1, offset), 1);
  }

  void ExpectDamage() {
    const Status status = ReadAll(*streams_, memory::BackingPool());
    ASSERT_FALSE(status.ok());
    const auto error = FindError(status);
    ASSERT_TRUE(error.has_value()) << status.ToString();
    EXPECT_EQ(error->code, ErrorCode::kSpillDamaged);
    EXPECT_NE(error->what.find(path_.string()), std::string::npos);
    EXPECT_NE(error->where.find("byte"), std::string::npos);
  }

  const TestFolder base_;
  std::unique_ptr<SpillDirectory> directory_;
  std::unique_ptr<SpilledStreams> streams_;
  fs::path path_;
};

// Every byte of the first header, and some of the payload; each is mended again.
TEST_P(SpillDamageTest, AFlippedBitAnywhereIsFound) {
  ASSERT_TRUE(ReadAll(*streams_, memory::BackingPool()).ok());
  for (const int64_t offset :
       {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 64}) {
    ASSERT_NO_FATAL_FAILURE(FlipByte(offset));
    ASSERT_NO_FATAL_FAILURE(ExpectDamage()) << "byte " << offset;
    ASSERT_NO_FATAL_FAILURE(FlipByte(offset));
  }
  ASSERT_TRUE(ReadAll(*streams_, memory::BackingPool()).ok());
}

TEST_P(SpillDamageTest, AFileThatIsCutShortIsFound) {
  fs::resize_file(path_, fs::file_size(path_) - kPageBytes);
  ExpectDamage();
}

TEST_P(SpillDamageTest, ABlockInThePlaceOfAnotherIsFound) {
  const storage::FileDescriptor file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  std::vector<uint8_t> page(kPageBytes);
  ASSERT_EQ(::pread(file.get(), page.data(), page.size(), 0), kPageBytes);
  ASSERT_EQ(::pwrite(file.get(), page.data(), page.size(), kPageBytes), kPageBytes);
  ExpectDamage();
}

INSTANTIATE_TEST_SUITE_P(Compressed, SpillDamageTest, testing::Bool());

}  // namespace
}  // namespace spillway::spill
