#include "pipeline/key_types.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "expression/column_reference.h"
#include "expression/comparison_type.h"
#include "join/lookup_index.h"

namespace spillway::pipeline {
namespace {

// CAST(`name` AS type), over a batch of that column alone; none where it has the type.
Result<std::optional<expression::BoundExpression>> BindCast(
    const std::string& name, const std::shared_ptr<arrow::DataType>& from,
    const std::shared_ptr<arrow::DataType>& to) {
  std::optional<expression::BoundExpression> cast;
  if (to->Equals(*from)) return cast;
  const arrow::Schema column({arrow::field(name, from)});
  ARROW_ASSIGN_OR_RAISE(
      auto bound, expression::Bind(expression::CastText(expression::BackQuoted(name), to), column));
  cast.emplace(std::move(bound));
  return cast;
}

}  // namespace

Result<KeyTypes> BindKeyTypes(const spec::KeyColumn& key, const arrow::Field& source,
                              const arrow::Field& table, const std::string& owner) {
  const auto type = source.type()->Equals(*table.type())
                        ? source.type()
                        : expression::ComparisonType(source.type(), table.type());
  if (type == nullptr) {
    return MakeError(
        {.code = ErrorCode::kKeyTypeMismatch,
         .what = fmt::format("the key \"{}\" has another type in {}", key.source.text, owner),
         .where = key.source.Where(),
         .why = fmt::format("{} in the source, {} in the lookup, which Spark does not compare",
                            source.type()->ToString(), table.type()->ToString()),
         .cure = "write both tables' keys with types that can be compared"});
  }
  if (!join::LookupIndex::IsKeyType(*type)) {
    return MakeError({.code = ErrorCode::kUnsupportedType,
                      .what = fmt::format("the column \"{}\" cannot be a key", key.source.text),
                      .where = key.source.Where(),
                      .why = fmt::format("its type is {}", type->ToString())});
  }
  KeyTypes types;
  ARROW_ASSIGN_OR_RAISE(types.source_cast, BindCast("key", source.type(), type));
  types.built.field = arrow::field(table.name(), type);
  ARROW_ASSIGN_OR_RAISE(types.built.expression, BindCast(table.name(), table.type(), type));
  types.built.text = key.lookup;
  return types;
}

}  // namespace spillway::pipeline
