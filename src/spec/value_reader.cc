#include "spec/value_reader.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "base/units.h"
#include "spec/scalar_value.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

std::string_view KindName(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kList:
      return "a list";
    case NodeKind::kMap:
      return "a map";
    case NodeKind::kScalar:
      break;
  }
  if (node.quoted) return "text";
  switch (KindOfPlain(node.text)) {
    case PlainKind::kNull:
      return "nothing";
    case PlainKind::kBoolean:
      return "a boolean";
    case PlainKind::kNumber:
      return "a number";
    case PlainKind::kText:
      return "text";
  }
  return "text";
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool IsWholeNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string Shortened(std::string_view text) {
  constexpr size_t kMost = 60;
  if (text.size() <= kMost) return std::string(text);
  size_t end = kMost;
  while (end > 0 && !BeginsCharacter(text[end])) --end;
  return std::string(text.substr(0, end)) + "..";
}

}  // namespace

Status ValueReader::WrongType(std::string_view key, NodeId id, std::string_view wanted,
                              std::string cure) const {
  const Node& node = document_.node(id);
  const std::string shown =
      node.kind == NodeKind::kScalar ? fmt::format(" (\"{}\")", Shortened(node.text)) : "";
  return MakeError({.code = ErrorCode::kWrongValueType,
                    .what = fmt::format("\"{}\" must be {}, but this is {}{}", key, wanted,
                                        KindName(node), shown),
                    .where = document_.Where(id),
                    .cure = std::move(cure)});
}

Status ValueReader::OutOfRange(std::string_view key, NodeId id, std::string_view why,
                               std::string cure) const {
  const Node& node = document_.node(id);
  const std::string shown =
      node.kind == NodeKind::kScalar ? fmt::format(" \"{}\"", Shortened(node.text)) : "";
  return MakeError({.code = ErrorCode::kValueOutOfRange,
                    .what = fmt::format("\"{}\" cannot be{}: {}", key, shown, why),
                    .where = document_.Where(id),
                    .cure = std::move(cure)});
}

Status ValueReader::CheckLength(std::string_view key, NodeId id, size_t most) const {
  if (CountCharacters(document_.node(id).text) <= most) return Status::OK();
  return OutOfRange(key, id, fmt::format("it is longer than {} characters", most));
}

Status ValueReader::Charge(NodeId id, size_t bytes) {
  text_bytes_ += bytes;
  if (text_bytes_ <= kMostTextBytes) return Status::OK();
  return MakeError({.code = ErrorCode::kValueOutOfRange,
                    .what = fmt::format("the text in the pipeline file adds up to more than {}",
                                        FormatByteSize(kMostTextBytes)),
                    .where = document_.Where(id),
                    .why = "aliases and variables count every time they are used"});
}

Result<LocatedText> ValueReader::Text(std::string_view key, NodeId id, bool any_scalar) {
  const Node& node = document_.node(id);
  if (node.kind != NodeKind::kScalar) return WrongType(key, id, "text");
  if (!any_scalar && !node.quoted && KindOfPlain(node.text) != PlainKind::kText) {
    return WrongType(key, id, "text", fmt::format("put it in quotes: \"{}\"", node.text));
  }
  if (IsBlank(node.text)) return OutOfRange(key, id, "it is empty");
  ARROW_RETURN_NOT_OK(CheckLength(key, id, kLongestTextBytes));
  ARROW_RETURN_NOT_OK(Charge(id, node.text.size()));
  return document_.Located(id);
}

Result<LocatedText> ValueReader::Substituted(NodeId id, LocatedText text,
                                             SubstitutionContext context) {
  if (text.text.find('$') == std::string::npos) return text;
  ARROW_ASSIGN_OR_RAISE(LocatedText result, Substitute(text, context, {variables_, environment_}));
  ARROW_RETURN_NOT_OK(Charge(id, result.text.size()));
  return result;
}

Result<LocatedText> ValueReader::Name(std::string_view key, NodeId id) {
  ARROW_ASSIGN_OR_RAISE(LocatedText text, Text(key, id, /*any_scalar=*/false));
  if (IsName(text.text)) return text;
  return OutOfRange(key, id, "it is not a valid name",
                    "use letters, digits, _ and -, at most 128, a letter or digit first");
}

