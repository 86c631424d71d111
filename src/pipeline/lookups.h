// The lookups of a run, ready to be joined: each as an index in memory, joined out of core with the
// pieces of the source, or as an index of one range of keys at a time.
//
// Thread rule: Add by one thread; after that thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/external_join.h"
#include "join/lookup_index.h"
#include "join/matcher.h"
#include "pipeline/piece.h"
#include "pipeline/ranged_lookup.h"
#include "spill/spill_directory.h"

namespace spillway::pipeline {

class Lookups {
 public:
  // `spill_directory`: null where nothing spills.
  explicit Lookups(std::unique_ptr<spill::SpillDirectory> spill_directory)
      : spill_directory_(std::move(spill_directory)) {}

  void Add(join::JoinType type, std::unique_ptr<join::LookupIndex> index);
  void Add(join::JoinType type, std::unique_ptr<join::ExternalJoin> join);
  void Add(join::JoinType type, std::unique_ptr<RangedLookup> ranged);

  // The numbers that pieces have in the joins, by their own; without it they are the same.
  void NumberPieces(std::vector<int64_t> numbers) { piece_numbers_ = std::move(numbers); }

  // Whether the joins are those of an earlier run, which was killed.
  bool taken_over() const { return is_taken_over_; }
  void set_taken_over(bool is_taken_over) { is_taken_over_ = is_taken_over; }

  size_t size() const { return lookups_.size(); }

  // A matcher for rows of `piece`, from its first one on; all it gives out comes from `pool`.
  Result<std::unique_ptr<join::Matcher>> MakeMatcher(size_t lookup, const Piece& piece,
                                                     arrow::MemoryPool* pool) const;

  // Whether all rows of `piece` come out of all lookups as they went in, in number and order. False
  // may also mean that this is not known.
  bool KeepRows(const Piece& piece) const;

  // Says that nobody will read `piece` again.
  void Release(const Piece& piece) const;

  join::ExternalJoin* external_join(size_t lookup) const { return lookups_[lookup].join.get(); }
  spill::SpillDirectory* spill_directory() const { return spill_directory_.get(); }
  spill::SpillUsage spilled() const {
    return spill_directory_ == nullptr ? spill::SpillUsage{} : spill_directory_->usage();
  }

 private:
  struct Lookup {
    join::JoinType type;
    std::unique_ptr<join::LookupIndex> index = nullptr;  // one of the three
    std::unique_ptr<join::ExternalJoin> join = nullptr;
    std::unique_ptr<RangedLookup> ranged = nullptr;
  };
  int64_t NumberOf(const Piece& piece) const {
    return piece_numbers_.empty() ? piece.number
                                  : piece_numbers_[static_cast<size_t>(piece.number)];
  }

  std::unique_ptr<spill::SpillDirectory> spill_directory_;
  std::vector<Lookup> lookups_;
  std::vector<int64_t> piece_numbers_;
  bool is_taken_over_ = false;
};

}  // namespace spillway::pipeline
