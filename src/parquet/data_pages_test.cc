#include "parquet/data_pages.h"

#include <algorithm>
#include <string_view>

#include <gmock/gmock.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>

#include "base/units.h"
#include "parquet/data_file.h"
#include "parquet/random_layout.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"

namespace spillway::parquet {
namespace {

// Counts what is read from a file in memory.
class CountedFile : public arrow::io::RandomAccessFile {
 public:
  explicit CountedFile(std::shared_ptr<arrow::Buffer> bytes) : file_(std::move(bytes)) {}

  Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    ++reads_;
    bytes_ += bytes;
    return file_.ReadAt(position, bytes, out);
  }
  Result<int64_t> Read(int64_t bytes, void* out) override { return file_.Read(bytes, out); }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override { return file_.Read(bytes); }
  Result<int64_t> GetSize() override { return file_.GetSize(); }
  Result<int64_t> Tell() const override { return file_.Tell(); }
  Status Seek(int64_t position) override { return file_.Seek(position); }
  Status Close() override { return file_.Close(); }
  bool closed() const override { return file_.closed(); }

  int64_t reads() const { return reads_; }
  int64_t bytes() const { return bytes_; }

 private:
  arrow::io::BufferReader file_;
  int64_t reads_ = 0;
  int64_t bytes_ = 0;
};

PageRange RangeOf(const ::parquet::ColumnChunkMetaData& chunk,
                  std::shared_ptr<arrow::io::RandomAccessFile> source) {
  return {.source = std::move(source),
          .first_byte = FirstByte(chunk),
          .bytes = chunk.total_compressed_size(),
          .codec = chunk.compression()};
}

std::string_view Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Compares with parquet-cpp's page, whose data is that of a V1 page in whole; of a V2 page too, but
// only its levels are as they are stored.
void ExpectSamePage(DataPages& pages, const ::parquet::Page& expected, Engine& engine) {
  const auto header = pages.Next();
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  const auto& data = static_cast<const ::parquet::DataPage&>(expected);
  EXPECT_EQ(header->num_values, data.num_values());
  EXPECT_EQ(header->uncompressed_bytes, data.uncompressed_size());
  int64_t bytes = data.size();
  if (expected.type() == ::parquet::PageType::DATA_PAGE) {
    EXPECT_EQ(header->kind, PageKind::kData);
    const auto& page = static_cast<const ::parquet::DataPageV1&>(data);
    EXPECT_EQ(header->definition_encoding, page.definition_level_encoding());
    EXPECT_EQ(header->repetition_encoding, page.repetition_level_encoding());
  } else {
    EXPECT_EQ(header->kind, PageKind::kDataV2);
    const auto& page = static_cast<const ::parquet::DataPageV2&>(data);
    EXPECT_EQ(header->definition_bytes, page.definition_levels_byte_length());
    EXPECT_EQ(header->repetition_bytes, page.repetition_levels_byte_length());
    bytes = header->definition_bytes + header->repetition_bytes;
  }
  for (const int64_t wanted : {Draw(engine, 0, bytes), Draw(engine, 0, bytes), bytes}) {
    const auto body = pages.Body(wanted);
    ASSERT_TRUE(body.ok()) << body.status().ToString();
    ASSERT_GE(body->size(), static_cast<size_t>(wanted));
    EXPECT_EQ(Text(body->first(static_cast<size_t>(wanted))),
              Text({data.data(), static_cast<size_t>(wanted)}));
  }
  EXPECT_TRUE(
      pages.Body(header->compressed_bytes + header->uncompressed_bytes + 1).status().IsInvalid());
}

TEST(DataPagesTest, AreThoseThatArrowReads) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int round = 0; round < 30; ++round) {
    TemporaryFolder folder;
    const std::string path = folder.File("x.parquet");
    const auto table = ToTable({RandomBatch(EveryType(), engine, 300)}, EveryType());
    WriteWithArrow(*table, path, 200, RandomLayout(engine));
    const auto reader = ::parquet::ParquetFileReader::OpenFile(path);
    const std::shared_ptr<arrow::io::RandomAccessFile> source =
        arrow::io::ReadableFile::Open(path).ValueOrDie();
    for (int group = 0; group < reader->metadata()->num_row_groups(); ++group) {
      for (int leaf = 0; leaf < reader->metadata()->num_columns(); ++leaf) {
        const auto metadata = reader->metadata()->RowGroup(group);
        auto pages = DataPages::Make(RangeOf(*metadata->ColumnChunk(leaf), source),
                                     arrow::default_memory_pool())
                         .ValueOrDie();
        const auto expected = reader->RowGroup(group)->GetColumnPageReader(leaf);
        while (const auto page = expected->NextPage()) {
          if (page->type() == ::parquet::PageType::DICTIONARY_PAGE) continue;
          // Arrow writes these too.
          if (static_cast<const ::parquet::DataPage&>(*page).num_values() == 0) continue;
          ExpectSamePage(pages, *page, engine);
          if (HasFailure()) return;
        }
        EXPECT_THAT(pages.Next().status().ToString(), testing::HasSubstr("fewer values"));
      }
    }
  }
}

// What is written, and its metadata.
struct Written {
  std::shared_ptr<arrow::Buffer> bytes;
  std::shared_ptr<::parquet::FileMetaData> metadata;
};

