#include "parquet/splice_writer.h"

#include <random>

#include <arrow/compute/api_vector.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/page_index.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include "parquet/batch_encoder.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kRowGroupRows = 700;

std::unique_ptr<FileReader> OpenSource(const std::string& path) {
  return FileReader::Open(path, -1, {.pool = arrow::default_memory_pool()}).ValueOrDie();
}

std::string Describe(const Status& status) {
  const auto error = FindError(status);
  return error ? error->what + ": " + error->why : status.ToString();
}

ReadColumn ColumnOf(const std::shared_ptr<arrow::Field>& field) {
  return {.physical_name = field->name(), .field = field};
}

// Writes every row group of `sources` to `path`, the columns for which `is_copied` copied, the
// others encoded from the tables.
Result<SplicedFile> Splice(const std::string& path, const std::vector<std::string>& sources,
                           const std::vector<std::shared_ptr<arrow::Table>>& tables,
                           const std::vector<bool>& is_copied) {
  const auto& schema = *tables.front()->schema();
  std::vector<SpliceColumn> columns;
  std::vector<int> encoded;
  for (int i = 0; i < schema.num_fields(); ++i) {
    columns.push_back({.field = schema.field(i)});
    if (is_copied[static_cast<size_t>(i)]) {
      columns.back().copied_from = ColumnOf(schema.field(i));
    } else {
      encoded.push_back(i);
    }
  }
  std::unique_ptr<SpliceWriter> writer;
  for (size_t file = 0; file < sources.size(); ++file) {
    const auto reader = OpenSource(sources[file]);
    for (int group = 0; group < static_cast<int>(reader->footer().row_groups.size()); ++group) {
      const RowGroupFacts& facts = reader->footer().row_groups[static_cast<size_t>(group)];
      if (writer == nullptr) {
        ARROW_ASSIGN_OR_RAISE(
            writer, SpliceWriter::Open(path, columns, *reader, group,
                                       {.write = DefaultOptions(), .copy_buffer_bytes = 1000}));
      }
      EXPECT_TRUE(writer->Accepts(*reader, group));
      ARROW_ASSIGN_OR_RAISE(const auto chosen, tables[file]->SelectColumns(encoded));
      const auto rows = chosen->Slice(facts.first_row, facts.num_rows);
      arrow::TableBatchReader batches(*rows);
      batches.set_chunksize(300);
      for (;;) {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
        if (batch == nullptr) break;
        ARROW_RETURN_NOT_OK(writer->Write(*batch));
      }
      ARROW_RETURN_NOT_OK(writer->EndRowGroup(*reader, group));
    }
  }
  return writer->Close();
}

std::shared_ptr<::parquet::WriterProperties> RandomProperties(Engine& engine) {
  constexpr arrow::Compression::type kCodecs[] = {
      arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY, arrow::Compression::ZSTD,
      arrow::Compression::GZIP, arrow::Compression::LZ4};
  Properties builder;
  builder.compression(kCodecs[Draw(engine, 0, 4)])
      ->data_pagesize(Draw(engine, 200, 5000))
      ->data_page_version(Draw(engine, 0, 1) == 0 ? ::parquet::ParquetDataPageVersion::V1
                                                  : ::parquet::ParquetDataPageVersion::V2);
  if (Draw(engine, 0, 1) == 0) builder.enable_write_page_index();
  if (Draw(engine, 0, 2) == 0) builder.disable_dictionary();
  if (Draw(engine, 0, 1) == 0) builder.enable_store_decimal_as_integer();
  if (Draw(engine, 0, 2) == 0) builder.disable_statistics();
  return builder.build();
}