Result<LocatedText> ValueReader::ColumnName(std::string_view key, NodeId id) {
  ARROW_RETURN_NOT_OK(CheckLength(key, id, kLongestColumnName));
  return Text(key, id, /*any_scalar=*/false);
}

Result<LocatedText> ValueReader::MapKey(std::string_view map, NodeId id) {
  ARROW_RETURN_NOT_OK(CheckLength(map, id, kLongestColumnName));
  return Text(map, id, /*any_scalar=*/true);
}

Result<LocatedText> ValueReader::Path(std::string_view key, NodeId id) {
  ARROW_ASSIGN_OR_RAISE(LocatedText text, Text(key, id, /*any_scalar=*/false));
  ARROW_ASSIGN_OR_RAISE(LocatedText path,
                        Substituted(id, std::move(text), SubstitutionContext::kPlain));
  if (IsBlank(path.text))
    return OutOfRange(key, id, "it is empty once its variables are filled in");
  if (path.text.find('\0') != std::string::npos) {
    return OutOfRange(key, id, "a path cannot have a NUL character");
  }
  return path;
}

Result<LocatedText> ValueReader::Expression(std::string_view key, NodeId id) {
  // {x: f(a, b)} is x and a second key "b)" without a value.
  if (document_.node(id).kind == NodeKind::kNull) {
    return WrongType(key, id, "an expression",
                     "write one; inside { } an expression with a comma needs double quotes");
  }
  ARROW_ASSIGN_OR_RAISE(LocatedText text, Text(key, id, /*any_scalar=*/true));
  return Substituted(id, std::move(text), SubstitutionContext::kExpression);
}

Result<std::string> ValueReader::Timestamp(std::string_view key, NodeId id) {
  ARROW_ASSIGN_OR_RAISE(LocatedText text, Text(key, id, /*any_scalar=*/false));
  ARROW_ASSIGN_OR_RAISE(const LocatedText put_in,
                        Substituted(id, std::move(text), SubstitutionContext::kPlain));
  const std::optional<std::string> timestamp = ReadTimestamp(put_in.text);
  if (timestamp) return *timestamp;
  return OutOfRange(key, id, "it is not a timestamp",
                    "write it like 2026-01-31, or 2026-01-31T12:00:00Z");
}

Result<std::string> ValueReader::Property(std::string_view key, NodeId id) {
  const Node& node = document_.node(id);
  if (node.kind != NodeKind::kScalar) return WrongType(key, id, "text, a number or a boolean");
  if (node.text.empty()) return std::string();
  ARROW_RETURN_NOT_OK(CheckLength(key, id, kLongestTextBytes));
  ARROW_RETURN_NOT_OK(Charge(id, node.text.size()));
  ARROW_ASSIGN_OR_RAISE(LocatedText text,
                        Substituted(id, document_.Located(id), SubstitutionContext::kPlain));
  return std::move(text.text);
}

Result<Variable> ValueReader::VariableValue(std::string_view key, NodeId id) {
  constexpr std::string_view kWanted = "text, a number or a boolean";
  const Node& node = document_.node(id);
  if (node.kind != NodeKind::kScalar) return WrongType(key, id, kWanted);
  ARROW_RETURN_NOT_OK(CheckLength(key, id, kLongestTextBytes));
  ARROW_RETURN_NOT_OK(Charge(id, node.text.size()));
  if (node.text.find("${") != std::string::npos) {
    return OutOfRange(key, id, "a variable cannot use another one",
                      "use both in the expression: ${a}${b}");
  }
  if (node.quoted) return Variable{Variable::Kind::kString, node.text};
  if (const auto variable = ReadPlainVariable(node.text)) return *variable;
  return WrongType(key, id, kWanted,
                   IsOldBoolean(node.text)
                       ? fmt::format("write true or false, or \"{}\" in quotes for text", node.text)
                       : "write a decimal number like 0.5, or put text in quotes");
}

