// How the bytes move. An account holds granted + overdrawn bytes; each of them is either charged or
// available:
//
//   granted + overdrawn = charged + available
//
// A charge takes from `available` with one compare-and-add. What it lacks is taken from the balance
// and becomes overdrawn. Bytes that come back are available first; Settle then gives as many of
// them back to the balance as are overdrawn. Every step either claims bytes or hands on bytes that
// it has claimed, so no interleaving makes or loses a byte; at worst a concurrent charge sees fewer
// available bytes for a moment than there will be.
#include "memory/reservation.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

// Takes up to `wanted` from `pot`, never below zero; returns what it took.
int64_t Claim(std::atomic<int64_t>* pot, int64_t wanted) {
  int64_t value = pot->load();
  int64_t claimed = 0;
  do {
    claimed = std::clamp<int64_t>(value, 0, wanted);
    if (claimed == 0) return 0;
  } while (!pot->compare_exchange_weak(value, value - claimed));
  return claimed;
}

}  // namespace

class Reservation::Account {
 public:
  Account(Balance* balance, TagTally* tally, int64_t minimum_bytes, int64_t granted_bytes)
      : balance_(balance),
        tally_(tally),
        minimum_bytes_(minimum_bytes),
        granted_(granted_bytes),
        available_(granted_bytes) {
    tally_->held.Add(granted_bytes);
  }

  ~Account() {
    if (charged_.load() != 0) {
      std::fprintf(stderr, "spillway: the reservation \"%s\" ended with %lld bytes charged\n",
                   tally_->tag.c_str(), static_cast<long long>(charged_.load()));
      std::abort();
    }
    HandBack(granted_.load() + overdrawn_.load());
  }

  const std::string& tag() const { return tally_->tag; }
  int64_t minimum_bytes() const { return minimum_bytes_; }
  int64_t granted_bytes() const { return granted_.load(); }
  int64_t charged_bytes() const { return charged_.load(); }
  const Balance& balance() const { return *balance_; }

  bool TryCharge(int64_t bytes) {
    int64_t available = available_.load();
    while (true) {
      const int64_t drawn = std::clamp<int64_t>(available, 0, bytes);
      const int64_t shortage = bytes - drawn;
      if (shortage > 0 && !balance_->TryTake(shortage)) {
        if (available_.load() <= available) return false;
        available = available_.load();  // others gave some back in the meantime
        continue;
      }
      if (available_.compare_exchange_weak(available, available - drawn)) {
        if (shortage > 0) Overdraw(shortage);
        break;
      }
      if (shortage > 0) balance_->Give(shortage);
    }
    charged_.fetch_add(bytes);
    tally_->in_use.Add(bytes);
    return true;
  }

  void Uncharge(int64_t bytes) {
    charged_.fetch_sub(bytes);
    tally_->in_use.Add(-bytes);
    available_.fetch_add(bytes);
    Settle();
  }

  // What is overdrawn becomes part of the grant first: it is held already.
  bool TryRaise(int64_t bytes) {
    const int64_t converted = Claim(&overdrawn_, bytes);
    const int64_t missing = bytes - converted;
    if (missing > 0 && !balance_->TryTake(missing)) {
      overdrawn_.fetch_add(converted);
      Settle();
      return false;
    }
    granted_.fetch_add(bytes);
    tally_->held.Add(missing);
    available_.fetch_add(missing);
    return true;
  }

  void Lower(int64_t bytes) {
    granted_.fetch_sub(bytes);
    overdrawn_.fetch_add(bytes);
    Settle();
  }

 private:
  void Overdraw(int64_t bytes) {
    tally_->held.Add(bytes);
    overdrawn_.fetch_add(bytes);
    Settle();
  }

  void HandBack(int64_t bytes) {
    tally_->held.Add(-bytes);
    balance_->Give(bytes);
  }

  // Gives available bytes back as long as some are overdrawn. Whoever raises one of the two calls
  // it after, so whoever comes last sees both.
  void Settle() {
    while (overdrawn_.load() > 0 && available_.load() > 0) {
      const int64_t claimed = Claim(&available_, overdrawn_.load());
      const int64_t repaid = Claim(&overdrawn_, claimed);
      if (claimed > repaid) available_.fetch_add(claimed - repaid);
      HandBack(repaid);
    }
  }

  Balance* const balance_;
  TagTally* const tally_;
  const int64_t minimum_bytes_;
  std::atomic<int64_t> granted_;
  std::atomic<int64_t> available_;
  std::atomic<int64_t> overdrawn_{0};
  std::atomic<int64_t> charged_{0};
};

Reservation::Reservation(Balance* balance, TagTally* tally, int64_t minimum_bytes,
                         int64_t granted_bytes)
    : account_(std::make_unique<Account>(balance, tally, minimum_bytes, granted_bytes)) {}

Reservation::Reservation(Reservation&&) noexcept = default;
Reservation& Reservation::operator=(Reservation&&) noexcept = default;
Reservation::~Reservation() = default;

const std::string& Reservation::tag() const { return account_->tag(); }
int64_t Reservation::minimum_bytes() const { return account_->minimum_bytes(); }
int64_t Reservation::granted_bytes() const { return account_->granted_bytes(); }
int64_t Reservation::charged_bytes() const { return account_->charged_bytes(); }

Status Reservation::GrowTo(int64_t bytes) {
  const int64_t missing = bytes - granted_bytes();
  if (missing <= 0 || account_->TryRaise(missing)) return Status::OK();
  const Balance& balance = account_->balance();
  return MakeError({.code = ErrorCode::kBudgetExceeded,
                    .what = fmt::format("{} cannot grow from {} to {}: only {} of {} is free",
                                        tag(), FormatByteSize(granted_bytes()),
                                        FormatByteSize(bytes), FormatByteSize(balance.free_bytes()),
                                        FormatByteSize(balance.capacity_bytes())),
                    .why = balance.DescribeHolders(),
                    .cure = "raise --memory, or lower processing.chunk_size"});
}

void Reservation::ShrinkTo(int64_t bytes) {
  const int64_t surplus = granted_bytes() - std::max<int64_t>(bytes, 0);
  if (surplus > 0) account_->Lower(surplus);
}

bool Reservation::TryCharge(int64_t bytes) { return account_->TryCharge(bytes); }

void Reservation::Uncharge(int64_t bytes) { account_->Uncharge(bytes); }

Status Reservation::RefusedCharge(int64_t bytes) const {
  const Balance& balance = account_->balance();
  return MakeError(
      {.code = ErrorCode::kBudgetExceeded,
       .what = fmt::format("{} asked for {} with {} in use, but only {} of {} is free", tag(),
                           FormatByteSize(bytes), FormatByteSize(charged_bytes()),
                           FormatByteSize(balance.free_bytes()),
                           FormatByteSize(balance.capacity_bytes())),
       .why = balance.DescribeHolders(),
       .cure = "raise --memory, or lower processing.chunk_size"});
}

}  // namespace spillway::memory
