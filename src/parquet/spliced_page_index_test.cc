// The page indexes of a spliced file's encoded columns, against the pages that they tell of: each
// page is found by its offset, parsed, and its values read by parquet-cpp.
#include <algorithm>
#include <optional>
#include <random>
#include <span>

#include <fmt/format.h>
#include <parquet/column_reader.h>
#include <parquet/page_index.h>

#include "parquet/page_header.h"
#include "parquet/random_rows.h"
#include "parquet/splice_writer.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"

namespace spillway::parquet {
namespace {

// What the values of one page are.
template <typename Value>
struct PageFacts {
  int64_t rows = 0;
  int64_t nulls = 0;
  std::optional<Value> minimum = std::nullopt;
  std::optional<Value> maximum = std::nullopt;

  void Add(const Value& value) {
    if (!minimum || value < *minimum) minimum = value;
    if (!maximum || *maximum < value) maximum = value;
  }
};

template <typename Value>
Value Comparable(Value value) {
  return value;
}
std::string Comparable(const ::parquet::ByteArray& value) {
  return std::string(std::string_view(value));
}

// Reads the next `levels` values of a column, NULLs included.
template <typename Type>
auto ReadPage(::parquet::TypedColumnReader<Type>& reader, int64_t levels) {
  using Value = decltype(Comparable(typename Type::c_type{}));
  PageFacts<Value> facts;
  const int most_definition = reader.descr()->max_definition_level();
  while (levels > 0) {
    int16_t definition = static_cast<int16_t>(most_definition);
    int16_t repetition = 0;
    typename Type::c_type value{};
    int64_t values = 0;
    if (reader.ReadBatch(1, &definition, &repetition, &value, &values) != 1) break;
    --levels;
    if (repetition == 0) ++facts.rows;
    if (definition < most_definition) ++facts.nulls;
    if (values == 1) facts.Add(Comparable(value));
  }
  EXPECT_EQ(levels, 0) << "the chunk has fewer values than its pages say";
  return facts;
}

PageHeader HeaderAt(const std::string& bytes, int64_t offset) {
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  const std::span<const uint8_t> behind(begin + offset, begin + bytes.size());
  const auto header = ParsePageHeader(behind);
  EXPECT_TRUE(header.ok()) << header.status();
  EXPECT_TRUE(header.ok() && header->has_value());
  return header.ok() && header->has_value() ? **header : PageHeader{};
}

struct Chunk {
  const ::parquet::ColumnChunkMetaData& facts;
  const ::parquet::ColumnIndex& column_index;
  const ::parquet::OffsetIndex& offset_index;
  ::parquet::ColumnReader& reader;
  int64_t rows;
};

// Its pages lie one behind the other, from the first data page to the chunk's end.
void CheckPlaces(const std::string& bytes, const Chunk& chunk) {
  const auto& places = chunk.offset_index.page_locations();
  int64_t next = chunk.facts.data_page_offset();
  const int64_t begin = chunk.facts.has_dictionary_page() ? chunk.facts.dictionary_page_offset()
                                                          : chunk.facts.data_page_offset();
  for (const ::parquet::PageLocation& place : places) {
    ASSERT_EQ(place.offset, next);
    const PageHeader header = HeaderAt(bytes, place.offset);
    ASSERT_EQ(header.kind, PageKind::kData);
    ASSERT_EQ(header.header_bytes + header.compressed_bytes, place.compressed_page_size);
    next += place.compressed_page_size;
  }
  ASSERT_EQ(next, begin + chunk.facts.total_compressed_size());
}

template <typename Type>
void CheckValues(const std::string& bytes, const Chunk& chunk) {
  auto& reader = static_cast<::parquet::TypedColumnReader<Type>&>(chunk.reader);
  const auto& index = static_cast<const ::parquet::TypedColumnIndex<Type>&>(chunk.column_index);
  const auto& places = chunk.offset_index.page_locations();
  ASSERT_EQ(index.null_pages().size(), places.size());
  ASSERT_TRUE(index.has_null_counts());
  ASSERT_GT(places.size(), 0);
  int64_t row = 0;
  for (size_t page = 0; page < places.size(); ++page) {
    SCOPED_TRACE(fmt::format("page {} of {}", page, places.size()));
    ASSERT_EQ(places[page].first_row_index, row);
    const auto facts = ReadPage(reader, HeaderAt(bytes, places[page].offset).num_values);
    row += facts.rows;
    ASSERT_EQ(index.null_counts()[page], facts.nulls);
    ASSERT_EQ(index.null_pages()[page], !facts.minimum.has_value());
    if (!facts.minimum) continue;
    ASSERT_EQ(Comparable(index.min_values()[page]), *facts.minimum);
    ASSERT_EQ(Comparable(index.max_values()[page]), *facts.maximum);
  }
  ASSERT_EQ(row, chunk.rows);
  ASSERT_FALSE(reader.HasNext());
}

void CheckChunk(const std::string& bytes, const Chunk& chunk) {
  ASSERT_NO_FATAL_FAILURE(CheckPlaces(bytes, chunk));
  switch (chunk.facts.type()) {
    case ::parquet::Type::BOOLEAN:
      return CheckValues<::parquet::BooleanType>(bytes, chunk);
    case ::parquet::Type::INT32:
      return CheckValues<::parquet::Int32Type>(bytes, chunk);
    case ::parquet::Type::INT64:
      return CheckValues<::parquet::Int64Type>(bytes, chunk);
    case ::parquet::Type::DOUBLE:
      return CheckValues<::parquet::DoubleType>(bytes, chunk);
    default:
      ASSERT_EQ(chunk.facts.type(), ::parquet::Type::BYTE_ARRAY);
      return CheckValues<::parquet::ByteArrayType>(bytes, chunk);
  }
}

// Flat columns, which we encode, and such as parquet-cpp does.
std::shared_ptr<arrow::Schema> NewColumns() {
  using arrow::field;
  return arrow::schema({field("flag", arrow::boolean()), field("number", arrow::int64()),
                        field("required", arrow::int32(), false), field("real", arrow::float64()),
                        field("text", arrow::utf8()), field("day", arrow::date32()),
                        field("price", arrow::decimal128(7, 2)),
                        field("texts", arrow::list(field("element", arrow::utf8()))),
                        field("point", arrow::struct_({field("x", arrow::int32())}))});
}

constexpr int64_t kRowGroupRows = 700;
constexpr int64_t kRowGroups = 4;

class SplicedPageIndexTest : public testing::Test {
 protected:
  // A source whose one column is copied.
  void WriteSource(Engine& engine) {
    const auto key = arrow::field("key", arrow::utf8());
    const auto rows = RandomBatch(arrow::schema({key}), engine, kRowGroups * kRowGroupRows);
    Properties builder;
    builder.data_pagesize(1000)->write_batch_size(100)->enable_write_page_index();
    WriteWithArrow(*ToTable({rows}, rows->schema()), source_path_, kRowGroupRows, builder.build());
  }

