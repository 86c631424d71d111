#include "delta/snapshot.h"

#include <utility>

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/error.h"
#include "delta/snapshot_impl.h"
#include "delta/table_folder.h"
#include "delta/table_time.h"

namespace spillway::delta {
namespace {

constexpr char kPhysicalNameKey[] = "delta.columnMapping.physicalName";

std::vector<std::string> FromRust(const rust::Vec<rust::String>& strings) {
  return {strings.begin(), strings.end()};
}

std::optional<int64_t> FromRust(const bridge::OptionalVersion& optional) {
  return optional.is_present ? std::optional<int64_t>(optional.value) : std::nullopt;
}

ColumnMapping MappingNamed(const rust::String& name) {
  if (name == "name") return ColumnMapping::kName;
  return name == "id" ? ColumnMapping::kId : ColumnMapping::kNone;
}

Result<std::string> PhysicalNameOf(const arrow::Field& field, ColumnMapping mapping,
                                   const std::string& root) {
  if (mapping == ColumnMapping::kNone) return field.name();
  const bool has_metadata = field.metadata() != nullptr;
  const auto name = has_metadata ? field.metadata()->Get(kPhysicalNameKey)
                                 : Result<std::string>(Status::KeyError("no metadata"));
  if (name.ok()) return name;
  return MakeError(
      {.code = ErrorCode::kCorruptLog,
       .what = std::string(TitleOf(ErrorCode::kCorruptLog)),
       .where = root,
       .why = "the table maps columns, but column \"" + field.name() + "\" has no physical name"});
}

Result<std::shared_ptr<arrow::Schema>> ImportTableSchema(const Snapshot::Impl& impl) {
  ArrowSchema exported{};
  ARROW_RETURN_NOT_OK(Call(impl.root_path, [&](bridge::Failure& failure) {
    impl.table->export_schema(AddressOf(&exported), failure);
  }));
  return arrow::ImportSchema(&exported);
}

// Spark takes the name letter by letter too.
Status LacksPartitionColumn(const Snapshot::Impl& impl, const std::string& name) {
  return MakeError(
      {.code = ErrorCode::kCorruptLog,
       .what = std::string(TitleOf(ErrorCode::kCorruptLog)),
       .where = impl.root_path,
       .why = "the table is partitioned by \"" + name + "\", and has no column of that name"});
}

Status FillFacts(Snapshot::Impl& impl) {
  ARROW_ASSIGN_OR_RAISE(
      const bridge::TableFacts facts,
      Call(impl.root_path, [&](bridge::Failure& failure) { return impl.table->facts(failure); }));
  impl.version = facts.version;
  impl.timestamp_ms = FromRust(facts.timestamp_ms);
  impl.table_id = std::string(facts.table_id);
  impl.column_mapping = MappingNamed(facts.column_mapping_mode);
  impl.partition_columns = FromRust(facts.partition_columns);
  impl.protocol = {.min_reader_version = facts.min_reader_version,
                   .min_writer_version = facts.min_writer_version,
                   .reader_features = FromRust(facts.reader_features),
                   .writer_features = FromRust(facts.writer_features)};
  for (const bridge::Property& pair : facts.properties) {
    impl.properties.emplace(std::string(pair.key), std::string(pair.value));
  }
  ARROW_ASSIGN_OR_RAISE(impl.schema, ImportTableSchema(impl));
  for (const auto& field : impl.schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(std::string name,
                          PhysicalNameOf(*field, impl.column_mapping, impl.root_path));
    impl.physical_names.push_back(std::move(name));
  }
  for (const std::string& name : impl.partition_columns) {
    if (impl.schema->GetFieldIndex(name) < 0) return LacksPartitionColumn(impl, name);
  }
  return Status::OK();
}

struct MomentValue {
  bridge::Moment moment = bridge::Moment::Latest;
  int64_t value = 0;
};

Result<MomentValue> ToMoment(const SnapshotAt& at) {
  if (at.version && at.timestamp) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = "a table is read at a version or at a timestamp, not at both"});
  }
  if (at.version) return MomentValue{bridge::Moment::Version, *at.version};
  if (!at.timestamp) return MomentValue{};
  ARROW_ASSIGN_OR_RAISE(const int64_t timestamp_ms, ParseTableTime(*at.timestamp));
  return MomentValue{bridge::Moment::TimestampMs, timestamp_ms};
}

Status CheckHasLog(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const FolderContent content, LookAtFolder(path));
  if (content == FolderContent::kLog) return Status::OK();
  const ErrorCode code =
      content == FolderContent::kNothing ? ErrorCode::kTableNotFound : ErrorCode::kNotADeltaTable;
  const std::optional<CatalogEntry> entry = FindCatalogEntry(CodeName(code));
  return MakeError({.code = code,
                    .what = std::string(TitleOf(code)),
                    .where = path,
                    .why = entry ? std::string(entry->meaning) : std::string(),
                    .cure = entry ? std::string(entry->cure) : std::string()});
}

