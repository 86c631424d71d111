#include "parquet/copy_check.h"

#include <arrow/util/key_value_metadata.h>
#include <parquet/file_writer.h>
#include <parquet/schema.h>

#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

using ::parquet::ConvertedType;
using ::parquet::Repetition;
using ::parquet::schema::GroupNode;
using ::parquet::schema::NodePtr;
using ::parquet::schema::NodeVector;
using ::parquet::schema::PrimitiveNode;

constexpr char kOldCalendar[] = "dates in the old (Julian) calendar";
constexpr char kOldList[] = "a list in an old layout";
constexpr char kWrongSizes[] = "a writer known to record wrong sizes";

class CopyCheckTest : public testing::Test {
 protected:
  // A file with random rows of `schema`.
  void WriteRows(const std::shared_ptr<arrow::Schema>& schema,
                 const std::shared_ptr<::parquet::WriterProperties>& properties,
                 const std::shared_ptr<::parquet::ArrowWriterProperties>& arrow_properties =
                     ArrowProperties().build()) {
    Engine engine(7);
    WriteWithArrow(*ToTable({RandomBatch(schema, engine, 10)}, schema), path_, 10, properties,
                   arrow_properties);
  }

  // A file without rows, of columns as parquet-cpp's Arrow writer would not make them.
  void WriteSchema(const NodeVector& nodes) {
    const auto sink = arrow::io::FileOutputStream::Open(path_).ValueOrDie();
    const auto schema = GroupNode::Make("schema", Repetition::REQUIRED, nodes);
    ::parquet::ParquetFileWriter::Open(sink, std::static_pointer_cast<GroupNode>(schema))->Close();
    ASSERT_TRUE(sink->Close().ok());
  }