  // The new columns come before the copied one and behind it. Row group 1 has but NULLs in those
  // that may.
  void Splice(Engine& engine, const WriteOptions& write) {
    const auto source =
        FileReader::Open(source_path_, -1, {.pool = arrow::default_memory_pool()}).ValueOrDie();
    const auto schema = NewColumns();
    const auto key = arrow::field("key", arrow::utf8());
    std::vector<SpliceColumn> columns;
    for (const auto& field : schema->fields()) columns.push_back({.field = field});
    columns.insert(
        columns.begin() + kCopied,
        {.field = key, .copied_from = ReadColumn{.physical_name = key->name(), .field = key}});
    auto writer =
        SpliceWriter::Open(path_, columns, *source, 0, {.write = write, .copy_buffer_bytes = 1000})
            .ValueOrDie();
    for (int group = 0; group < kRowGroups; ++group) {
      ASSERT_TRUE(writer->StartRowGroup(*source, group).ok());
      arrow::ArrayVector arrays;
      for (const auto& field : schema->fields()) {
        arrays.push_back(RandomArray(*field, engine, kRowGroupRows, group == 1 ? 100 : 20));
      }
      const auto rows = arrow::RecordBatch::Make(schema, kRowGroupRows, arrays);
      for (int64_t first = 0; first < kRowGroupRows; first += 300) {
        ASSERT_TRUE(writer->Write(*rows->Slice(first, 300)).ok());
      }
      ASSERT_TRUE(writer->EndRowGroup(*source, group).ok());
    }
    const auto spliced = writer->Close();
    ASSERT_TRUE(spliced.ok()) << spliced.status();
  }

  // Returns the pages of the new columns.
  size_t CheckNewColumns() {
    const auto file = ::parquet::ParquetFileReader::OpenFile(path_);
    const std::string bytes = ReadBytes(path_);
    size_t pages = 0;
    EXPECT_EQ(file->metadata()->num_row_groups(), kRowGroups);
    for (int group = 0; group < file->metadata()->num_row_groups(); ++group) {
      const auto facts = file->metadata()->RowGroup(group);
      const auto index = file->GetPageIndexReader()->RowGroup(group);
      for (int leaf = 0; leaf < file->metadata()->num_columns(); ++leaf) {
        const auto chunk = facts->ColumnChunk(leaf);
        if (leaf == kCopied) continue;
        SCOPED_TRACE(
            fmt::format("row group {}, {}", group, chunk->path_in_schema()->ToDotString()));
        const auto column_index = index->GetColumnIndex(leaf);
        const auto offset_index = index->GetOffsetIndex(leaf);
        EXPECT_TRUE(column_index != nullptr && offset_index != nullptr);
        if (column_index == nullptr || offset_index == nullptr) continue;
        pages += offset_index->page_locations().size();
        const auto reader = file->RowGroup(group)->Column(leaf);
        CheckChunk(bytes, {*chunk, *column_index, *offset_index, *reader, facts->num_rows()});
      }
    }
    return pages;
  }

  static constexpr int kCopied = 3;  // flat columns are before it: the leaf has the same number

  const TemporaryFolder folder_;
  const std::string source_path_ = folder_.File("source.parquet");
  const std::string path_ = folder_.File("spliced.parquet");
};

TEST_F(SplicedPageIndexTest, EncodedColumnsHaveTheIndexOfTheirPages) {
  const auto seed = static_cast<uint32_t>(std::random_device{}());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  WriteSource(engine);
  for (const int64_t dictionary_page_bytes : {0, 400, 1 << 20}) {
    for (const auto codec : {arrow::Compression::SNAPPY, arrow::Compression::UNCOMPRESSED}) {
      SCOPED_TRACE(fmt::format("dictionaries of {} bytes", dictionary_page_bytes));
      WriteOptions write = DefaultOptions();
      write.page_bytes = Draw(engine, 50, 500);
      write.dictionary_page_bytes = dictionary_page_bytes;
      write.compression = codec;
      ASSERT_NO_FATAL_FAILURE(Splice(engine, write));
      EXPECT_GT(CheckNewColumns(), kRowGroups * 9);  // some have several
      std::filesystem::remove(path_);
    }
  }
}

}  // namespace
}  // namespace spillway::parquet
