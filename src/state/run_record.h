// What a run leaves behind when it is killed, so that the next one can clean up after it: under
// which tags it writes data files, and since which version of the target. The record is there
// before the first file, and goes when the run ends.
//
// Thread rule: plain values and free functions; one process at a time, by RunLock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace spillway::state {

struct RunRecord {
  std::vector<std::string> file_tags;  // one of them is in the name of every file of the run
  int64_t first_version = 0;           // of the target: the first that may have such files
};

// Of NAME in `folder`; none where there is none, or a damaged one: a record is only ever a help.
// Errors: those of the disk, for who takes it to be gone would forget the files that it tells of.
Result<std::optional<RunRecord>> ReadRunRecord(const std::string& folder, const std::string& name);

// Durable on return. Errors: kReadOnlyStorage, kStorageFull, kStorage.
Status WriteRunRecord(const std::string& folder, const std::string& name, const RunRecord& record);

Status RemoveRunRecord(const std::string& folder, const std::string& name);

}  // namespace spillway::state