  std::string ReasonOf(const std::string& name, std::shared_ptr<arrow::DataType> type) const {
    const auto reader =
        FileReader::Open(path_, -1, {.pool = arrow::default_memory_pool()}).ValueOrDie();
    return std::string(reader->WhyNotCopied(
        {.physical_name = name, .field = arrow::field(name, std::move(type))}));
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("source.parquet");
};

std::shared_ptr<arrow::DataType> Instant() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

std::shared_ptr<arrow::DataType> ListOf(std::shared_ptr<arrow::DataType> type) {
  return arrow::list(arrow::field("element", std::move(type)));
}

// The mark is the file's; columns without days may be copied all the same.
TEST_F(CopyCheckTest, DatesOfTheOldCalendarAreNamed) {
  const auto point = arrow::struct_(
      {arrow::field("x", arrow::int32()), arrow::field("days", ListOf(arrow::date32()))});
  const auto counts = arrow::map(arrow::utf8(), Instant());
  const auto columns =
      arrow::schema({arrow::field("day", arrow::date32()), arrow::field("instant", Instant()),
                     arrow::field("point", point), arrow::field("counts", counts),
                     arrow::field("number", arrow::int64()), arrow::field("text", arrow::utf8()),
                     arrow::field("texts", ListOf(arrow::utf8()))});
  const auto reasons = [&] {
    std::vector<std::string> all;
    for (const auto& field : columns->fields()) {
      all.push_back(ReasonOf(field->name(), field->type()));
    }
    return all;
  };
  const auto mark_with = [&](const std::vector<std::string>& keys,
                             const std::vector<std::string>& values) {
    // The writer puts the metadata of its schema into the footer.
    WriteRows(columns->WithMetadata(arrow::key_value_metadata(keys, values)), Properties().build(),
              ArrowProperties().store_schema()->build());
  };
  mark_with({"org.apache.spark.version"}, {"3.5.0"});
  EXPECT_EQ(reasons(), std::vector<std::string>(7));
  mark_with({"org.apache.spark.version", "org.apache.spark.legacyDateTime"}, {"3.5.0", ""});
  EXPECT_EQ(reasons(), (std::vector<std::string>{kOldCalendar, kOldCalendar, kOldCalendar,
                                                 kOldCalendar, "", "", ""}));
}

// Writers of tomorrow annotate columns in ways that parquet-cpp reads as if there were none.
TEST_F(CopyCheckTest, ALogicalTypeThatIsNotKnownIsNamed) {
  const auto number =
      PrimitiveNode::Make("number", Repetition::OPTIONAL, ::parquet::LogicalType::Int(32, true),
                          ::parquet::Type::INT32);
  WriteSchema({number, GroupNode::Make("point", Repetition::OPTIONAL, {number})});
  const auto point = arrow::struct_({arrow::field("number", arrow::int32())});
  EXPECT_EQ(ReasonOf("number", arrow::int32()), "");
  EXPECT_EQ(ReasonOf("point", point), "");
  // The field of Thrift's union that says INTEGER becomes one that has no meaning yet.
  std::string bytes = ReadBytes(path_);
  size_t changed = 0;
  for (size_t at = 0; (at = bytes.find("\x4C\xAC\x13\x20", at)) != std::string::npos; ++at) {
    bytes[at + 1] = '\x9C';
    ++changed;
  }
  ASSERT_EQ(changed, 2U);
  WriteBytes(path_, bytes);
  EXPECT_EQ(ReasonOf("number", arrow::int32()), "an unknown logical type");
  EXPECT_EQ(ReasonOf("point", point), "an unknown logical type");
}

TEST_F(CopyCheckTest, AWriterThatStatedWrongSizesIsNamed) {
  const auto columns = arrow::schema({arrow::field("number", arrow::int32())});
  const auto reason_of = [&](const std::string& created_by) {
    WriteRows(columns, Properties().created_by(created_by)->build());
    return ReasonOf("number", arrow::int32());
  };
  EXPECT_EQ(reason_of("parquet-mr version 1.2.8 (build 1234)"), kWrongSizes);
  EXPECT_EQ(reason_of("parquet-mr version 1.0.0"), kWrongSizes);
  EXPECT_EQ(reason_of("parquet-mr version 1.2.9 (build 1234)"), "");
  EXPECT_EQ(reason_of("parquet-mr version 1.13.1 (build 1234)"), "");
  EXPECT_EQ(reason_of("parquet-cpp version 1.0.0"), "");
  EXPECT_EQ(reason_of("parquet-rs version 0.3.0"), "");
}

TEST_F(CopyCheckTest, HadoopsLz4IsNamed) {
  const auto columns = arrow::schema({arrow::field("number", arrow::int32())});
  WriteRows(columns, Properties().compression(arrow::Compression::LZ4_HADOOP)->build());
  EXPECT_EQ(ReasonOf("number", arrow::int32()), "Hadoop's LZ4");
  WriteRows(columns, Properties().compression(arrow::Compression::LZ4)->build());
  EXPECT_EQ(ReasonOf("number", arrow::int32()), "");
}

NodePtr Number(const std::string& name, Repetition::type repetition) {
  return PrimitiveNode::Make(name, repetition, ::parquet::Type::INT32);
}

NodePtr Group(const std::string& name, Repetition::type repetition, const NodeVector& fields,
              ConvertedType::type type = ConvertedType::NONE) {
  return GroupNode::Make(name, repetition, fields, type);
}

TEST_F(CopyCheckTest, ListsOfTheOldFormAreNamed) {
  const auto two_levels = [](const std::string& name) {
    return Group(name, Repetition::OPTIONAL, {Number("array", Repetition::REPEATED)},
                 ConvertedType::LIST);
  };
  const auto three_levels = [](const std::string& name, const NodePtr& element) {
    return Group(name, Repetition::OPTIONAL, {Group("list", Repetition::REPEATED, {element})},
                 ConvertedType::LIST);
  };
  const auto map_of = [](const std::string& name, const NodePtr& value) {
    const auto key = PrimitiveNode::Make("key", Repetition::REQUIRED, ::parquet::Type::BYTE_ARRAY,
                                         ConvertedType::UTF8);
    return Group(name, Repetition::OPTIONAL,
                 {Group("key_value", Repetition::REPEATED, {key, value})}, ConvertedType::MAP);
  };
  const auto number = Number("element", Repetition::OPTIONAL);
  WriteSchema({
      two_levels("plain"),
      Group("structs", Repetition::OPTIONAL,
            {Group("array", Repetition::REPEATED,
                   {Number("x", Repetition::OPTIONAL), Number("y", Repetition::OPTIONAL)})},
            ConvertedType::LIST),
      Number("bare", Repetition::REPEATED),
      Group("inside", Repetition::OPTIONAL, {two_levels("plain")}),
      Group("bare_inside", Repetition::OPTIONAL, {Number("bare", Repetition::REPEATED)}),
      three_levels("of_lists", two_levels("element")),
      map_of("to_lists", two_levels("value")),
      three_levels("standard", number),
      map_of("standard_map", Number("value", Repetition::OPTIONAL)),
  });
  const auto numbers = ListOf(arrow::int32());
  const auto xy =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::int32())});
  EXPECT_EQ(ReasonOf("plain", numbers), kOldList);
  EXPECT_EQ(ReasonOf("structs", ListOf(xy)), kOldList);
  EXPECT_EQ(ReasonOf("bare", numbers), kOldList);
  EXPECT_EQ(ReasonOf("inside", arrow::struct_({arrow::field("plain", numbers)})), kOldList);
  EXPECT_EQ(ReasonOf("bare_inside", arrow::struct_({arrow::field("bare", numbers)})), kOldList);
  EXPECT_EQ(ReasonOf("of_lists", ListOf(numbers)), kOldList);
  EXPECT_EQ(ReasonOf("to_lists", arrow::map(arrow::utf8(), numbers)), kOldList);
  EXPECT_EQ(ReasonOf("standard", numbers), "");
  EXPECT_EQ(ReasonOf("standard_map", arrow::map(arrow::utf8(), arrow::int32())), "");
}

}  // namespace
}  // namespace spillway::parquet
