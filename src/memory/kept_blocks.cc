#include "memory/kept_blocks.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace spillway::memory {
namespace {

// More than the sizes that a lane has in flight; few enough for a linear search.
constexpr size_t kMostBlocks = 64;

}  // namespace

std::optional<KeptBlocks::Block> KeptBlocks::Take(int64_t size) {
  const std::lock_guard lock(mutex_);
  const auto nearest = std::min_element(
      blocks_.begin(), blocks_.end(), [size](const Block& left, const Block& right) {
        return std::abs(left.size - size) < std::abs(right.size - size);
      });
  if (nearest == blocks_.end()) return std::nullopt;
  if (nearest->size < size / 2 || nearest->size / 2 > size) return std::nullopt;
  const Block block = *nearest;
  blocks_.erase(nearest);
  count_.store(blocks_.size());
  return block;
}

std::optional<KeptBlocks::Block> KeptBlocks::TakeAtLeast(int64_t size) {
  const std::lock_guard lock(mutex_);
  auto best = blocks_.end();
  for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
    if (block->size < size || block->size / 2 >= size) continue;
    if (best == blocks_.end() || block->size < best->size) best = block;
  }
  if (best == blocks_.end()) return std::nullopt;
  const Block block = *best;
  blocks_.erase(best);
  count_.store(blocks_.size());
  return block;
}

std::optional<KeptBlocks::Block> KeptBlocks::Keep(Block block) {
  const std::lock_guard lock(mutex_);
  std::optional<Block> oldest;
  if (blocks_.size() == kMostBlocks) {
    oldest = blocks_.front();
    blocks_.erase(blocks_.begin());
  }
  blocks_.push_back(block);
  count_.store(blocks_.size());
  return oldest;
}

std::vector<KeptBlocks::Block> KeptBlocks::TakeAll() {
  if (count_.load() == 0) return {};
  const std::lock_guard lock(mutex_);
  count_.store(0);
  return std::exchange(blocks_, {});
}

}  // namespace spillway::memory
