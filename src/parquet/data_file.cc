#include "parquet/data_file.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/util/io_util.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

static_assert(std::endian::native == std::endian::little, "Parquet's integers are read in place");

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedFooterMagic = "PARE";
constexpr int64_t kTailBytes = 8;  // the footer's length, 4 bytes, and the magic
constexpr int64_t kSmallestFile = 4 + kTailBytes;
constexpr int64_t kSmallestPage = 9;  // the fields that a header must have; at most 2^31 - 1 values

Status Damaged(const std::string& path, std::string why) {
  return MakeError({.code = ErrorCode::kCorruptDataFile,
                    .what = "a data file is damaged",
                    .where = path,
                    .why = std::move(why)});
}

Status Unsupported(const std::string& path, std::string what) {
  return MakeError(
      {.code = ErrorCode::kUnsupportedFeature, .what = std::move(what), .where = path});
}

// The file's size, once it is sure that it is a file.
Result<int64_t> SizeOf(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    const int error_number = errno;
    if (error_number != ENOENT && error_number != ENOTDIR) {
      return arrow::internal::IOErrorFromErrno(error_number, "its size cannot be found out");
    }
    return MakeError({.code = ErrorCode::kDataFileMissing,
                      .what = "a data file is missing",
                      .where = path,
                      .why = "the table's log lists it, but it does not exist"});
  }
  if (!S_ISREG(status.st_mode)) return Damaged(path, "it is not a regular file");
  return static_cast<int64_t>(status.st_size);
}

// Reads the file's ends: the footer's length, checked against the file's.
Result<int64_t> ReadFooterLength(const std::string& path, arrow::io::RandomAccessFile* source,
                                 int64_t file_bytes) {
  if (file_bytes < kSmallestFile) {
    return Damaged(path, fmt::format("{} bytes is too short for a Parquet file", file_bytes));
  }
  ARROW_ASSIGN_OR_RAISE(const auto head, source->ReadAt(0, 4));
  ARROW_ASSIGN_OR_RAISE(const auto tail, source->ReadAt(file_bytes - kTailBytes, kTailBytes));
  if (head->size() != 4 || tail->size() != kTailBytes) {
    return Damaged(path, "it was cut short while it was being read");
  }
  const std::string_view magic = std::string_view(*tail).substr(4);
  if (magic == kEncryptedFooterMagic) return Unsupported(path, "a data file is encrypted");
  if (magic != kMagic || std::string_view(*head) != kMagic) {
    return Damaged(path, "it does not begin and end with PAR1, as a Parquet file does");
  }
  uint32_t length = 0;
  std::memcpy(&length, tail->data(), sizeof(length));
  if (length == 0 || length > file_bytes - kSmallestFile) {
    return Damaged(
        path, fmt::format("its footer should have {} bytes, the file has {}", length, file_bytes));
  }
  return length;
}

Status CheckChunk(const DataFile& file, const ::parquet::ColumnChunkMetaData& chunk,
                  const ::parquet::ColumnDescriptor& leaf, int64_t num_rows) {
  const auto damaged = [&](std::string_view why) {
    return Damaged(file.path, fmt::format("column {}: {}", leaf.path()->ToDotString(), why));
  };
  if (!chunk.file_path().empty()) return damaged("its pages are in another file");
  const int64_t bytes = chunk.total_compressed_size();
  const int64_t data_end = file.file_bytes - file.footer_bytes - kTailBytes;
  const int64_t first = FirstByte(chunk);
  if (first < 0 || bytes < 0 || first > data_end || bytes > data_end - first ||
      chunk.total_uncompressed_size() < 0) {
    return damaged("its pages lie outside the file");
  }
  if (chunk.num_values() / std::numeric_limits<int32_t>::max() > bytes / kSmallestPage) {
    return damaged(
        fmt::format("{} bytes of pages cannot hold {} values", bytes, chunk.num_values()));
  }
  const bool repeated = leaf.max_repetition_level() > 0;
  if (repeated ? chunk.num_values() < num_rows : chunk.num_values() != num_rows) {
    return damaged(fmt::format("{} values for {} rows", chunk.num_values(), num_rows));
  }
  return Status::OK();
}

