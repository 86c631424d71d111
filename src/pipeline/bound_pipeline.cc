// Binding takes two passes over the same steps. The first binds against all columns of all tables
// and notes which of them the output, an expression or a key needs; the second binds against those
// alone, so that the others are never read.
#include "pipeline/bound_pipeline.h"

#include <algorithm>
#include <utility>

#include <arrow/util/logging.h>
#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/suggestion.h"
#include "pipeline/column_binding.h"
#include "pipeline/column_names.h"
#include "pipeline/expression_place.h"
#include "pipeline/key_types.h"
#include "pipeline/renamed_columns.h"
#include "pipeline/void_columns.h"

namespace spillway::pipeline {
namespace {

using expression::TimeDependence;

// Which columns of the tables to bind against: of the source by table column, of each lookup by the
// place among all its payload columns.
struct Wanted {
  std::vector<bool> source;
  std::vector<std::vector<bool>> payload;
};

class Binder {
 public:
  Binder(const spec::Spec& spec, const arrow::Schema& source,
         const std::vector<std::shared_ptr<arrow::Schema>>& lookups)
      : spec_(spec), source_(source), lookups_(lookups) {}

  Result<std::unique_ptr<BoundPipeline>> Bind(const Wanted& wanted) {
    bound_ = std::make_unique<BoundPipeline>();
    fields_.clear();
    BindSource(wanted);
    ARROW_RETURN_NOT_OK(BindWhere());
    for (size_t i = 0; i < spec_.lookups.size(); ++i) {
      ARROW_RETURN_NOT_OK(BindLookup(spec_.lookups[i], *lookups_[i], wanted.payload[i]));
    }
    base_fields_ = fields_.size();
    ARROW_RETURN_NOT_OK(BindDerived());
    ARROW_RETURN_NOT_OK(BindExpectations());
    ARROW_RETURN_NOT_OK(BindOutput());
    return std::move(bound_);
  }

  Wanted Everything() const;
  Wanted NeededBy(const BoundPipeline& bound) const;

 private:
  void BindSource(const Wanted& wanted);
  Status BindWhere();
  Status BindLookup(const spec::Lookup& lookup, const arrow::Schema& table,
                    const std::vector<bool>& wanted_payload);
  Status BindKeys(const spec::Lookup& lookup, const arrow::Schema& table, BoundLookup* bound,
                  std::vector<int>* table_keys);
  Status AddPayload(const spec::Lookup& lookup, const std::vector<Projection>& payload);
  Status BindDerived();
  Status BindExpectations();
  Status BindOutput();

  // When the value of `expression` depends on the time, with the columns that it reads.
  TimeDependence DependenceOf(const expression::BoundExpression& expression) const;

