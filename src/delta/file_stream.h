// The live data files of one version of a table, one after another, newest commit first. The log is
// replayed while the stream is read: memory holds one batch of log rows, one window of the
// checkpoint and the keys of the files in the commits after it, never the whole list.
//
// Thread rule: one thread. A stream may outlive its Snapshot.
#pragma once

#include <memory>
#include <optional>

#include "base/status.h"
#include "delta/data_file.h"

namespace spillway::delta {

class FileStream {
 public:
  ~FileStream();
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  // The next file, or none at the end. Errors: kCorruptLog; kUnsupportedFeature for a file outside
  // the table's root (a shallow clone). After an error the stream is at its end.
  Result<std::optional<DataFile>> Next();

 private:
  friend class Snapshot;
  class Impl;
  explicit FileStream(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::delta
