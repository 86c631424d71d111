// The joins of a run that was killed, taken over by the run that goes on after it: what each piece
// of the source matches lies in the spill directory, and a manifest there says where. It is only
// ever a help: what is missing or does not fit is joined again.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "join/external_join.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"
#include "spill/spill_directory.h"

namespace spillway::pipeline {

struct EarlierJoins {
  std::unique_ptr<spill::SpillDirectory> directory;
  std::vector<std::unique_ptr<join::ExternalJoin>> joins;  // by lookup; null where it is not one
  std::vector<int64_t> piece_numbers;  // in the joins, by the number of the run's piece
};

// What an earlier run of the same plan has joined of all `pieces` that are not kept; none where
// there is no such run, where it cut the source in another way or had more memory to read matches,
// or where the machine was started anew since.
std::optional<EarlierJoins> TakeOverJoins(const RunContext& context,
                                          const std::vector<Piece>& pieces);

// Writes the manifest of `lookups`, which are joined with `pieces` and not read yet. Does nothing
// where most of the matches are in memory: to write them would cost every run what few need, and a
// join that fits the memory does not take long. Nor in key order, or where rows depend on the time.
void SaveJoins(const RunContext& context, const std::vector<Piece>& pieces, const Lookups& lookups);

}  // namespace spillway::pipeline
