// A footer is one Thrift struct; its row groups are a list in it. The list's elements are found by
// skipping over them, and an excerpt is the same struct with a shorter list. Left out of excerpts
// is the schema that Arrow's own writers add: a table's schema decides what a column is, and where
// Arrow's asks for a dictionary, parquet-cpp builds hash tables without looking whether it got the
// memory.
#include "parquet/stored_footer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "base/units.h"
#include "parquet/compact_reader.h"
#include "parquet/field_index.h"
#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

static_assert(std::endian::native == std::endian::little, "Parquet's integers are read in place");

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedFooterMagic = "PARE";
constexpr int64_t kSmallestFile = 4 + kFooterTailBytes;
constexpr std::string_view kArrowSchemaKey = "ARROW:schema";

// What is parsed at a time.
constexpr int64_t kMostChunks = 4096;
constexpr int64_t kMostBytes = 512 * kKiB;

// What the format calls the fields of FileMetaData, RowGroup, ColumnChunk, ColumnMetaData and
// KeyValue.
namespace file_metadata {
constexpr int kNumRows = 3, kRowGroups = 4, kKeyValues = 5;
}
namespace row_group {
constexpr int kColumns = 1, kNumRows = 3;
}
namespace column_chunk {
constexpr int kMetadata = 3;
}
namespace column_metadata {
constexpr int kCompressedSize = 7;
}
namespace key_value {
constexpr int kKey = 1;
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
  std::string head(4, '\0');
  std::string tail(kFooterTailBytes, '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t head_bytes, source->ReadAt(0, 4, head.data()));
  ARROW_ASSIGN_OR_RAISE(const int64_t tail_bytes, source->ReadAt(file_bytes - kFooterTailBytes,
                                                                 kFooterTailBytes, tail.data()));
  if (head_bytes != 4 || tail_bytes != kFooterTailBytes) {
    return Damaged(path, "it was cut short while it was being read");
  }
  const std::string_view magic = std::string_view(tail).substr(4);
  if (magic == kEncryptedFooterMagic) return Unsupported(path, "a data file is encrypted");
  if (magic != kMagic || head != kMagic) {
    return Damaged(path, "it does not begin and end with PAR1, as a Parquet file does");
  }
  uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof(length));
  if (length == 0 || length > file_bytes - kSmallestFile) {
    return Damaged(
        path, fmt::format("its footer should have {} bytes, the file has {}", length, file_bytes));
  }
  return length;
}

std::span<const uint8_t> AsBytes(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

// An unsigned varint of the compact protocol.
void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>((value & 0x7F) | 0x80));
  bytes->push_back(static_cast<char>(value));
}

void AppendFieldHead(int64_t id, int64_t id_before, uint8_t type, std::string* bytes) {
  const int64_t step = id - id_before;
  if (step >= 1 && step <= 15) {
    bytes->push_back(static_cast<char>((step << 4) | type));
    return;
  }
  bytes->push_back(static_cast<char>(type));
  AppendVarint(static_cast<uint64_t>((id << 1) ^ (id >> 63)), bytes);
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

void AppendListHead(size_t size, std::string* bytes) {
  constexpr auto kStruct = static_cast<uint8_t>(compact::Type::kStruct);
  if (size < 15) {
    bytes->push_back(static_cast<char>((size << 4) | kStruct));
    return;
  }
  bytes->push_back(static_cast<char>(0xF0 | kStruct));
  AppendVarint(size, bytes);
}

}  // namespace

// Looks over a footer's bytes once.
class StoredFooter::Indexer {
 public:
  explicit Indexer(StoredFooter* footer) : footer_(*footer), reader_(AsBytes(footer->bytes_)) {}

  Status Run() {
    compact::Field field;
    while (reader_.Next(field)) {
      const int64_t begin = reader_.position();
      if (field.id == file_metadata::kRowGroups) {
        IndexList(field, [this] { IndexRowGroup(); });
      } else if (field.id == file_metadata::kKeyValues) {
        IndexList(field, [this] { IndexKeyValue(); });
      } else if (field.id == file_metadata::kNumRows) {
        reader_.ReadLong(field, &footer_.num_rows_);
      } else {
        reader_.Skip(field.type);
      }
      footer_.fields_.push_back(
          {field.id, static_cast<uint8_t>(field.type), {begin, reader_.position()}});
    }
    if (!reader_.good() || is_odd_) return Status::Invalid("its footer is malformed");
    return Status::OK();
  }

