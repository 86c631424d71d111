#include "expression/binder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arrow/util/string.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/column_name.h"
#include "base/suggestion.h"
#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/column_reference.h"
#include "expression/conditional_nodes.h"
#include "expression/constant_folding.h"
#include "expression/function_table.h"
#include "expression/leaf_nodes.h"
#include "expression/type_rules.h"

namespace spillway::expression {
namespace {

constexpr size_t kShownNames = 12;

std::vector<std::string> NamesOf(const arrow::FieldVector& fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(field->name());
  return names;
}

std::string ListNames(std::vector<std::string> names, std::string_view what) {
  if (names.empty()) return fmt::format("there are no {}", what);
  const bool more = names.size() > kShownNames;
  names.resize(std::min(names.size(), kShownNames));
  std::ranges::transform(names, names.begin(), ColumnReference);
  return fmt::format("the {} are {}{}", what, fmt::join(names, ", "), more ? ", .." : "");
}

std::string DidYouMean(const std::optional<std::string>& closest, std::string_view otherwise) {
  return closest ? fmt::format("did you mean {}?", *closest) : std::string(otherwise);
}

// Among the names of columns or fields.
std::string DidYouMeanColumn(std::string_view wrong, const std::vector<std::string>& names,
                             std::string_view otherwise) {
  std::optional<std::string> closest = Closest(wrong, names);
  if (closest) closest = ColumnReference(*closest);
  return DidYouMean(closest, otherwise);
}

// A value that several nodes use: bound once, each use is a node of its own.
struct Shared {
  const SyntaxNode* syntax = nullptr;  // bound again at each use, where that is as cheap
  int slot = -1;
  ValueType type;
  bool nullable = true;
  NodePointer value;  // of the slot
};

class Binder {
 public:
  Binder(std::string_view text, const arrow::FieldVector& fields, arrow::MemoryPool* pool)
      : text_(text), fields_(fields), pool_(pool) {}

  // Which field each number of a ColumnNode or a LET stands for, as BoundTree has them.
  std::vector<int> TakeNumbered() { return std::move(numbered_); }

  Result<NodePointer> Bind(const SyntaxNode& node) {
    switch (node.kind) {
      case SyntaxKind::kLiteral:
        return MakeConstant(node, pool_);
      case SyntaxKind::kName:
        return BindName(node);
      case SyntaxKind::kField: {
        ARROW_ASSIGN_OR_RAISE(NodePointer structure, Bind(*node.children[0]));
        return BindField(std::move(structure), node.text, node.span);
      }
      case SyntaxKind::kCall:
        return BindCall(node);
      case SyntaxKind::kCase:
        return BindCase(node);
      case SyntaxKind::kSimpleCase:
        return BindSimpleCase(node);
      case SyntaxKind::kCast:
      case SyntaxKind::kTryCast:
        return BindCast(node);
      case SyntaxKind::kIn:
        return BindIn(node);
      case SyntaxKind::kBetween:
        return BindBetween(node);
    }
    return Status::Invalid("unknown syntax");
  }

 private:
  Status Fail(Span span, ErrorCode code, std::string what, std::string why,
              std::string cure) const {
    return ErrorAt(
        text_, span,
        {.code = code, .what = std::move(what), .why = std::move(why), .cure = std::move(cure)});
  }

  Status FailType(Span span, std::string what) const {
    return Fail(span, ErrorCode::kExpressionType, std::move(what), "",
                "use CAST to convert one of the values");
  }

  // The only one of `fields` that is called `name`; -1 if there is none.
  Result<int> Find(const arrow::FieldVector& fields, const std::string& name, Span span) const {
    int found = -1;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!SameName(fields[i]->name(), name)) continue;
      if (found >= 0) {
        return Fail(
            span, ErrorCode::kAmbiguousColumn, fmt::format("{} is ambiguous", name),
            fmt::format("both {} and {} have that name; upper and lower case count as the same",
                        fields[static_cast<size_t>(found)]->name(), fields[i]->name()),
            "rename one of them");
      }
      found = static_cast<int>(i);
    }
    return found;
  }

