#include "storage/durable_file.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::storage {
namespace {

namespace fs = std::filesystem;

class DurableFileTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() /
            (std::string("spillway_durable_") + test->name() + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string At(const std::string& name) const { return (root_ / name).string(); }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  size_t EntryCount() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(root_), {}));
  }

  fs::path root_;
};

TEST(StorageErrorTest, CodesWhatTheUserCanMend) {
  const auto code_of = [](int error_number) {
    return FindError(StorageError(error_number, "write the file", "/lake/t"))->code;
  };
  for (const int number : {EROFS, EACCES, EPERM}) {
    EXPECT_EQ(code_of(number), ErrorCode::kReadOnlyStorage);
  }
  for (const int number : {ENOSPC, EDQUOT, EFBIG}) {
    EXPECT_EQ(code_of(number), ErrorCode::kStorageFull);
  }
  for (const int number : {ENOENT, EIO, EMFILE, ENFILE, ENOTDIR, EEXIST, ENAMETOOLONG, 0, 9999}) {
    EXPECT_EQ(code_of(number), ErrorCode::kStorage) << number;
  }
}

TEST(StorageErrorTest, NamesActionPathAndReason) {
  const auto error = FindError(StorageError(ENOSPC, "write the file", "/lake/t/part-0"));
  EXPECT_EQ(error->what, "cannot write the file /lake/t/part-0");
  EXPECT_EQ(error->where, "/lake/t/part-0");
  EXPECT_EQ(error->why, "No space left on device");
  EXPECT_FALSE(error->cure.empty());
}

TEST_F(DurableFileTest, MakesAChainOfFolders) {
  ASSERT_TRUE(MakeFolders(At("a/b//c/")).ok());
  EXPECT_TRUE(fs::is_directory(At("a/b/c")));
  EXPECT_TRUE(MakeFolders(At("a/b/c")).ok());
  EXPECT_TRUE(MakeFolders("/").ok());
  EXPECT_EQ(FindError(MakeFolders(""))->code, ErrorCode::kStorage);
}

TEST_F(DurableFileTest, AFileInTheWayIsAnError) {
  std::ofstream(At("file")) << "x";
  for (const std::string name : {"file", "file/below", "file/below/that"}) {
    const Status status = MakeFolders(At(name));
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(FindError(status)->code, ErrorCode::kStorage);
  }
  EXPECT_EQ(Read(At("file")), "x");
}

TEST_F(DurableFileTest, ThreadsMayMakeTheSameFolders) {
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) failures += !MakeFolders(At(std::to_string(i) + "/x/y")).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_F(DurableFileTest, RemovesAFileOnce) {
  std::ofstream(At("file")) << "x";
  EXPECT_TRUE(RemoveFile(At("file")).ok());
  EXPECT_FALSE(fs::exists(At("file")));
  EXPECT_TRUE(RemoveFile(At("file")).ok());
  fs::create_directory(At("folder"));
  EXPECT_FALSE(RemoveFile(At("folder")).ok());
}

TEST_F(DurableFileTest, SyncsWhatIsThere) {
  std::ofstream(At("file")) << "x";
  EXPECT_TRUE(SyncFile(At("file")).ok());
  EXPECT_TRUE(SyncFolder(root_).ok());
  const Status missing = SyncFile(At("missing"));
  EXPECT_EQ(FindError(missing)->code, ErrorCode::kStorage);
  EXPECT_EQ(FindError(missing)->why, "No such file or directory");
  EXPECT_EQ(FindError(SyncFolder(At("file")))->why, "Not a directory");
}

TEST_F(DurableFileTest, WritesAndReplacesAWholeFile) {
  ASSERT_TRUE(WriteFileAtomically(At("manifest"), "first").ok());
  EXPECT_EQ(Read(At("manifest")), "first");
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(WriteFileAtomically(At("manifest"), large).ok());
  EXPECT_EQ(Read(At("manifest")), large);
  ASSERT_TRUE(WriteFileAtomically(At("manifest"), "").ok());
  EXPECT_EQ(Read(At("manifest")), "");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(DurableFileTest, AnAtomicFileIsItsOwnersAlone) {
  const mode_t mask = ::umask(0);
  const Status status = WriteFileAtomically(At("file"), "x");
  ::umask(mask);
  ASSERT_TRUE(status.ok());
  struct stat facts;
  ASSERT_EQ(::stat(At("file").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(DurableFileTest, AFailedWriteLeavesNothingBehind) {
  fs::create_directories(At("folder/inside"));
  EXPECT_FALSE(WriteFileAtomically(At("folder"), "x").ok());
  EXPECT_EQ(EntryCount(), 1U);
  EXPECT_TRUE(fs::is_directory(At("folder/inside")));
  const Status missing = WriteFileAtomically(At("no/file"), "x");
  EXPECT_EQ(FindError(missing)->code, ErrorCode::kStorage);
  EXPECT_THAT(FindError(missing)->what, testing::HasSubstr(At("no/file")));
}

TEST_F(DurableFileTest, AFullDiskIsSaidToBeFull) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  // A real ENOSPC from the kernel, through the same classification.
  std::ofstream full("/dev/full");
  errno = 0;
  full << "x" << std::flush;
  ASSERT_FALSE(full.good());
  EXPECT_EQ(FindError(StorageError(errno, "write", "/dev/full"))->code, ErrorCode::kStorageFull);
}

TEST_F(DurableFileTest, ReadersSeeTheOldOrTheNewFile) {
  const std::string old_contents(100'000, 'o');
  const std::string new_contents(200'000, 'n');
  ASSERT_TRUE(WriteFileAtomically(At("file"), old_contents).ok());
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done) {
      const std::string seen = Read(At("file"));
      torn += seen != old_contents && seen != new_contents;
    }
  });
  bool all_written = true;
  for (int i = 0; i < 30; ++i) {
    all_written &= WriteFileAtomically(At("file"), i % 2 ? old_contents : new_contents).ok();
  }
  done = true;
  reader.join();
  EXPECT_TRUE(all_written);
  EXPECT_EQ(torn, 0);
}

TEST_F(DurableFileTest, WhatAKilledWriterLeftGoes) {
  for (const char* file : {"job.run.tmp-1-0000abcd", "job.checkpoint.tmp-7-0000abcd"}) {
    std::ofstream(At(file)) << "x";
  }
  for (const char* file : {"job.run", "job2.run.tmp-1-0000abcd"}) std::ofstream(At(file));
  RemoveUnfinished(root_.string(), "job.");
  EXPECT_THAT(NamesIn(root_.string()).ValueOrDie(),
              testing::UnorderedElementsAre("job.run", "job2.run.tmp-1-0000abcd"));
  RemoveUnfinished(At("missing"), "job.");
}

TEST_F(DurableFileTest, AFolderThatIsMissingHasNoNames) {
  EXPECT_TRUE(NamesIn(At("missing")).ValueOrDie().empty());
  std::ofstream(At("file")) << "x";
  EXPECT_FALSE(NamesIn(At("file")).ok());
}

}  // namespace
}  // namespace spillway::storage
