#include "storage/writable_check.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include "storage/durable_file.h"
#include "storage/file_descriptor.h"
#include "storage/nearest_existing.h"

namespace spillway::storage {
namespace {

constexpr std::string_view kAction = "write into";
// Readers of tables skip names that begin with a dot.
constexpr std::string_view kProbeName = "/.spillway-probe-XXXXXX";

// A disk without room takes a name and refuses the first byte.
Status WriteByte(const FileDescriptor& probe, const std::string& folder) {
  if (::write(probe.get(), "?", 1) == 1) return Status::OK();
  return StorageError(errno, kAction, folder);
}

Status ProbeWithName(const std::string& folder) {
  std::string name = folder + std::string(kProbeName);
  const FileDescriptor probe(::mkostemp(name.data(), O_CLOEXEC));
  if (!probe.is_open()) return StorageError(errno, kAction, folder);
  const Status status = WriteByte(probe, folder);
  ARROW_RETURN_NOT_OK(RemoveFile(name));
  return status;
}

}  // namespace

Status CheckWritable(const std::string& folder) {
  const std::string existing = NearestExisting(folder);
  const FileDescriptor probe(::open(existing.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (probe.is_open()) return WriteByte(probe, existing);
  // What the kernel or the file system says when it has no files without names.
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return ProbeWithName(existing);
  return StorageError(errno, kAction, existing);
}

}  // namespace spillway::storage