 private:
  // Returns how many elements there are.
  template <typename IndexElement>
  int64_t IndexList(const compact::Field& field, IndexElement&& index_element) {
    if (field.type != compact::Type::kList) {
      reader_.Skip(field.type);
      return 0;
    }
    const compact::Reader::ListHead head = reader_.ReadListHead();
    is_odd_ |= head.size > 0 && head.type != compact::Type::kStruct;
    int64_t elements = 0;
    for (; elements < static_cast<int64_t>(head.size) && reader_.good() && !is_odd_; ++elements) {
      index_element();
    }
    return elements;
  }

  void IndexRowGroup() {
    const int64_t begin = reader_.position();
    RowGroup row_group;
    compact::Field field;
    while (reader_.Next(field)) {
      if (field.id == row_group::kColumns && field.type == compact::Type::kList) {
        const int64_t columns = IndexList(field, [this] { IndexChunk(); });
        footer_.num_columns_ = std::max(footer_.num_columns_, columns);
      } else if (field.id == row_group::kNumRows) {
        reader_.ReadLong(field, &row_group.num_rows);
      } else {
        reader_.Skip(field.type);
      }
    }
    footer_.stored_row_groups_.push_back({begin, reader_.position()});
    footer_.row_groups_.push_back(row_group);
  }

  void IndexChunk() {
    compact::Field field;
    while (reader_.Next(field)) {
      if (field.id == column_chunk::kMetadata && field.type == compact::Type::kStruct) {
        IndexChunkMetadata();
      } else {
        reader_.Skip(field.type);
      }
    }
  }

  void IndexChunkMetadata() {
    compact::Field field;
    while (reader_.Next(field)) {
      int64_t bytes = 0;
      if (field.id == column_metadata::kCompressedSize) {
        reader_.ReadLong(field, &bytes);
      } else {
        reader_.Skip(field.type);
      }
      footer_.largest_chunk_bytes_ = std::max(footer_.largest_chunk_bytes_, bytes);
    }
  }

  void IndexKeyValue() {
    const int64_t begin = reader_.position();
    std::string_view key;
    compact::Field field;
    while (reader_.Next(field)) {
      if (field.id == key_value::kKey) {
        reader_.ReadBinary(field, &key);
      } else {
        reader_.Skip(field.type);
      }
    }
    if (key != kArrowSchemaKey) footer_.key_values_.push_back({begin, reader_.position()});
  }

  StoredFooter& footer_;
  compact::Reader reader_;
  bool is_odd_ = false;  // a list of what cannot be in it
};

Result<std::unique_ptr<const StoredFooter>> StoredFooter::Read(const std::string& path,
                                                               int64_t expected_size_bytes) {
  std::unique_ptr<StoredFooter> footer;
  const auto read = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, SizeOf(path));
    if (file_bytes < expected_size_bytes) {
      return Damaged(path, fmt::format("it has {} bytes, the table's log says {}", file_bytes,
                                       expected_size_bytes));
    }
    footer.reset(new StoredFooter(path, file_bytes));
    ARROW_RETURN_NOT_OK(footer->ReadBytes());
    return footer->Index();
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(read), path));
  return footer;
}

Status StoredFooter::ReadBytes() {
  ARROW_ASSIGN_OR_RAISE(source_, arrow::io::ReadableFile::Open(path_));
  ARROW_ASSIGN_OR_RAISE(const int64_t length, ReadFooterLength(path_, source_.get(), file_bytes_));
  bytes_.resize(static_cast<size_t>(length));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, source_->ReadAt(file_bytes_ - kFooterTailBytes - length,
                                                            length, bytes_.data()));
  if (read != length) return Damaged(path_, "it was cut short while it was being read");
  return Status::OK();
}

Status StoredFooter::Index() {
  ARROW_RETURN_NOT_OK(Indexer(this).Run());
  int64_t first_row = 0;
  for (RowGroup& row_group : row_groups_) {
    if (row_group.num_rows < 0 || row_group.num_rows > num_rows_ - first_row) {
      return Damaged(path_, "its row groups do not have as many rows as the file");
    }
    row_group.first_row = first_row;
    first_row += row_group.num_rows;
  }
  if (first_row != num_rows_) {
    return Damaged(path_, "its row groups do not have as many rows as the file");
  }
  return Status::OK();
}

