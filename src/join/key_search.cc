// Works on groups of rows, phase by phase, so that the cache misses of a group overlap instead of
// following each other: hash all and ask for all home buckets; then, in rounds, take the next
// candidate of each row, ask for all candidates' keys, compare them part by part. Nearly all rows
// end in the first round: a wrong candidate wants two keys with one home bucket and one tag.
#include "join/key_search.h"

#include <algorithm>
#include <array>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>

#include "join/key_hash.h"
#include "join/key_type.h"

namespace spillway::join {
namespace {

// Enough rows to cover the latency of memory, few enough that what was asked for stays in L2.
constexpr int64_t kGroup = 128;

// The rows of one group that are still looking for their key.
struct Seekers {
  int64_t count = 0;
  std::array<int64_t, kGroup> positions;  // in the source arrays
  std::array<int64_t, kGroup> rows;       // the candidates
  std::array<BucketSearch, kGroup> searches;
};

// The source's key parts, read by type and tested for NULL.
struct SourceKeys {
  explicit SourceKeys(const arrow::ArrayVector& parts) {
    for (const auto& part : parts) {
      arrays.push_back(part->data().get());
      if (part->null_count() > 0) nullable.push_back(part.get());
    }
  }

  bool IsNull(int64_t position) const {
    return std::any_of(nullable.begin(), nullable.end(),
                       [position](const arrow::Array* part) { return part->IsNull(position); });
  }

  std::vector<const arrow::ArrayData*> arrays;
  std::vector<const arrow::Array*> nullable;
};

// Starts a seeker for each of the rows [first, first + count) whose key has no NULL.
template <typename Table>
void StartSeekers(const Table& table, const SourceKeys& keys, const arrow::DataTypeVector& types,
                  int64_t first, int64_t count, Seekers* seekers) {
  std::array<uint64_t, kGroup> hashes;
  for (size_t i = 0; i < types.size(); ++i) {
    HashColumn(*keys.arrays[i], *KindOf(*types[i]), first, count, /*combine=*/i > 0, hashes.data());
  }
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) table.Prefetch(hashes[i]);
  seekers->count = 0;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const int64_t position = first + static_cast<int64_t>(i);
    if (keys.IsNull(position)) continue;
    const auto to = static_cast<size_t>(seekers->count++);
    seekers->positions[to] = position;
    seekers->searches[to] = table.Start(hashes[i]);
  }
}

// Takes each seeker's next candidate; those without one have no match and leave.
template <typename Table>
void NextCandidates(const Table& table, Seekers* seekers) {
  int64_t kept = 0;
  for (size_t i = 0; i < static_cast<size_t>(seekers->count); ++i) {
    auto search = seekers->searches[i];
    const int64_t row = table.Next(&search);
    const auto to = static_cast<size_t>(kept);
    seekers->positions[to] = seekers->positions[i];
    seekers->rows[to] = row;
    seekers->searches[to] = search;
    kept += row != Table::kNoRow ? 1 : 0;
  }
  seekers->count = kept;
}

// Writes down the rows of the seekers whose candidate has their key; the others stay.
void KeepUnequal(const std::array<uint8_t, kGroup>& equal, Seekers* seekers, int64_t* first_rows) {
  int64_t kept = 0;
  for (size_t i = 0; i < static_cast<size_t>(seekers->count); ++i) {
    if (equal[i]) {
      first_rows[seekers->positions[i]] = seekers->rows[i];
      continue;
    }
    const auto to = static_cast<size_t>(kept++);
    seekers->positions[to] = seekers->positions[i];
    seekers->searches[to] = seekers->searches[i];
  }
  seekers->count = kept;
}

}  // namespace

template <typename Table>
void FindFirstRows(const Table& table, const std::vector<std::unique_ptr<KeyColumn>>& columns,
                   const arrow::DataTypeVector& types, const arrow::ArrayVector& parts,
                   int64_t rows, int64_t* first_rows) {
  std::fill_n(first_rows, rows, Table::kNoRow);
  const SourceKeys keys(parts);
  Seekers seekers;
  std::array<uint8_t, kGroup> equal;
  for (int64_t first = 0; first < rows; first += kGroup) {
    StartSeekers(table, keys, types, first, std::min(kGroup, rows - first), &seekers);
    while (seekers.count > 0) {
      NextCandidates(table, &seekers);
      for (const auto& column : columns) column->Prefetch(seekers.rows.data(), seekers.count);
      equal.fill(1);
      for (size_t i = 0; i < columns.size(); ++i) {
        columns[i]->Compare(*keys.arrays[i], seekers.positions.data(), seekers.rows.data(),
                            seekers.count, equal.data());
      }
      KeepUnequal(equal, &seekers, first_rows);
    }
  }
}

template void FindFirstRows(const BucketTable<uint32_t>&,
                            const std::vector<std::unique_ptr<KeyColumn>>&,
                            const arrow::DataTypeVector&, const arrow::ArrayVector&, int64_t,
                            int64_t*);
template void FindFirstRows(const BucketTable<uint64_t>&,
                            const std::vector<std::unique_ptr<KeyColumn>>&,
                            const arrow::DataTypeVector&, const arrow::ArrayVector&, int64_t,
                            int64_t*);

}  // namespace spillway::join
