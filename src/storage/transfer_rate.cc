#include "storage/transfer_rate.h"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/units.h"
#include "storage/file_descriptor.h"
#include "storage/file_range.h"
#include "storage/nearest_existing.h"

namespace spillway::storage {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int64_t kStepBytes = 16 * kMiB;

// Transfers a range to the same place of `to`, until it is on the disk.
bool Transfer(const OpenFile& from, const OpenFile& to, int64_t begin, int64_t bytes,
              bool is_direct, std::vector<uint8_t>& buffer) {
  if (is_direct) {
    const Result<bool> is_written = WriteDirectly(from, begin, to, begin, bytes);
    if (!is_written.ok() || !*is_written) return false;
  } else if (!CopyRange(from, begin, to, begin, bytes, buffer).ok()) {
    return false;
  }
  return ::fdatasync(to.descriptor) == 0;
}

}  // namespace

std::optional<double> MeasureSecondsPerByte(const std::string& source_path,
                                            const std::string& folder, int64_t most_bytes,
                                            double most_seconds) {
  const std::string target_folder = NearestExisting(folder);
  const TransferMethod method = FindTransferMethod(source_path, target_folder);
  if (method.blocks == BlockTransfer::kShare) return 0;
  const bool is_direct = method.blocks == BlockTransfer::kDirect;
  const int flags = O_TMPFILE | O_WRONLY | O_CLOEXEC | (is_direct ? O_DIRECT : 0);
  const FileDescriptor source(::open(source_path.c_str(), O_RDONLY | O_CLOEXEC));
  const FileDescriptor target(::open(target_folder.c_str(), flags, S_IRUSR | S_IWUSR));
  struct stat status{};
  if (!source.is_open() || !target.is_open() || ::fstat(source.get(), &status) != 0) return {};
  int64_t bytes = std::min<int64_t>(most_bytes, status.st_size);
  if (is_direct) bytes -= bytes % method.block_bytes;
  if (bytes <= 0) return {};

  const OpenFile from = {source.get(), source_path};
  const OpenFile to = {target.get(), target_folder};
  std::vector<uint8_t> buffer(is_direct ? 0 : 512 * kKiB);
  const auto start = std::chrono::steady_clock::now();
  int64_t done = 0;
  Seconds seconds{0};
  while (done < bytes && (done == 0 || seconds.count() < most_seconds)) {
    const int64_t step = std::min(kStepBytes, bytes - done);
    if (!Transfer(from, to, done, step, is_direct, buffer)) return {};
    done += step;
    seconds = std::chrono::steady_clock::now() - start;
  }
  return seconds.count() / static_cast<double>(done);
}

}  // namespace spillway::storage