TEST(SpliceWriterTest, RandomColumnsCopiedOrEncodedReadTheSame) {
  const auto seed = static_cast<uint32_t>(std::random_device{}());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  const auto schema = EveryType();
  for (int round = 0; round < 12; ++round) {
    const TemporaryFolder folder;
    const auto properties = RandomProperties(engine);
    std::vector<std::string> sources;
    std::vector<std::shared_ptr<arrow::Table>> tables;
    for (int file = 0; file < 2; ++file) {
      tables.push_back(ToTable({RandomBatch(schema, engine, Draw(engine, 1, 2000))}, schema));
      sources.push_back(folder.File(fmt::format("source{}.parquet", file)));
      WriteWithArrow(*tables.back(), sources.back(), kRowGroupRows, properties);
    }
    const auto reader = OpenSource(sources.front());
    std::vector<bool> is_copied;
    for (const auto& field : schema->fields()) {
      EXPECT_EQ(reader->WhyNotCopied(ColumnOf(field)), "") << field->ToString();
      is_copied.push_back(round == 0 || Draw(engine, 0, 2) > 0);
    }
    const std::string path = folder.File("spliced.parquet");
    const auto spliced = Splice(path, sources, tables, is_copied);
    ASSERT_TRUE(spliced.ok()) << Describe(spliced.status());
    EXPECT_EQ(spliced->file.size_bytes, FileSize(path));
    EXPECT_EQ(spliced->file.num_rows, tables[0]->num_rows() + tables[1]->num_rows());

    const auto expected = arrow::ConcatenateTables(tables).ValueOrDie()->CombineChunks();
    const auto actual = ReadWithArrow(path)->CombineChunks().ValueOrDie();
    for (int i = 0; i < schema->num_fields(); ++i) {
      EXPECT_TRUE(actual->column(i)->Equals(*expected.ValueOrDie()->column(i)))
          << schema->field(i)->ToString() << (is_copied[static_cast<size_t>(i)] ? " copied" : "");
    }
  }
}

class SplicedFileTest : public testing::Test {
 protected:
  // A file with page index and bloom filters, of keys, numbers with NULLs and a score; and a copy
  // of it with one more column.
  void SetUp() override {
    Engine engine(11);
    const auto schema =
        arrow::schema({arrow::field("key", arrow::utf8()), arrow::field("number", arrow::int64()),
                       arrow::field("score", arrow::float64())});
    source_table_ = ToTable({RandomBatch(schema, engine, 3 * kRowGroupRows)}, schema);
    Properties builder;
    builder.data_pagesize(1000)
        ->write_batch_size(100)
        ->disable_dictionary()
        ->enable_write_page_index();
    builder.enable_bloom_filter("key", {.ndv = 1000, .fpp = 0.05});
    WriteWithArrow(*source_table_, source_path_, kRowGroupRows, builder.build());
    const auto added = RandomBatch(arrow::schema({arrow::field("added", arrow::utf8())}), engine,
                                   source_table_->num_rows());
    table_ = source_table_
                 ->AddColumn(1, added->schema()->field(0),
                             std::make_shared<arrow::ChunkedArray>(added->column(0)))
                 .ValueOrDie();
    const auto spliced = Splice(path_, {source_path_}, {table_}, {true, false, true, true});
    ASSERT_TRUE(spliced.ok()) << Describe(spliced.status());
    spliced_ = *spliced;
  }

  std::unique_ptr<::parquet::ParquetFileReader> Open(const std::string& path) {
    return ::parquet::ParquetFileReader::OpenFile(path);
  }

  const TemporaryFolder folder_;
  const std::string source_path_ = folder_.File("source.parquet");
  const std::string path_ = folder_.File("spliced.parquet");
  std::shared_ptr<arrow::Table> source_table_;
  std::shared_ptr<arrow::Table> table_;
  SplicedFile spliced_;
};

// The column of the source for each column of the spliced file.
constexpr int kSourceColumn[] = {0, -1, 1, 2};

