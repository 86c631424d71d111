// The key columns of a lookup and of a source: which they are, whether they fit, where they are
// NULL, and how a key is shown to a person.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

// Whether `key_columns` of the lookup's schema can be its key: kKeyColumnMissing, or
// kUnsupportedType, naming lookup and column.
Status CheckKeyColumns(const arrow::Schema& schema, const std::string& lookup,
                       const std::vector<int>& key_columns);

// The columns of `schema` that are not part of the key, in order; and not `order_column`, if it has
// one.
std::vector<int> PayloadColumnsOf(const arrow::Schema& schema, const std::vector<int>& key_columns,
                                  std::optional<int> order_column = std::nullopt);

// Whether a source's keys are arrays of one length and of the lookup's key types; otherwise
// kKeyTypeMismatch.
Status CheckKeys(const arrow::ArrayVector& keys, const arrow::DataTypeVector& types);

// Where no key part of a batch is NULL; null if that is everywhere. The bits start at bit 0.
Result<std::shared_ptr<arrow::Buffer>> ValidKeys(const std::vector<const arrow::ArrayData*>& parts,
                                                 int64_t rows, arrow::MemoryPool* pool);

// Writes those of the rows [first, first + count) whose key has no NULL to `rows`; returns how many
// they are.
int64_t FindValidKeys(const std::vector<const arrow::ArrayData*>& parts, int64_t first,
                      int64_t count, int64_t* rows);

// A key as a message shows it, long values cut short.
std::string ShowKey(const arrow::ScalarVector& parts);

// The error for two rows (counted from 0) of a lookup that have one key, where that is refused.
Status DuplicateKeyError(const std::string& lookup, const std::string& key, int64_t first_row,
                         int64_t second_row);

}  // namespace spillway::join