// The bridge knows a timestamp in milliseconds; a person wants to see the one that was asked for.
Status NameTimestamp(const Status& status, const SnapshotAt& at) {
  std::optional<ErrorInfo> info = FindError(status);
  if (!at.timestamp || !info || info->code != ErrorCode::kVersionNotFound) return status;
  info->why =
      std::exchange(info->what, fmt::format("the table has no version as of {}", *at.timestamp));
  info->cure =
      "give a time at which the table was there, up to that of its latest version; without "
      "one, the latest is read";
  return MakeError(*std::move(info));
}

}  // namespace

Snapshot::Snapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Snapshot::~Snapshot() = default;

Result<std::unique_ptr<Snapshot>> Snapshot::Open(const std::string& table, const SnapshotAt& at) {
  ARROW_ASSIGN_OR_RAISE(std::string path, TablePath(table));
  ARROW_ASSIGN_OR_RAISE(const MomentValue moment, ToMoment(at));
  ARROW_RETURN_NOT_OK(CheckHasLog(path));
  ARROW_ASSIGN_OR_RAISE(rust::String root, ToRust(path, "the table's path"));
  const Result<bridge::Table*> opened = Call(path, [&](bridge::Failure& failure) {
    return bridge::open_table(root, moment.moment, moment.value, failure);
  });
  if (!opened.ok()) return NameTimestamp(opened.status(), at);
  auto impl =
      std::make_unique<Impl>(Impl{.table = TableHandle(*opened), .root_path = std::move(path)});
  ARROW_RETURN_NOT_OK(FillFacts(*impl));
  return std::unique_ptr<Snapshot>(new Snapshot(std::move(impl)));
}

int64_t Snapshot::version() const { return impl_->version; }
const std::string& Snapshot::table_id() const { return impl_->table_id; }
const std::string& Snapshot::root_path() const { return impl_->root_path; }
std::optional<int64_t> Snapshot::timestamp_ms() const { return impl_->timestamp_ms; }
const std::shared_ptr<arrow::Schema>& Snapshot::schema() const { return impl_->schema; }
ColumnMapping Snapshot::column_mapping() const { return impl_->column_mapping; }

const std::string& Snapshot::PhysicalName(int column) const {
  return impl_->physical_names.at(static_cast<size_t>(column));
}

const std::vector<std::string>& Snapshot::partition_columns() const {
  return impl_->partition_columns;
}

const std::map<std::string, std::string>& Snapshot::properties() const { return impl_->properties; }
const Protocol& Snapshot::protocol() const { return impl_->protocol; }

Result<std::vector<uint8_t>> Snapshot::DeletedRows(const DeletionVector& vector,
                                                   int64_t file_rows) const {
  ARROW_ASSIGN_OR_RAISE(rust::String storage_type,
                        ToRust(vector.storage_type, "a deletion vector's storage type"));
  ARROW_ASSIGN_OR_RAISE(rust::String path_or_inline,
                        ToRust(vector.path_or_inline, "a deletion vector's path"));
  const bridge::DeletionVectorPlace place{.storage_type = std::move(storage_type),
                                          .path_or_inline = std::move(path_or_inline),
                                          .has_offset = vector.offset.has_value(),
                                          .offset = vector.offset.value_or(0),
                                          .size_bytes = vector.size_bytes,
                                          .cardinality = vector.cardinality};
  std::vector<uint8_t> bitmap(static_cast<size_t>(arrow::bit_util::BytesForBits(file_rows)));
  ARROW_RETURN_NOT_OK(Call(impl_->root_path, [&](bridge::Failure& failure) {
    impl_->table->mark_deleted_rows(place, file_rows,
                                    rust::Slice<uint8_t>(bitmap.data(), bitmap.size()), failure);
  }));
  return bitmap;
}

Result<std::optional<int64_t>> Snapshot::LastTransactionVersion(const std::string& app_id) const {
  ARROW_ASSIGN_OR_RAISE(rust::String id, ToRust(app_id, "an application id"));
  ARROW_ASSIGN_OR_RAISE(const bridge::OptionalVersion version,
                        Call(impl_->root_path, [&](bridge::Failure& failure) {
                          return impl_->table->transaction_version(id, failure);
                        }));
  return FromRust(version);
}

Status Snapshot::CheckWritable() const {
  return Call(impl_->root_path, [&](bridge::Failure& failure) {
    impl_->table->check_writable(bridge::WriteMode::Append, failure);
  });
}

Status Snapshot::WriteCheckpoint() const {
  return Call(impl_->root_path,
              [&](bridge::Failure& failure) { impl_->table->write_checkpoint(failure); });
}

Result<bool> TableExists(const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const std::string path, TablePath(table));
  ARROW_ASSIGN_OR_RAISE(const FolderContent content, LookAtFolder(path));
  return content == FolderContent::kLog;
}

}  // namespace spillway::delta