  const spec::Spec& spec_;
  const arrow::Schema& source_;
  const std::vector<std::shared_ptr<arrow::Schema>>& lookups_;
  std::unique_ptr<BoundPipeline> bound_;
  arrow::FieldVector fields_;                    // the running schema
  std::vector<TimeDependence> time_dependence_;  // of its columns
  size_t base_fields_ = 0;                       // of them come from tables, the others are derived
};

Wanted Binder::Everything() const {
  Wanted wanted;
  wanted.source.assign(static_cast<size_t>(source_.num_fields()), true);
  for (size_t i = 0; i < lookups_.size(); ++i) {
    const size_t listed = std::max(spec_.lookups[i].columns.names.size(),
                                   spec_.lookups[i].columns.expressions.size());
    wanted.payload.emplace_back(std::max(static_cast<size_t>(lookups_[i]->num_fields()), listed),
                                true);
  }
  return wanted;
}

Wanted Binder::NeededBy(const BoundPipeline& bound) const {
  std::vector<bool> needed(base_fields_, false);
  const auto need = [&](int column) {
    if (static_cast<size_t>(column) < needed.size()) needed[static_cast<size_t>(column)] = true;
  };
  if (bound.where) std::ranges::for_each(bound.where->columns(), need);
  for (const BoundLookup& lookup : bound.lookups) std::ranges::for_each(lookup.source_keys, need);
  for (const DerivedColumn& derived : bound.derived) {
    std::ranges::for_each(derived.expression.columns(), need);
    // A replaced column keeps its place in the schema, so that it has to be there in any case.
    need(derived.position);
  }
  for (const BoundExpectation& expectation : bound.expectations) {
    std::ranges::for_each(expectation.condition.columns(), need);
  }
  std::ranges::for_each(bound.output_columns, need);

  Wanted wanted;
  auto next = needed.begin();
  const auto take = [&next](size_t count) {
    std::vector<bool> part(next, next + static_cast<ptrdiff_t>(count));
    next += static_cast<ptrdiff_t>(count);
    return part;
  };
  wanted.source = take(static_cast<size_t>(source_.num_fields()));
  for (const BoundLookup& lookup : bound.lookups) {
    wanted.payload.push_back(take(lookup.payload().size()));
  }
  return wanted;
}

void Binder::BindSource(const Wanted& wanted) {
  for (int column = 0; column < source_.num_fields(); ++column) {
    if (!wanted.source[static_cast<size_t>(column)]) continue;
    bound_->source_columns.push_back(column);
    fields_.push_back(source_.field(column));
  }
  bound_->source_schema = arrow::schema(fields_);
  time_dependence_.assign(fields_.size(), TimeDependence::kNever);
}

// The same for a condition; `what` is its name in errors.
Result<expression::BoundExpression> BindCondition(std::string_view what,
                                                  const spec::LocatedText& text,
                                                  const arrow::FieldVector& fields) {
  ARROW_ASSIGN_OR_RAISE(auto bound, BindText(text, fields));
  if (bound.type()->id() == arrow::Type::BOOL) return bound;
  return MakeError({.code = ErrorCode::kExpressionType,
                    .what = fmt::format("{} is not a condition", what),
                    .where = text.Where(),
                    .why = fmt::format("its type is {}, not boolean", bound.type()->ToString()),
                    .cure = "compare the value with something"});
}

Status Binder::BindWhere() {
  if (!spec_.where) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto condition, BindCondition("`where`", *spec_.where, fields_));
  bound_->rows_time_dependence = condition.time_dependence();
  bound_->where.emplace(std::move(condition));
  return Status::OK();
}

Status MissingKey(const spec::LocatedText& name, std::string_view side,
                  const arrow::FieldVector& fields) {
  return MakeError({.code = ErrorCode::kKeyColumnMissing,
                    .what = fmt::format("{} has no key column \"{}\"", side, name.text),
                    .where = name.Where(),
                    .cure = Suggest(name.text, NamesOf(fields))});
}

Status Binder::BindKeys(const spec::Lookup& lookup, const arrow::Schema& table, BoundLookup* bound,
                        std::vector<int>* table_keys) {
  const std::string owner = fmt::format("the lookup {}", lookup.name.text);
  for (const spec::KeyColumn& key : lookup.key) {
    ARROW_ASSIGN_OR_RAISE(const int source, FindColumn(fields_, key.source, "the source"));
    if (source < 0) return MissingKey(key.source, "the source", fields_);
    ARROW_ASSIGN_OR_RAISE(const int other, FindColumn(table.fields(), key.lookup, owner));
    if (other < 0) return MissingKey(key.lookup, owner, table.fields());
    bound_->rows_time_dependence =
        std::max(bound_->rows_time_dependence, time_dependence_[static_cast<size_t>(source)]);
    bound->source_keys.push_back(source);
    bound->source_key_names.push_back(key.source);
    table_keys->push_back(other);
    ARROW_ASSIGN_OR_RAISE(KeyTypes types, BindKeyTypes(key, *fields_[static_cast<size_t>(source)],
                                                       *table.field(other), owner));
    for (const auto& cast : {&types.source_cast, &types.built.expression}) {
      if (!*cast) continue;
      bound_->rows_time_dependence =
          std::max(bound_->rows_time_dependence, (*cast)->time_dependence());
    }
    bound->source_casts.push_back(std::move(types.source_cast));
    bound->projections.push_back(std::move(types.built));
  }
  return Status::OK();
}

join::DuplicatePolicy PolicyOf(spec::DuplicateKeys duplicates) {
  switch (duplicates) {
    case spec::DuplicateKeys::kExpand:
      return join::DuplicatePolicy::kExpand;
    case spec::DuplicateKeys::kError:
      return join::DuplicatePolicy::kError;
    case spec::DuplicateKeys::kFirst:
      return join::DuplicatePolicy::kFirst;
    case spec::DuplicateKeys::kLast:
      return join::DuplicatePolicy::kLast;
  }
  return join::DuplicatePolicy::kExpand;
}

Status Binder::BindLookup(const spec::Lookup& lookup, const arrow::Schema& table,
                          const std::vector<bool>& wanted_payload) {
  BoundLookup bound;
  bound.name = lookup.name.text;
  bound.type =
      lookup.type == spec::LookupType::kInner ? join::JoinType::kInner : join::JoinType::kLeftOuter;
  bound.duplicates = PolicyOf(lookup.duplicates);
  std::vector<int> table_keys;
  ARROW_RETURN_NOT_OK(BindKeys(lookup, table, &bound, &table_keys));
  ARROW_ASSIGN_OR_RAISE(std::vector<Projection> payload,
                        ProjectPayload(lookup, table, table_keys, wanted_payload));
  ARROW_RETURN_NOT_OK(AddPayload(lookup, payload));
  if (lookup.order_by) {
    ARROW_ASSIGN_OR_RAISE(Projection order, ProjectOrder(lookup, table));
    if (order.expression) {
      bound_->rows_time_dependence =
          std::max(bound_->rows_time_dependence, order.expression->time_dependence());
    }
    payload.push_back(std::move(order));
    bound.has_order = true;
  }

  // Bind again to the columns that are read, whose places differ from the table's.
  bound.table_columns = ColumnsRead(table_keys, payload);
  arrow::FieldVector read_fields;
  for (const int column : bound.table_columns) read_fields.push_back(table.field(column));
  const auto place = [&bound](int column) {
    return static_cast<int>(std::ranges::lower_bound(bound.table_columns, column) -
                            bound.table_columns.begin());
  };
  for (size_t i = 0; i < table_keys.size(); ++i) {
    bound.projections[i].column = place(table_keys[i]);
    ARROW_RETURN_NOT_OK(BindAgain(read_fields, &bound.projections[i]));
  }
  for (Projection& projection : payload) {
    if (!projection.expression) projection.column = place(projection.column);
    ARROW_RETURN_NOT_OK(BindAgain(read_fields, &projection));
    bound.projections.push_back(std::move(projection));
  }
  arrow::FieldVector build_fields;
  for (const Projection& projection : bound.projections) build_fields.push_back(projection.field);
  bound.build_schema = arrow::schema(std::move(build_fields));
  bound_->lookups.push_back(std::move(bound));
  return Status::OK();
}

// A `columns` for the lookup that adds all of `payload` beside the columns `taken`.
std::string CureOfCollision(const spec::Lookup& lookup, const std::vector<Projection>& payload,
                            std::vector<std::string> taken) {
  constexpr size_t kMostShown = 100;
  if (lookup.columns.kind == spec::LookupColumns::Kind::kExpressions) {
    return "give it another name under the lookup's `columns`";
  }
  if (payload.size() > kMostShown) {
    return "name the lookup's columns under `columns`, and this one anew; `spillway init` writes "
           "such a file";
  }
  std::vector<std::string> names;
  for (const Projection& projection : payload) names.push_back(projection.field->name());
  return fmt::format("rename it in the lookup: columns: {}; or list the columns to add without it",
                     ColumnsAsYaml(RenameColumns(lookup.name.text, names, std::move(taken))));
}

// Appends the payload to the running schema.
Status Binder::AddPayload(const spec::Lookup& lookup, const std::vector<Projection>& payload) {
  const std::vector<std::string> before = NamesOf(fields_);
  for (const Projection& projection : payload) {
    const std::string& name = projection.field->name();
    const bool taken = std::ranges::any_of(
        fields_, [&name](const auto& field) { return SameName(field->name(), name); });
    if (taken) {
      return MakeError(
          {.code = ErrorCode::kColumnNameCollision,
           .what = fmt::format("the lookup {} adds a column \"{}\" that already exists",
                               lookup.name.text, name),
           .where = lookup.name.Where(),
           .why = "the source, or an earlier lookup, has a column with that name",
           .cure = CureOfCollision(lookup, payload, before)});
    }
    fields_.push_back(projection.field);
    time_dependence_.push_back(projection.expression ? projection.expression->time_dependence()
                                                     : TimeDependence::kNever);
  }
  return Status::OK();
}

Status Binder::BindDerived() {
  NamesSoFar names;
  for (const spec::NamedExpression& named : spec_.columns) {
    const std::string* const earlier = names.Add(named.name.text);
    if (earlier != nullptr) return TwiceInColumns(named.name, *earlier);
    ARROW_ASSIGN_OR_RAISE(auto bound, BindColumn(named, fields_));
    const TimeDependence time_dependence = DependenceOf(bound);
    ARROW_ASSIGN_OR_RAISE(int position, FindColumn(fields_, named.name, "the pipeline"));
    std::shared_ptr<arrow::Field> field = arrow::field(named.name.text, bound.type());
    if (position < 0) {
      position = static_cast<int>(fields_.size());
      fields_.push_back(field);
      time_dependence_.push_back(time_dependence);
    } else {
      fields_[static_cast<size_t>(position)] = field;
      time_dependence_[static_cast<size_t>(position)] = time_dependence;
    }
    bound_->derived.push_back({.field = std::move(field),
                               .expression = std::move(bound),
                               .position = position,
                               .text = named.expression});
  }
  return Status::OK();
}

TimeDependence Binder::DependenceOf(const expression::BoundExpression& expression) const {
  TimeDependence dependence = expression.time_dependence();
  for (const int column : expression.columns()) {
    dependence = std::max(dependence, time_dependence_[static_cast<size_t>(column)]);
  }
  return dependence;
}

Status Binder::BindExpectations() {
  for (const spec::Expectation& expectation : spec_.expectations) {
    ARROW_ASSIGN_OR_RAISE(auto condition,
                          BindCondition(fmt::format("the expectation {}", expectation.name.text),
                                        expectation.condition, fields_));
    if (expectation.action == spec::ExpectationAction::kDrop) {
      bound_->rows_time_dependence =
          std::max(bound_->rows_time_dependence, DependenceOf(condition));
    }
    bound_->expectations.push_back({.name = expectation.name.text,
                                    .condition = std::move(condition),
                                    .action = expectation.action,
                                    .text = expectation.condition});
  }
  return Status::OK();
}

Status Binder::BindOutput() {
  std::vector<bool> dropped(fields_.size(), false);
  for (const spec::LocatedText& name : spec_.drop) {
    ARROW_ASSIGN_OR_RAISE(const int column, FindColumn(fields_, name, "the pipeline"));
    if (column >= 0) dropped[static_cast<size_t>(column)] = true;
  }
  arrow::FieldVector output;
  NamesSoFar names;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (dropped[i]) continue;
    const std::string* const earlier = names.Add(fields_[i]->name());
    if (earlier != nullptr) return TwiceInResult(spec_.source.path, *earlier, fields_[i]->name());
    bound_->output_columns.push_back(static_cast<int>(i));
    bound_->output_time_dependence.push_back(time_dependence_[i]);
    output.push_back(PlainField(*fields_[i]));
  }
  bound_->output_schema = arrow::schema(std::move(output));
  return RefuseVoidColumns(*bound_->output_schema, spec_.target.path.Where());
}

