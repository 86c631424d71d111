// A file to which records are added, and of which every record is whole or not there: each is a
// line with its own hash. What a crash cut off, and all behind it, does not count.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::state {

class Journal {
 public:
  // Makes the file at `path`, with mode 0600, in place of what was there, with `records` in it. The
  // folder must exist. Errors: kReadOnlyStorage, kStorageFull, kStorage.
  static Result<std::unique_ptr<Journal>> Make(const std::string& path,
                                               const std::vector<std::string>& records);

  // Adds a record, which has no line break. A process that is killed after that has it; a machine
  // that loses its power may not.
  Status Append(std::string_view record);

 private:
  Journal(std::string path, storage::FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  const std::string path_;
  const storage::FileDescriptor file_;
};

// The whole records at the beginning of the file at `path`; none where there is no file.
std::vector<std::string> ReadJournal(const std::string& path);

}  // namespace spillway::state
