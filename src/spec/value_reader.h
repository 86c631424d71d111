// Reads single values of a pipeline document, each of one type, with an error that names the key
// and the place where the value has another type or is out of range.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "spec/document.h"
#include "spec/spec.h"
#include "spec/spec_keys.h"
#include "spec/substitution.h"

namespace spillway::spec {

// All texts of a pipeline together, aliases counted as often as they are used.
inline constexpr size_t kMostTextBytes = size_t{16} << 20;

class ValueReader {
 public:
  // Borrows both. Variables are those that DefineVariable has been given.
  ValueReader(const Document& document, const std::map<std::string, std::string>& environment)
      : document_(document), environment_(environment) {}

  // Every reader takes the key's name for errors, and the value's node. A null is a wrong type.
  Result<LocatedText> Name(std::string_view key, NodeId id);
  Result<LocatedText> ColumnName(std::string_view key, NodeId id);
  Result<LocatedText> MapKey(std::string_view map, NodeId id);  // of columns and properties
  Result<LocatedText> Path(std::string_view key, NodeId id);
  Result<LocatedText> Expression(std::string_view key, NodeId id);
  Result<std::string> Timestamp(std::string_view key, NodeId id);
  Result<std::string> Property(std::string_view key, NodeId id);
  Result<Variable> VariableValue(std::string_view key, NodeId id);
  Result<int64_t> Integer(const Key& key, NodeId id);
  Result<int64_t> ByteSize(std::string_view key, NodeId id);
  Result<bool> Boolean(std::string_view key, NodeId id);
  Result<int> Choice(const Key& key, NodeId id);
  Result<Compression> ReadCompressionValue(std::string_view key, NodeId id);

  // A list or map of at least `least` and at most `most` entries; a map for kMap.
  Status CheckCollection(std::string_view key, NodeId id, NodeKind kind, size_t least, size_t most);

  void DefineVariable(std::string name, Variable value);

  Status WrongType(std::string_view key, NodeId id, std::string_view wanted,
                   std::string cure = "") const;
  Status OutOfRange(std::string_view key, NodeId id, std::string_view why,
                    std::string cure = "") const;

 private:
  Result<LocatedText> Text(std::string_view key, NodeId id, bool any_scalar);
  Result<LocatedText> Substituted(NodeId id, LocatedText text, SubstitutionContext context);
  Status CheckLength(std::string_view key, NodeId id, size_t most) const;
  Status Charge(NodeId id, size_t bytes);

  const Document& document_;
  const std::map<std::string, std::string>& environment_;
  std::map<std::string, Variable> variables_;
  size_t text_bytes_ = 0;
};

}  // namespace spillway::spec
