#include "delta/transaction.h"

#include <algorithm>
#include <utility>

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/error.h"
#include "delta/bridge_boundary.h"
#include "delta/data_path.h"
#include "delta/json_text.h"
#include "delta/snapshot_impl.h"
#include "delta/table_folder.h"
#include "storage/durable_file.h"

namespace spillway::delta {
namespace {

using Mode = CommitRequest::Mode;
using Pairs = std::map<std::string, std::string>;

bridge::WriteMode ToRust(Mode mode) {
  switch (mode) {
    case Mode::kAppend:
      return bridge::WriteMode::Append;
    case Mode::kOverwrite:
      return bridge::WriteMode::Overwrite;
    default:
      return bridge::WriteMode::OverwriteSchema;
  }
}

// The table's schema and partition columns once `request` is committed.
struct Target {
  const arrow::Schema& schema;
  const std::vector<std::string>& partition_columns;
};

// `base` is null for a new table.
Target TargetOf(const Snapshot* base, const CommitRequest& request) {
  if (base == nullptr || request.mode == Mode::kOverwriteSchema) {
    return {*request.schema, request.partition_columns};
  }
  return {*base->schema(), base->partition_columns()};
}

Status FileError(const AddedFile& file, std::string why) {
  return MakeError({.code = ErrorCode::kInternal,
                    .what = fmt::format("the file \"{}\" cannot be added", file.relative_path),
                    .why = std::move(why)});
}

// A file has one value for each partition column, and for no other column.
Status CheckPartitionValues(const AddedFile& file, const Target& target) {
  std::vector<std::string> given;
  for (const auto& [column, value] : file.partition_values) given.push_back(column);
  std::vector<std::string> wanted = target.partition_columns;
  std::sort(given.begin(), given.end());
  std::sort(wanted.begin(), wanted.end());
  if (given == wanted) return Status::OK();
  return FileError(file,
                   fmt::format("it has partition values for {}, the table is partitioned by {}",
                               JsonList(given), JsonList(wanted)));
}

// The column that files have under this name: its own, or the physical one where the table maps it.
std::shared_ptr<arrow::Field> FieldInFiles(const arrow::Schema& schema, const std::string& name) {
  for (const auto& field : schema.fields()) {
    const std::string physical =
        field->HasMetadata()
            ? field->metadata()->Get("delta.columnMapping.physicalName").ValueOr(field->name())
            : field->name();
    if (physical == name) return field;
  }
  return nullptr;
}

// Delta leaves NOT NULL to the writer.
Status CheckNotNull(const AddedFile& file, const Target& target) {
  for (const ColumnStatistics& column : file.columns) {
    if (column.path.size() != 1 || column.null_count <= 0) continue;
    const auto field = FieldInFiles(target.schema, column.path.front());
    if (field == nullptr || field->nullable()) continue;
    return MakeError(
        {.code = ErrorCode::kTargetSchemaDiffers,
         .what = fmt::format(
             "column \"{}\" of the table is NOT NULL, but it would be NULL in {} new rows",
             field->name(), column.null_count)});
  }
  return Status::OK();
}

Result<rust::Vec<bridge::PartitionValue>> ToRust(const PartitionValues& values) {
  rust::Vec<bridge::PartitionValue> converted;
  for (const auto& [column, value] : values) {
    bridge::PartitionValue pair{};
    ARROW_ASSIGN_OR_RAISE(pair.column, delta::ToRust(std::string_view(column), "a column name"));
    ARROW_ASSIGN_OR_RAISE(
        pair.value,
        delta::ToRust(std::string_view(value ? *value : std::string()), "a partition value"));
    pair.is_null = !value.has_value();
    converted.push_back(std::move(pair));
  }
  return converted;
}

Result<bridge::NewFile> ToRust(const AddedFile& file, const Target& target) {
  ARROW_RETURN_NOT_OK(CheckPartitionValues(file, target));
  ARROW_RETURN_NOT_OK(CheckNotNull(file, target));
  ARROW_ASSIGN_OR_RAISE(const std::string path, EncodeDataPath(file.relative_path));
  ARROW_ASSIGN_OR_RAISE(const std::string stats, StatisticsOf(file));
  bridge::NewFile converted{};
  ARROW_ASSIGN_OR_RAISE(converted.path, delta::ToRust(std::string_view(path), "a path"));
  ARROW_ASSIGN_OR_RAISE(converted.stats, delta::ToRust(std::string_view(stats), "a column name"));
  ARROW_ASSIGN_OR_RAISE(converted.partition_values, ToRust(file.partition_values));
  converted.size_bytes = file.size_bytes;
  converted.modification_time_ms = file.modification_time_ms;
  return converted;
}

JsonObject PropertiesObject(const Pairs& properties) {
  JsonObject object;
  for (const auto& [key, value] : properties) {
    // A map has each key once, so that Set cannot fail.
    (void)object.Set({key}, JsonString(value));
  }
  return object;
}

Pairs OperationParameters(const Snapshot* base, const CommitRequest& request,
                          const Target& target) {
  Pairs parameters = request.operation_parameters;
  parameters.try_emplace("partitionBy", JsonList(target.partition_columns));
  if (base == nullptr) {
    parameters.try_emplace("properties", PropertiesObject(request.properties).ToString());
  } else {
    parameters.try_emplace("mode", request.mode == Mode::kAppend ? "Append" : "Overwrite");
  }
  return parameters;
}

// An empty table has none, as in Spark's history.
Pairs OperationMetrics(const Snapshot* base, const CommitRequest& request) {
  if (base == nullptr && !request.transaction && request.files.empty()) {
    return request.operation_metrics;
  }
  int64_t rows = 0;
  int64_t bytes = 0;
  for (const AddedFile& file : request.files) {
    rows += file.num_rows;
    bytes += file.size_bytes;
  }
  Pairs metrics = request.operation_metrics;
  metrics.try_emplace("numFiles", fmt::format("{}", request.files.size()));
  metrics.try_emplace("numOutputRows", fmt::format("{}", rows));
  metrics.try_emplace("numOutputBytes", fmt::format("{}", bytes));
  return metrics;
}

Result<bridge::CommitOrder> ToOrder(const Snapshot* base, const CommitRequest& request) {
  const Target target = TargetOf(base, request);
  bridge::CommitOrder order{};
  order.mode = ToRust(request.mode);
  if (request.transaction) {
    order.has_transaction = true;
    order.transaction_version = request.transaction->version;
    ARROW_ASSIGN_OR_RAISE(order.app_id, delta::ToRust(std::string_view(request.transaction->app_id),
                                                      "an application id"));
  }
  for (const AddedFile& file : request.files) {
    ARROW_ASSIGN_OR_RAISE(bridge::NewFile converted, ToRust(file, target));
    order.files.push_back(std::move(converted));
  }
  ARROW_ASSIGN_OR_RAISE(order.operation_parameters,
                        delta::ToRust(OperationParameters(base, request, target), "a parameter"));
  ARROW_ASSIGN_OR_RAISE(order.operation_metrics,
                        delta::ToRust(OperationMetrics(base, request), "an operation metric"));
  ARROW_ASSIGN_OR_RAISE(order.partition_columns,
                        delta::ToRust(request.partition_columns, "a column name"));
  ARROW_ASSIGN_OR_RAISE(order.properties, delta::ToRust(request.properties, "a table property"));
  return order;
}

// The bridge consumes the schema.
Result<ArrowSchema> Export(const arrow::Schema& schema) {
  ArrowSchema exported{};
  ARROW_RETURN_NOT_OK(arrow::ExportSchema(schema, &exported));
  return exported;
}

}  // namespace

Result<std::string> StatisticsOf(const AddedFile& file) {
  if (!file.statistics_json.empty()) return file.statistics_json;
  return StatisticsJson(file.num_rows, file.columns);
}

Result<CommitOutcome> Commit(const Snapshot& base, const CommitRequest& request) {
  const bool has_schema = request.mode == Mode::kOverwriteSchema;
  if (has_schema && request.schema == nullptr) {
    return MakeError(
        {.code = ErrorCode::kInternal, .what = "an overwrite of the schema needs the new schema"});
  }
  ARROW_ASSIGN_OR_RAISE(const bridge::CommitOrder order, ToOrder(&base, request));
  ArrowSchema schema{};
  if (has_schema) ARROW_RETURN_NOT_OK(Export(*request.schema).Value(&schema));
  uint8_t* address = has_schema ? AddressOf(&schema) : nullptr;
  const Snapshot::Impl& impl = base.impl();
  ARROW_ASSIGN_OR_RAISE(const bridge::Outcome outcome,
                        Call(impl.root_path, [&](bridge::Failure& failure) {
                          return bridge::commit_to_table(*impl.table, order, address, failure);
                        }));
  return CommitOutcome{.committed = outcome.committed, .version = outcome.version};
}

Result<CommitOutcome> CreateTable(const std::string& table, const CommitRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const std::string path, TablePath(table));
  ARROW_ASSIGN_OR_RAISE(const rust::String root, ToRust(path, "the table's path"));
  ARROW_ASSIGN_OR_RAISE(const bridge::CommitOrder order, ToOrder(nullptr, request));
  ARROW_RETURN_NOT_OK(storage::MakeFolders(path));
  ARROW_ASSIGN_OR_RAISE(ArrowSchema schema, Export(*request.schema));
  ARROW_ASSIGN_OR_RAISE(const bridge::Outcome outcome, Call(path, [&](bridge::Failure& failure) {
                          return bridge::create_table(root, order, AddressOf(&schema), failure);
                        }));
  return CommitOutcome{.committed = outcome.committed, .version = outcome.version};
}

Status CheckDefinition(const std::string& table, const CommitRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const bridge::CommitOrder order, ToOrder(nullptr, request));
  ARROW_ASSIGN_OR_RAISE(ArrowSchema schema, Export(*request.schema));
  return Call(table, [&](bridge::Failure& failure) {
    bridge::check_definition(order, AddressOf(&schema), failure);
  });
}

}  // namespace spillway::delta
