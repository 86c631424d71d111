#include "parquet/new_file.h"

#include <fcntl.h>
#include <filesystem>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

// Ranges of another file, with bytes between them, by every method: the file is what a string says.
TEST(NewFile, HoldsRangesOfAnotherFile) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 engine(seed);
  const auto draw = [&engine](size_t most) {
    return std::uniform_int_distribution<size_t>(0, most)(engine);
  };
  const TemporaryFolder folder;
  const std::string source_path = folder.File("source");
  std::string bytes(1'500'000, 0);
  for (char& byte : bytes) byte = static_cast<char>(engine());
  WriteBytes(source_path, bytes);
  const storage::FileDescriptor source(::open(source_path.c_str(), O_RDONLY | O_CLOEXEC));
  // Where the file system refuses a method, the bytes are copied.
  for (const storage::TransferMethod& method :
       {storage::TransferMethod{},
        storage::TransferMethod{.blocks = storage::BlockTransfer::kDirect, .block_bytes = 4096},
        storage::TransferMethod{.blocks = storage::BlockTransfer::kShare, .block_bytes = 4096}}) {
    const std::string path = folder.File("new");
    const auto file = NewFile::Create(path).ValueOrDie();
    std::string expected;
    std::vector<uint8_t> buffer(1 + draw(100'000));
    for (int round = 0; round < 20; ++round) {
      const std::string between(draw(9000), static_cast<char>('a' + round));
      ASSERT_TRUE(file->Write(between.data(), static_cast<int64_t>(between.size())).ok());
      expected += between;
      const size_t from = draw(bytes.size());
      const size_t size = draw(bytes.size() - from);
      const int64_t begin =
          file->Reserve(static_cast<int64_t>(from), static_cast<int64_t>(size), method);
      expected.resize(static_cast<size_t>(begin), 0);
      expected += bytes.substr(from, size);
      const auto shared = file->Fill({source.get(), source_path}, static_cast<int64_t>(from), begin,
                                     static_cast<int64_t>(size), method, buffer);
      ASSERT_TRUE(shared.ok()) << shared.status().ToString();
      ASSERT_TRUE(*shared == 0 || method.blocks == storage::BlockTransfer::kShare);
    }
    EXPECT_EQ(file->size_bytes(), static_cast<int64_t>(expected.size()));
    ASSERT_TRUE(file->Commit().ok());
    ASSERT_TRUE(ReadBytes(path) == expected);
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace spillway::parquet
