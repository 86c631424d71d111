#include "state/run_record.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace spillway::state {
namespace {

TEST(RunRecordTest, ComesBackAsItWasWritten) {
  const TemporaryFolder base;
  const std::string folder = base.File("");
  EXPECT_FALSE(ReadRunRecord(folder, "job").ValueOrDie());
  const std::string tag(36, 'a');
  ASSERT_TRUE(WriteRunRecord(folder, "job", {.file_tags = {"b" + tag}, .first_version = 7}).ok());
  ASSERT_TRUE(
      WriteRunRecord(folder, "job", {.file_tags = {tag, "c" + tag}, .first_version = 8}).ok());
  const auto record = ReadRunRecord(folder, "job").ValueOrDie();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->file_tags, (std::vector{tag, "c" + tag}));
  EXPECT_EQ(record->first_version, 8);
  EXPECT_FALSE(ReadRunRecord(folder, "another").ValueOrDie());
  ASSERT_TRUE(RemoveRunRecord(folder, "job").ok());
  EXPECT_FALSE(ReadRunRecord(folder, "job").ValueOrDie());
  EXPECT_TRUE(base.IsEmpty());
}

TEST(RunRecordTest, WhatIsDamagedIsNone) {
  const TemporaryFolder base;
  const std::string folder = base.File("");
  const std::string tag = R"("file_tags": [")" + std::string(36, 'a') + "\"]";
  // A short tag would stand in other files' names.
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"), "{" + tag + "}",
        std::string(R"({"file_tags": [1], "first_version": 1})"),
        std::string(R"({"file_tags": ["part"], "first_version": 1})"),
        "{" + tag + R"(, "first_version": "1"})", "{" + tag + R"(, "first_version": -1})"}) {
    std::ofstream(base.File("job.run")) << text;
    EXPECT_FALSE(ReadRunRecord(folder, "job").ValueOrDie()) << text;
  }
}

// A record that is there, and that the disk does not give, is not gone.
TEST(RunRecordTest, FailsWhereItCannotBeRead) {
  const TemporaryFolder base;
  std::filesystem::create_directory(base.File("job.run"));  // can be opened, and not be read
  const auto error = FindError(ReadRunRecord(base.File(""), "job").status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kStorage);
  EXPECT_THAT(error->where, testing::EndsWith("/job.run"));
}

}  // namespace
}  // namespace spillway::state
