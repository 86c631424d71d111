// The text of a pipeline file, drafted from the schemas of its tables.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"

namespace spillway::cli {

struct DraftTable {
  std::string path;  // as the file is to have it
  int64_t version = 0;
  std::shared_ptr<arrow::Schema> schema;
};

struct DraftKey {
  std::string source;
  std::string lookup;
};

struct DraftLookup {
  DraftTable table;
  std::vector<DraftKey> key;
};

struct PipelineDraft {
  DraftTable source;
  std::optional<DraftLookup> lookup;
  std::string target;       // as DraftTable::path
  std::string target_mode;  // as the file has it
  int64_t memory_bytes = 0;
  std::string memory_origin;  // "80 % of the RAM of 23.5 GiB"
};

// The key by which `source` and `lookup` are joined. `wanted` is "name" or "source=lookup" for each
// of its columns; without any, it is the only column that both tables have, of a type that keys
// have. Errors: kKeyColumnMissing, which names the columns that could be meant.
Result<std::vector<DraftKey>> ChooseKey(const DraftTable& source, const DraftTable& lookup,
                                        const std::vector<std::string>& wanted);

// YAML with comments, ready to run. Columns of the lookup that the source has too get the lookup's
// name before theirs.
std::string DraftText(const PipelineDraft& draft);

// A pipeline's or lookup's name from the folder of a table.
std::string NameFromPath(std::string_view path);

}  // namespace spillway::cli
