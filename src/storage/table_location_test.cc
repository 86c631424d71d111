#include "storage/table_location.h"

#include <filesystem>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::storage {
namespace {

namespace fs = std::filesystem;

class TableLocationTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const fs::path folder = fs::temp_directory_path() / (std::string("spillway_location_") +
                                                         test->name() + std::to_string(::getpid()));
    fs::create_directories(folder);
    root_ = fs::canonical(folder);
  }
  void TearDown() override { fs::remove_all(root_); }

  TableLocation Parse(const std::string& text) { return ParseIn(text, root_); }
  static TableLocation ParseIn(const std::string& text, const std::string& base) {
    auto location = ParseTableLocation(text, base);
    EXPECT_TRUE(location.ok()) << location.status();
    return location.ok() ? *location : TableLocation{};
  }

  fs::path root_;
};

TEST_F(TableLocationTest, ResolvesPathsAgainstTheBase) {
  EXPECT_EQ(Parse("lake/bronze").path, root_ / "lake/bronze");
  EXPECT_EQ(Parse("lake/bronze").display, "lake/bronze");
  EXPECT_EQ(Parse("./lake//bronze/.").path, root_ / "lake/bronze");
  EXPECT_EQ(Parse("lake/x/../bronze///").path, root_ / "lake/bronze");
  EXPECT_EQ(Parse("../silver").path, root_.parent_path() / "silver");
  EXPECT_EQ(Parse("/lake/bronze/").path, "/lake/bronze");
  EXPECT_EQ(Parse("/").path, "/");
  EXPECT_EQ(Parse(".").path, root_);
  EXPECT_EQ(ParseIn("t", "some/base").path, fs::current_path() / "some/base/t");
  EXPECT_EQ(ParseIn("t", "").path, fs::current_path() / "t");
}

TEST_F(TableLocationTest, TakesStrangeButLocalNames) {
  EXPECT_EQ(Parse("a b%20c").path, root_ / "a b%20c");
  EXPECT_EQ(Parse("c:/table").path, root_ / "c:/table");
  EXPECT_EQ(Parse("2026-11-22:x/t").path, root_ / "2026-11-22:x/t");
  EXPECT_EQ(Parse("x=1/s3://y").path, root_ / "x=1/s3:/y");
  EXPECT_EQ(Parse("d\xC3\xA9p\xC3\xB4t").path, root_ / "d\xC3\xA9p\xC3\xB4t");
}

TEST_F(TableLocationTest, ReadsFileUrls) {
  EXPECT_EQ(Parse("file:///lake/bronze/").path, "/lake/bronze");
  EXPECT_EQ(Parse("file://localhost/lake/bronze").path, "/lake/bronze");
  EXPECT_EQ(Parse("file:/lake/bronze").path, "/lake/bronze");
  EXPECT_EQ(Parse("FILE:///lake").path, "/lake");
  EXPECT_EQ(Parse("file:///a%20b/%C3%A9%25%3f").path, "/a b/\xC3\xA9%?");
  EXPECT_EQ(Parse("file:///lake/../silver").path, "/silver");
  EXPECT_EQ(Parse("file:///lake").display, "file:///lake");
}

TEST_F(TableLocationTest, RefusesOtherSchemesByName) {
  for (const std::string url :
       {"s3://bucket/t", "s3a://bucket/t", "abfss://c@a.dfs.core.windows.net/t", "gs://b/t",
        "az://c/t", "http://host/t", "https://host/t", "hdfs://n/t", "dbfs:/t", "S3://bucket/t"}) {
    const auto location = ParseTableLocation(url, root_);
    ASSERT_FALSE(location.ok()) << url;
    const auto error = FindError(location.status());
    EXPECT_EQ(error->code, ErrorCode::kUnsupportedUrl) << url;
    EXPECT_THAT(error->what, testing::HasSubstr(url));
    EXPECT_FALSE(error->why.empty());
  }
  EXPECT_THAT(FindError(ParseTableLocation("gs://b/t", "/").status())->why,
              testing::HasSubstr("Google Cloud Storage"));
}

TEST_F(TableLocationTest, RefusesMalformedFileUrls) {
  for (const std::string url : {"file://host/t", "file://lake/t", "file://", "file://localhost",
                                "file:///t?x=1", "file:///t#f", "file:///t%2", "file:///t%zz"}) {
    const auto location = ParseTableLocation(url, root_);
    ASSERT_FALSE(location.ok()) << url << " became " << location->path;
    EXPECT_EQ(FindError(location.status())->code, ErrorCode::kUnsupportedUrl) << url;
  }
}