// `drop` may name any column, so it is checked where all of them are known.
Status CheckDrop(const spec::Spec& spec, const BoundPipeline& complete) {
  arrow::FieldVector fields = complete.source_schema->fields();
  for (const BoundLookup& lookup : complete.lookups) {
    const auto& built = lookup.build_schema->fields();
    fields.insert(fields.end(), built.begin() + lookup.num_keys(), built.end());
  }
  for (const DerivedColumn& derived : complete.derived) fields.push_back(derived.field);
  for (const spec::LocatedText& name : spec.drop) {
    const bool known = std::ranges::any_of(
        fields, [&name](const auto& field) { return SameName(field->name(), name.text); });
    if (known) continue;
    return MakeError({.code = ErrorCode::kUnknownColumn,
                      .what = fmt::format("`drop` names an unknown column \"{}\"", name.text),
                      .where = name.Where(),
                      .cure = Suggest(name.text, NamesOf(fields))});
  }
  if (complete.output_columns.empty()) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = "`drop` removes every column",
                      .where = spec.drop.front().Where(),
                      .cure = "keep at least one"});
  }
  return Status::OK();
}

}  // namespace

bool BoundLookup::casts_source() const {
  return std::ranges::any_of(source_casts, [](const auto& cast) { return cast.has_value(); });
}

bool BoundPipeline::drops_unmet() const {
  return std::ranges::find(expectations, spec::ExpectationAction::kDrop,
                           &BoundExpectation::action) != expectations.end();
}

Result<std::unique_ptr<BoundPipeline>> BindPipeline(
    const spec::Spec& spec, const arrow::Schema& source,
    const std::vector<std::shared_ptr<arrow::Schema>>& lookups) {
  ARROW_CHECK_EQ(spec.lookups.size(), lookups.size());
  Binder binder(spec, source, lookups);
  ARROW_ASSIGN_OR_RAISE(auto complete, binder.Bind(binder.Everything()));
  ARROW_RETURN_NOT_OK(CheckDrop(spec, *complete));
  return binder.Bind(binder.NeededBy(*complete));
}

}  // namespace spillway::pipeline
