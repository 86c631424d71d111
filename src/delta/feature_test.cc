// Table features: what Spillway does not know is refused by its name, for reading and for writing.
#include <gtest/gtest.h>

#include "delta/snapshot.h"
#include "delta/test_tables.h"
#include "delta/transaction.h"

namespace spillway::delta {
namespace {

using test::CodeOf;
using test::MetaData;
using test::TestFolder;
using test::WriteCommit;

std::string FeatureProtocol(const std::string& reader_features,
                            const std::string& writer_features) {
  return R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[)" +
         reader_features + R"(],"writerFeatures":[)" + writer_features + "]}}";
}

void ExpectNamed(const Status& status, const std::string& feature) {
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnsupportedFeature) << feature << RenderError(status);
  EXPECT_NE(RenderError(status).find(feature), std::string::npos) << RenderError(status);
}

TEST(ReaderFeatures, UnknownOnesAreRefusedByName) {
  for (const std::string feature :
       {"variantType", "variantShredding", "coolFeature", "geospatial", "rowFilters"}) {
    const TestFolder folder;
    const std::string quoted = "\"" + feature + "\"";
    WriteCommit(folder.path(), 0, {FeatureProtocol(quoted, quoted), MetaData()});
    ExpectNamed(Snapshot::Open(folder.path()).status(), feature);
  }
}

TEST(ReaderFeatures, CatalogsTablesAreRefusedByName) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0,
              {R"({"commitInfo":{"timestamp":1,"inCommitTimestamp":1}})",
               FeatureProtocol(R"("catalogManaged")", R"("catalogManaged","inCommitTimestamp")"),
               MetaData("long", R"("delta.enableInCommitTimestamps":"true")")});
  ExpectNamed(Snapshot::Open(folder.path()).status(), "catalogManaged");
}

TEST(ReaderFeatures, UnknownVersionsAreRefused) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0,
              {R"({"protocol":{"minReaderVersion":4,"minWriterVersion":7}})", MetaData()});
  const Status status = Snapshot::Open(folder.path()).status();
  EXPECT_TRUE(CodeOf(status) == ErrorCode::kUnsupportedFeature ||
              CodeOf(status) == ErrorCode::kCorruptLog)
      << RenderError(status);
}

TEST(ReaderFeatures, KnownOnesAreRead) {
  const TestFolder folder;
  const std::string features =
      R"("columnMapping","deletionVectors","timestampNtz","typeWidening","typeWidening-preview",)"
      R"("v2Checkpoint","vacuumProtocolCheck")";
  WriteCommit(folder.path(), 0, {FeatureProtocol(features, features), MetaData()});
  const auto snapshot = Snapshot::Open(folder.path());
  ASSERT_TRUE(snapshot.ok()) << RenderError(snapshot.status());
  EXPECT_EQ((*snapshot)->protocol().reader_features.size(), 7);
}

Status AppendTo(const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, Snapshot::Open(table));
  const Status check = snapshot->CheckWritable();
  const Status commit = Commit(*snapshot, {}).status();
  EXPECT_EQ(CodeOf(check), CodeOf(commit));
  return commit;
}

TEST(WriterFeatures, UnknownOnesAreRefusedByNameAndStillRead) {
  for (const std::string feature :
       {"checkConstraints", "generatedColumns", "identityColumns", "allowColumnDefaults",
        "rowTracking", "icebergCompatV1", "icebergCompatV2", "icebergCompatV3", "clustering",
        "materializePartitionColumns", "coolFeature"}) {
    const TestFolder folder;
    WriteCommit(folder.path(), 0,
                {FeatureProtocol("", "\"domainMetadata\",\"" + feature + "\""), MetaData()});
    EXPECT_TRUE(Snapshot::Open(folder.path()).ok()) << feature;
    ExpectNamed(AppendTo(folder.path()), feature);
  }
}

TEST(WriterFeatures, ColumnMappingIsWritten) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0,
              {FeatureProtocol(R"("columnMapping")", R"("columnMapping")"), MetaData()});
  const Status status = AppendTo(folder.path());
  EXPECT_TRUE(status.ok()) << RenderError(status);
}

TEST(WriterFeatures, LegacyVersionsAreRefusedByNumber) {
  for (const int version : {3, 4, 5, 6}) {
    const TestFolder folder;
    WriteCommit(
        folder.path(), 0,
        {fmt::format(R"({{"protocol":{{"minReaderVersion":1,"minWriterVersion":{}}}}})", version),
         MetaData()});
    ExpectNamed(AppendTo(folder.path()), fmt::format("writer version {}", version));
  }
}

TEST(WriterFeatures, ExpressionInvariantsAreRefused) {
  const TestFolder folder;
  WriteCommit(
      folder.path(), 0,
      {test::kPlainProtocol,
       R"({"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":")"
       R"({\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,)"
       R"(\"metadata\":{\"delta.invariants\":\"{\\\"expression\\\":{\\\"expression\\\":\\\"a > 1\\\"}}\"}}]}",)"
       R"("partitionColumns":[],"configuration":{}}})"});
  ExpectNamed(AppendTo(folder.path()), "nvariants");
}

Status OverwriteIn(const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, Snapshot::Open(table));
  return Commit(*snapshot, {.mode = CommitRequest::Mode::kOverwrite}).status();
}

TEST(WriterFeatures, OverwriteIsRefusedWhereRemovesAre) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"appendOnly", R"("delta.appendOnly":"true")"},
      {"changeDataFeed", R"("delta.enableChangeDataFeed":"true")"}};
  for (const auto& [feature, property] : cases) {
    const TestFolder folder;
    const std::string quoted = "\"" + feature + "\"";
    WriteCommit(folder.path(), 0, {FeatureProtocol("", quoted), MetaData("long", property)});
    EXPECT_TRUE(AppendTo(folder.path()).ok()) << feature;
    ExpectNamed(OverwriteIn(folder.path()), feature);
    WriteCommit(folder.path(), 2, {MetaData("long", "")});
    EXPECT_TRUE(OverwriteIn(folder.path()).ok()) << feature;
  }
}

}  // namespace
}  // namespace spillway::delta
