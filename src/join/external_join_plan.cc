// Where memory goes: in each of the first three phases a lane fills a block for each partition or
// bucket; and a partition's table, or a bucket's matches, must be in memory at once. With B bytes
// of rows, blocks of b bytes and P partitions a lane takes about P b + B / P, at least 2 sqrt(B b):
// so memory grows with the square root of the data. Larger blocks mean fewer and longer reads,
// partitions of a few MiB fewer cache misses, and what is left over keeps blocks in memory.
#include "join/external_join_plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "base/units.h"
#include "join/bucket_reader.h"
#include "join/build_writer.h"
#include "join/external_join_state.h"
#include "join/partition_table.h"
#include "join/piece_table.h"
#include "join/probe_writer.h"
#include "join/row_format.h"
#include "spill/block_log.h"
#include "spill/block_memory.h"
#include "spill/spill_writer.h"

namespace spillway::join {
namespace {

constexpr int kMostPartitionBits = 16;
constexpr int kMostBucketBits = 20;
// In the order of preference. The largest ones are for so much data that even knowing where its
// blocks are takes much memory.
constexpr std::array<int64_t, 7> kBlockBytes = {64 * kKiB, 32 * kKiB,  16 * kKiB, 8 * kKiB,
                                                4 * kKiB,  256 * kKiB, 1 * kMiB};
constexpr int64_t kTargetPartBytes = 4 * kMiB;  // of a partition's rows, of a bucket's matches
constexpr int64_t kMostGrowth = 16;             // of parts that turn out larger
constexpr int64_t kMostWriteBytes = 2 * kMiB;
constexpr int64_t kBatchRows = 4096;  // a batch of the lookup has at least as many, mostly

// How many values below one of `type` a row can have at each level, itself included.
int64_t CountTypes(const arrow::DataType& type) {
  int64_t count = 1;
  for (const auto& field : type.fields()) count += CountTypes(*field->type());
  return count;
}

bool HasBits(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || type.id() == arrow::Type::NA ||
         std::ranges::any_of(type.fields(),
                             [](const auto& field) { return HasBits(*field->type()); });
}

// An upper bound of what a column adds to all rows.
int64_t ColumnBytes(const ColumnSize& column, int64_t rows) {
  const arrow::DataType& type = *column.type;
  if (type.id() == arrow::Type::BOOL || type.id() == arrow::Type::NA) return rows;
  if (arrow::is_fixed_width(type.id())) return rows * type.byte_width();
  const int64_t lengths = rows + std::min(rows, column.value_bytes / kLongValue + 1) * 4;
  if (arrow::is_base_binary_like(type.id())) return lengths + column.value_bytes;
  // A nested value has a byte for each value in it, where Arrow has a bit or a few bytes.
  const int64_t types = CountTypes(type);
  return lengths + column.value_bytes * (HasBits(type) ? 16 : 1) * types + rows * types;
}

// The two sides in the form in which they move.
struct Volumes {
  int64_t lookup_rows;
  int64_t lookup_bytes;
  int64_t source_rows;
  int64_t row_bytes;    // of a lookup row, on average
  int64_t match_bytes;  // one match for each source row
};

Volumes VolumesOf(const ExternalJoinInputs& inputs) {
  Volumes volumes = {};
  volumes.lookup_rows = inputs.lookup_rows;
  volumes.source_rows = inputs.source_rows;
  const auto validity = static_cast<int64_t>(inputs.payload.size() + 7) / 8;
  const int64_t row_number = inputs.duplicates == DuplicatePolicy::kError ? 4 : 0;
  volumes.lookup_bytes = inputs.lookup_rows * (RowFormat::kLinkBytes + validity + row_number);
  for (const ColumnSize& column : inputs.keys) {
    volumes.lookup_bytes += ColumnBytes(column, inputs.lookup_rows);
  }
  for (const ColumnSize& column : inputs.payload) {
    volumes.lookup_bytes += ColumnBytes(column, inputs.lookup_rows);
  }
  volumes.row_bytes = volumes.lookup_bytes / std::max<int64_t>(inputs.lookup_rows, 1) + 1;
  volumes.match_bytes = inputs.source_rows * volumes.row_bytes;
  return volumes;
}

// The most of `count` things that fall into one of 2^bits equal parts at random, but for chances
// that nobody meets: six standard deviations above the mean.
int64_t LargestShare(int64_t count, int bits) {
  const double mean = std::ldexp(static_cast<double>(count), -bits);
  return std::min(count, static_cast<int64_t>(mean + 6 * std::sqrt(mean)) + 8);
}

// Blocks of `lanes` writers that write `bytes` to `streams` streams: full ones, in which the last
// row may not have had room, and a last one of each.
int64_t CountBlocks(int64_t bytes, int64_t block_bytes, int64_t row_bytes, int64_t streams,
                    int lanes) {
  const int64_t used = spill::PayloadRoom(block_bytes) - std::min(row_bytes, block_bytes / 4);
  return bytes / used + streams * lanes;
}

int64_t LogBytes(int64_t blocks, int64_t streams, int lanes) {
  return lanes * spill::BlockLog::EstimateBytes(static_cast<uint32_t>(streams), blocks / lanes + 1);
}

// The bytes of run headers: one for each batch or piece and partition, and one for each block.
int64_t RunBytes(int64_t runs, int64_t rows, int64_t blocks) {
  return (std::min(runs, rows) + blocks) * static_cast<int64_t>(sizeof(RunHeader));
}

// Nested values of a group of rows, and what pools round up.
constexpr int64_t kLaneBytes = 64 * kKiB;

// What a join of certain sizes holds: what all lanes take in each phase, and the logs, which stay
// until their blocks are not wanted any more.
struct Holdings {
  int64_t partitions;
  int64_t buckets;
  int64_t resident_bytes;
  int64_t piece_bytes;
  int64_t build_bytes;
  int64_t probe_bytes;
  int64_t join_bytes;
  int64_t match_bytes;
  int64_t read_bytes;
  int64_t build_log_bytes;
  int64_t probe_log_bytes;
  int64_t match_log_bytes;
  int64_t spilled_bytes;
  int64_t most_kept_bytes;  // of the blocks that there are at any moment

