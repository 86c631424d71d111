#include "cli/expectation_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"

namespace spillway::cli {

std::string ExpectationText(const pipeline::BoundExpectation& expectation,
                            const pipeline::ExpectationCount& count) {
  return fmt::format("{}: {} of {} rows do not meet it ({})", expectation.name,
                     FormatCount(count.not_met), FormatCount(count.rows),
                     spec::ActionName(expectation.action));
}

nlohmann::ordered_json ExpectationJson(const pipeline::BoundExpectation& expectation,
                                       const pipeline::ExpectationCount& count) {
  return {{"name", expectation.name},
          {"action", spec::ActionName(expectation.action)},
          {"rows", count.rows},
          {"not_met_rows", count.not_met}};
}

}  // namespace spillway::cli