  Result<NodePointer> BindName(const SyntaxNode& node) {
    const std::string& name = node.names[0];
    ARROW_ASSIGN_OR_RAISE(const int index, Find(fields_, name, node.span));
    if (index < 0) {
      if (node.names.size() == 1 &&
          (SameName(name, "current_timestamp") || SameName(name, "current_date"))) {
        return BindFunction(arrow::internal::AsciiToLower(name), {}, node.span);
      }
      const std::vector<std::string> names = NamesOf(fields_);
      return Fail(node.span, ErrorCode::kUnknownColumn, fmt::format("there is no column {}", name),
                  ListNames(names, "columns"),
                  DidYouMeanColumn(name, names, "use one of these names, or put text in quotes"));
    }
    const arrow::Field& field = *fields_[static_cast<size_t>(index)];
    NodePointer bound = std::make_unique<ColumnNode>(FromArrow(field.type()), NumberOf(index),
                                                     field.nullable(), false, node.span);
    for (size_t i = 1; i < node.names.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(bound, BindField(std::move(bound), node.names[i], node.span));
    }
    return bound;
  }

  // Of a field; it is given when the field is first read.
  int NumberOf(int field) {
    const auto [place, is_new] = number_of_field_.try_emplace(field, 0);
    if (is_new) place->second = AddNumber(field);
    return place->second;
  }

  int AddNumber(int field) {
    numbered_.push_back(field);
    return static_cast<int>(numbered_.size()) - 1;
  }

  Result<NodePointer> BindField(NodePointer structure, const std::string& name, Span span) {
    if (structure->type.kind == Kind::kOther) {
      return Fail(span, ErrorCode::kExpressionUnsupported,
                  fmt::format("a value inside {} cannot be accessed", TypeName(structure->type)),
                  "", "only fields of structs can be accessed by name");
    }
    if (structure->type.kind != Kind::kStruct) {
      return FailType(span,
                      fmt::format("there is no field {} in a {}", name, TypeName(structure->type)));
    }
    const arrow::FieldVector& fields = structure->type.nested->fields();
    ARROW_ASSIGN_OR_RAISE(const int index, Find(fields, name, span));
    if (index < 0) {
      const std::vector<std::string> names = NamesOf(fields);
      return Fail(span, ErrorCode::kUnknownColumn, fmt::format("there is no field {}", name),
                  ListNames(names, "fields"),
                  DidYouMeanColumn(name, names, "use one of these names"));
    }
    const arrow::Field& field = *fields[static_cast<size_t>(index)];
    return std::make_unique<FieldNode>(std::move(structure), index, FromArrow(field.type()),
                                       field.nullable(), span);
  }

  Result<NodePointer> BindCall(const SyntaxNode& node) {
    if (node.text == "nullif") return BindNullIf(node);
    std::vector<NodePointer> arguments;
    for (const SyntaxPointer& child : node.children) {
      ARROW_ASSIGN_OR_RAISE(NodePointer argument, Bind(*child));
      arguments.push_back(std::move(argument));
    }
    return BindFunction(node.text, std::move(arguments), node.span);
  }

  Status UnknownFunction(std::string_view name, Span span) const {
    if (IsSparkFunction(name)) {
      return Fail(
          span, ErrorCode::kExpressionUnsupported,
          fmt::format("the function {} exists in Spark, but Spillway does not support it", name),
          "", "rewrite it with the functions in docs/expressions.md");
    }
    return Fail(
        span, ErrorCode::kUnknownFunction, fmt::format("there is no function {}", name), "",
        DidYouMean(Closest(name, FunctionNames()), "docs/expressions.md lists the functions"));
  }

  Result<NodePointer> BindFunction(std::string_view name, std::vector<NodePointer> arguments,
                                   Span span) {
    const Function* function = FindFunction(name);
    if (function == nullptr) return UnknownFunction(name, span);
    const auto count = static_cast<int>(arguments.size());
    const bool too_many =
        function->maximum_arguments != kAnyNumber && count > function->maximum_arguments;
    if (count < function->minimum_arguments || too_many) {
      return WrongCount(*function, count, span);
    }
    CallBinding call{.text = text_,
                     .span = span,
                     .function = *function,
                     .arguments = std::move(arguments),
                     .pool = pool_};
    return function->rule(call);
  }

  Status WrongCount(const Function& function, int count, Span span) const {
    std::string wanted = fmt::format("{}", function.minimum_arguments);
    if (function.maximum_arguments == kAnyNumber) {
      wanted += " or more";
    } else if (function.maximum_arguments != function.minimum_arguments) {
      wanted += fmt::format(" to {}", function.maximum_arguments);
    }
    return Fail(span, ErrorCode::kUnknownFunction,
                fmt::format("{} takes {} argument{}, not {}", function.name, wanted,
                            wanted == "1" ? "" : "s", count),
                "", "docs/expressions.md shows how to call it");
  }

