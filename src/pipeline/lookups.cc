#include "pipeline/lookups.h"

#include <algorithm>
#include <utility>

namespace spillway::pipeline {

void Lookups::Add(join::JoinType type, std::unique_ptr<join::LookupIndex> index) {
  lookups_.push_back({.type = type, .index = std::move(index)});
}

void Lookups::Add(join::JoinType type, std::unique_ptr<join::ExternalJoin> join) {
  lookups_.push_back({.type = type, .join = std::move(join)});
}

void Lookups::Add(join::JoinType type, std::unique_ptr<RangedLookup> ranged) {
  lookups_.push_back({.type = type, .ranged = std::move(ranged)});
}

Result<std::unique_ptr<join::Matcher>> Lookups::MakeMatcher(size_t lookup, const Piece& piece,
                                                            arrow::MemoryPool* pool) const {
  const Lookup& found = lookups_[lookup];
  if (found.index != nullptr) return join::MakeIndexMatcher(*found.index, found.type, pool);
  if (found.ranged != nullptr) return found.ranged->MakeMatcher(piece, found.type, pool);
  std::unique_ptr<join::PieceMatcher> matcher = found.join->MakeMatcher(found.type, pool);
  ARROW_RETURN_NOT_OK(matcher->StartPiece(NumberOf(piece)));
  return matcher;
}

bool Lookups::KeepRows(const Piece& piece) const {
  return std::ranges::all_of(lookups_, [&](const Lookup& lookup) {
    if (lookup.type != join::JoinType::kLeftOuter || lookup.ranged != nullptr) return false;
    return lookup.index != nullptr ? lookup.index->unique()
                                   : lookup.join->IsUnique(NumberOf(piece));
  });
}

void Lookups::Release(const Piece& piece) const {
  for (const Lookup& lookup : lookups_) {
    if (lookup.join != nullptr) lookup.join->ReleasePiece(NumberOf(piece));
  }
}

}  // namespace spillway::pipeline
