// A reservation: bytes of the budget that belong to one owner until it gives them back or ends.
// Memory that our pools do not allocate (Rust, Thrift, stacks) is covered by holding a reservation;
// memory that a GovernedPool allocates is charged to the pool's reservation first, and above it to
// what is free in the governor.
//
// Thread rule: TryCharge, Uncharge and the accessors may be called from any thread. GrowTo,
// ShrinkTo and moving belong to the owner, one thread at a time. The governor must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "memory/balance.h"

namespace spillway::memory {

class Reservation {
 public:
  // For Governor::Reserve: takes over `granted_bytes` that were taken from `balance` already.
  Reservation(Balance* balance, TagTally* tally, int64_t minimum_bytes, int64_t granted_bytes);

  Reservation(Reservation&&) noexcept;
  Reservation& operator=(Reservation&&) noexcept;
  ~Reservation();  // gives everything back; nothing may be charged any more

  const std::string& tag() const;
  int64_t minimum_bytes() const;
  int64_t granted_bytes() const;
  int64_t charged_bytes() const;  // what TryCharge took and Uncharge did not give back

  // Raises the grant to `bytes`; keeps it when it is that large already. Never blocks; fails with
  // kBudgetExceeded, and the grant stays as it was, where not enough is free.
  Status GrowTo(int64_t bytes);

  // Lowers the grant to `bytes`; keeps it when it is that small already. What is charged above the
  // new grant goes back to the governor as it is uncharged.
  void ShrinkTo(int64_t bytes);

  // Charges `bytes` to the grant, and what the grant lacks to the governor's free bytes. False, and
  // nothing changes, where those are too few. Inside the grant this is one compare-and-add. Never
  // blocks. While other threads charge the same last bytes of the budget it may be refused although
  // one of them fails too; it is never granted too much.
  bool TryCharge(int64_t bytes);

  // Takes back a charge of `bytes`.
  void Uncharge(int64_t bytes);

  // The error for a charge of `bytes` that was refused: kBudgetExceeded, an arrow OutOfMemory.
  Status RefusedCharge(int64_t bytes) const;

 private:
  class Account;
  std::unique_ptr<Account> account_;
};

}  // namespace spillway::memory