  // Names and literals are cheap to bind again; other values are computed once, into a slot, unless
  // they are constant.
  Result<Shared> Share(const SyntaxNode& node) {
    Shared shared{.syntax = &node};
    if (node.kind == SyntaxKind::kName || node.kind == SyntaxKind::kLiteral) return shared;
    shared.syntax = nullptr;
    ARROW_ASSIGN_OR_RAISE(shared.value, Bind(node));
    shared.slot = AddNumber(kSlot);
    shared.type = shared.value->type;
    shared.nullable = shared.value->nullable;
    return shared;
  }

  Result<NodePointer> Use(const Shared& shared, Span span) {
    if (shared.syntax != nullptr) return Bind(*shared.syntax);
    return std::make_unique<ColumnNode>(shared.type, shared.slot, shared.nullable, false, span);
  }

  // Puts the slot's value in front of the node that uses it.
  static NodePointer Close(Shared shared, NodePointer body) {
    if (shared.syntax != nullptr) return body;
    return std::make_unique<LetNode>(shared.slot, std::move(shared.value), std::move(body));
  }

  Result<NodePointer> BindTwo(std::string_view function, NodePointer left, NodePointer right,
                              Span span) {
    std::vector<NodePointer> arguments;
    arguments.push_back(std::move(left));
    arguments.push_back(std::move(right));
    return BindFunction(function, std::move(arguments), span);
  }

  // CASE WHEN a = b THEN NULL ELSE a END.
  Result<NodePointer> BindNullIf(const SyntaxNode& node) {
    if (node.children.size() != 2) {
      return WrongCount({"nullif", 2, 2, nullptr}, static_cast<int>(node.children.size()),
                        node.span);
    }
    ARROW_ASSIGN_OR_RAISE(Shared shared, Share(*node.children[0]));
    ARROW_ASSIGN_OR_RAISE(NodePointer left, Use(shared, node.children[0]->span));
    ARROW_ASSIGN_OR_RAISE(NodePointer right, Bind(*node.children[1]));
    ARROW_ASSIGN_OR_RAISE(NodePointer equal,
                          BindTwo("=", std::move(left), std::move(right), node.span));
    ARROW_ASSIGN_OR_RAISE(NodePointer value, Use(shared, node.children[0]->span));
    const ValueType type = value->type;
    std::vector<NodePointer> parts;
    parts.push_back(std::move(equal));
    ARROW_ASSIGN_OR_RAISE(NodePointer nothing, MakeNullConstant(type, node.span, pool_));
    parts.push_back(std::move(nothing));
    parts.push_back(std::move(value));
    return Close(std::move(shared), std::make_unique<CaseNode>(type, std::move(parts), node.span));
  }

  Result<NodePointer> BindBetween(const SyntaxNode& node) {
    ARROW_ASSIGN_OR_RAISE(Shared shared, Share(*node.children[0]));
    const Span span = node.children[0]->span;
    ARROW_ASSIGN_OR_RAISE(NodePointer value, Use(shared, span));
    ARROW_ASSIGN_OR_RAISE(NodePointer low, Bind(*node.children[1]));
    ARROW_ASSIGN_OR_RAISE(NodePointer above,
                          BindTwo(">=", std::move(value), std::move(low), node.span));
    ARROW_ASSIGN_OR_RAISE(value, Use(shared, span));
    ARROW_ASSIGN_OR_RAISE(NodePointer high, Bind(*node.children[2]));
    ARROW_ASSIGN_OR_RAISE(NodePointer below,
                          BindTwo("<=", std::move(value), std::move(high), node.span));
    ARROW_ASSIGN_OR_RAISE(NodePointer both,
                          BindTwo("and", std::move(above), std::move(below), node.span));
    return Close(std::move(shared), std::move(both));
  }

  // The type that all values of a CASE have; they are converted to it.
  Result<ValueType> MeetValues(std::vector<NodePointer>* parts, Span span) const {
    const auto is_value = [parts](size_t i) { return i % 2 == 1 || i + 1 == parts->size(); };
    ValueType common;
    for (size_t i = 0; i < parts->size(); ++i) {
      if (!is_value(i)) continue;
      const std::optional<ValueType> wider = WiderType(common, (*parts)[i]->type);
      if (!wider) {
        return FailType((*parts)[i]->span,
                        fmt::format("one value of CASE is {}, the earlier ones are {}",
                                    TypeName((*parts)[i]->type), TypeName(common)));
      }
      common = *wider;
    }
    if (common.kind == Kind::kOther) {
      return Fail(span, ErrorCode::kExpressionUnsupported,
                  fmt::format("CASE with values of {} is not supported", TypeName(common)), "",
                  "leave the column as it is");
    }
    for (size_t i = 0; i < parts->size(); ++i) {
      if (is_value(i)) (*parts)[i] = MakeCast(std::move((*parts)[i]), common, span);
    }
    return common;
  }