TEST_F(TableLocationTest, RefusesEmptyPathsAndNulBytes) {
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string("file:///%00")}) {
    const auto location = ParseTableLocation(text, root_);
    ASSERT_FALSE(location.ok());
    EXPECT_EQ(FindError(location.status())->code, ErrorCode::kValueOutOfRange);
  }
}

TEST_F(TableLocationTest, LinksAreResolvedBeforeDotDot) {
  fs::create_directories(root_ / "disk/deep/table");
  fs::create_directory_symlink(root_ / "disk/deep", root_ / "link");
  EXPECT_EQ(Parse("link/table").path, root_ / "disk/deep/table");
  EXPECT_EQ(Parse("link/not_yet").path, root_ / "disk/deep/not_yet");
  EXPECT_EQ(Parse("link/../sibling").path, root_ / "disk/sibling");
}

TEST_F(TableLocationTest, OneTableHasManySpellings) {
  fs::create_directories(root_ / "lake/table");
  fs::create_directories(root_ / "lake/other");
  fs::create_directory_symlink(root_ / "lake", root_ / "link");
  const TableLocation table = Parse("lake/table");
  for (const std::string& spelling :
       {std::string("lake/table/"), std::string("./lake/../lake/./table"),
        std::string("link/table"), std::string("link/../lake/table"),
        (root_ / "lake/table").string(), "file://" + (root_ / "link/table").string()}) {
    EXPECT_TRUE(IsSameTable(table, Parse(spelling))) << spelling;
    EXPECT_TRUE(IsSameTable(Parse(spelling), table)) << spelling;
  }
  for (const std::string spelling : {"lake/other", "lake", "lake/table/x", "lake/tabl", "link"}) {
    EXPECT_FALSE(IsSameTable(table, Parse(spelling))) << spelling;
  }
}

TEST_F(TableLocationTest, TablesThatDoNotExistYetAreComparedByPath) {
  fs::create_directories(root_ / "lake");
  fs::create_directory_symlink(root_ / "lake", root_ / "link");
  EXPECT_TRUE(IsSameTable(Parse("lake/new"), Parse("link/./new/")));
  EXPECT_FALSE(IsSameTable(Parse("lake/new"), Parse("lake/newer")));
  // A plain path that nobody has resolved, as a caller may have one from elsewhere.
  const std::string unresolved = (root_ / "link/new").string();
  EXPECT_TRUE(IsSameTable(Parse("lake/new"), {.path = unresolved, .display = unresolved}));
}

TEST_F(TableLocationTest, ALinkMadeLaterIsSeenByTheComparison) {
  const TableLocation early = Parse("alias");
  fs::create_directories(root_ / "table");
  fs::create_directory_symlink(root_ / "table", root_ / "alias");
  EXPECT_TRUE(IsSameTable(early, Parse("table")));
}

TEST_F(TableLocationTest, AddressesAreShownWithoutSecrets) {
  EXPECT_EQ(WithoutSecrets("https://user:pass@host:80/a/b"), "https://...@host:80/a/b");
  EXPECT_EQ(WithoutSecrets("s3://key@bucket/a@b"), "s3://...@bucket/a@b");
  EXPECT_EQ(WithoutSecrets("https://a:b@c@host"), "https://...@host");
  EXPECT_EQ(WithoutSecrets("https://host/a?sig=x&sp=r"), "https://host/a?...");
  EXPECT_EQ(WithoutSecrets("https://host/a#x"), "https://host/a#...");
  EXPECT_EQ(WithoutSecrets("abfss://box:key@account/a"), "abfss://...@account/a");
  for (const char* plain : {"abfss://box@account.dfs.core.windows.net/a", "/lake/a@b?c#d", "lake",
                            "file:///a@b", "s3://bucket/a", ""}) {
    EXPECT_EQ(WithoutSecrets(plain), plain);
  }
}

TEST_F(TableLocationTest, AFileUrlReadsBackAsItsPath) {
  EXPECT_EQ(FileUrl("/lake/bronze"), "file:///lake/bronze");
  EXPECT_EQ(FileUrl("/a b/50%"), "file:///a%20b/50%25");
  std::string every_byte = "/";
  for (int byte = 1; byte < 256; ++byte) {
    if (byte != '/' && byte != '.') every_byte += static_cast<char>(byte);
  }
  EXPECT_EQ(Parse(FileUrl(every_byte)).path, every_byte);
}

}  // namespace
}  // namespace spillway::storage
