#include "join/matcher.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>

#include "join/lookup_index.h"

namespace spillway::join {
namespace {

class IndexMatcher final : public Matcher {
 public:
  IndexMatcher(const LookupIndex& index, JoinType type, arrow::MemoryPool* pool)
      : index_(index), type_(type), pool_(pool) {}

  Status Start(const arrow::ArrayVector& keys) override {
    prober_.reset();
    ARROW_ASSIGN_OR_RAISE(prober_, index_.Probe(keys, type_, pool_));
    return Status::OK();
  }

  bool done() const override { return prober_ == nullptr || prober_->done(); }

  Result<MatchedRows> Next(int64_t max_output_rows) override {
    const Prober start = *prober_;
    ARROW_ASSIGN_OR_RAISE(Matches matches, prober_->Next(max_output_rows));
    MatchedRows rows{.num_rows = matches.num_rows(),
                     .one_to_one = matches.one_to_one,
                     .first_source_row = matches.first_source_row,
                     .source_rows = matches.source_rows,
                     .unmatched = matches.unmatched};
    Result<arrow::ArrayVector> payload = index_.Gather(matches, pool_);
    if (!payload.ok()) *prober_ = start;
    ARROW_ASSIGN_OR_RAISE(rows.payload, std::move(payload));
    return rows;
  }

  bool unique() const override { return index_.unique(); }

  const std::shared_ptr<arrow::Schema>& payload_schema() const override {
    return index_.payload_schema();
  }

 private:
  const LookupIndex& index_;
  const JoinType type_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<Prober> prober_;
};

}  // namespace

std::unique_ptr<Matcher> MakeIndexMatcher(const LookupIndex& index, JoinType type,
                                          arrow::MemoryPool* pool) {
  return std::make_unique<IndexMatcher>(index, type, pool);
}

}  // namespace spillway::join
