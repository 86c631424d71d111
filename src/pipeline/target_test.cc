#include "pipeline/target.h"

#include <fstream>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using arrow::field;

std::shared_ptr<arrow::Schema> Schema(arrow::FieldVector fields) {
  return arrow::schema(std::move(fields));
}

TEST(SchemaDifference, IsCutShort) {
  arrow::FieldVector fields;
  for (int i = 0; i < 1000; ++i) fields.push_back(arrow::field(std::to_string(i), arrow::int8()));
  const std::string difference =
      SchemaDifference(*arrow::schema({}), *arrow::schema(std::move(fields)));
  EXPECT_EQ(std::ranges::count(difference, '\n'), 20);
  EXPECT_TRUE(difference.ends_with("\n         and 980 more"));
}

TEST(SchemaDifference, IsEmptyWhereRowsFit) {
  const auto table = Schema({field("a", arrow::int64()), field("B", arrow::utf8())});
  EXPECT_EQ(SchemaDifference(*table, *table), "");
  EXPECT_EQ(
      SchemaDifference(*table, *Schema({field("b", arrow::utf8()), field("A", arrow::int64())})),
      "");
  // Fewer NULLs than the table allows.
  EXPECT_EQ(SchemaDifference(
                *table, *Schema({field("a", arrow::int64(), false), field("b", arrow::utf8())})),
            "");
}

TEST(SchemaDifference, NamesEveryColumnThatDiffers) {
  const auto table = Schema(
      {field("a", arrow::int64(), false), field("b", arrow::utf8()), field("c", arrow::utf8())});
  const auto wanted =
      Schema({field("a", arrow::int64()), field("b", arrow::int32()), field("d", arrow::date32())});
  EXPECT_EQ(
      SchemaDifference(*table, *wanted),
      "~ a: int64 (in the target: a: int64 not null)\n         ~ b: int32 (in the target: b: "
      "string)\n         + d: date32[day] (the pipeline makes it, but the target does not have "
      "it)\n         - c: string (the target has it, but the pipeline does not make it)");
}

TEST(SchemaDifference, SeesWhatMayNotBeNullInside) {
  const auto column = [](bool nullable) {
    return Schema({field("s", arrow::struct_({field("a", arrow::int64(), nullable)}))});
  };
  EXPECT_EQ(SchemaDifference(*column(true), *column(false)), "");
  EXPECT_EQ(SchemaDifference(*column(false), *column(false)), "");
  EXPECT_EQ(SchemaDifference(*column(false), *column(true)),
            "~ s: struct<a: int64> (in the target: s: struct<a: int64 not null>)");
  const auto map = [](bool nullable) {
    return Schema({field("m", arrow::map(arrow::utf8(), field("value", arrow::int8(), nullable)))});
  };
  EXPECT_EQ(SchemaDifference(*map(false), *map(true)),
            "~ m: map<string, int8> (in the target, the values inside are NOT NULL)");
}

TEST(AsStoredIn, TakesTheTablesCaseAndNullability) {
  const auto list = [](bool nullable) {
    return arrow::list(field("element", arrow::int8(), nullable));
  };
  const auto table = Schema({field("Id", list(true)), field("x", list(false))});
  const auto wanted =
      Schema({field("new", list(false)), field("iD", list(false)), field("X", list(true))});
  EXPECT_TRUE(AsStoredIn(*table, *wanted)
                  ->Equals(*Schema({field("new", list(false)), field("Id", list(true)),
                                    field("x", list(true))})));
}

class TargetTest : public test::PipelineTest {
 protected:
  TargetTest() {
    MakeSource(10);
    MakeLookup();
  }

  void MakeTarget(const std::shared_ptr<arrow::Schema>& schema,
                  std::vector<std::string> partition_columns = {}) {
    std::filesystem::remove_all(folder_ / "target");
    ASSERT_TRUE(
        delta::CreateTable(folder_ / "target",
                           {.schema = schema, .partition_columns = std::move(partition_columns)})
            .ok());
  }

  void ExpectRefused(const std::vector<std::string>& settings, ErrorCode code) {
    const Status status = PlanOf(settings).status();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(test::CodeOf(status), code) << status.ToString();
  }

  const std::shared_ptr<arrow::Schema> fitting_ = Schema(
      {field("id", arrow::int64()), field("key", arrow::utf8()), field("size", arrow::int32()),
       field("score", arrow::float64()), field("has", arrow::utf8())});
};