TEST_F(SplicedFileTest, PageIndexesPointToTheSamePages) {
  const auto source = Open(source_path_);
  const auto spliced = Open(path_);
  const std::string source_bytes = ReadBytes(source_path_);
  const std::string bytes = ReadBytes(path_);
  for (int group = 0; group < spliced->metadata()->num_row_groups(); ++group) {
    const auto expected_index = source->GetPageIndexReader()->RowGroup(group);
    const auto index = spliced->GetPageIndexReader()->RowGroup(group);
    for (int column = 0; column < 4; ++column) {
      ASSERT_NE(index->GetColumnIndex(column), nullptr);
      const auto pages = index->GetOffsetIndex(column)->page_locations();
      if (kSourceColumn[column] < 0) continue;
      const auto expected = expected_index->GetOffsetIndex(kSourceColumn[column]);
      ASSERT_EQ(pages.size(), expected->page_locations().size());
      ASSERT_GT(pages.size(), 1);
      for (size_t page = 0; page < pages.size(); ++page) {
        const ::parquet::PageLocation& place = expected->page_locations()[page];
        EXPECT_EQ(pages[page].first_row_index, place.first_row_index);
        const auto size = static_cast<size_t>(place.compressed_page_size);
        EXPECT_EQ(bytes.substr(static_cast<size_t>(pages[page].offset), size),
                  source_bytes.substr(static_cast<size_t>(place.offset), size));
      }
      EXPECT_EQ(index->GetOffsetIndex(column)->unencoded_byte_array_data_bytes(),
                expected->unencoded_byte_array_data_bytes());
      EXPECT_EQ(index->GetColumnIndex(column)->encoded_min_values(),
                expected_index->GetColumnIndex(kSourceColumn[column])->encoded_min_values());
    }
  }
}

TEST_F(SplicedFileTest, BloomFiltersComeAlong) {
  const auto spliced = Open(path_);
  for (int group = 0; group < spliced->metadata()->num_row_groups(); ++group) {
    const auto filter = spliced->GetBloomFilterReader().RowGroup(group)->GetColumnBloomFilter(0);
    ASSERT_NE(filter, nullptr);
    const auto keys = table_->column(0)->Slice(group * kRowGroupRows, kRowGroupRows);
    for (const auto& piece : keys->chunks()) {
      const auto& texts = static_cast<const arrow::StringArray&>(*piece);
      for (int64_t i = 0; i < texts.length(); ++i) {
        if (texts.IsNull(i)) continue;
        const ::parquet::ByteArray key(texts.GetView(i));
        EXPECT_TRUE(filter->FindHash(filter->Hash(&key)));
      }
    }
  }
}

TEST_F(SplicedFileTest, FooterStatisticsAreThoseOfTheSource) {
  const auto source = Open(source_path_);
  const auto spliced = Open(path_);
  for (int group = 0; group < spliced->metadata()->num_row_groups(); ++group) {
    for (int column = 0; column < 4; ++column) {
      if (kSourceColumn[column] < 0) continue;
      const auto chunk = spliced->metadata()->RowGroup(group)->ColumnChunk(column);
      const auto expected = source->metadata()->RowGroup(group)->ColumnChunk(kSourceColumn[column]);
      EXPECT_TRUE(chunk->statistics()->Equals(*expected->statistics()));
      EXPECT_EQ(chunk->size_statistics()->definition_level_histogram,
                expected->size_statistics()->definition_level_histogram);
      EXPECT_EQ(chunk->encodings(), expected->encodings());
      EXPECT_EQ(chunk->total_uncompressed_size(), expected->total_uncompressed_size());
    }
  }
}

// What a Delta log says of the file is what it would say if all columns had been encoded, but for
// floating-point bounds.
TEST_F(SplicedFileTest, ColumnStatisticsAreThoseOfAWholeWriter) {
  const auto batch = table_->CombineChunksToBatch().ValueOrDie();
  const WrittenFile expected = MustWrite(folder_.File("whole.parquet"), {batch});
  ASSERT_EQ(spliced_.file.columns.size(), expected.columns.size());
  for (size_t i = 0; i < expected.columns.size(); ++i) {
    const ColumnStatistics& column = spliced_.file.columns[i];
    EXPECT_EQ(column.path, expected.columns[i].path);
    EXPECT_EQ(column.null_count, expected.columns[i].null_count);
    if (column.path.front() == "score") {
      EXPECT_EQ(column.minimum, nullptr);
      continue;
    }
    ASSERT_NE(column.minimum, nullptr) << column.path.front();
    EXPECT_TRUE(column.minimum->Equals(*expected.columns[i].minimum));
    EXPECT_TRUE(column.maximum->Equals(*expected.columns[i].maximum));
  }
}

