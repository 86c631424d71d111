// Puts a job on record in the ledger while it goes on: the run, its attempts, and the chunks that
// are committed. A ledger that cannot be opened or written never stops a run: what could not be
// written is tried again with the next event, and at the end the first fault is told.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "monitor/database.h"
#include "pipeline/job.h"
#include "spec/spec.h"

namespace spillway::monitor {

class RunRecorder : public pipeline::JobListener {
 public:
  // Begins the record of a run of `spec` in the ledger at `path`; an empty path keeps none.
  RunRecorder(const spec::Spec& spec, const std::string& path);

  void AttemptBegins(const pipeline::Plan& plan, int number) override;
  void ChunkCommitted(const pipeline::CommittedChunk& chunk) override;
  void AttemptFailed(const pipeline::FailedAttempt& attempt, int number) override;

  // The run ended with `status`, and came as far as `report` says. Returns why the record is not
  // whole, if it is not; a kLedger or storage error.
  Status End(const pipeline::JobReport& report, const Status& status);

 private:
  void Put(Statement statement);
  void Write(std::chrono::milliseconds patience);

  const std::string id_;
  const std::string pipeline_;
  const std::string target_;
  std::unique_ptr<Database> ledger_;  // null where it cannot be opened
  Status fault_;                      // the first one
  std::vector<Statement> waiting_;
  bool has_dropped_ = false;  // what was too much to wait
  int attempt_ = 0;
};

// Puts a validation on record in the ledger at `path`. Errors: kLedger, storage errors.
Status RecordValidation(const spec::Spec& spec, int64_t target_version, bool passed,
                        const std::string& report_json, const std::string& path);

}  // namespace spillway::monitor
