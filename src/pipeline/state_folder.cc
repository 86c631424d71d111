#include "pipeline/state_folder.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace spillway::pipeline {

std::string StateFolderOf(const Plan& plan) { return plan.target.path + "/_spillway"; }

std::string StateNameOf(const spec::Spec& spec) {
  constexpr size_t kMostCharacters = 64;
  const std::string& pipeline = spec.pipeline.text;
  std::string name = pipeline.substr(0, kMostCharacters);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return fmt::format("{}-{:016x}", name, XXH3_64bits(pipeline.data(), pipeline.size()));
}

std::string CheckpointPathOf(const Plan& plan) {
  return fmt::format("{}/{}.checkpoint", StateFolderOf(plan), StateNameOf(plan.spec));
}

spill::SpillBase SpillBaseOf(const Plan& plan) {
  const std::optional<spec::LocatedText>& given = plan.spec.resources.spill_directory;
  if (given) return {.path = plan.spec.Resolve(*given)};
  return {.path = StateFolderOf(plan), .is_own = true};
}

}  // namespace spillway::pipeline
