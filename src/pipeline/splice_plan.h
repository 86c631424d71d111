// Which row groups of the source splice: their unchanged columns are copied as they are stored. The
// others are decoded, and all their columns encoded again.
//
// Thread rule: immutable values and free functions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/bound_pipeline.h"
#include "pipeline/chunk.h"
#include "pipeline/pinned_table.h"
#include "pipeline/source_use.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// A row group whose copied columns have fewer bytes is not worth a row group of its own.
inline constexpr int64_t kSmallestSpliceBytes = 1024 * 1024;

// One of SplicePlan's reasons.
inline constexpr std::string_view kCutByChunk = "a chunk ends inside the row group";

// How the columns of a file are split where its row groups splice.
struct SplicedColumns {
  // By output column: whether it is copied. The others are encoded, some of them source columns
  // that cannot be copied.
  std::vector<bool> is_copied;
  // By source column: what is read of it where a row group splices.
  std::vector<ColumnUse> read;
};

// One file of the source.
struct FileSplice {
  std::shared_ptr<const SplicedColumns> columns;  // null where no row group splices
  std::vector<bool> splices;  // by row group; false too where no row of it is left to do
};

struct SplicePlan {
  std::vector<FileSplice> files;  // as the table's
  // Those of `files`, each once.
  std::vector<std::shared_ptr<const SplicedColumns>> columns;
  int64_t row_groups = 0;  // with rows of a chunk
  int64_t spliced = 0;
  int64_t most_rows = 0;                   // of a row group that splices
  int64_t most_footer_bytes = 0;           // PinnedFile::parsed_footer_bytes of a file with one
  std::map<std::string, int64_t> reasons;  // why the others do not splice, with their number
};

struct SpliceLimits {
  int64_t smallest_bytes = kSmallestSpliceBytes;  // of a row group, as stored
  int64_t most_rows = 0;  // of a row group, whose new columns fit the memory
};

// For chunks of the source's rows, ascending: a row group that is not wholly in one is decoded.
SplicePlan PlanSplice(const spec::Spec& spec, const BoundPipeline& pipeline,
                      const PinnedTable& source, std::span<const Chunk> chunks,
                      const SpliceLimits& limits);

}  // namespace spillway::pipeline
