// The build side of a key join: all rows of a lookup in memory, found by key.
//
// Keys are equal as in a join of Spark SQL: NULL matches nothing, NaN equals NaN, -0.0 equals 0.0,
// strings compare by bytes. The hash only finds candidates; keys are always compared in full.
//
// All memory that grows with the lookup comes from the pool of the options, in blocks that are
// never moved. Where the pool refuses, its OutOfMemory Status is returned and nothing stays
// allocated.
//
// Thread rule: immutable once built; any number of threads may probe and gather at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/matches.h"
#include "join/payload.h"
#include "join/prober.h"

namespace spillway::join {

class KeyTable;
class PayloadStore;

struct BuildOptions {
  std::string name;              // of the lookup, for errors
  std::vector<int> key_columns;  // of the reader's schema, in key order; all others are payload
  DuplicatePolicy duplicates = DuplicatePolicy::kExpand;
  // A binary column without NULLs, no payload, whose bytes order the rows of a key: kFirst joins
  // the least of them, and kLast the greatest; of equal ones the first and the last of the lookup.
  std::optional<int> order_column = std::nullopt;
  // Those of the payload's that hold few different texts: LookupIndex::IsCoded.
  std::vector<int> coded_columns = {};
  int64_t expected_rows = 0;  // a hint: saves copies where the lookup is small
  int threads = 1;            // that make the table when all rows are read
  arrow::MemoryPool* pool = nullptr;
};

class LookupIndex {
 public:
  // Reads `rows` to the end. Key types: bool, integers, float, double, decimal128, utf8, binary,
  // date32, timestamp (kUnsupportedType otherwise); payload of any type. Rows with a NULL in their
  // key are left out. Fails with kDuplicateLookupKey (names the lookup, the key's value and both
  // row numbers, counted from 0), with kKeyColumnMissing, with the reader's error, or as the pool
  // refuses.
  static Result<std::unique_ptr<LookupIndex>> Build(arrow::RecordBatchReader& rows,
                                                    const BuildOptions& options);

  // The most that Build takes from the pool at any moment for `rows` rows of these columns; the
  // column of their order counts as payload.
  static int64_t EstimateBytes(int64_t rows, const std::vector<ColumnSize>& keys,
                               const std::vector<ColumnSize>& payload, DuplicatePolicy duplicates);

  // Whether the estimate takes a payload column to be one of the coded_columns.
  static bool IsCoded(const ColumnSize& column, int64_t rows);

  // Whether `type` can be (part of) a key.
  static bool IsKeyType(const arrow::DataType& type);

  ~LookupIndex();

  // Starts the join of a batch: `keys` as the key columns of the options, in that order, of the
  // same types. The matches come from the prober, as many at a time as the caller wants.
  Result<std::unique_ptr<Prober>> Probe(const arrow::ArrayVector& keys, JoinType type,
                                        arrow::MemoryPool* pool) const;

  // The payload columns for `matches`, NULL where there is no match; coded ones as dictionaries, of
  // which PlainTexts (text_codes.h) makes texts. A CapacityError where the strings of one column
  // exceed 2 GiB: ask the prober for fewer rows.
  Result<arrow::ArrayVector> Gather(const Matches& matches, arrow::MemoryPool* pool) const;

  // The reader's schema without the columns of the key and the order. Its fields keep the reader's
  // nullability: a left outer join makes them nullable, and that is the caller's schema.
  const std::shared_ptr<arrow::Schema>& payload_schema() const;
  int64_t num_rows() const;       // rows held: those whose key has no NULL
  int64_t null_key_rows() const;  // rows left out
  bool unique() const;            // no key leads to two rows: a left outer join is one to one
  int64_t bytes() const;          // held from the pool

 private:
  LookupIndex(std::unique_ptr<KeyTable> keys, std::unique_ptr<PayloadStore> payload,
              int64_t null_key_rows);

  std::unique_ptr<KeyTable> keys_;
  std::unique_ptr<PayloadStore> payload_;
  int64_t null_key_rows_;
};

}  // namespace spillway::join
