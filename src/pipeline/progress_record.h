// How far a run came, as the target's log tells it. A run is known by its identity: the pipeline's
// name and a hash of all that decides its rows, the inputs' pinned versions among it. Its commits
// carry a txn action with an app id made from that identity, and as version the ordinal behind the
// last source row that is committed. So the log alone says where to go on, and whether a run that
// goes on would be another one.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "delta/snapshot.h"
#include "pipeline/inputs.h"
#include "spec/spec.h"

namespace spillway::pipeline {

struct ProgressRecord {
  std::string app_id;
  std::optional<int64_t> committed_ordinal;  // none: nothing was committed under app_id
};

// All that decides a run's rows, in lines: the pipeline, and the inputs' pinned versions.
struct PlanText {
  std::string whole;  // its hash is the run's identity
  // With the names of string variables, whose values may be secrets. It stands in every commit of
  // the run, so that another run can tell what has changed since.
  std::string shown;
};
PlanText MakePlanText(const spec::Spec& spec, const std::vector<InputPin>& pins);

// The pins in a PlanText::shown; empty where it has none.
std::vector<InputPin> PinsIn(const std::string& plan_text);

// "spillway:silver_accident:0123456789abcdef0123456789abcdef", the hash that of the whole text.
std::string PlanIdentity(const spec::Spec& spec, const PlanText& plan_text);

// What a run must be that goes on with what a killed one has left: it writes the rows of `app_id`,
// and has the same expectations, by which they were judged, and whose columns were read with them.
std::string WorkIdentity(const spec::Spec& spec, const std::string& app_id);

// The operation parameters of a run's commits.
inline constexpr char kPlanParameter[] = "spillwayPlan";              // PlanText::shown
inline constexpr char kSourceRowsParameter[] = "spillwaySourceRows";  // where its progress ends

// The run of a pipeline that committed last to a table.
struct LastRun {
  std::string app_id;
  std::string identity;     // of its plan
  std::string plan_text;    // empty where its commit does not tell
  int64_t version = 0;      // of the table, that it committed last
  bool is_finished = true;  // also where its commit does not tell
};

// Looks back through the commits of `target` that the log still has, ten thousand at most.
Result<std::optional<LastRun>> FindLastRun(const delta::Snapshot& target,
                                           const spec::LocatedText& pipeline);

// What the runs of a pipeline left in a table, as far as its log tells.
struct WrittenRows {
  int64_t rows = 0;           // in files that are live and were added by the pipeline's commits
  int64_t first_version = 0;  // of the last run's commits
};
Result<WrittenRows> FindWrittenRows(const delta::Snapshot& target,
                                    const spec::LocatedText& pipeline, const LastRun& last);

// "- where id > 3" and "+ where id > 4": the lines in which two plans differ.
std::string PlanDifference(const std::string& before, const std::string& now);

// The latest run of `identity` in `target` (null: there is no table yet); with `fresh`, a run that
// has not begun, or the one with the app id `ours`: the n-th repetition of a run has ":n" at the
// end of its app id.
Result<ProgressRecord> FindProgress(const delta::Snapshot* target, const std::string& identity,
                                    bool fresh, std::string_view ours = {});

}  // namespace spillway::pipeline
