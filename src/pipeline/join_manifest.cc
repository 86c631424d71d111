#include "pipeline/join_manifest.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "join/bucket_reader.h"
#include "pipeline/build_index.h"
#include "pipeline/lookup_plan.h"
#include "pipeline/state_folder.h"
#include "spill/manifest.h"

namespace spillway::pipeline {
namespace {

bool CanBeTakenOver(const Plan& plan) {
  return plan.spills() && plan.keeps_pieces() && !plan.spec.in_key_order() && plan.rows_are_fixed();
}

bool IsExternal(const Plan& plan, size_t lookup) {
  return plan.external_joins[lookup] && !plan.external_joins[lookup]->ranges;
}

std::string SubjectOf(const Plan& plan) { return "joins of " + plan.work_identity; }

// What decides how matches are read, of a join's sizes.
struct ReadingSizes {
  int64_t bucket_bits;
  int64_t bucket_bytes;
  int64_t match_block_bytes;
  int64_t write_bytes;

  static ReadingSizes Of(const join::ExternalJoinSizes& sizes) {
    return {.bucket_bits = sizes.bucket_bits,
            .bucket_bytes = sizes.bucket_bytes,
            .match_block_bytes = sizes.match_block_bytes,
            .write_bytes = sizes.write_bytes};
  }

  // The most that a lane takes to read them.
  int64_t lane_bytes() const {
    return join::BucketReader::EstimateBytes(bucket_bytes, static_cast<int>(bucket_bits),
                                             match_block_bytes, write_bytes, kCompressSpilled);
  }
};

struct PieceRange {
  int64_t first_ordinal;
  int64_t end_ordinal;
};

Status Save(const Plan& plan, const std::vector<Piece>& pieces, const Lookups& lookups) {
  spill::SpillDirectory* directory = lookups.spill_directory();
  ARROW_ASSIGN_OR_RAISE(const auto manifest,
                        spill::ManifestWriter::Make(*directory, SubjectOf(plan)));
  ARROW_RETURN_NOT_OK(manifest->Put(static_cast<int64_t>(pieces.size())));
  for (const Piece& piece : pieces) {
    ARROW_RETURN_NOT_OK(manifest->Put(PieceRange{piece.first_ordinal, piece.end_ordinal}));
  }
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    if (!IsExternal(plan, i)) continue;
    ARROW_RETURN_NOT_OK(manifest->Put(ReadingSizes::Of(plan.external_joins[i]->external.sizes)));
    ARROW_RETURN_NOT_OK(lookups.external_join(i)->Save(manifest.get()));
  }
  return manifest->Finish();
}

// Fails where the manifest is not of these pieces; then nothing is to be taken over.
Status Load(const RunContext& context, const std::vector<Piece>& pieces, EarlierJoins* earlier) {
  const Plan& plan = context.plan;
  ARROW_ASSIGN_OR_RAISE(const auto manifest,
                        spill::ManifestReader::Open(*earlier->directory, SubjectOf(plan),
                                                    context.memory.lookup_pool()));
  if (manifest == nullptr) return Status::Invalid("no manifest");

  ARROW_ASSIGN_OR_RAISE(const int64_t count, manifest->Get<int64_t>());
  std::map<int64_t, std::pair<int64_t, int64_t>> numbers;  // by first ordinal: the end, the number
  for (int64_t number = 0; number < count; ++number) {
    ARROW_ASSIGN_OR_RAISE(const auto range, manifest->Get<PieceRange>());
    if (range.first_ordinal < range.end_ordinal) {
      numbers[range.first_ordinal] = {range.end_ordinal, number};
    }
  }
  std::vector<bool> is_wanted(static_cast<size_t>(count));
  for (const Piece& piece : pieces) {
    int64_t& number = earlier->piece_numbers.emplace_back(0);
    if (piece.kept || piece.num_rows() == 0) continue;
    const auto found = numbers.find(piece.first_ordinal);
    if (found == numbers.end() || found->second.first != piece.end_ordinal) {
      return Status::Invalid("the source is cut in another way");
    }
    number = found->second.second;
    is_wanted[static_cast<size_t>(number)] = true;
  }
  // What is wanted beyond the plan: at most, the lists of blocks are as long as the manifest.
  int64_t more_bytes = manifest->size_bytes();
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    auto& join = earlier->joins.emplace_back();
    if (!IsExternal(plan, i)) continue;
    ARROW_ASSIGN_OR_RAISE(const auto sizes, manifest->Get<ReadingSizes>());
    join::ExternalJoinOptions options =
        ExternalJoinOptionsOf(context, i, count, earlier->directory.get());
    more_bytes += plan.lanes * (sizes.lane_bytes() - ReadingSizes::Of(options.sizes).lane_bytes());
    more_bytes -= options.sizes.resident_bytes;  // for matches in memory, and none are
    if (more_bytes > 0) return Status::Invalid("the plan has less memory for it");
    options.sizes.bucket_bits = static_cast<int>(sizes.bucket_bits);
    options.sizes.bucket_bytes = sizes.bucket_bytes;
    options.sizes.match_block_bytes = sizes.match_block_bytes;
    options.sizes.write_bytes = sizes.write_bytes;
    ARROW_ASSIGN_OR_RAISE(join, join::ExternalJoin::Make(std::move(options)));
    ARROW_RETURN_NOT_OK(join->Load(manifest.get()));
    for (int64_t number = 0; number < count; ++number) {
      if (!is_wanted[static_cast<size_t>(number)]) {
        join->ReleasePiece(number);
      } else if (!join->IsThere(number)) {
        return Status::Invalid("a spill file is missing");
      }
    }
  }
  return Status::OK();
}

}  // namespace

std::optional<EarlierJoins> TakeOverJoins(const RunContext& context,
                                          const std::vector<Piece>& pieces) {
  const Plan& plan = context.plan;
  if (!CanBeTakenOver(plan)) return std::nullopt;
  EarlierJoins earlier{.directory =
                           spill::SpillDirectory::TakeOver(SpillBaseOf(plan), plan.app_id)};
  if (earlier.directory == nullptr) return std::nullopt;
  spill::SpillDirectory::RemoveDead(SpillBaseOf(plan));  // what others left
  if (Load(context, pieces, &earlier).ok()) return earlier;
  earlier.joins.clear();  // before the directory of their files
  return std::nullopt;
}

void SaveJoins(const RunContext& context, const std::vector<Piece>& pieces,
               const Lookups& lookups) {
  if (!CanBeTakenOver(context.plan)) return;
  int64_t in_memory = 0;
  int64_t in_all = 0;
  for (size_t i = 0; i < lookups.size(); ++i) {
    if (!IsExternal(context.plan, i)) continue;
    in_memory += lookups.external_join(i)->match_bytes_in_memory();
    in_all += lookups.external_join(i)->match_bytes();
  }
  if (!context.plan.saves_spilled(in_memory, in_all)) return;
  // Without a manifest a killed run joins again, no more.
  static_cast<void>(Save(context.plan, pieces, lookups));
}

}  // namespace spillway::pipeline
