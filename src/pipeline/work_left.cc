#include "pipeline/work_left.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "pipeline/chunk_size.h"
#include "pipeline/state_folder.h"

namespace spillway::pipeline {
namespace {

int64_t CommittedRows(const Plan& plan) { return plan.committed_ordinal.value_or(0); }

// The kept chunks, and the ones behind them.
void CutInKeyOrder(int64_t chunk_rows, Plan* plan) {
  const int64_t last = plan->source->physical_rows();
  int64_t begin = CommittedRows(*plan);
  for (size_t i = 0; i < plan->kept.size(); ++i) {
    const int64_t end = plan->kept[i].end_ordinal;
    plan->chunks.push_back({.first_ordinal = begin, .end_ordinal = end, .kept = i});
    begin = end;
  }
  if (begin == last && !plan->chunks.empty()) return;
  for (const Chunk& chunk : CutKeyChunks(begin, plan->source->live_rows(), last, chunk_rows)) {
    plan->chunks.push_back(chunk);
  }
}

}  // namespace

void FindKept(Plan* plan) {
  if (!plan->keeps_pieces()) return;
  plan->kept = ReadCheckpoint(CheckpointPathOf(*plan), plan->work_identity, CommittedRows(*plan),
                              plan->target.path);
  const int64_t rows = plan->source->physical_rows();
  std::erase_if(plan->kept, [rows](const KeptPiece& piece) { return piece.end_ordinal > rows; });
  if (!plan->spec.in_key_order()) return;
  // Its rows are read from the first one on that is not kept.
  int64_t end = CommittedRows(*plan);
  const auto gap = std::ranges::find_if(plan->kept, [&end](const KeptPiece& piece) {
    return piece.first_ordinal != std::exchange(end, piece.end_ordinal);
  });
  plan->kept.erase(gap, plan->kept.end());
}

void CutWork(Plan* plan) {
  const int64_t first = CommittedRows(*plan);
  const int64_t last = plan->source->physical_rows();
  if (plan->finished()) return;
  const int64_t chunk_rows = plan->mode == RunMode::kStandard
                                 ? last + 1  // more than there are
                                 : plan->spec.processing.chunk_size_rows;
  if (plan->spec.in_key_order()) {
    CutInKeyOrder(chunk_rows, plan);
    return;
  }
  const LeftOutRows& left_out = plan->source->left_out_rows();
  const auto cut = [&](int64_t begin, int64_t end) {
    for (const Chunk& chunk : CutChunks(plan->source->files(), left_out, begin, end, chunk_rows)) {
      plan->chunks.push_back(chunk);
    }
  };
  const auto left_out_rows = [&left_out](int64_t begin, int64_t end) {
    return end - begin - left_out.ReadWithin(begin, end);
  };
  int64_t begin = first;
  for (size_t i = 0; i < plan->kept.size(); ++i) {
    const KeptPiece& kept = plan->kept[i];
    cut(begin, kept.first_ordinal);
    plan->chunks.push_back({.first_ordinal = kept.first_ordinal,
                            .end_ordinal = kept.end_ordinal,
                            .kept = i,
                            .left_out_rows = left_out_rows(kept.first_ordinal, kept.end_ordinal)});
    begin = kept.end_ordinal;
    // The rest of its chunk is one, as far as that is not kept too: so all that comes behind is cut
    // as it was, and what was joined of these pieces can be taken over.
    const int64_t next = i + 1 < plan->kept.size() ? plan->kept[i + 1].first_ordinal : last;
    const int64_t rest_end = std::min(kept.chunk_end, next);
    if (rest_end > begin && left_out.ReadWithin(begin, rest_end) <= MostChunkRows(chunk_rows)) {
      plan->chunks.push_back({.first_ordinal = begin,
                              .end_ordinal = rest_end,
                              .left_out_rows = left_out_rows(begin, rest_end)});
      begin = rest_end;
    }
  }
  cut(begin, last);
  // A source without rows has one commit all the same, which says that the run has finished.
  if (plan->chunks.empty()) plan->chunks = {{.first_ordinal = first, .end_ordinal = last}};
}

std::vector<Chunk> ChunksOfSource(const Plan& plan) {
  if (!plan.finished() && !plan.spec.in_key_order()) return plan.chunks;
  return {{.end_ordinal = plan.source->physical_rows(),
           .left_out_rows = plan.source->left_out_rows().count()}};
}

}  // namespace spillway::pipeline