Written Write(const arrow::Table& table,
              const std::shared_ptr<::parquet::WriterProperties>& properties) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(::parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink,
                                           table.num_rows(), properties)
                  .ok());
  Written written{.bytes = sink->Finish().ValueOrDie()};
  written.metadata =
      ::parquet::ReadMetaData(std::make_shared<arrow::io::BufferReader>(written.bytes));
  return written;
}

TEST(DataPagesTest, AFewKilobytesOfEachPageAreRead) {
  const Batches rows = Noise(2000, 8192, 2000);
  const auto table = ToTable(rows, rows.front()->schema());
  for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY,
                           arrow::Compression::GZIP, arrow::Compression::BROTLI}) {
    const Written written = Write(*table, Properties()
                                              .compression(codec)
                                              ->disable_dictionary()
                                              ->data_pagesize(kMiB)
                                              ->write_batch_size(100)
                                              ->build());
    const auto source = std::make_shared<CountedFile>(written.bytes);
    const auto group = written.metadata->RowGroup(0);
    const auto chunk = group->ColumnChunk(0);
    auto pages =
        DataPages::Make(RangeOf(*chunk, source), arrow::default_memory_pool()).ValueOrDie();
    int64_t num_pages = 0;
    for (int64_t values = 0; values < chunk->num_values(); ++num_pages) {
      values += pages.Next().ValueOrDie().num_values;
      ASSERT_TRUE(pages.Body(100).ok());
    }
    EXPECT_GE(num_pages, 10);
    EXPECT_EQ(source->reads(), num_pages) << "codec " << codec;
    EXPECT_EQ(source->bytes(), num_pages * DataPages::kLeastBytes) << "codec " << codec;
  }
}

// Whatever the bytes, the walk ends, and with an error or pages inside the column chunk.
TEST(DataPagesTest, RandomDamageEndsTheWalk) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  int whole = 0;
  int failed = 0;
  for (int round = 0; round < 100; ++round) {
    const auto table = ToTable({RandomBatch(EveryType(), engine, 100)}, EveryType());
    const Written written = Write(*table, RandomLayout(engine));
    const auto group = written.metadata->RowGroup(0);
    for (int leaf = 0; leaf < group->num_columns(); ++leaf) {
      const auto chunk = group->ColumnChunk(leaf);
      const auto damaged = arrow::Buffer::FromString(written.bytes->ToString());
      for (int64_t flips = Draw(engine, 1, 3); flips > 0; --flips) {
        const int64_t place =
            FirstByte(*chunk) + Draw(engine, 0, chunk->total_compressed_size() - 1);
        const_cast<uint8_t*>(damaged->data())[place] = static_cast<uint8_t>(Draw(engine, 0, 255));
      }
      arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
      auto pages = DataPages::Make(
          RangeOf(*chunk, std::make_shared<arrow::io::BufferReader>(damaged)), &pool);
      ASSERT_TRUE(pages.ok());
      Status status;
      while (status.ok()) {
        const auto header = pages->Next();
        status = header.status();
        if (!status.ok()) break;
        const int64_t size =
            header->kind == PageKind::kData ? header->uncompressed_bytes : header->compressed_bytes;
        status = pages->Body(Draw(engine, 0, std::min<int64_t>(size, 5000))).status();
      }
      EXPECT_FALSE(FindError(status)) << status.ToString();
      EXPECT_LE(pool.max_memory(), 10 * kMiB);
      const bool at_end = status.message().find("fewer values") != std::string::npos;
      ++(at_end ? whole : failed);
    }
  }
  EXPECT_GT(whole, 100);
  EXPECT_GT(failed, 100);
}

TEST(DataPagesTest, APageEndsWithItsColumnChunk) {
  const Batches rows = Noise(100, 80, 100);
  const Written written =
      Write(*ToTable(rows, rows.front()->schema()), Properties().disable_dictionary()->build());
  const auto group = written.metadata->RowGroup(0);
  PageRange range =
      RangeOf(*group->ColumnChunk(0), std::make_shared<arrow::io::BufferReader>(written.bytes));
  const auto next = [&](int64_t bytes) {
    range.bytes = bytes;
    auto pages = DataPages::Make(range, arrow::default_memory_pool()).ValueOrDie();
    return pages.Next().status().ToString();
  };
  EXPECT_EQ(next(range.bytes), "OK");
  EXPECT_THAT(next(range.bytes - 1), testing::HasSubstr("beyond its column chunk"));
  EXPECT_THAT(next(5), testing::HasSubstr("has no end"));
  EXPECT_THAT(next(0), testing::HasSubstr("fewer values"));
}

TEST(DataPagesTest, AFileThatBecameShorterIsAnError) {
  const Batches rows = Noise(100, 80, 100);
  const auto table = ToTable(rows, rows.front()->schema());
  const Written written = Write(*table, Properties().build());
  const auto group = written.metadata->RowGroup(0);
  const auto chunk = group->ColumnChunk(0);
  const auto cut = arrow::SliceBuffer(written.bytes, 0, FirstByte(*chunk) + 10);
  auto pages = DataPages::Make(RangeOf(*chunk, std::make_shared<arrow::io::BufferReader>(cut)),
                               arrow::default_memory_pool())
                   .ValueOrDie();
  EXPECT_THAT(pages.Next().status().ToString(), testing::HasSubstr("cut short"));
}

}  // namespace
}  // namespace spillway::parquet
