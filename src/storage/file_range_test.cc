#include "storage/file_range.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdlib.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/file_descriptor.h"

namespace spillway::storage {
namespace {

class FileRangeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "spillway-range-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  FileDescriptor Open(const std::string& path, int flags) {
    FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    EXPECT_TRUE(file.is_open()) << path;
    return file;
  }

  std::string ReadAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(FileRangeTest, CopiesRandomRangesLikeAString) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 engine(seed);
  const auto draw = [&engine](size_t most) {
    return std::uniform_int_distribution<size_t>(0, most)(engine);
  };
  std::string bytes(100'000, 0);
  for (char& byte : bytes) byte = static_cast<char>(engine());
  const std::string source_path = (folder_ / "source").string();
  const std::string target_path = (folder_ / "target").string();
  std::ofstream(source_path, std::ios::binary) << bytes;
  const FileDescriptor source = Open(source_path, O_RDONLY);
  const FileDescriptor target = Open(target_path, O_RDWR | O_CREAT);
  std::string expected;
  for (int round = 0; round < 50; ++round) {
    const size_t from = draw(bytes.size());
    const size_t size = draw(bytes.size() - from);
    const size_t to = draw(bytes.size());
    std::vector<uint8_t> buffer(1 + draw(5000));
    const Status status = CopyRange({source.get(), source_path}, static_cast<int64_t>(from),
                                    {target.get(), target_path}, static_cast<int64_t>(to),
                                    static_cast<int64_t>(size), buffer);
    ASSERT_TRUE(status.ok()) << status.ToString();
    if (size > 0) expected.resize(std::max(expected.size(), to + size));
    expected.replace(to, size, bytes, from, size);
  }
  EXPECT_EQ(ReadAll(target_path), expected);
}

TEST_F(FileRangeTest, ASourceThatEndsEarlyIsNamed) {
  const std::string source_path = (folder_ / "source").string();
  const std::string target_path = (folder_ / "target").string();
  std::ofstream(source_path) << "short";
  const FileDescriptor source = Open(source_path, O_RDONLY);
  const FileDescriptor target = Open(target_path, O_WRONLY | O_CREAT);
  std::vector<uint8_t> buffer(16);
  const Status status =
      CopyRange({source.get(), source_path}, 0, {target.get(), target_path}, 0, 100, buffer);
  const auto error = FindError(status);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kStorage);
  EXPECT_EQ(error->where, source_path);
}

TEST_F(FileRangeTest, AFullTargetIsStorageFull) {
  const std::string source_path = (folder_ / "source").string();
  std::ofstream(source_path) << "some bytes";
  const FileDescriptor source = Open(source_path, O_RDONLY);
  const std::string full = "/dev/full";
  const FileDescriptor target = Open(full, O_WRONLY);
  std::vector<uint8_t> buffer(16);
  const Status status =
      CopyRange({source.get(), source_path}, 0, {target.get(), full}, 0, 10, buffer);
  const auto error = FindError(status);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kStorageFull);
}

// Where the temporary folder's file system shares blocks, a shared range reads as a copy; where it
// does not, that is found out without an error.
TEST_F(FileRangeTest, SharesBlocksWhereTheFileSystemCan) {
  const std::string source_path = (folder_ / "source").string();
  const std::string target_path = (folder_ / "target").string();
  const std::string bytes(64 * 1024, 'x');
  std::ofstream(source_path) << bytes;
  const auto [blocks, block] = FindTransferMethod(source_path, folder_.string());
  EXPECT_EQ(FindTransferMethod((folder_ / "absent").string(), folder_.string()).blocks,
            BlockTransfer::kCopy);
  if (blocks != BlockTransfer::kShare)
    GTEST_SKIP() << "no shared blocks on the file system of " << folder_;
  const FileDescriptor source = Open(source_path, O_RDONLY);
  const FileDescriptor target = Open(target_path, O_WRONLY | O_CREAT);
  ASSERT_TRUE(ShareRange({source.get(), source_path}, 0, {target.get(), target_path}, block,
                         static_cast<int64_t>(bytes.size())));
  EXPECT_EQ(ReadAll(target_path), std::string(static_cast<size_t>(block), 0) + bytes);
}

TEST_F(FileRangeTest, WritesDirectlyWhereTheFileSystemCan) {
  const std::string source_path = (folder_ / "source").string();
  const std::string target_path = (folder_ / "target").string();
  std::string bytes(9 * 1024 * 1024, 0);
  std::mt19937 engine(7);
  for (char& byte : bytes) byte = static_cast<char>(engine());
  std::ofstream(source_path) << bytes;
  const auto [blocks, block] = FindTransferMethod(source_path, folder_.string());
  if (blocks != BlockTransfer::kDirect) GTEST_SKIP() << "no direct writes in " << folder_;
  const FileDescriptor source = Open(source_path, O_RDONLY);
  const FileDescriptor target = Open(target_path, O_WRONLY | O_CREAT | O_DIRECT);
  const auto size = static_cast<int64_t>(bytes.size());
  const OpenFile from = {source.get(), source_path};
  const OpenFile to = {target.get(), target_path};
  ASSERT_TRUE(WriteDirectly(from, block, to, 3 * block, size - block).ValueOrDie());
  EXPECT_EQ(ReadAll(target_path),
            std::string(static_cast<size_t>(3 * block), 0) + bytes.substr(block));
  // Offsets that are no multiples, and a source that ends early, are refused, not an error.
  EXPECT_FALSE(WriteDirectly(from, block, to, 17, block).ValueOrDie());
  EXPECT_FALSE(WriteDirectly(from, size, to, 0, block).ValueOrDie());
}

}  // namespace
}  // namespace spillway::storage
