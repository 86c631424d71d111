// One run of a pipeline at a time: a file in the folder of its state that the running process holds
// locked, with its number and host in it, and touches every few seconds. The lock of a process that
// died is free. Where the file system has no locks, a file that nobody touches any more counts as
// free.
//
// It keeps two runs from doing the same work, and one from removing the other's files. What makes
// commits exactly once is the target's log, with this lock or without.
//
// Thread rule: one thread; the lock keeps a thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::state {

struct RunLockOptions {
  std::chrono::milliseconds heartbeat{5'000};     // how often the file is touched
  std::chrono::milliseconds stale_after{60'000};  // without locks: not touched for so long
  bool has_locks = true;                          // false: as on a file system that has none
};

class RunLock {
 public:
  // Takes the lock NAME.lock in `folder`, which is made if it is missing. Errors:
  // kRunIsAlive (says whose the lock is), kReadOnlyStorage, kStorageFull, kStorage.
  static Result<std::unique_ptr<RunLock>> Take(const std::string& folder, const std::string& name,
                                               const RunLockOptions& options = {});

  ~RunLock();  // gives it back, and removes the file, and the folder if it is empty
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  RunLock(std::string folder, std::string name, storage::FileDescriptor file,
          std::chrono::milliseconds heartbeat);
  void KeepTouching(const std::stop_token& stop, std::chrono::milliseconds heartbeat) const;

  const std::string folder_;
  const std::string name_;
  storage::FileDescriptor file_;
  std::jthread heart_;
};

}  // namespace spillway::state