TEST_F(SplicedFileTest, AnotherCodecIsNotAccepted) {
  const std::string other = folder_.File("other.parquet");
  WriteWithArrow(*source_table_, other, kRowGroupRows,
                 Properties().compression(arrow::Compression::ZSTD)->build());
  const auto source = OpenSource(source_path_);
  const auto field = source_table_->schema()->field(1);
  const auto writer = SpliceWriter::Open(folder_.File("new.parquet"),
                                         {{.field = field, .copied_from = ColumnOf(field)}},
                                         *source, 0, {.write = DefaultOptions()})
                          .ValueOrDie();
  EXPECT_TRUE(writer->Accepts(*source, 1));
  EXPECT_FALSE(writer->Accepts(*OpenSource(other), 0));
}

TEST_F(SplicedFileTest, OtherRowsThanTheSourceHasAreRefusedAndNothingStays) {
  const auto source = OpenSource(source_path_);
  const auto key = source_table_->schema()->field(0);
  const auto added = arrow::field("added", arrow::int64());
  const std::string path = folder_.File("new.parquet");
  auto writer =
      SpliceWriter::Open(path, {{.field = key, .copied_from = ColumnOf(key)}, {.field = added}},
                         *source, 0, {.write = DefaultOptions()})
          .ValueOrDie();
  Engine engine(3);
  const auto batch = RandomBatch(arrow::schema({added}), engine, kRowGroupRows - 1);
  ASSERT_TRUE(writer->Write(*batch).ok());
  EXPECT_EQ(CodeOf(writer->EndRowGroup(*source, 0)), ErrorCode::kInternal);
  EXPECT_FALSE(writer->Close().ok());
  writer.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

// A failure elsewhere may close the source before the writer goes.
TEST(SpliceWriterTest, CopiesWithoutTheReaderTheyWereStartedWith) {
  constexpr int64_t kRows = 200'000;
  const TemporaryFolder folder;
  const std::string source_path = folder.File("source.parquet");
  Engine engine(17);
  const auto number = arrow::field("number", arrow::int64());
  const auto table =
      ToTable({RandomBatch(arrow::schema({number}), engine, kRows)}, arrow::schema({number}));
  WriteWithArrow(*table, source_path, kRows, Properties().disable_dictionary()->build());
  auto source = OpenSource(source_path);
  const std::string path = folder.File("new.parquet");
  auto writer = SpliceWriter::Open(path, {{.field = number, .copied_from = ColumnOf(number)}},
                                   *source, 0, {.write = DefaultOptions(), .copy_buffer_bytes = 16})
                    .ValueOrDie();
  ASSERT_TRUE(writer->StartRowGroup(*source, 0).ok());
  source.reset();
  // Another file gets its descriptor.
  WriteBytes(folder.File("other"), std::string(static_cast<size_t>(FileSize(source_path)), 'x'));
  const std::ifstream other(folder.File("other"));
  const auto again = OpenSource(source_path);
  const Status ended = writer->EndRowGroup(*again, 0);
  ASSERT_TRUE(ended.ok()) << ended.ToString();
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_TRUE(ReadWithArrow(path)->Equals(*table));
}

// Limits of row groups are the source's, whatever those of the encoded columns would be.
TEST_F(SplicedFileTest, EncodedColumnsAreNotSplitIntoOtherRowGroups) {
  const auto source = OpenSource(source_path_);
  const auto key = source_table_->schema()->field(0);
  const auto added = arrow::field("added", arrow::int64());
  SpliceOptions options{.write = DefaultOptions()};
  options.write.row_group_bytes = 100;
  options.write.row_group_rows = kRowGroupRows / 3;
  options.write.page_bytes = 100;
  const std::string path = folder_.File("new.parquet");
  const auto writer =
      SpliceWriter::Open(path, {{.field = key, .copied_from = ColumnOf(key)}, {.field = added}},
                         *source, 0, options)
          .ValueOrDie();
  Engine engine(3);
  const auto batch = RandomBatch(arrow::schema({added}), engine, kRowGroupRows);
  for (int group = 0; group < 3; ++group) {
    ASSERT_TRUE(writer->Write(*batch->Slice(0, 100)).ok());
    ASSERT_TRUE(writer->Write(*batch->Slice(100)).ok());
    ASSERT_TRUE(writer->EndRowGroup(*source, group).ok());
  }
  const auto spliced = writer->Close();
  ASSERT_TRUE(spliced.ok()) << Describe(spliced.status());
  const auto table = ReadWithArrow(path)->CombineChunks().ValueOrDie();
  EXPECT_EQ(Open(path)->metadata()->num_row_groups(), 3);
  EXPECT_TRUE(table->column(0)->Equals(*source_table_->column(0)));
  for (int group = 0; group < 3; ++group) {
    const auto rows = table->column(1)->Slice(group * kRowGroupRows, kRowGroupRows);
    EXPECT_TRUE(rows->Equals(arrow::ChunkedArray(batch->column(0))));
  }
}

TEST_F(SplicedFileTest, AColumnGetsItsNewName) {
  const auto source = OpenSource(source_path_);
  const auto key = source_table_->schema()->field(0);
  const std::string path = folder_.File("renamed.parquet");
  const auto writer =
      SpliceWriter::Open(
          path,
          {{.field = arrow::field("image_name", arrow::utf8()), .copied_from = ColumnOf(key)}},
          *source, 0, {.write = DefaultOptions()})
          .ValueOrDie();
  for (int group = 0; group < 3; ++group) {
    ASSERT_TRUE(writer->EndRowGroup(*source, group).ok());
  }
  ASSERT_TRUE(writer->Close().ok());
  const auto table = ReadWithArrow(path);
  EXPECT_EQ(table->schema()->field(0)->name(), "image_name");
  EXPECT_TRUE(table->column(0)->Equals(*source_table_->column(0)));
}

// Ids of the source's table mean nothing in another one, and files that differ in them alone can
// stand in one file.
TEST(SpliceWriterTest, FieldIdsStayBehind) {
  const TemporaryFolder folder;
  Engine engine(8);
  const auto with_ids = [](const std::string& outer, const std::string& inner) {
    const auto id = [](const std::string& text) {
      return arrow::key_value_metadata({kFieldIdKey}, {text});
    };
    const auto x = arrow::field("x", arrow::int64(), true, id(inner));
    return arrow::schema({arrow::field("s", arrow::struct_({x}), true, id(outer))});
  };
  std::vector<std::string> sources;
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (const auto& schema : {with_ids("1", "2"), with_ids("3", "4")}) {
    sources.push_back(folder.File(schema->field(0)->metadata()->value(0)));
    tables.push_back(ToTable({RandomBatch(schema, engine, 10)}, schema));
    WriteWithArrow(*tables.back(), sources.back(), kRowGroupRows, Properties().build());
    EXPECT_NE(ReadWithArrow(sources.back())->schema()->field(0)->metadata(), nullptr);
  }
  for (const bool is_copied : {true, false}) {
    const std::string path = folder.File(is_copied ? "copied" : "encoded");
    const auto spliced = Splice(path, sources, tables, {is_copied});
    ASSERT_TRUE(spliced.ok()) << Describe(spliced.status());
    const auto field = ReadWithArrow(path)->schema()->field(0);
    EXPECT_EQ(field->metadata(), nullptr);
    EXPECT_EQ(field->type()->field(0)->metadata(), nullptr);
  }
}

// Statistics are a help: of a column whose footer says what cannot be, only its NULLs are told,
// which were counted.
TEST(SpliceWriterTest, StatisticsThatCannotBeAreLeftOut) {
  const TemporaryFolder folder;
  const std::string source = folder.File("source.parquet");
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.AppendValues({0x1122334455667788, 0x2233445566778899}).ok());
  const auto schema =
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("new", arrow::int64())});
  const auto numbers = builder.Finish().ValueOrDie();
  const auto table = arrow::Table::Make(schema, {numbers, numbers});
  WriteWithArrow(*table->SelectColumns({0}).ValueOrDie(), source, 10, Properties().build());
  const std::string intact = ReadBytes(source);
  const auto splice_with = [&](std::string_view bytes, size_t at, char byte) {
    std::string changed = intact;
    const size_t found = changed.rfind(bytes);
    EXPECT_NE(found, std::string::npos);
    changed[found + at] = byte;
    WriteBytes(source, changed);
    const std::string path = folder.File("spliced.parquet");
    const auto spliced = Splice(path, {source}, {table}, {true, false});
    ASSERT_TRUE(spliced.ok()) << Describe(spliced.status());
    EXPECT_EQ(spliced->file.columns[0].minimum, nullptr);
    EXPECT_EQ(spliced->file.columns[0].maximum, nullptr);
    EXPECT_EQ(spliced->file.columns[0].null_count, 0);
    EXPECT_NE(spliced->file.columns[1].minimum, nullptr);
    const auto metadata = ::parquet::ParquetFileReader::OpenFile(path)->metadata();
    EXPECT_FALSE(metadata->RowGroup(0)->ColumnChunk(0)->statistics()->HasMinMax());
    EXPECT_TRUE(ReadWithArrow(path)->Equals(*table));
    std::filesystem::remove(path);
  };
  // The minimum gets seven bytes; its eighth is read as the next field, a boolean, of Thrift.
  splice_with("\x08\x88\x77\x66\x55\x44\x33\x22\x11", 0, 7);
  // The null count, in front of a maximum of eight bytes, becomes -1, and then 3.
  splice_with({"\x16\x00\x28\x08", 4}, 1, 1);
  splice_with({"\x16\x00\x28\x08", 4}, 1, 6);
}

