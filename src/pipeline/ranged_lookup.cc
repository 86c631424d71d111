#include "pipeline/ranged_lookup.h"

#include <algorithm>
#include <utility>

#include "pipeline/build_index.h"

namespace spillway::pipeline {
namespace {

// A matcher of an index that stays while `use` lives.
class RangedMatcher final : public join::Matcher {
 public:
  RangedMatcher(std::shared_ptr<const void> use, std::unique_ptr<join::Matcher> matcher)
      : use_(std::move(use)), matcher_(std::move(matcher)) {}

  Status Start(const arrow::ArrayVector& keys) override { return matcher_->Start(keys); }
  bool done() const override { return matcher_->done(); }
  Result<join::MatchedRows> Next(int64_t max_output_rows) override {
    return matcher_->Next(max_output_rows);
  }
  bool unique() const override { return matcher_->unique(); }
  const std::shared_ptr<arrow::Schema>& payload_schema() const override {
    return matcher_->payload_schema();
  }

 private:
  const std::shared_ptr<const void> use_;  // declared first: it goes last
  const std::unique_ptr<join::Matcher> matcher_;
};

}  // namespace

class RangedLookup::Use {
 public:
  explicit Use(RangedLookup* lookup) : lookup_(lookup) {}
  ~Use() {
    const std::lock_guard lock(lookup_->mutex_);
    --lookup_->uses_;
    lookup_->changed_.notify_all();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  RangedLookup* const lookup_;
};

RangedLookup::RangedLookup(const RunContext& context, size_t lookup, const KeyRangePlan& plan,
                           Moment moment)
    : context_(context), lookup_(lookup), plan_(plan), moment_(moment) {}

Result<std::unique_ptr<join::Matcher>> RangedLookup::MakeMatcher(const Piece& piece,
                                                                 join::JoinType type,
                                                                 arrow::MemoryPool* pool) {
  const auto range =
      std::ranges::upper_bound(plan_.ranges, piece.number, {}, &KeyRange::end_piece) -
      plan_.ranges.begin();
  ARROW_ASSIGN_OR_RAISE(auto use, Enter(static_cast<size_t>(range)));
  return std::make_unique<RangedMatcher>(std::move(use),
                                         join::MakeIndexMatcher(*index_, type, pool));
}

Result<std::shared_ptr<RangedLookup::Use>> RangedLookup::Enter(size_t range) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !is_building_ && (current_ == range || uses_ == 0); });
  if (current_ != range) {
    is_building_ = true;
    current_.reset();
    lock.unlock();
    const Status status = Build(range);
    lock.lock();
    is_building_ = false;
    if (status.ok()) current_ = range;
    changed_.notify_all();
    ARROW_RETURN_NOT_OK(status);
  }
  ++uses_;
  return std::make_shared<Use>(this);
}

Status RangedLookup::Build(size_t range) {
  index_.reset();     // there is room for one
  Progress progress;  // of the run: lookups are not among its rows
  RunContext context = context_;
  context.progress = &progress;
  return BuildIndex(context, lookup_, plan_.ranges[range].rows, moment_).Value(&index_);
}

}  // namespace spillway::pipeline
