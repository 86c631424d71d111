#include "memory/governor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

std::string AtLeast(int64_t bytes) { return fmt::format("use {} or more", MemoryFlag(bytes)); }

Status NeverFits(const Governor& governor, const std::string& tag, int64_t minimum_bytes) {
  return MakeError({.code = ErrorCode::kBudgetTooSmall,
                    .what = fmt::format(
                        "{} needs at least {} of memory, but the budget of {} leaves only {}", tag,
                        FormatByteSize(minimum_bytes), FormatByteSize(governor.budget_bytes()),
                        FormatByteSize(governor.capacity_bytes())),
                    .why = fmt::format("the program itself needs {} of the budget",
                                       FormatByteSize(governor.overhead_bytes())),
                    .cure = AtLeast(governor.overhead_bytes() + minimum_bytes)});
}

Status NotFree(const Governor& governor, const std::string& tag, int64_t minimum_bytes,
               int64_t held_bytes, std::string holders) {
  const int64_t budget_that_would_do = governor.overhead_bytes() + held_bytes + minimum_bytes;
  return MakeError({.code = ErrorCode::kBudgetExceeded,
                    .what = fmt::format("{} needs at least {} of memory, but only {} of {} is free",
                                        tag, FormatByteSize(minimum_bytes),
                                        FormatByteSize(governor.capacity_bytes() - held_bytes),
                                        FormatByteSize(governor.capacity_bytes())),
                    .why = std::move(holders),
                    .cure = AtLeast(budget_that_would_do)});
}

}  // namespace

Governor::Governor(int64_t budget_bytes, int64_t overhead_bytes)
    : budget_bytes_(budget_bytes), balance_(budget_bytes - overhead_bytes) {}

Result<std::unique_ptr<Governor>> Governor::Make(int64_t budget_bytes, int64_t overhead_bytes) {
  if (overhead_bytes < 0) return Status::Invalid("negative overhead: ", overhead_bytes);
  if (budget_bytes <= overhead_bytes) {
    return MakeError(
        {.code = ErrorCode::kBudgetTooSmall,
         .what = fmt::format("a memory budget of {} is too small", FormatByteSize(budget_bytes)),
         .why = fmt::format("the program itself needs {} before it reads a row",
                            FormatByteSize(overhead_bytes)),
         .cure = AtLeast(overhead_bytes + kMiB)});
  }
  return std::unique_ptr<Governor>(new Governor(budget_bytes, overhead_bytes));
}

Result<Reservation> Governor::Reserve(const std::string& tag, int64_t minimum_bytes,
                                      int64_t wanted_bytes) {
  if (minimum_bytes < 0 || wanted_bytes < minimum_bytes) {
    return Status::Invalid("reservation of ", tag, ": minimum ", minimum_bytes, ", wanted ",
                           wanted_bytes);
  }
  if (minimum_bytes > capacity_bytes()) return NeverFits(*this, tag, minimum_bytes);
  const std::optional<int64_t> granted = balance_.TryTakeBetween(minimum_bytes, wanted_bytes);
  if (!granted) {
    return NotFree(*this, tag, minimum_bytes, held_bytes(), balance_.DescribeHolders());
  }
  return Reservation(&balance_, balance_.TallyOf(tag), minimum_bytes, *granted);
}

}  // namespace spillway::memory
