#include "spill/manifest.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "spill/spill_directory.h"
#include "spill/spill_file.h"
#include "storage/durable_file.h"
#include "storage/file_descriptor.h"

namespace spillway::spill {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;
constexpr int kFormat = 1;  // another one for each change of what is in spilled blocks

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// All that has to be equal.
std::string HeadOf(std::string_view subject) {
  return fmt::format("{} {} {} {}", kFormat, SPILLWAY_VERSION, BootId(), subject);
}

std::string PathOf(const SpillDirectory& directory) {
  return fmt::format("{}/{}", directory.path(), kManifestName);
}
std::string UnfinishedPathOf(const SpillDirectory& directory) { return PathOf(directory) + ".new"; }

}  // namespace

struct ManifestWriter::Impl {
  std::string path;
  std::string unfinished_path;
  storage::FileDescriptor file;
  std::vector<char> buffer;
  XXH3_state_t hash;

  Status Flush() {
    XXH3_64bits_update(&hash, buffer.data(), buffer.size());
    const Status written = storage::WriteAll(file, {buffer.data(), buffer.size()}, unfinished_path);
    buffer.clear();
    return written;
  }
};

ManifestWriter::ManifestWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ManifestWriter::~ManifestWriter() { ::unlink(impl_->unfinished_path.c_str()); }

Result<std::unique_ptr<ManifestWriter>> ManifestWriter::Make(const SpillDirectory& directory,
                                                             std::string_view subject) {
  auto impl = std::make_unique<Impl>();
  impl->path = PathOf(directory);
  impl->unfinished_path = UnfinishedPathOf(directory);
  impl->file = storage::FileDescriptor(::open(
      impl->unfinished_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!impl->file.is_open()) return SpillError(errno, "create the file", impl->unfinished_path);
  impl->buffer.reserve(kBufferBytes);
  XXH3_64bits_reset(&impl->hash);
  std::unique_ptr<ManifestWriter> writer(new ManifestWriter(std::move(impl)));
  ARROW_RETURN_NOT_OK(writer->PutText(HeadOf(subject)));
  return writer;
}

Status ManifestWriter::PutBytes(const void* bytes, size_t size) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const size_t part = std::min(size, kBufferBytes - impl_->buffer.size());
    impl_->buffer.insert(impl_->buffer.end(), from, from + part);
    from += part;
    size -= part;
    if (impl_->buffer.size() == kBufferBytes) ARROW_RETURN_NOT_OK(impl_->Flush());
  }
  return Status::OK();
}

Status ManifestWriter::PutText(std::string_view text) {
  ARROW_RETURN_NOT_OK(Put(static_cast<uint64_t>(text.size())));
  return PutBytes(text.data(), text.size());
}

Status ManifestWriter::Finish() {
  ARROW_RETURN_NOT_OK(impl_->Flush());
  const uint64_t hash = XXH3_64bits_digest(&impl_->hash);
  std::array<char, sizeof(hash)> bytes;
  std::memcpy(bytes.data(), &hash, sizeof(hash));
  ARROW_RETURN_NOT_OK(
      storage::WriteAll(impl_->file, {bytes.data(), bytes.size()}, impl_->unfinished_path));
  if (::rename(impl_->unfinished_path.c_str(), impl_->path.c_str()) == 0) return Status::OK();
  return SpillError(errno, "create the file", impl_->path);
}

Result<std::unique_ptr<ManifestReader>> ManifestReader::Open(const SpillDirectory& directory,
                                                             std::string_view subject,
                                                             arrow::MemoryPool* pool) {
  const std::string path = PathOf(directory);
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts;
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) return nullptr;
  uint64_t hash = 0;
  const int64_t size = facts.st_size - static_cast<int64_t>(sizeof(hash));
  if (size < 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(facts.st_size, pool));
  for (int64_t at = 0; at < facts.st_size;) {
    const ssize_t count = ::pread(file.get(), buffer->mutable_data() + at,
                                  static_cast<size_t>(facts.st_size - at), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return nullptr;
    at += count;
  }
  std::memcpy(&hash, buffer->data() + size, sizeof(hash));
  if (hash != XXH3_64bits(buffer->data(), static_cast<size_t>(size))) return nullptr;
  std::unique_ptr<ManifestReader> reader(new ManifestReader(std::move(buffer), size));
  ARROW_ASSIGN_OR_RAISE(const std::string head, reader->GetText());
  if (head != HeadOf(subject)) return nullptr;
  return reader;
}

Status ManifestReader::GetBytes(void* bytes, size_t size) {
  if (static_cast<int64_t>(size) > size_bytes_ - at_) {
    return MakeError({.code = ErrorCode::kSpillDamaged,
                      .what = "a manifest of spill files has less than was looked for"});
  }
  if (size > 0) std::memcpy(bytes, buffer_->data() + at_, size);
  at_ += static_cast<int64_t>(size);
  return Status::OK();
}

Result<std::string> ManifestReader::GetText() {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, Get<uint64_t>());
  if (size > static_cast<uint64_t>(size_bytes_ - at_)) return std::string();
  std::string text(size, '\0');
  ARROW_RETURN_NOT_OK(GetBytes(text.data(), size));
  return text;
}

}  // namespace spillway::spill
