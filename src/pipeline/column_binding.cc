#include "pipeline/column_binding.h"

#include <algorithm>
#include <string>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/suggestion.h"
#include "expression/column_reference.h"
#include "pipeline/column_names.h"
#include "pipeline/expression_place.h"

namespace spillway::pipeline {
namespace {

Result<Projection> ProjectColumn(const arrow::Schema& table, const spec::LocatedText& name,
                                 const std::string& owner) {
  ARROW_ASSIGN_OR_RAISE(const int column, FindColumn(table.fields(), name, owner));
  if (column < 0) {
    return MakeError({.code = ErrorCode::kUnknownColumn,
                      .what = fmt::format("{} has no column \"{}\"", owner, name.text),
                      .where = name.Where(),
                      .cure = Suggest(name.text, NamesOf(table.fields()))});
  }
  return Projection{.field = PlainField(*table.field(column)), .column = column};
}

// A plain column name of any type, else an expression.
Result<Projection> ProjectExpression(const arrow::Schema& table,
                                     const spec::NamedExpression& named) {
  for (int column = 0; column < table.num_fields(); ++column) {
    const std::string& name = table.field(column)->name();
    if (SameName(name, named.expression.text) ||
        SameName(expression::BackQuoted(name), named.expression.text)) {
      return Projection{.field = arrow::field(named.name.text, table.field(column)->type()),
                        .column = column};
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto bound, BindColumn(named, table.fields()));
  auto field = arrow::field(named.name.text, bound.type());
  return Projection{
      .field = std::move(field), .expression = std::move(bound), .text = named.expression};
}

}  // namespace

Result<expression::BoundExpression> BindText(const spec::LocatedText& text,
                                             const arrow::FieldVector& fields) {
  Result<expression::BoundExpression> bound = expression::Bind(text.text, fields);
  if (!bound.ok()) return PlaceInFile(bound.status(), text);
  return bound;
}

Result<expression::BoundExpression> BindColumn(const spec::NamedExpression& named,
                                               const arrow::FieldVector& fields) {
  ARROW_ASSIGN_OR_RAISE(auto bound, BindText(named.expression, fields));
  if (bound.type()->id() != arrow::Type::NA) return bound;
  return MakeError({.code = ErrorCode::kExpressionType,
                    .what = fmt::format("the column \"{}\" has no type", named.name.text),
                    .where = named.expression.Where(),
                    .why = "a bare NULL has no type",
                    .cure = "give it a type, for example CAST(NULL AS STRING)"});
}

std::shared_ptr<arrow::Field> PlainField(const arrow::Field& field) {
  return arrow::field(field.name(), field.type(), /*nullable=*/true);
}

Result<std::vector<Projection>> ProjectPayload(const spec::Lookup& lookup,
                                               const arrow::Schema& table,
                                               const std::vector<int>& table_keys,
                                               const std::vector<bool>& wanted) {
  std::vector<Projection> payload;
  size_t place = 0;  // among all payload columns
  const auto is_wanted = [&] { return wanted[place++]; };
  switch (lookup.columns.kind) {
    case spec::LookupColumns::Kind::kAll:
      for (int column = 0; column < table.num_fields(); ++column) {
        if (std::ranges::find(table_keys, column) != table_keys.end() || !is_wanted()) continue;
        payload.push_back({.field = PlainField(*table.field(column)), .column = column});
      }
      break;
    case spec::LookupColumns::Kind::kNames:
      for (const spec::LocatedText& name : lookup.columns.names) {
        ARROW_ASSIGN_OR_RAISE(
            Projection projection,
            ProjectColumn(table, name, fmt::format("the lookup {}", lookup.name.text)));
        if (is_wanted()) payload.push_back(std::move(projection));
      }
      break;
    case spec::LookupColumns::Kind::kExpressions:
      for (const spec::NamedExpression& named : lookup.columns.expressions) {
        ARROW_ASSIGN_OR_RAISE(Projection projection, ProjectExpression(table, named));
        if (is_wanted()) payload.push_back(std::move(projection));
      }
      break;
  }
  return payload;
}

std::vector<int> ColumnsRead(const std::vector<int>& table_keys,
                             const std::vector<Projection>& projections) {
  std::vector<int> columns = table_keys;
  for (const Projection& projection : projections) {
    if (projection.expression) {
      const std::vector<int>& used = projection.expression->columns();
      columns.insert(columns.end(), used.begin(), used.end());
    } else {
      columns.push_back(projection.column);
    }
  }
  std::ranges::sort(columns);
  const auto repeated = std::ranges::unique(columns);
  columns.erase(repeated.begin(), repeated.end());
  return columns;
}

Status BindAgain(const arrow::FieldVector& read_fields, Projection* projection) {
  if (!projection->expression) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(projection->expression,
                        expression::Bind(projection->expression->text(), read_fields));
  return Status::OK();
}

Result<Projection> ProjectOrder(const spec::Lookup& lookup, const arrow::Schema& table) {
  spec::NamedExpression named = {.name = *lookup.order_by, .expression = *lookup.order_by};
  ARROW_ASSIGN_OR_RAISE(Projection projection, ProjectExpression(table, named));
  const arrow::DataType& type = *projection.field->type();
  if (!join::LookupIndex::IsKeyType(type)) {
    return MakeError({.code = ErrorCode::kUnsupportedType,
                      .what = "rows cannot be ordered by this value",
                      .where = lookup.order_by->Where(),
                      .why = fmt::format("its type is {}", type.ToString()),
                      .cure = "use a number, a text, a date, a timestamp or a boolean"});
  }
  projection.field = arrow::field("order_by", arrow::binary(), /*nullable=*/false);
  projection.as_sort_key = true;
  return projection;
}

}  // namespace spillway::pipeline