TEST_F(TargetTest, ExistingTableByMode) {
  MakeTarget(fitting_);
  // Without rows it is as good as none.
  EXPECT_TRUE(PlanOf().ok());
  test::WriteRows(folder_ / "target",
                  *test::BatchOf(fitting_, R"([{"id": 1, "key": "a", "size": 1, "score": 1,
                                                "has": "some"}])"));
  ExpectRefused({}, ErrorCode::kTargetExists);
  EXPECT_TRUE(PlanOf({"target.mode=append"}).ok());
  EXPECT_TRUE(PlanOf({"target.mode=overwrite"}).ok());
}

TEST_F(TargetTest, AnEmptyTableOfOtherColumnsExists) {
  MakeTarget(Schema({field("id", arrow::int64())}));
  ExpectRefused({}, ErrorCode::kTargetExists);
}

TEST_F(TargetTest, OtherColumnsOnlyWithOverwriteSchema) {
  MakeTarget(Schema({field("id", arrow::int64()), field("other", arrow::int64())}));
  ExpectRefused({"target.mode=append"}, ErrorCode::kTargetSchemaDiffers);
  ExpectRefused({"target.mode=overwrite"}, ErrorCode::kTargetSchemaDiffers);
  const Status status = PlanOf({"target.mode=overwrite"}).status();
  EXPECT_NE(FindError(status)->why.find("- other: int64"), std::string::npos);
  EXPECT_TRUE(PlanOf({"target.mode=overwrite", "target.overwrite_schema=true"}).ok());
}

TEST_F(TargetTest, ColumnsThatMayNotBeNullAreOthers) {
  auto fields = fitting_->fields();
  fields[0] = field("id", arrow::int64(), false);
  MakeTarget(Schema(fields));
  ExpectRefused({"target.mode=append"}, ErrorCode::kTargetSchemaDiffers);
}

TEST_F(TargetTest, PartitionedTablesAreNotWritten) {
  MakeTarget(fitting_, {"size"});
  ExpectRefused({"target.mode=append"}, ErrorCode::kFeatureNotBuilt);
  ExpectRefused({"target.mode=overwrite"}, ErrorCode::kFeatureNotBuilt);
  EXPECT_TRUE(PlanOf({"target.mode=overwrite", "target.overwrite_schema=true"}).ok());
}

TEST_F(TargetTest, WritesTheTablesNames) {
  auto fields = fitting_->fields();
  fields[0] = field("ID", arrow::int64());
  fields[4] = field("Has", arrow::utf8());
  MakeTarget(Schema(fields));
  ASSERT_TRUE(RunAll({"target.mode=append"}).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 10));
  const auto table = test::Pin(folder_ / "target", {0, 4});
  EXPECT_GT(table->weights()[0].value_bytes, 0);  // the file has the column under that name
  EXPECT_GT(table->weights()[1].value_bytes, 0);
}

// Before any work is done.
TEST_F(TargetTest, PropertiesThatAskForMoreAreRefused) {
  const std::string property = "target.properties.delta.enableRowTracking=true";
  const Status status = PlanOf({property}).status();
  ASSERT_EQ(test::CodeOf(status), ErrorCode::kUnsupportedFeature) << status.ToString();
  EXPECT_NE(status.message().find("delta.enableRowTracking"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target"));
  MakeTarget(Schema({field("id", arrow::int64())}));
  ExpectRefused({property, "target.mode=overwrite", "target.overwrite_schema=true"},
                ErrorCode::kUnsupportedFeature);
}

TEST_F(TargetTest, TheTargetIsNoInput) {
  for (const std::string path : {"source", "./source/", "lookup", "x/../source"}) {
    const Status status = PlanOf({"target.table=" + path}).status();
    ASSERT_EQ(test::CodeOf(status), ErrorCode::kTargetIsSource) << path;
  }
  std::filesystem::create_directory_symlink(folder_ / "source", folder_ / "link");
  ExpectRefused({"target.table=link"}, ErrorCode::kTargetIsSource);
}

TEST_F(TargetTest, AFolderThatIsAFileIsRefused) {
  std::ofstream(folder_ / "file") << "x";
  ExpectRefused({"target.table=file/target"}, ErrorCode::kStorage);
}

TEST_F(TargetTest, MissingInputsNameTheirPlace) {
  const Status status = PlanOf({"source.table=nowhere"}).status();
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kTableNotFound);
  EXPECT_NE(test::WhereOf(status).find("--set source.table"), std::string::npos);
  ExpectRefused({"lookups.scores.table=nowhere"}, ErrorCode::kTableNotFound);
  ExpectRefused({"source.version=99"}, ErrorCode::kVersionNotFound);
}

}  // namespace
}  // namespace spillway::pipeline
