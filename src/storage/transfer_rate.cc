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

std::optional<double> MeasureSecondsPerByte(const std::string& source_path,
                                            const std::string& folder, int64_t most_bytes) {
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
  const auto start = std::chrono::steady_clock::now();
  if (is_direct) {
    const Result<bool> is_written = WriteDirectly(from, 0, to, 0, bytes);
    if (!is_written.ok() || !*is_written) return {};
  } else {
    std::vector<uint8_t> buffer(512 * kKiB);
    if (!CopyRange(from, 0, to, 0, bytes, buffer).ok()) return {};
  }
  if (::fdatasync(target.get()) != 0) return {};
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return seconds.count() / static_cast<double>(bytes);
}

}  // namespace spillway::storage
