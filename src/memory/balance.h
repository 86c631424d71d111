// The balance of a budget: the bytes that nobody holds, and a tally of the rest by tag. It is the
// bookkeeping below Governor and Reservation; nobody else uses it.
//
// Thread rule: thread-safe. Taking and giving bytes are single atomic operations; only looking up a
// tag takes the mutex, and nothing foreign is ever called under it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::memory {

// A number that goes up and down and remembers its highest value.
class Gauge {
 public:
  void Add(int64_t delta);
  int64_t current() const { return current_.load(std::memory_order_relaxed); }
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> current_{0};
  std::atomic<int64_t> peak_{0};
};

// The memory of all reservations of one tag.
struct TagTally {
  std::string tag;
  Gauge held;    // reserved, or drawn above the reservation
  Gauge in_use;  // of that, what pools have allocated
};

// The same as plain numbers.
struct TagUsage {
  std::string tag;
  int64_t held_bytes;
  int64_t peak_held_bytes;
  int64_t in_use_bytes;
  int64_t peak_in_use_bytes;
};

class Balance {
 public:
  explicit Balance(int64_t capacity_bytes);

  // Takes `bytes` if so many are free.
  bool TryTake(int64_t bytes);

  // Takes as many bytes as are free, at most `wanted_bytes`; none if they are fewer than
  // `minimum_bytes`.
  std::optional<int64_t> TryTakeBetween(int64_t minimum_bytes, int64_t wanted_bytes);

  void Give(int64_t bytes);

  // The tally of `tag`, made at its first use. It lives as long as the balance, so that peaks
  // outlive the reservations they belong to.
  TagTally* TallyOf(std::string_view tag);

  int64_t capacity_bytes() const { return capacity_bytes_; }
  int64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }
  int64_t peak_held_bytes() const { return peak_held_bytes_.load(std::memory_order_relaxed); }

  // By tag, in the order of first use.
  std::vector<TagUsage> Usage() const;

  // Who holds memory now, the largest first: "lane 0 holds 64.0 MiB, lane 1 holds 12.0 MiB".
  std::string DescribeHolders() const;

 private:
  const int64_t capacity_bytes_;
  std::atomic<int64_t> free_bytes_;
  std::atomic<int64_t> peak_held_bytes_{0};
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<TagTally>> tallies_;  // guarded by mutex_
};

}  // namespace spillway::memory
