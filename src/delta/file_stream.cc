#include "delta/file_stream.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include "base/error.h"
#include "delta/data_path.h"
#include "delta/snapshot_impl.h"

namespace spillway::delta {
namespace {

// A partition column's two names: the log's map has the physical one.
struct PartitionColumn {
  std::string logical_name;
  std::string physical_name;
};

std::vector<PartitionColumn> PartitionColumnsOf(const Snapshot& snapshot) {
  std::vector<PartitionColumn> columns;
  for (const std::string& name : snapshot.partition_columns()) {
    const int index = snapshot.schema()->GetFieldIndex(name);
    columns.push_back({name, index < 0 ? name : snapshot.PhysicalName(index)});
  }
  return columns;
}

// The column `name` of `fields`, which the bridge promises with this type.
template <typename ArrayType>
Result<std::shared_ptr<ArrayType>> Column(const arrow::StructArray& fields, const char* name) {
  auto typed = std::dynamic_pointer_cast<ArrayType>(fields.GetFieldByName(name));
  if (typed != nullptr) return typed;
  return MakeError({.code = ErrorCode::kInternal,
                    .what = std::string("the log's replay gave no column ") + name});
}

Result<std::shared_ptr<arrow::StructArray>> ImportBatch(ArrowArray* array, ArrowSchema* schema) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> imported, arrow::ImportArray(array, schema));
  auto fields = std::dynamic_pointer_cast<arrow::StructArray>(imported);
  if (fields != nullptr) return fields;
  return MakeError({.code = ErrorCode::kInternal, .what = "the log's replay gave no struct"});
}

// The columns of one batch of the replay.
struct FileColumns {
  std::shared_ptr<arrow::StringArray> path, stats;
  std::shared_ptr<arrow::Int64Array> size, modification_time, num_records;
  std::shared_ptr<arrow::MapArray> partition_values;
  std::shared_ptr<arrow::StringArray> partition_keys, partition_items;
  std::shared_ptr<arrow::StructArray> deletion_vector;
  std::shared_ptr<arrow::StringArray> dv_storage_type, dv_path_or_inline;
  std::shared_ptr<arrow::Int32Array> dv_offset, dv_size;
  std::shared_ptr<arrow::Int64Array> dv_cardinality;

  static Result<FileColumns> Make(const arrow::StructArray& batch);
  int64_t num_rows() const { return path == nullptr ? 0 : path->length(); }
};

template <typename ArrayType>
Status Assign(const arrow::StructArray& fields, const char* name, std::shared_ptr<ArrayType>* out) {
  return Column<ArrayType>(fields, name).Value(out);
}

Result<FileColumns> FileColumns::Make(const arrow::StructArray& batch) {
  FileColumns columns;
  ARROW_RETURN_NOT_OK(Assign(batch, "path", &columns.path));
  ARROW_RETURN_NOT_OK(Assign(batch, "stats", &columns.stats));
  ARROW_RETURN_NOT_OK(Assign(batch, "size", &columns.size));
  ARROW_RETURN_NOT_OK(Assign(batch, "modificationTime", &columns.modification_time));
  ARROW_RETURN_NOT_OK(Assign(batch, "numRecords", &columns.num_records));
  ARROW_RETURN_NOT_OK(Assign(batch, "deletionVector", &columns.deletion_vector));
  const arrow::StructArray& vector = *columns.deletion_vector;
  ARROW_RETURN_NOT_OK(Assign(vector, "storageType", &columns.dv_storage_type));
  ARROW_RETURN_NOT_OK(Assign(vector, "pathOrInlineDv", &columns.dv_path_or_inline));
  ARROW_RETURN_NOT_OK(Assign(vector, "offset", &columns.dv_offset));
  ARROW_RETURN_NOT_OK(Assign(vector, "sizeInBytes", &columns.dv_size));
  ARROW_RETURN_NOT_OK(Assign(vector, "cardinality", &columns.dv_cardinality));
  ARROW_ASSIGN_OR_RAISE(auto constants, Column<arrow::StructArray>(batch, "fileConstantValues"));
  ARROW_RETURN_NOT_OK(Assign(*constants, "partitionValues", &columns.partition_values));
  columns.partition_keys =
      std::dynamic_pointer_cast<arrow::StringArray>(columns.partition_values->keys());
  columns.partition_items =
      std::dynamic_pointer_cast<arrow::StringArray>(columns.partition_values->items());
  if (columns.partition_keys == nullptr || columns.partition_items == nullptr) {
    return MakeError({.code = ErrorCode::kInternal, .what = "partition values are not strings"});
  }
  return columns;
}

