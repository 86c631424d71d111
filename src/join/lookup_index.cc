#include "join/lookup_index.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "join/gather.h"
#include "join/index_builder.h"
#include "join/key_table.h"
#include "join/key_type.h"
#include "join/payload_store.h"
#include "join/stored_bits.h"

namespace spillway::join {
namespace {

Result<GatherRows> RowsOf(const Matches& matches, arrow::MemoryPool* pool) {
  GatherRows rows{.rows = matches.lookup_rows->raw_values(),
                  .count = matches.lookup_rows->length(),
                  .matched = nullptr};
  if (matches.unmatched > 0) {
    ARROW_ASSIGN_OR_RAISE(rows.matched, MatchedBits(rows.rows, rows.count, pool));
  }
  return rows;
}

}  // namespace

LookupIndex::LookupIndex(std::unique_ptr<KeyTable> keys, std::unique_ptr<PayloadStore> payload,
                         int64_t null_key_rows)
    : keys_(std::move(keys)), payload_(std::move(payload)), null_key_rows_(null_key_rows) {}

LookupIndex::~LookupIndex() = default;

Result<std::unique_ptr<LookupIndex>> LookupIndex::Build(arrow::RecordBatchReader& rows,
                                                        const BuildOptions& options) {
  ARROW_ASSIGN_OR_RAISE(IndexBuilder builder, IndexBuilder::Make(*rows.schema(), options));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(builder.Append(*batch));
  }
  ARROW_RETURN_NOT_OK(builder.Finish());
  const int64_t null_key_rows = builder.null_key_rows();
  return std::unique_ptr<LookupIndex>(
      new LookupIndex(builder.TakeKeys(), builder.TakePayload(), null_key_rows));
}

int64_t LookupIndex::EstimateBytes(int64_t rows, const std::vector<ColumnSize>& keys,
                                   const std::vector<ColumnSize>& payload,
                                   DuplicatePolicy duplicates) {
  arrow::DataTypeVector key_types;
  std::vector<int64_t> key_bytes;
  for (const ColumnSize& key : keys) {
    key_types.push_back(key.type);
    key_bytes.push_back(key.value_bytes);
  }
  int64_t bytes = KeyTable::EstimateBytes(rows, key_types, key_bytes, duplicates);
  // Which keys of a batch are not NULL, and under kError those of all batches.
  return bytes + PayloadStore::EstimateBytes(rows, payload) + 2 * StoredBits::EstimateBytes(rows);
}

bool LookupIndex::IsCoded(const ColumnSize& column, int64_t rows) {
  return PayloadStore::IsCoded(column, rows);
}

bool LookupIndex::IsKeyType(const arrow::DataType& type) { return KindOf(type).has_value(); }

Result<std::unique_ptr<Prober>> LookupIndex::Probe(const arrow::ArrayVector& keys, JoinType type,
                                                   arrow::MemoryPool* pool) const {
  return Prober::Make(*keys_, keys, type, pool);
}

Result<arrow::ArrayVector> LookupIndex::Gather(const Matches& matches,
                                               arrow::MemoryPool* pool) const {
  ARROW_ASSIGN_OR_RAISE(const GatherRows rows, RowsOf(matches, pool));
  return payload_->Gather(rows, pool);
}

const std::shared_ptr<arrow::Schema>& LookupIndex::payload_schema() const {
  return payload_->schema();
}

int64_t LookupIndex::num_rows() const { return keys_->num_rows(); }

int64_t LookupIndex::null_key_rows() const { return null_key_rows_; }

bool LookupIndex::unique() const { return keys_->unique(); }

int64_t LookupIndex::bytes() const {
  return keys_->allocated_bytes() + payload_->allocated_bytes();
}

}  // namespace spillway::join
