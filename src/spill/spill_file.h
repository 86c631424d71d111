// A file of a spill directory: private, without a life after the process, written at its end and
// read anywhere. All system calls on spilled bytes are here.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::spill {

// What all files of a directory did, for the report.
struct SpillCounters {
  std::atomic<int64_t> bytes_written{0};
  std::atomic<int64_t> bytes_read{0};
  std::atomic<int64_t> disk_bytes{0};  // of the files that there are
  std::atomic<int64_t> peak_disk_bytes{0};
};

// Blocks begin at multiples of this, so that none shares a page of the file with another.
inline constexpr int64_t kPageBytes = 4096;

// The coded error for a failed system call on spilled bytes: as storage::StorageError, with what
// helps here. A limit on the size of files counts as a full disk.
Status SpillError(int error_number, std::string_view action, std::string_view path);

class SpillFile {
 public:
  // Makes the file `name` (mode 0600; it may not exist) in an open folder, whose path is `folder`.
  // The descriptor and the counters must outlive it.
  static Result<std::unique_ptr<SpillFile>> Create(int folder_descriptor, const std::string& folder,
                                                   std::string name, SpillCounters* counters);
  // The file `name`, which a dead process left in the folder; nothing is written to it any more.
  static Result<std::unique_ptr<SpillFile>> Open(int folder_descriptor, const std::string& folder,
                                                 std::string name, SpillCounters* counters);
  ~SpillFile();  // removes the file
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // Writes `parts` (changed on the way) one after another behind the last byte: all of them, or an
  // error, kStorageFull where there is no room.
  Status Append(std::span<iovec> parts);

  // Fills `parts` (changed on the way) from `offset` on. An end of the file before that is
  // kSpillDamaged.
  Status Read(int64_t offset, std::span<iovec> parts) const;

  // Lets the kernel begin to fetch bytes that will be read soon, and does not wait for them.
  void WillRead(int64_t offset, int64_t bytes) const;

  int64_t size_bytes() const { return size_bytes_; }
  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }

 private:
  SpillFile(storage::FileDescriptor file, int folder_descriptor, std::string path, std::string name,
            SpillCounters* counters);

  const storage::FileDescriptor file_;
  const int folder_descriptor_;
  const std::string path_;
  const std::string name_;
  SpillCounters* const counters_;
  int64_t size_bytes_ = 0;
};

}  // namespace spillway::spill