int64_t StoredFooter::BytesOf(RowGroupRange row_groups) const {
  if (row_groups.count == 0) return 0;
  const auto first = static_cast<size_t>(row_groups.first);
  const auto last = first + static_cast<size_t>(row_groups.count) - 1;
  return stored_row_groups_[last].end - stored_row_groups_[first].begin;
}

std::vector<RowGroupRange> StoredFooter::Cut(RowGroupRange row_groups) const {
  const int most = static_cast<int>(kMostChunks / std::max<int64_t>(1, num_columns_));
  std::vector<RowGroupRange> ranges;
  const int end = row_groups.first + row_groups.count;
  for (int next = row_groups.first; next < end;) {
    RowGroupRange range{.first = next, .count = 1};
    while (range.count < most && next + range.count < end &&
           BytesOf({next, range.count + 1}) <= kMostBytes) {
      ++range.count;
    }
    ranges.push_back(range);
    next += range.count;
  }
  return ranges;
}

int64_t StoredFooter::ParsedBytes(RowGroupRange row_groups) const {
  // Of a column chunk, and of a column: as parquet-cpp and Arrow have it, and its facts, without
  // names and the values in statistics.
  constexpr int64_t kChunkBytes = 2048;
  constexpr int64_t kColumnBytes = 2048;
  // Of what is stored: in the excerpt, as parsed, and where it is looked at.
  constexpr int64_t kCopies = 3;
  const int64_t beside_row_groups = footer_bytes() - BytesOf(all_row_groups());
  return num_columns_ * (row_groups.count * kChunkBytes + kColumnBytes) +
         kCopies * (BytesOf(row_groups) + beside_row_groups);
}

int64_t StoredFooter::memory_bytes() const {
  int64_t largest = 0;
  for (const RowGroupRange& range : Cut(all_row_groups())) {
    largest = std::max(largest, ParsedBytes(range));
  }
  const auto row_group_bytes = static_cast<int64_t>(sizeof(Part) + sizeof(RowGroup));
  return footer_bytes() + 2 * row_group_bytes * all_row_groups().count + largest;
}

std::string StoredFooter::Excerpt(RowGroupRange row_groups) const {
  const Part chosen = row_groups.count == 0
                          ? Part{}
                          : Part{stored_row_groups_[static_cast<size_t>(row_groups.first)].begin,
                                 stored_row_groups_[static_cast<size_t>(row_groups.first)].begin +
                                     BytesOf(row_groups)};
  std::string excerpt;
  int64_t id_before = 0;
  for (const Field& field : fields_) {
    const bool is_key_values = field.id == file_metadata::kKeyValues;
    if (is_key_values && key_values_.empty()) continue;
    AppendFieldHead(field.id, id_before, field.type, &excerpt);
    id_before = field.id;
    if (field.id == file_metadata::kRowGroups) {
      AppendListHead(static_cast<size_t>(row_groups.count), &excerpt);
      excerpt += Bytes(chosen);
    } else if (is_key_values) {
      AppendListHead(key_values_.size(), &excerpt);
      for (const Part& pair : key_values_) excerpt += Bytes(pair);
    } else {
      excerpt += Bytes(field.value);
    }
  }
  excerpt.push_back('\0');
  return excerpt;
}

Result<DataFile> StoredFooter::Open(RowGroupRange row_groups,
                                    ::parquet::ReaderProperties properties) const {
  DataFile file{.path = path_,
                .properties = std::move(properties),
                .file_bytes = file_bytes_,
                .footer_bytes = footer_bytes(),
                .source = source_};
  if (row_groups.count > 0) {
    file.first_row = row_groups_[static_cast<size_t>(row_groups.first)].first_row;
  }
  const auto open = [&]() -> Status {
    const std::string excerpt = Excerpt(row_groups);
    file.metadata = ::parquet::FileMetaData::Make(
        excerpt.data(), static_cast<int64_t>(excerpt.size()), file.properties);
    ARROW_RETURN_NOT_OK(CheckRowGroups(file));
    if (HasNulInName(*file.metadata->schema()->group_node())) {
      return Damaged(path_, "the name of a column has a NUL byte");
    }
    file.fields = IndexFields(*file.metadata->schema());
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(open), path_));
  return file;
}

}  // namespace spillway::parquet