// What cannot be copied as it is stored.
TEST(WhyNotCopiedTest, NamesTheReason) {
  const TemporaryFolder folder;
  const std::string path = folder.File("source.parquet");
  Engine engine(5);
  const auto stored = arrow::schema({arrow::field("at", arrow::timestamp(arrow::TimeUnit::NANO)),
                                     arrow::field("small", arrow::int32()),
                                     arrow::field("bytes", arrow::binary())});
  arrow::TimestampBuilder at(arrow::timestamp(arrow::TimeUnit::NANO), arrow::default_memory_pool());
  ASSERT_TRUE(at.AppendValues({1000, 2000}).ok());
  const auto others =
      RandomBatch(arrow::schema({stored->field(1), stored->field(2)}), engine, 2)->columns();
  WriteWithArrow(*arrow::Table::Make(stored, {at.Finish().ValueOrDie(), others[0], others[1]}),
                 path, 10, Properties().build(),
                 ArrowProperties().enable_deprecated_int96_timestamps()->build());
  const auto reader = OpenSource(path);
  const auto reason = [&](const std::string& name, std::shared_ptr<arrow::DataType> type) {
    return reader->WhyNotCopied(ColumnOf(arrow::field(name, std::move(type))));
  };
  EXPECT_EQ(reason("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), "INT96 timestamps");
  EXPECT_EQ(reason("small", arrow::int64()), "stored as another type");
  EXPECT_EQ(reason("bytes", arrow::utf8()), "stored as another type");
  EXPECT_EQ(reason("absent", arrow::utf8()), "the file has no such column");
  EXPECT_EQ(reason("small", arrow::int32()), "");
}

}  // namespace
}  // namespace spillway::parquet
