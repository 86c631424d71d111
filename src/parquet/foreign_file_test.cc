// Files whose names, ids and types are not letter by letter those of the table.
#include <arrow/builder.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>

#include "parquet/random_rows.h"
#include "parquet/reader.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

ReadOptions DefaultOptions() {
  ReadOptions options;
  options.pool = arrow::default_memory_pool();
  return options;
}

std::shared_ptr<arrow::Table> RandomTable(const std::shared_ptr<arrow::Schema>& schema,
                                          Engine& engine, int64_t rows) {
  return ToTable({RandomBatch(schema, engine, rows)}, schema);
}

std::shared_ptr<arrow::Table> OneColumn(const std::string& name,
                                        const std::shared_ptr<arrow::Array>& values) {
  return arrow::Table::Make(arrow::schema({arrow::field(name, values->type())}), {values});
}

// As Spark finds them: at every depth, whatever the case.
TEST(ForeignFileTest, NamesAreFoundWhateverTheirCase) {
  TemporaryFolder folder;
  Engine engine(12);
  const std::string path = folder.File("case.parquet");
  const auto schema_of = [](const std::string& a, const std::string& b, const std::string& c) {
    const auto pair =
        arrow::struct_({arrow::field(b, arrow::int64()), arrow::field(c, arrow::utf8())});
    return arrow::schema({arrow::field(a, arrow::utf8()), arrow::field("s_" + a, pair),
                          arrow::field("l_" + a, arrow::list(arrow::field("element", pair))),
                          arrow::field("m_" + a, arrow::map(arrow::utf8(), pair))});
  };
  const auto stored = schema_of("NAME", "cityCode", "GRÖßE");
  const auto wanted = schema_of("name", "citycode", "größe");
  const auto table = RandomTable(stored, engine, 100);
  WriteWithArrow(*table, path, 40, Properties().build());
  const auto read = ReadFile(path, ColumnsOf(*wanted), DefaultOptions()).ValueOrDie();
  ASSERT_TRUE(read->schema()->Equals(*wanted, false)) << read->schema()->ToString();
  const auto rows = read->CombineChunksToBatch().ValueOrDie();
  const auto expected = table->CombineChunksToBatch().ValueOrDie();
  for (int i = 0; i < rows->num_columns(); ++i) {
    EXPECT_LT(rows->column(i)->null_count(), 100) << wanted->field(i)->ToString();
    for (int64_t row = 0; row < 100; ++row) {
      const auto text = [row](const arrow::Array& column) {
        return column.GetScalar(row).ValueOrDie()->ToString();
      };
      std::string folded = text(*expected->column(i));
      for (const auto& [from, to] : {std::pair("cityCode", "citycode"), {"GRÖßE", "größe"}}) {
        for (size_t at = 0; (at = folded.find(from, at)) != std::string::npos;) {
          folded.replace(at, std::string(from).size(), to);
        }
      }
      EXPECT_EQ(text(*rows->column(i)), folded);
    }
  }
  const auto reader = FileReader::Open(path, -1, DefaultOptions()).ValueOrDie();
  EXPECT_THAT(reader->LeavesOf({.physical_name = "s_name", .field = wanted->field(1)}),
              testing::ElementsAre(1, 2));
}

TEST(ForeignFileTest, NamesThatDifferInCaseAloneAreAmbiguous) {
  TemporaryFolder folder;
  Engine engine(13);
  const std::string path = folder.File("case.parquet");
  const auto twice =
      arrow::struct_({arrow::field("x", arrow::int64()), arrow::field("X", arrow::int64())});
  const auto stored =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("A", arrow::int64()),
                     arrow::field("s", twice), arrow::field("b", arrow::int64())});
  WriteWithArrow(*RandomTable(stored, engine, 10), path, 40, Properties().build());
  const auto refused = [&](const std::shared_ptr<arrow::Field>& field) {
    const auto read = ReadFile(path, ColumnsOf(*arrow::schema({field})), DefaultOptions());
    EXPECT_EQ(CodeOf(read.status()), ErrorCode::kCorruptDataFile);
    return RenderError(read.status());
  };
  EXPECT_THAT(refused(arrow::field("a", arrow::int64())), testing::HasSubstr("without case: a, A"));
  const auto one = arrow::struct_({arrow::field("x", arrow::int64())});
  EXPECT_THAT(refused(arrow::field("s", one)), testing::HasSubstr("without case: x, X"));
  const auto reader = FileReader::Open(path, -1, DefaultOptions()).ValueOrDie();
  EXPECT_NE(reader->WhyNotCopied({.physical_name = "a", .field = stored->field(0)}), "");
  EXPECT_EQ(reader->WhyNotCopied({.physical_name = "B", .field = stored->field(3)}), "");
}