// A footer is untrusted: whoever plans or reads by it relies on what is checked here.
Status CheckFooter(const DataFile& file) {
  const ::parquet::FileMetaData& metadata = *file.metadata;
  if (metadata.is_encryption_algorithm_set()) {
    return Unsupported(file.path, "a data file is encrypted");
  }
  int64_t rows_left = metadata.num_rows();
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto row_group = metadata.RowGroup(i);
    if (row_group->num_rows() < 0 || row_group->num_rows() > rows_left) {
      return Damaged(file.path, "its row groups do not have as many rows as the file");
    }
    rows_left -= row_group->num_rows();
    if (row_group->num_columns() != metadata.num_columns()) {
      return Damaged(file.path, fmt::format("row group {} lacks columns", i));
    }
    for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
      const auto chunk = row_group->ColumnChunk(leaf);
      ARROW_RETURN_NOT_OK(
          CheckChunk(file, *chunk, *metadata.schema()->Column(leaf), row_group->num_rows()));
      if (!chunk->can_decompress()) {
        return Unsupported(file.path, "a data file uses a compression that Spillway cannot read");
      }
    }
  }
  if (rows_left != 0)
    return Damaged(file.path, "its row groups do not have as many rows as the file");
  return Status::OK();
}

std::shared_ptr<::parquet::FileMetaData> WithoutArrowSchema(
    const std::shared_ptr<::parquet::FileMetaData>& metadata) {
  const auto& added = metadata->key_value_metadata();
  if (added == nullptr || !added->Contains("ARROW:schema")) return metadata;
  const auto properties = ::parquet::WriterProperties::Builder()
                              .created_by(metadata->created_by())
                              ->version(metadata->version())
                              ->build();
  std::shared_ptr<::parquet::FileMetaData> plain =
      ::parquet::FileMetaDataBuilder::Make(metadata->schema(), properties)->Finish();
  plain->AppendRowGroups(*metadata);
  return plain;
}

// No writer gives such a name, and half of the program would end it there.
bool HasNulInName(const ::parquet::schema::Node& node) {
  if (node.name().find('\0') != std::string::npos) return true;
  if (node.is_primitive()) return false;
  const auto& group = static_cast<const ::parquet::schema::GroupNode&>(node);
  for (int i = 0; i < group.field_count(); ++i) {
    if (HasNulInName(*group.field(i))) return true;
  }
  return false;
}

std::shared_ptr<const FieldIndex> IndexFields(const ::parquet::SchemaDescriptor& schema) {
  auto index = std::make_shared<FieldIndex>();
  const ::parquet::schema::GroupNode& root = *schema.group_node();
  for (int i = 0; i < root.field_count(); ++i) {
    const int32_t id = root.field(i)->field_id();
    index->Add(root.field(i)->name(), id < 0 ? std::nullopt : std::optional(id));
  }
  return index;
}

Status Open(DataFile& file, int64_t expected_size_bytes) {
  ARROW_ASSIGN_OR_RAISE(file.file_bytes, SizeOf(file.path));
  if (file.file_bytes < expected_size_bytes) {
    return Damaged(file.path, fmt::format("it has {} bytes, the table's log says {}",
                                          file.file_bytes, expected_size_bytes));
  }
  ARROW_ASSIGN_OR_RAISE(file.source,
                        arrow::io::ReadableFile::Open(file.path, file.properties.memory_pool()));
  ARROW_ASSIGN_OR_RAISE(file.footer_bytes,
                        ReadFooterLength(file.path, file.source.get(), file.file_bytes));
  file.properties.set_footer_read_size(static_cast<size_t>(file.footer_bytes + kTailBytes));
  file.metadata = ::parquet::ParquetFileReader::Open(file.source, file.properties)->metadata();
  ARROW_RETURN_NOT_OK(CheckFooter(file));
  if (HasNulInName(*file.metadata->schema()->group_node())) {
    return Damaged(file.path, "the name of a column has a NUL byte");
  }
  file.decoding_metadata = WithoutArrowSchema(file.metadata);
  file.fields = IndexFields(*file.metadata->schema());
  return Status::OK();
}

}  // namespace

::parquet::ReaderProperties MakeReaderProperties(arrow::MemoryPool* pool, int64_t buffer_bytes) {
  ::parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();
  properties.set_buffer_size(buffer_bytes);
  properties.set_page_checksum_verification(true);
  return properties;
}

Result<DataFile> OpenDataFile(const std::string& path, int64_t expected_size_bytes,
                              ::parquet::ReaderProperties properties) {
  DataFile file{.path = path, .properties = std::move(properties)};
  ARROW_RETURN_NOT_OK(
      ReadError(CatchParquet([&] { return Open(file, expected_size_bytes); }), path));
  return file;
}

int64_t FirstByte(const ::parquet::ColumnChunkMetaData& chunk) {
  const int64_t data = chunk.data_page_offset();
  const int64_t dictionary = chunk.dictionary_page_offset();
  // Some writers set the offset of a dictionary that they did not write to 0.
  return chunk.has_dictionary_page() && dictionary > 0 && dictionary < data ? dictionary : data;
}

}  // namespace spillway::parquet