Result<int64_t> ValueReader::Integer(const Key& key, NodeId id) {
  const Node& node = document_.node(id);
  constexpr std::string_view kWanted = "a whole number";
  const std::string cure = "write it like 1000000 or 1_000_000";
  if (node.kind != NodeKind::kScalar) return WrongType(key.path, id, kWanted, cure);
  const bool readable = IsGroupedInteger(node.text) || (!node.quoted && IsWholeNumber(node.text));
  if (!readable) return WrongType(key.path, id, kWanted, cure);
  const std::optional<int64_t> value = ReadInteger(node.text);
  if (value && *value >= key.minimum && *value <= key.maximum) return *value;
  return OutOfRange(key.path, id, fmt::format("the range is {} to {}", key.minimum, key.maximum));
}

Result<int64_t> ValueReader::ByteSize(std::string_view key, NodeId id) {
  const Node& node = document_.node(id);
  const std::string cure = "write it like 512MiB, 2GiB or 1.5GB";
  if (node.kind != NodeKind::kScalar) return WrongType(key, id, "a size in bytes", cure);
  if (!node.quoted && node.text.starts_with('-') && IsWholeNumber(node.text)) {
    return OutOfRange(key, id, "a size cannot be negative", cure);
  }
  if (!IsByteSize(node.text)) return WrongType(key, id, "a size in bytes", cure);
  std::string text = node.text;
  std::erase(text, '_');
  const Result<int64_t> bytes = ParseByteSize(text);
  if (!bytes.ok()) return OutOfRange(key, id, "it is too large", cure);
  if (*bytes == 0) return OutOfRange(key, id, "it must be greater than 0", cure);
  return *bytes;
}

Result<bool> ValueReader::Boolean(std::string_view key, NodeId id) {
  const Node& node = document_.node(id);
  if (node.kind == NodeKind::kScalar && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  return WrongType(key, id, "true or false",
                   node.kind == NodeKind::kScalar && IsOldBoolean(node.text)
                       ? "yes, no, on and off are text in YAML 1.2; write true or false"
                       : "write true or false, without quotes");
}

Result<int> ValueReader::Choice(const Key& key, NodeId id) {
  ARROW_ASSIGN_OR_RAISE(const LocatedText text, Text(key.path, id, /*any_scalar=*/false));
  for (size_t i = 0; i < key.choices.size(); ++i) {
    if (key.choices[i] == text.text) return static_cast<int>(i);
  }
  if (IsLaterKey(key.path, text.text)) {
    return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                      .what = fmt::format("\"{}: {}\" is not supported yet", key.path, text.text),
                      .where = document_.Where(id),
                      .cure = fmt::format("use one of {}", fmt::join(key.choices, ", "))});
  }
  const std::vector<std::string> names(key.choices.begin(), key.choices.end());
  return OutOfRange(key.path, id, fmt::format("the values are {}", fmt::join(names, ", ")),
                    Suggest(text.text, names));
}

Result<Compression> ValueReader::ReadCompressionValue(std::string_view key, NodeId id) {
  ARROW_ASSIGN_OR_RAISE(const LocatedText text, Text(key, id, /*any_scalar=*/false));
  if (const auto compression = ReadCompression(text.text)) return *compression;
  return OutOfRange(key, id, "it is not a compression that Spillway can write",
                    "use keep, snappy, zstd, zstd(1) to zstd(22), lz4 or none");
}

Status ValueReader::CheckCollection(std::string_view key, NodeId id, NodeKind kind, size_t least,
                                    size_t most) {
  const Node& node = document_.node(id);
  if (node.kind != kind) return WrongType(key, id, kind == NodeKind::kList ? "a list" : "a map");
  if (node.entries.size() < least) {
    return OutOfRange(key, id, fmt::format("it needs at least {} entry", least));
  }
  if (node.entries.size() > most) {
    return OutOfRange(key, id, fmt::format("it has more than {} entries", most));
  }
  return Status::OK();
}

void ValueReader::DefineVariable(std::string name, Variable value) {
  variables_.insert_or_assign(std::move(name), std::move(value));
}

}  // namespace spillway::spec
