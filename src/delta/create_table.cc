#include "delta/create_table.h"

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/type.h>

#include "delta/bridge_boundary.h"
#include "delta/json_text.h"
#include "delta/table_folder.h"
#include "storage/durable_file.h"

namespace spillway::delta {
namespace {

JsonObject PropertiesObject(const std::map<std::string, std::string>& properties) {
  JsonObject object;
  for (const auto& [key, value] : properties) {
    // A map has each key once, so that Set cannot fail.
    (void)object.Set({key}, JsonString(value));
  }
  return object;
}

Result<bridge::CreateOrder> ToOrder(const CreateRequest& request) {
  std::map<std::string, std::string> parameters = request.operation_parameters;
  parameters.try_emplace("partitionBy", JsonList(request.partition_columns));
  parameters.try_emplace("properties", PropertiesObject(request.properties).ToString());
  bridge::CreateOrder order;
  ARROW_ASSIGN_OR_RAISE(order.partition_columns,
                        ToRust(request.partition_columns, "a column name"));
  ARROW_ASSIGN_OR_RAISE(order.properties, ToRust(request.properties, "a table property"));
  ARROW_ASSIGN_OR_RAISE(order.operation_parameters, ToRust(parameters, "an operation parameter"));
  return order;
}

}  // namespace

Result<CommitOutcome> CreateTable(const std::string& table, const CreateRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const std::string path, TablePath(table));
  ARROW_ASSIGN_OR_RAISE(const rust::String root, ToRust(path, "the table's path"));
  ARROW_ASSIGN_OR_RAISE(const bridge::CreateOrder order, ToOrder(request));
  ARROW_RETURN_NOT_OK(storage::MakeFolders(path));
  ArrowSchema schema{};
  ARROW_RETURN_NOT_OK(arrow::ExportSchema(*request.schema, &schema));
  ARROW_ASSIGN_OR_RAISE(const bridge::Outcome outcome, Call(path, [&](bridge::Failure& failure) {
                          return bridge::create_table(root, order, AddressOf(&schema), failure);
                        }));
  return CommitOutcome{.committed = outcome.committed, .version = outcome.version};
}

}  // namespace spillway::delta
