#include "pipeline/progress_record.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "spec/canonical_text.h"

namespace spillway::pipeline {
namespace {

std::string Pin(const delta::Snapshot& table) {
  return fmt::format("\n{}@{}", table.table_id(), table.version());
}

std::string AppId(const std::string& identity, int repetition) {
  return repetition == 0 ? identity : fmt::format("{}:{}", identity, repetition);
}

}  // namespace

std::string PlanIdentity(const spec::Spec& spec, const delta::Snapshot& source,
                         const std::vector<std::unique_ptr<delta::Snapshot>>& lookups) {
  std::string text = spec::CanonicalText(spec) + Pin(source);
  for (const auto& lookup : lookups) text += Pin(*lookup);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("spillway:{}:{:016x}{:016x}", spec.pipeline.text, hash.high64, hash.low64);
}

Result<ProgressRecord> FindProgress(const delta::Snapshot* target, const std::string& identity,
                                    bool fresh) {
  ProgressRecord latest{.app_id = identity};
  if (target == nullptr) return latest;
  for (int repetition = 0;; ++repetition) {
    ProgressRecord next{.app_id = AppId(identity, repetition)};
    ARROW_ASSIGN_OR_RAISE(next.committed_ordinal, target->LastTransactionVersion(next.app_id));
    if (!next.committed_ordinal) return fresh ? next : latest;
    latest = std::move(next);
  }
}

}  // namespace spillway::pipeline
