// The governor: one per run, it owns the budget. Whoever needs memory in quantity reserves it here
// first, so that the sum never passes the budget. It never blocks and never calls anybody back: a
// request that does not fit fails at once, and the caller decides what to do with less.
//
//   budget = overhead (the program itself, and what pools cannot see) + capacity
//   capacity = free + held by reservations
//
// Thread rule: thread-safe. It must outlive its reservations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "memory/balance.h"
#include "memory/reservation.h"

namespace spillway::memory {

class Governor {
 public:
  // Fails with kBudgetTooSmall where the overhead leaves nothing.
  static Result<std::unique_ptr<Governor>> Make(int64_t budget_bytes, int64_t overhead_bytes);

  // Grants as much as is free, at least `minimum_bytes` and at most `wanted_bytes`, for `tag`
  // ("lane 0", "index of predictions"); several reservations may share a tag. Fails with
  // kBudgetTooSmall where the minimum is larger than the whole capacity, with kBudgetExceeded where
  // others hold it; both name the numbers, the holders, and the budget that would do.
  Result<Reservation> Reserve(const std::string& tag, int64_t minimum_bytes, int64_t wanted_bytes);

  int64_t budget_bytes() const { return budget_bytes_; }
  int64_t overhead_bytes() const { return budget_bytes_ - balance_.capacity_bytes(); }
  int64_t capacity_bytes() const { return balance_.capacity_bytes(); }
  int64_t free_bytes() const { return balance_.free_bytes(); }
  int64_t held_bytes() const { return balance_.capacity_bytes() - balance_.free_bytes(); }
  int64_t peak_held_bytes() const { return balance_.peak_held_bytes(); }

  // Every tag that ever reserved, in that order, with what it holds and its peaks.
  std::vector<TagUsage> Usage() const { return balance_.Usage(); }

 private:
  Governor(int64_t budget_bytes, int64_t overhead_bytes);

  const int64_t budget_bytes_;
  Balance balance_;
};

}  // namespace spillway::memory