  int64_t held() const { return resident_bytes + piece_bytes; }
  int64_t building() const { return held() + build_bytes + build_log_bytes; }
  int64_t probing() const { return held() + probe_bytes + build_log_bytes + probe_log_bytes; }
  int64_t joining() const {
    return held() + join_bytes + match_bytes + build_log_bytes + probe_log_bytes + match_log_bytes;
  }
  int64_t reading() const { return held() + read_bytes + match_log_bytes; }
  int64_t peak() const { return std::max({building(), probing(), joining(), reading()}); }
};

void MeasureLogs(const ExternalJoinInputs& inputs, const Volumes& volumes,
                 const ExternalJoinSizes& sizes, Holdings* holdings) {
  const int lanes = sizes.lanes;
  const int64_t partitions = holdings->partitions;
  constexpr auto kSourceRowBytes = static_cast<int64_t>(sizeof(SourceRow));
  const int64_t source_bytes = volumes.source_rows * kSourceRowBytes;
  const int64_t build_bytes =
      volumes.lookup_bytes +
      RunBytes((volumes.lookup_rows / kBatchRows + lanes) * partitions, volumes.lookup_rows,
               volumes.lookup_bytes / sizes.build_block_bytes + partitions * lanes);
  const int64_t probe_bytes =
      source_bytes + RunBytes(inputs.pieces * partitions, volumes.source_rows,
                              source_bytes / sizes.probe_block_bytes + partitions * lanes);
  // Each writer counts the records of its partitions, too.
  const int64_t count_bytes = lanes * partitions * static_cast<int64_t>(sizeof(int64_t));
  holdings->build_log_bytes =
      count_bytes + LogBytes(CountBlocks(build_bytes, sizes.build_block_bytes, volumes.row_bytes,
                                         partitions, lanes),
                             partitions, lanes);
  holdings->probe_log_bytes =
      count_bytes + LogBytes(CountBlocks(probe_bytes, sizes.probe_block_bytes, kSourceRowBytes,
                                         partitions, lanes),
                             partitions, lanes);
  holdings->match_log_bytes = LogBytes(CountBlocks(volumes.match_bytes, sizes.match_block_bytes,
                                                   volumes.row_bytes, holdings->buckets, lanes),
                                       holdings->buckets, lanes);
  holdings->spilled_bytes = build_bytes + probe_bytes + volumes.match_bytes;
  // Blocks of matches come, and those of the partition go when it is joined.
  holdings->most_kept_bytes =
      std::max(build_bytes + probe_bytes, volumes.match_bytes) +
      volumes.match_bytes / partitions * std::min<int64_t>(lanes, partitions);
}

Holdings Measure(const ExternalJoinInputs& inputs, const Volumes& volumes,
                 const ExternalJoinSizes& sizes) {
  const bool compress = inputs.compress;
  Holdings holdings = {};
  holdings.partitions = int64_t{1} << sizes.partition_bits;
  holdings.buckets = PieceTable::MostBuckets(inputs.source_rows, inputs.pieces, sizes.bucket_bits);
  holdings.resident_bytes = sizes.resident_bytes;
  holdings.piece_bytes = PieceTable::EstimateBytes(inputs.pieces, holdings.buckets);
  MeasureLogs(inputs, volumes, sizes, &holdings);

  const auto partitions = static_cast<uint32_t>(holdings.partitions);
  const auto buckets = static_cast<uint32_t>(std::min<int64_t>(holdings.buckets, UINT32_MAX));
  const auto of_all_lanes = [&](int64_t bytes) { return sizes.lanes * (bytes + kLaneBytes); };
  holdings.build_bytes = of_all_lanes(
      BuildWriter::EstimateBytes(partitions, sizes.build_block_bytes, sizes.write_bytes, compress));
  holdings.probe_bytes = of_all_lanes(
      ProbeWriter::EstimateBytes(partitions, sizes.probe_block_bytes, sizes.write_bytes, compress));
  // Under `error` a partition's rows are read a second time while they are read once.
  const int64_t readers_bytes =
      2 * sizes.lanes * RunReader::EstimateBytes(sizes.build_block_bytes, compress) +
      RunReader::EstimateBytes(sizes.probe_block_bytes, compress);
  holdings.join_bytes = of_all_lanes(sizes.join_bytes + readers_bytes);
  holdings.match_bytes =
      sizes.lanes * spill::SpillWriter::EstimateBytes(buckets, sizes.match_block_bytes,
                                                      sizes.write_bytes, compress);
  holdings.read_bytes = of_all_lanes(BucketReader::EstimateBytes(
      sizes.bucket_bytes, sizes.bucket_bits, sizes.match_block_bytes, sizes.write_bytes, compress));
  return holdings;
}

std::vector<ExternalJoinPhase> PhasesOf(const Holdings& holdings, const ExternalJoinSizes& sizes) {
  const std::vector<ExternalJoinLine> held = {
      {"blocks that stay in memory", holdings.resident_bytes},
      {"pieces of the source", holdings.piece_bytes}};
  const auto phase = [&held](std::string name, const std::vector<ExternalJoinLine>& lines) {
    ExternalJoinPhase made = {std::move(name), held};
    made.lines.insert(made.lines.end(), lines.begin(), lines.end());
    return made;
  };
  const auto blocks = [&sizes](int64_t streams, const char* of, int64_t block_bytes) {
    return fmt::format("{} lanes: {} {} in blocks of {}", sizes.lanes, FormatCount(streams), of,
                       FormatByteSize(block_bytes));
  };
  return {
      phase("build: lookup rows to partitions",
            {{blocks(holdings.partitions, "partitions", sizes.build_block_bytes),
              holdings.build_bytes},
             {"where lookup rows are", holdings.build_log_bytes}}),
      phase("probe: source rows to partitions",
            {{blocks(holdings.partitions, "partitions", sizes.probe_block_bytes),
              holdings.probe_bytes},
             {"where lookup and source rows are",
              holdings.build_log_bytes + holdings.probe_log_bytes}}),
      phase("join: partition by partition",
            {{fmt::format("{} lanes: rows and table of a partition", sizes.lanes),
              holdings.join_bytes},
             {blocks(holdings.buckets, "buckets", sizes.match_block_bytes), holdings.match_bytes},
             {"where lookup rows, source rows and matches are",
              holdings.build_log_bytes + holdings.probe_log_bytes + holdings.match_log_bytes}}),
      phase("read: the matches of a piece",
            {{fmt::format("{} lanes: matches of a bucket", sizes.lanes), holdings.read_bytes},
             {"where matches are", holdings.match_log_bytes}}),
  };
}

// The sizes that follow from a number of partitions, the rows of a bucket, and a block.
ExternalJoinSizes SizesFor(const ExternalJoinInputs& inputs, const Volumes& volumes,
                           int partition_bits, int bucket_bits, int64_t block_bytes) {
  ExternalJoinSizes sizes;
  sizes.lanes = inputs.lanes;
  sizes.partition_bits = partition_bits;
  sizes.bucket_bits = bucket_bits;
  sizes.build_block_bytes = block_bytes;
  sizes.match_block_bytes = block_bytes;
  sizes.probe_block_bytes = std::max(block_bytes / 2, spill::kPageBytes);
  sizes.write_bytes = std::min(32 * block_bytes, kMostWriteBytes);
  const int64_t rows = LargestShare(volumes.lookup_rows, partition_bits);
  // Run headers too: MakeRoom looks at what a partition takes in its file.
  sizes.join_bytes = PartitionTable::BytesFor(rows) + kRowSlackBytes +
                     rows * (volumes.row_bytes + static_cast<int64_t>(sizeof(RunHeader)) / 4);
  const int64_t bucket_rows = std::min(int64_t{1} << bucket_bits, volumes.source_rows);
  sizes.bucket_bytes = bucket_rows * volumes.row_bytes + spill::kPageBytes;
  return sizes;
}

// The bits for parts of about `target` bytes.
int BitsFor(int64_t bytes, int64_t target, int most_bits) {
  const auto parts = static_cast<uint64_t>(bytes / target);
  return std::clamp(static_cast<int>(std::bit_width(parts)), 0, most_bits);
}

struct Choice {
  ExternalJoinSizes sizes;
  int64_t bound_bytes = std::numeric_limits<int64_t>::max();
};

// Of all joins, the one that takes least.
Choice FindSmallest(const ExternalJoinInputs& inputs, const Volumes& volumes) {
  Choice smallest;
  for (const int64_t block_bytes : kBlockBytes) {
    for (int partition_bits = 0; partition_bits <= kMostPartitionBits; ++partition_bits) {
      for (int bucket_bits = 8; bucket_bits <= kMostBucketBits; ++bucket_bits) {
        const ExternalJoinSizes sizes =
            SizesFor(inputs, volumes, partition_bits, bucket_bits, block_bytes);
        const int64_t bytes = Measure(inputs, volumes, sizes).peak();
        if (bytes < smallest.bound_bytes) smallest = {sizes, bytes};
      }
    }
  }
  return smallest;
}

// The join with the largest blocks that fits, and of these the one whose parts are nearest to their
// target.
std::optional<Choice> FindFitting(const ExternalJoinInputs& inputs, const Volumes& volumes,
                                  int64_t budget_bytes) {
  const int partition_bits = BitsFor(volumes.lookup_bytes, kTargetPartBytes, kMostPartitionBits);
  const int bucket_bits =
      std::clamp(static_cast<int>(
                     std::bit_width(static_cast<uint64_t>(kTargetPartBytes / volumes.row_bytes))) -
                     1,
                 8, 16);
  std::optional<Choice> fallback;
  for (const int64_t block_bytes : kBlockBytes) {
    std::optional<Choice> nearest;
    int nearest_distance = 0;
    for (int p = 0; p <= kMostPartitionBits; ++p) {
      for (int b = 8; b <= kMostBucketBits; ++b) {
        const int distance = std::abs(p - partition_bits) + std::abs(b - bucket_bits);
        if (nearest && distance >= nearest_distance) continue;
        const ExternalJoinSizes sizes = SizesFor(inputs, volumes, p, b, block_bytes);
        const int64_t bytes = Measure(inputs, volumes, sizes).peak();
        if (bytes > budget_bytes) continue;
        nearest = {sizes, bytes};
        nearest_distance = distance;
      }
    }
    // Parts far from their target cost more than smaller blocks.
    if (nearest && nearest_distance <= 3) return nearest;
    if (nearest && !fallback) fallback = nearest;
  }
  return fallback;
}

// Gives each phase the memory that it leaves unused: the tightest one's as blocks that stay in
// memory, which is the same in all, the others' to partitions and buckets that turn out larger.
// What is of no use is left: the plan's bound is to be what the join may take.
void SpreadSpareMemory(const ExternalJoinInputs& inputs, const Volumes& volumes,
                       int64_t budget_bytes, ExternalJoinSizes* sizes) {
  const Holdings least = Measure(inputs, volumes, *sizes);
  // Blocks are not all full.
  sizes->resident_bytes = std::clamp<int64_t>(budget_bytes - least.peak(), 0,
                                              least.most_kept_bytes + least.most_kept_bytes / 4);
  const Holdings holdings = Measure(inputs, volumes, *sizes);
  const auto spare = [&](int64_t phase_bytes, int64_t part_bytes) {
    return std::clamp<int64_t>((budget_bytes - phase_bytes) / sizes->lanes, 0,
                               kMostGrowth * part_bytes);
  };
  sizes->join_bytes += spare(holdings.joining(), sizes->join_bytes);
  sizes->bucket_bytes += spare(holdings.reading(), sizes->bucket_bytes);
}

}  // namespace

int64_t ExternalJoinPhase::bytes() const {
  int64_t sum = 0;
  for (const ExternalJoinLine& line : lines) sum += line.bytes;
  return sum;
}

ExternalJoinPlan PlanExternalJoin(const ExternalJoinInputs& inputs, int64_t budget_bytes) {
  const Volumes volumes = VolumesOf(inputs);
  const Choice smallest = FindSmallest(inputs, volumes);
  const std::optional<Choice> fitting = FindFitting(inputs, volumes, budget_bytes);
  ExternalJoinPlan plan;
  plan.sizes = fitting ? fitting->sizes : smallest.sizes;
  SpreadSpareMemory(inputs, volumes, budget_bytes, &plan.sizes);
  const Holdings holdings = Measure(inputs, volumes, plan.sizes);
  plan.phases = PhasesOf(holdings, plan.sizes);
  plan.bound_bytes = holdings.peak();
  plan.smallest_bytes = smallest.bound_bytes;
  plan.spilled_bytes = holdings.spilled_bytes;
  return plan;
}

}  // namespace spillway::join
