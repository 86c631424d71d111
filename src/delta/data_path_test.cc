#include "delta/data_path.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "delta/test_tables.h"

namespace spillway::delta {
namespace {

using test::CodeOf;

std::string Resolved(const std::string& root, const std::string& logged) {
  const Result<std::string> path = ResolveDataPath(root, logged);
  return path.ok() ? *path : path.status().message();
}

TEST(DataPath, ResolvesRelativePaths) {
  EXPECT_EQ(Resolved("/t", "part-0.parquet"), "/t/part-0.parquet");
  EXPECT_EQ(Resolved("/t", "p=a%20b%252F/x.parquet"), "/t/p=a b%2F/x.parquet");
  EXPECT_EQ(Resolved("/t", "caf%C3%A9.parquet"), "/t/café.parquet");
  EXPECT_EQ(Resolved("/t", "café.parquet"), "/t/café.parquet");
  EXPECT_EQ(Resolved("/t", "./a//b.parquet"), "/t/a/b.parquet");
  EXPECT_EQ(Resolved("/t", "100%.parquet"), "/t/100%.parquet");
}

TEST(DataPath, ResolvesAbsolutePathsInsideTheRoot) {
  EXPECT_EQ(Resolved("/t", "/t/a.parquet"), "/t/a.parquet");
  EXPECT_EQ(Resolved("/t", "file:/t/a%20b.parquet"), "/t/a b.parquet");
  EXPECT_EQ(Resolved("/t", "file:///t/a.parquet"), "/t/a.parquet");
  EXPECT_EQ(Resolved("/t", "file://localhost/t/a.parquet"), "/t/a.parquet");
}

TEST(DataPath, KnowsTheRootByItsOtherNames) {
  const test::TestFolder folder;
  std::filesystem::create_directory(folder / "table");
  std::filesystem::create_symlink(folder / "table", folder / "link");
  EXPECT_EQ(Resolved(folder / "table", folder / "link/a.parquet"), folder / "table/a.parquet");
}

TEST(DataPath, RefusesWhatIsOutside) {
  for (const char* logged :
       {"../u/a.parquet", "a/../../u", "%2e%2e/u", "/u/a.parquet", "/t2/a", "/t", ".",
        "file:///u/a.parquet", "file://host/t/a", "s3://bucket/t/a", "abfss://c@h/t/a.parquet"}) {
    const Status status = ResolveDataPath("/t", logged).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnsupportedFeature) << logged;
    EXPECT_NE(status.message().find(logged), std::string::npos) << status.message();
  }
}

TEST(DataPath, RefusesWhatIsNoPath) {
  EXPECT_EQ(CodeOf(ResolveDataPath("/t", "a%00b").status()), ErrorCode::kCorruptLog);
  EXPECT_EQ(CodeOf(ResolveDataPath("/t", "").status()), ErrorCode::kCorruptLog);
}

TEST(LinkCheck, RefusesWhatLeadsOut) {
  namespace fs = std::filesystem;
  const test::TestFolder folder;
  const std::string root = folder / "table";
  fs::create_directories(root + "/inside");
  fs::create_directories(folder / "outside");
  test::WriteText(root + "/inside/a", "a");
  test::WriteText(folder / "outside/b", "b");
  fs::create_symlink("inside", root + "/folder");
  fs::create_symlink("inside/a", root + "/file");
  fs::create_symlink(folder / "outside", root + "/folder_out");
  fs::create_symlink("../outside/b", root + "/file_out");
  fs::create_symlink("file_out", root + "/chain_out");
  LinkCheck links(root);
  for (const char* path : {"/inside/a", "/folder/a", "/file", "/inside/missing", "/missing/a"}) {
    EXPECT_TRUE(links.Check(root + path).ok()) << links.Check(root + path);
  }
  for (const char* path : {"/folder_out/b", "/folder_out/missing", "/file_out", "/chain_out"}) {
    EXPECT_EQ(CodeOf(links.Check(root + path)), ErrorCode::kUnsupportedFeature) << path;
    EXPECT_EQ(CodeOf(links.Check(root + path)), ErrorCode::kUnsupportedFeature) << "again";
  }
  fs::create_symlink(root, folder / "link");
  EXPECT_TRUE(LinkCheck(folder / "link").Check(folder / "link/inside/a").ok());
}

TEST(DataPath, EncodesWhatItResolves) {
  for (const char* path : {"a.parquet", "p=a b%2F/x y.parquet",
                           "d=2020-01-01 10:00:00/é#?[]{}.parquet", "100%.parquet", "a\\b\"c"}) {
    const std::string encoded = EncodeDataPath(path).ValueOrDie();
    EXPECT_EQ(Resolved("/t", encoded), std::string("/t/") + path) << encoded;
  }
  EXPECT_EQ(EncodeDataPath("p=a b/ü:1.parquet").ValueOrDie(), "p=a%20b/%C3%BC%3A1.parquet");
}

// What ResolveDataPath would refuse, or take for a folder.
TEST(DataPath, DoesNotEncodeWhatIsNoFile) {
  using std::string_literals::operator""s;
  for (const std::string& path : {"a\0b"s, "."s, "./."s, "a/"s, "a/."s}) {
    EXPECT_EQ(CodeOf(EncodeDataPath(path).status()), ErrorCode::kValueOutOfRange) << path;
  }
}

TEST(DataPath, DoesNotEncodeWhatLeavesTheRoot) {
  for (const char* path : {"", "/a", "../a", "a/../../b"}) {
    EXPECT_EQ(CodeOf(EncodeDataPath(path).status()), ErrorCode::kValueOutOfRange) << path;
  }
}

}  // namespace
}  // namespace spillway::delta
