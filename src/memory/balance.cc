#include "memory/balance.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/units.h"

namespace spillway::memory {
namespace {

constexpr size_t kHoldersShown = 8;

void RaiseTo(std::atomic<int64_t>* peak, int64_t value) {
  int64_t seen = peak->load(std::memory_order_relaxed);
  while (seen < value && !peak->compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

void Gauge::Add(int64_t delta) {
  const int64_t value = current_.fetch_add(delta, std::memory_order_relaxed) + delta;
  if (delta > 0) RaiseTo(&peak_, value);
}

Balance::Balance(int64_t capacity_bytes)
    : capacity_bytes_(capacity_bytes), free_bytes_(capacity_bytes) {}

bool Balance::TryTake(int64_t bytes) { return TryTakeBetween(bytes, bytes).has_value(); }

std::optional<int64_t> Balance::TryTakeBetween(int64_t minimum_bytes, int64_t wanted_bytes) {
  int64_t free = free_bytes_.load();
  int64_t taken = 0;
  do {
    taken = std::min(wanted_bytes, free);
    if (taken < minimum_bytes) return std::nullopt;
  } while (!free_bytes_.compare_exchange_weak(free, free - taken));
  RaiseTo(&peak_held_bytes_, capacity_bytes_ - (free - taken));
  return taken;
}

void Balance::Give(int64_t bytes) { free_bytes_.fetch_add(bytes); }

TagTally* Balance::TallyOf(std::string_view tag) {
  const std::lock_guard lock(mutex_);
  for (const auto& tally : tallies_) {
    if (tally->tag == tag) return tally.get();
  }
  tallies_.push_back(std::make_unique<TagTally>());
  tallies_.back()->tag = tag;
  return tallies_.back().get();
}

std::vector<TagUsage> Balance::Usage() const {
  const std::lock_guard lock(mutex_);
  std::vector<TagUsage> usage;
  usage.reserve(tallies_.size());
  for (const auto& tally : tallies_) {
    usage.push_back({tally->tag, tally->held.current(), tally->held.peak(), tally->in_use.current(),
                     tally->in_use.peak()});
  }
  return usage;
}

std::string Balance::DescribeHolders() const {
  std::vector<TagUsage> holders = Usage();
  std::erase_if(holders, [](const TagUsage& usage) { return usage.held_bytes <= 0; });
  if (holders.empty()) return "nothing else is held";
  std::sort(holders.begin(), holders.end(), [](const TagUsage& left, const TagUsage& right) {
    return std::tie(right.held_bytes, left.tag) < std::tie(left.held_bytes, right.tag);
  });
  std::string text;
  for (size_t i = 0; i < std::min(holders.size(), kHoldersShown); ++i) {
    text += fmt::format("{}{} holds {}", i == 0 ? "" : ", ", holders[i].tag,
                        FormatByteSize(holders[i].held_bytes));
  }
  if (holders.size() > kHoldersShown) {
    text += fmt::format(", and {} more", holders.size() - kHoldersShown);
  }
  return text;
}

}  // namespace spillway::memory
