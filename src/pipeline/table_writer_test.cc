#include "pipeline/table_writer.h"

#include <set>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

const auto kSchema =
    arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())});

test::BatchPointer Batch(int64_t first, int64_t rows, int64_t text_bytes = 1) {
  std::string json = "[";
  for (int64_t id = first; id < first + rows; ++id) {
    // Not compressible by much: each row has other letters.
    std::string text;
    for (int64_t i = 0; i < text_bytes; ++i) {
      text += static_cast<char>('a' + (static_cast<uint64_t>(id * 31 + i) * 2654435761U >> 7) % 26);
    }
    json += fmt::format(R"({}{{"id": {}, "text": "{}"}})", json.size() > 1 ? "," : "", id, text);
  }
  return test::BatchOf(kSchema, json + "]");
}

size_t FilesIn(const std::string& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

class TableWriterTest : public ::testing::Test {
 protected:
  TableWriterOptions Options() const {
    return {.table_path = folder_.path(), .parquet = {.pool = arrow::default_memory_pool()}};
  }
  const test::TestFolder folder_;
};

TEST_F(TableWriterTest, WritesNoFileForNoRows) {
  TableWriter writer(kSchema, Options());
  ASSERT_TRUE(writer.Write(*Batch(0, 0)).ok());
  EXPECT_TRUE(writer.Finish().ValueOrDie().files().empty());
  EXPECT_EQ(FilesIn(folder_.path()), 0U);
}

TEST_F(TableWriterTest, NoFileHasMoreRowsThanTheLimit) {
  TableWriterOptions options = Options();
  options.max_records_per_file = 7;
  TableWriter writer(kSchema, options);
  int64_t rows = 0;
  for (const int64_t batch_rows : {3, 20, 1, 0, 5, 7, 14}) {
    ASSERT_TRUE(writer.Write(*Batch(rows, batch_rows)).ok());
    rows += batch_rows;
  }
  EXPECT_EQ(writer.rows_written(), 50);
  const WrittenFiles written = writer.Finish().ValueOrDie();
  const auto& files = written.files();
  ASSERT_EQ(files.size(), 8U);
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(files[i].num_rows, 7);
  EXPECT_EQ(files[7].num_rows, 1);
}

TEST_F(TableWriterTest, BeginsANewFileWhenOneIsLargeEnough) {
  TableWriterOptions options = Options();
  options.target_file_bytes = 20'000;
  options.parquet.compression = arrow::Compression::UNCOMPRESSED;
  options.parquet.page_bytes = 1024;
  options.parquet.dictionary_page_bytes = 0;
  TableWriter writer(kSchema, options);
  for (int64_t first = 0; first < 4000; first += 20) {
    ASSERT_TRUE(writer.Write(*Batch(first, 20, 40)).ok());
  }
  const WrittenFiles written = writer.Finish().ValueOrDie();
  const auto& files = written.files();
  ASSERT_GT(files.size(), 3U);
  for (size_t i = 0; i < files.size(); ++i) {
    const auto on_disk = std::filesystem::file_size(folder_ / files[i].relative_path);
    EXPECT_EQ(static_cast<uintmax_t>(files[i].size_bytes), on_disk);
    if (i + 1 < files.size()) {
      EXPECT_GT(files[i].size_bytes, 10'000);
    }
    EXPECT_LT(files[i].size_bytes, 40'000);
  }
}

TEST_F(TableWriterTest, NamesAreUniqueAndSayTheCodec) {
  TableWriterOptions options = Options();
  options.max_records_per_file = 1;
  options.file_tag = NewFileTag({.pipeline = "test", .app_id = "app"});
  std::set<std::string> names;
  for (int writer_number = 0; writer_number < 3; ++writer_number) {
    TableWriter writer(kSchema, options);
    ASSERT_TRUE(writer.Write(*Batch(0, 20)).ok());
    const WrittenFiles written = writer.Finish().ValueOrDie();
    const auto& files = written.files();
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string& name = files[i].relative_path;
      ASSERT_TRUE(name.starts_with(fmt::format("part-{:05}-", i))) << name;
      EXPECT_TRUE(name.ends_with(".snappy.parquet")) << name;
      EXPECT_EQ(name.substr(11, 38), options.file_tag + "-c");
      names.insert(name);
    }
  }
  EXPECT_EQ(names.size(), 60U);
  EXPECT_NE(NewFileTag({.pipeline = "test", .app_id = "app"}), options.file_tag);
  EXPECT_EQ(options.file_tag.size(), 36U);
  EXPECT_EQ(options.file_tag[14], '4') << options.file_tag;
  options.parquet.compression = arrow::Compression::UNCOMPRESSED;
  TableWriter plain(kSchema, options);
  ASSERT_TRUE(plain.Write(*Batch(0, 1)).ok());
  EXPECT_TRUE(plain.Finish().ValueOrDie().files()[0].relative_path.ends_with(".parquet"));
}

TEST_F(TableWriterTest, ItsFilesAreRemovedUnlessTheyAreReleased) {
  TableWriterOptions options = Options();
  options.max_records_per_file = 10;
  {
    TableWriter writer(kSchema, options);
    ASSERT_TRUE(writer.Write(*Batch(0, 25)).ok());
    EXPECT_GE(FilesIn(folder_.path()), 2U);
  }
  EXPECT_EQ(FilesIn(folder_.path()), 0U);
  {
    TableWriter writer(kSchema, options);
    ASSERT_TRUE(writer.Write(*Batch(0, 25)).ok());
    ASSERT_TRUE(writer.Finish().ok());
  }
  EXPECT_EQ(FilesIn(folder_.path()), 0U);
  {
    TableWriter writer(kSchema, options);
    ASSERT_TRUE(writer.Write(*Batch(0, 25)).ok());
    EXPECT_EQ(writer.Finish().ValueOrDie().Release().size(), 3U);
  }
  EXPECT_EQ(FilesIn(folder_.path()), 3U);
}

TEST_F(TableWriterTest, SaysWhatACommitNeeds) {
  TableWriter writer(kSchema, Options());
  ASSERT_TRUE(writer
                  .Write(*test::BatchOf(kSchema, R"([{"id": 5, "text": null},
      {"id": -3, "text": "b"}, {"id": null, "text": null}])"))
                  .ok());
  const WrittenFiles written = writer.Finish().ValueOrDie();
  const auto& files = written.files();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].num_rows, 3);
  EXPECT_GT(files[0].modification_time_ms, 1'700'000'000'000);
  ASSERT_EQ(files[0].columns.size(), 2U);
  EXPECT_EQ(files[0].columns[0].path, std::vector<std::string>{"id"});
  EXPECT_EQ(files[0].columns[0].null_count, 1);
  EXPECT_EQ(files[0].columns[0].minimum->ToString(), "-3");
  EXPECT_EQ(files[0].columns[0].maximum->ToString(), "5");
  EXPECT_EQ(files[0].columns[1].null_count, 2);
}

TEST_F(TableWriterTest, FailsWhereTheFolderIsMissing) {
  TableWriterOptions options = Options();
  options.table_path = folder_ / "missing";
  TableWriter writer(kSchema, options);
  EXPECT_EQ(test::CodeOf(writer.Write(*Batch(0, 1))), ErrorCode::kStorage);
}

}  // namespace
}  // namespace spillway::pipeline
