// The folder that a run spills into: BASE/spillway-spill-<pid>-<random>, mode 0700, with a lock
// file that the process holds locked while it lives. What a dead process left behind is known by
// its lock, which can be taken, and is removed when the next run of the same base starts.
//
// Thread rule: CreateFile and usage may be called from any thread. It must outlive its files.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "spill/spill_file.h"
#include "storage/file_descriptor.h"

namespace spillway::spill {

struct SpillUsage {
  int64_t bytes_written = 0;
  int64_t bytes_read = 0;
  int64_t peak_disk_bytes = 0;  // the most that the files took at any moment
};

struct SpillBase {
  std::string path;
  bool is_own = false;  // nobody else's: it goes when the last run's folder in it goes
};

class SpillDirectory {
 public:
  // Makes the folder, and the base too if it is missing; removes the folders of dead runs.
  // `run_name` is written into the lock file, for people. Fails as SpillError says.
  static Result<std::unique_ptr<SpillDirectory>> Make(const SpillBase& base,
                                                      std::string_view run_name);

  // The folder of a dead run with that name and a manifest, taken over as it is; null where there
  // is none.
  static std::unique_ptr<SpillDirectory> TakeOver(const SpillBase& base, std::string_view run_name);
  ~SpillDirectory();  // removes the folder and the files in it

  // Removes what dead runs left in `base`, where there is one: for a run that will not spill.
  static void RemoveDead(const SpillBase& base);

  SpillDirectory(const SpillDirectory&) = delete;
  SpillDirectory& operator=(const SpillDirectory&) = delete;

  // A new file; `purpose` ("lookup-rows") becomes part of its name.
  Result<std::unique_ptr<SpillFile>> CreateFile(std::string_view purpose);

  // A file of the run whose folder was taken over.
  Result<std::unique_ptr<SpillFile>> OpenFile(std::string name);

  const std::string& path() const { return folder_.path; }
  SpillUsage usage() const;

 private:
  struct Folder {
    SpillBase base_place;
    storage::FileDescriptor base;
    storage::FileDescriptor folder;
    storage::FileDescriptor lock;
    std::string name;  // in the base
    std::string path;
  };

  explicit SpillDirectory(Folder folder) : folder_(std::move(folder)) {}
  // Makes a folder with a new name and locks it; false if another process, which took it for a
  // dead one, or its base for empty, removed it meanwhile.
  static Result<bool> TryCreate(Folder* folder);
  // Locks the folder of that name if its process is dead, and was the run's.
  static bool TryTakeOver(std::string_view run_name, Folder* folder);

  const Folder folder_;
  SpillCounters counters_;
  std::atomic<int> files_{0};
};

}  // namespace spillway::spill