  Result<NodePointer> BindCase(const SyntaxNode& node) {
    std::vector<NodePointer> parts;
    for (size_t i = 0; i < node.children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(NodePointer part, Bind(*node.children[i]));
      const bool condition = i % 2 == 0 && i + 1 < node.children.size();
      if (condition && part->type.kind != Kind::kBoolean) {
        return FailType(part->span, fmt::format("a condition of CASE is {}, not BOOLEAN",
                                                TypeName(part->type)));
      }
      parts.push_back(std::move(part));
    }
    ARROW_ASSIGN_OR_RAISE(const ValueType type, MeetValues(&parts, node.span));
    return std::make_unique<CaseNode>(type, std::move(parts), node.span);
  }

  Result<NodePointer> BindSimpleCase(const SyntaxNode& node) {
    ARROW_ASSIGN_OR_RAISE(Shared shared, Share(*node.children[0]));
    std::vector<NodePointer> parts;
    for (size_t i = 1; i < node.children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(NodePointer part, Bind(*node.children[i]));
      if (i % 2 == 1 && i + 1 < node.children.size()) {
        const Span span = node.children[i]->span;
        ARROW_ASSIGN_OR_RAISE(NodePointer value, Use(shared, span));
        ARROW_ASSIGN_OR_RAISE(part, BindTwo("=", std::move(value), std::move(part), span));
      }
      parts.push_back(std::move(part));
    }
    ARROW_ASSIGN_OR_RAISE(const ValueType type, MeetValues(&parts, node.span));
    return Close(std::move(shared), std::make_unique<CaseNode>(type, std::move(parts), node.span));
  }

  Result<NodePointer> BindCast(const SyntaxNode& node) {
    ARROW_ASSIGN_OR_RAISE(NodePointer value, Bind(*node.children[0]));
    if (value->type.nested != nullptr) {
      return Fail(node.span, ErrorCode::kExpressionUnsupported,
                  fmt::format("CAST of {} is not supported", TypeName(value->type)), "",
                  "use one of its fields");
    }
    if (!CanCast(value->type, node.type)) {
      return FailType(node.span, fmt::format("Spark does not cast {} to {} in ANSI mode",
                                             TypeName(value->type), TypeName(node.type)));
    }
    return MakeCast(std::move(value), node.type, node.span, node.kind == SyntaxKind::kTryCast);
  }

  Result<NodePointer> BindIn(const SyntaxNode& node) {
    std::vector<NodePointer> parts;
    ValueType common;
    for (const SyntaxPointer& child : node.children) {
      ARROW_ASSIGN_OR_RAISE(NodePointer part, Bind(*child));
      const std::optional<ValueType> wider = WiderType(common, part->type);
      if (!wider) {
        return FailType(part->span,
                        fmt::format("a value in the IN list is {}, the value before IN is {}",
                                    TypeName(part->type), TypeName(common)));
      }
      common = *wider;
      parts.push_back(std::move(part));
    }
    if (!IsComparable(common)) {
      return Fail(node.span, ErrorCode::kExpressionUnsupported,
                  fmt::format("comparing values of {} is not supported", TypeName(common)), "",
                  "use one of its fields");
    }
    for (NodePointer& part : parts) {
      const Span place = part->span;
      part = MakeCast(std::move(part), common, place);
    }
    return std::make_unique<InNode>(std::move(parts), node.span);
  }

  std::string_view text_;
  const arrow::FieldVector& fields_;
  arrow::MemoryPool* pool_;
  std::vector<int> numbered_;
  std::unordered_map<int, int> number_of_field_;
};

}  // namespace

Result<BoundTree> BindTree(const SyntaxNode& syntax, std::string_view text,
                           const arrow::FieldVector& fields, arrow::MemoryPool* pool) {
  Binder binder(text, fields, pool);
  ARROW_ASSIGN_OR_RAISE(NodePointer root, binder.Bind(syntax));
  ARROW_ASSIGN_OR_RAISE(root, FoldConstants(std::move(root), text, pool));
  return BoundTree{.root = std::move(root), .fields = binder.TakeNumbered()};
}

}  // namespace spillway::expression