TEST(ForeignFileTest, AFileWithoutIdsHasNoColumnToBeFoundByThem) {
  TemporaryFolder folder;
  Engine engine(10);
  const std::string path = folder.File("no_ids.parquet");
  WriteWithArrow(*RandomTable(arrow::schema({arrow::field("p", arrow::int64())}), engine, 20), path,
                 100, Properties().build());
  ReadOptions options = DefaultOptions();
  options.use_field_ids = true;
  const auto wanted = arrow::schema(
      {arrow::field("p", arrow::int64(), true, arrow::key_value_metadata({kFieldIdKey}, {"7"}))});
  const auto read = ReadFile(path, ColumnsOf(*wanted), options);
  ASSERT_EQ(CodeOf(read.status()), ErrorCode::kCorruptDataFile);
  EXPECT_THAT(RenderError(read.status()), testing::HasSubstr("by their ids"));
}

// One column "c" of bytes that are no text, stored as `type`.
std::string WriteBrokenText(const TemporaryFolder& folder,
                            const std::shared_ptr<arrow::DataType>& type) {
  arrow::BinaryBuilder builder;
  EXPECT_TRUE(builder.AppendValues({"ok", "\xFF"}).ok());
  const auto bytes = builder.Finish().ValueOrDie()->View(type).ValueOrDie();
  const std::string path = folder.File("x.parquet");
  WriteWithArrow(*OneColumn("c", bytes), path, 1000, Properties().build());
  return path;
}

// Spark reads a string that is not UTF-8, so a table may have it.
TEST(ForeignFileTest, BrokenUtf8OfAStringIsReadAsItIs) {
  TemporaryFolder folder;
  const std::string path = WriteBrokenText(folder, arrow::utf8());
  const auto reader = FileReader::Open(path, -1, DefaultOptions()).ValueOrDie();
  const auto stream =
      reader->Read(ColumnsOf(*arrow::schema({arrow::field("c", arrow::utf8())})), 0, 1)
          .ValueOrDie();
  const auto batch = stream->Next().ValueOrDie();
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*batch->column(0)).GetView(1), "\xFF");
}

TEST(ForeignFileTest, BytesThatAreNoTextAreNoString) {
  TemporaryFolder folder;
  const std::string path = WriteBrokenText(folder, arrow::binary());
  const auto text = arrow::schema({arrow::field("c", arrow::utf8())});
  const auto read = ReadFile(path, ColumnsOf(*text), DefaultOptions());
  ASSERT_EQ(CodeOf(read.status()), ErrorCode::kUnsupportedType);
  EXPECT_THAT(RenderError(read.status()), testing::HasSubstr("column c: "));

  // The same below a list, where parquet-cpp decodes them.
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::BinaryBuilder>());
  ASSERT_TRUE(lists.Append().ok());
  ASSERT_TRUE(static_cast<arrow::BinaryBuilder*>(lists.value_builder())->Append("\xFF").ok());
  WriteWithArrow(*OneColumn("c", lists.Finish().ValueOrDie()), path, 1000, Properties().build());
  const auto texts = arrow::schema({arrow::field("c", arrow::list(arrow::utf8()))});
  const auto nested = ReadFile(path, ColumnsOf(*texts), DefaultOptions());
  EXPECT_EQ(CodeOf(nested.status()), ErrorCode::kUnsupportedType);
}

}  // namespace
}  // namespace spillway::parquet