// The partition value of `physical_name` in row `row`. In the log an absent one and an empty one
// are both null.
std::optional<std::string> PartitionValue(const FileColumns& columns, int64_t row,
                                          const std::string& physical_name) {
  const int64_t end = columns.partition_values->value_offset(row + 1);
  for (int64_t i = columns.partition_values->value_offset(row); i < end; ++i) {
    if (columns.partition_keys->GetView(i) != physical_name) continue;
    if (columns.partition_items->IsNull(i) || columns.partition_items->GetView(i).empty()) break;
    return columns.partition_items->GetString(i);
  }
  return std::nullopt;
}

std::optional<DeletionVector> DeletionVectorAt(const FileColumns& columns, int64_t row) {
  if (columns.deletion_vector->IsNull(row) || columns.dv_storage_type->IsNull(row)) {
    return std::nullopt;
  }
  DeletionVector vector;
  vector.storage_type = columns.dv_storage_type->GetString(row);
  vector.path_or_inline = columns.dv_path_or_inline->GetString(row);
  if (!columns.dv_offset->IsNull(row)) vector.offset = columns.dv_offset->Value(row);
  vector.size_bytes = columns.dv_size->Value(row);
  vector.cardinality = columns.dv_cardinality->Value(row);
  return vector;
}

}  // namespace

class FileStream::Impl {
 public:
  Impl(ScanHandle scan, std::string root, std::vector<PartitionColumn> partitions)
      : scan_(std::move(scan)),
        root_(std::move(root)),
        partitions_(std::move(partitions)),
        links_(root_) {}

  Result<std::optional<DataFile>> Next() {
    if (is_at_end_) return std::nullopt;
    Result<std::optional<DataFile>> next = NextOrError();
    is_at_end_ = !next.ok() || !next->has_value();
    return next;
  }

 private:
  Result<std::optional<DataFile>> NextOrError() {
    if (row_ == columns_.num_rows()) {
      ARROW_ASSIGN_OR_RAISE(const bool has_more, ReadBatch());
      if (!has_more) return std::nullopt;
    }
    return FileAt(row_++);
  }

  // Replaces the batch by the next one; false at the end. A batch has at least one row.
  Result<bool> ReadBatch() {
    columns_ = {};
    row_ = 0;
    ArrowArray array{};
    ArrowSchema schema{};
    ARROW_ASSIGN_OR_RAISE(const bool has_batch, Call(root_, [&](bridge::Failure& failure) {
                            return scan_->next_batch(AddressOf(&array), AddressOf(&schema),
                                                     failure);
                          }));
    if (!has_batch) return false;
    ARROW_ASSIGN_OR_RAISE(auto batch, ImportBatch(&array, &schema));
    ARROW_ASSIGN_OR_RAISE(columns_, FileColumns::Make(*batch));
    return true;
  }

  Result<DataFile> FileAt(int64_t row) {
    DataFile file;
    ARROW_ASSIGN_OR_RAISE(file.path, ResolveDataPath(root_, columns_.path->GetView(row)));
    ARROW_RETURN_NOT_OK(links_.Check(file.path));
    file.size_bytes = columns_.size->Value(row);
    if (file.size_bytes < 0) return SizeError(file);
    file.modification_time_ms = columns_.modification_time->Value(row);
    const int64_t rows = columns_.num_records->IsNull(row) ? -1 : columns_.num_records->Value(row);
    if (rows >= 0) file.num_records = rows;
    if (!columns_.stats->IsNull(row)) file.stats_json = columns_.stats->GetString(row);
    for (const PartitionColumn& partition : partitions_) {
      file.partition_values.emplace_back(partition.logical_name,
                                         PartitionValue(columns_, row, partition.physical_name));
    }
    file.deletion_vector = DeletionVectorAt(columns_, row);
    return file;
  }

  Status SizeError(const DataFile& file) const {
    return MakeError({.code = ErrorCode::kCorruptLog,
                      .what = std::string(TitleOf(ErrorCode::kCorruptLog)),
                      .where = root_,
                      .why = "the log gives the file " + file.path + " a negative size"});
  }

  ScanHandle scan_;
  std::string root_;
  std::vector<PartitionColumn> partitions_;
  LinkCheck links_;
  FileColumns columns_;
  int64_t row_ = 0;
  bool is_at_end_ = false;
};

FileStream::FileStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileStream::~FileStream() = default;

Result<std::optional<DataFile>> FileStream::Next() { return impl_->Next(); }

Result<std::unique_ptr<FileStream>> Snapshot::Files() const {
  ARROW_ASSIGN_OR_RAISE(bridge::FileScan * started,
                        Call(impl_->root_path, [&](bridge::Failure& failure) {
                          return impl_->table->scan_files(failure);
                        }));
  auto stream = std::make_unique<FileStream::Impl>(ScanHandle(started), impl_->root_path,
                                                   PartitionColumnsOf(*this));
  return std::unique_ptr<FileStream>(new FileStream(std::move(stream)));
}

}  // namespace spillway::delta
