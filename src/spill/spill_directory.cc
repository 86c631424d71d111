// Between making its folder and locking it, a process looks dead to others, and one of them may
// remove the folder. So the maker looks again once it has the lock: a lock file that still has its
// name belongs to a folder that nobody removes any more. Whoever removes a folder holds its lock.
#include "spill/spill_directory.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <random>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "spill/manifest.h"
#include "storage/durable_file.h"
#include "storage/file_lock.h"

namespace spillway::spill {
namespace {

constexpr std::string_view kFolderPrefix = "spillway-spill-";
constexpr char kLockName[] = "lock";

storage::FileDescriptor OpenFolder(int base, const char* name) {
  return storage::FileDescriptor(
      ::openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The names in an open folder, but "." and "..".
std::vector<std::string> NamesIn(const storage::FileDescriptor& folder) {
  std::vector<std::string> names;
  // The stream closes the descriptor that it is given.
  DIR* stream = ::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

// Removes a folder whose lock the caller holds. What is no file of ours stays, and the folder.
void RemoveFolder(int base, const std::string& name, const storage::FileDescriptor& folder) {
  for (const std::string& file : NamesIn(folder)) {
    if (file != kLockName) ::unlinkat(folder.get(), file.c_str(), 0);
  }
  ::unlinkat(folder.get(), kLockName, 0);
  ::unlinkat(base, name.c_str(), AT_REMOVEDIR);
}

// The folder `name` if it is this user's; not open if not.
storage::FileDescriptor OpenOwnFolder(int base, const std::string& name) {
  storage::FileDescriptor folder = OpenFolder(base, name.c_str());
  struct stat facts;
  const bool is_own =
      folder.is_open() && ::fstat(folder.get(), &facts) == 0 && facts.st_uid == ::geteuid();
  return is_own ? std::move(folder) : storage::FileDescriptor();
}

storage::FileDescriptor OpenLock(const storage::FileDescriptor& folder) {
  return storage::FileDescriptor(
      ::openat(folder.get(), kLockName, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
}

// Whether a lock file still has a name, and its folder with it: whoever removes one holds the lock.
bool HasName(const storage::FileDescriptor& lock) {
  struct stat facts;
  return ::fstat(lock.get(), &facts) == 0 && facts.st_nlink > 0;
}

// Removes the folder `name` if it is ours and its process is dead.
void RemoveIfDead(int base, const std::string& name) {
  const storage::FileDescriptor folder = OpenOwnFolder(base, name);
  if (!folder.is_open()) return;
  const storage::FileDescriptor lock = OpenLock(folder);
  if (!lock.is_open()) {
    // Its process died, or is just about to make the lock file: only an empty folder goes.
    if (errno == ENOENT) ::unlinkat(base, name.c_str(), AT_REMOVEDIR);
    return;
  }
  if (storage::TryLock(lock)) RemoveFolder(base, name, folder);
}

void RemoveDeadIn(const storage::FileDescriptor& base) {
  for (const std::string& name : NamesIn(base)) {
    if (name.starts_with(kFolderPrefix)) RemoveIfDead(base.get(), name);
  }
}

// The base of a run that ends, if it is empty.
void RemoveBase(const SpillBase& base) {
  if (base.is_own) ::rmdir(base.path.c_str());
}

// What the lock file has, for people, and for the run that takes over.
std::string NoteOf(std::string_view run_name) { return fmt::format("{}\n", run_name); }

// The number behind those in the names of the files in a folder.
int NextFile(const storage::FileDescriptor& folder) {
  int next = 0;
  for (const std::string& name : NamesIn(folder)) {
    const size_t digits = name.rfind('-') + 1;  // 0, of "lock" and "manifest", is no number
    int number = -1;
    std::from_chars(name.data() + digits, name.data() + name.size(), number);
    next = std::max(next, number + 1);
  }
  return next;
}

std::string NewName() {
  std::random_device random;
  return fmt::format("{}{}-{:08x}{:08x}", kFolderPrefix, ::getpid(), random(), random());
}

}  // namespace

Result<bool> SpillDirectory::TryCreate(Folder* folder) {
  if (::mkdirat(folder->base.get(), folder->name.c_str(), 0700) != 0) {
    if (errno == EEXIST || errno == ENOENT) return false;
    return SpillError(errno, "create the spill folder", folder->path);
  }
  folder->folder = OpenFolder(folder->base.get(), folder->name.c_str());
  if (!folder->folder.is_open()) {
    if (errno == ENOENT) return false;
    return SpillError(errno, "open the spill folder", folder->path);
  }
  folder->lock = storage::FileDescriptor(::openat(
      folder->folder.get(), kLockName, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!folder->lock.is_open()) {
    if (errno == ENOENT) return false;
    const Status status = SpillError(errno, "create the lock file of", folder->path);
    ::unlinkat(folder->base.get(), folder->name.c_str(), AT_REMOVEDIR);
    return status;
  }
  if (!storage::TryLock(folder->lock)) {
    if (errno == EWOULDBLOCK) return false;
    const Status status = SpillError(errno, "lock", folder->path);
    RemoveFolder(folder->base.get(), folder->name, folder->folder);
    return status;
  }
  return HasName(folder->lock);
}

Result<std::unique_ptr<SpillDirectory>> SpillDirectory::Make(const SpillBase& base,
                                                             std::string_view run_name) {
  constexpr int kMostTries = 100;
  Folder folder;
  folder.base_place = base;
  bool created = false;
  for (int i = 0; !created; ++i) {
    if (i == kMostTries) return SpillError(ENOENT, "create a spill folder in", base.path);
    ARROW_RETURN_NOT_OK(storage::MakeFolders(base.path));
    folder.base =
        storage::FileDescriptor(::open(base.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.base.is_open()) {
      if (errno == ENOENT) continue;
      return SpillError(errno, "open the folder", base.path);
    }
    RemoveDeadIn(folder.base);
    folder.name = NewName();
    folder.path = fmt::format("{}/{}", base.path, folder.name);
    ARROW_ASSIGN_OR_RAISE(created, TryCreate(&folder));
  }
  std::unique_ptr<SpillDirectory> directory(new SpillDirectory(std::move(folder)));
  const std::string note = NoteOf(run_name);
  if (!storage::WriteAll(directory->folder_.lock, note, directory->path()).ok()) {
    return SpillError(errno, "write into", directory->path());
  }
  return directory;
}

bool SpillDirectory::TryTakeOver(std::string_view run_name, Folder* folder) {
  folder->folder = OpenOwnFolder(folder->base.get(), folder->name);
  if (!folder->folder.is_open()) return false;
  if (::faccessat(folder->folder.get(), kManifestName, R_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    return false;
  }
  folder->lock = OpenLock(folder->folder);
  if (!folder->lock.is_open()) return false;
  const std::string wanted = NoteOf(run_name);
  std::string note(wanted.size() + 1, '\0');
  const ssize_t bytes = ::pread(folder->lock.get(), note.data(), note.size(), 0);
  if (bytes < 0 || note.substr(0, static_cast<size_t>(bytes)) != wanted) return false;
  // Another process may have taken it for its own, and removed it, meanwhile.
  return storage::TryLock(folder->lock) && HasName(folder->lock);
}

std::unique_ptr<SpillDirectory> SpillDirectory::TakeOver(const SpillBase& base,
                                                         std::string_view run_name) {
  Folder folder;
  folder.base_place = base;
  folder.base =
      storage::FileDescriptor(::open(base.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.base.is_open()) return nullptr;
  for (const std::string& name : NamesIn(folder.base)) {
    if (!name.starts_with(kFolderPrefix)) continue;
    folder.name = name;
    folder.path = fmt::format("{}/{}", base.path, name);
    if (!TryTakeOver(run_name, &folder)) continue;
    const int next_file = NextFile(folder.folder);
    std::unique_ptr<SpillDirectory> directory(new SpillDirectory(std::move(folder)));
    directory->files_ = next_file;
    return directory;
  }
  return nullptr;
}

SpillDirectory::~SpillDirectory() {
  RemoveFolder(folder_.base.get(), folder_.name, folder_.folder);
  RemoveBase(folder_.base_place);
}

void SpillDirectory::RemoveDead(const SpillBase& base) {
  const storage::FileDescriptor folder(
      ::open(base.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return;
  RemoveDeadIn(folder);
  RemoveBase(base);
}

Result<std::unique_ptr<SpillFile>> SpillDirectory::CreateFile(std::string_view purpose) {
  return SpillFile::Create(folder_.folder.get(), folder_.path,
                           fmt::format("{}-{}", purpose, files_.fetch_add(1)), &counters_);
}

Result<std::unique_ptr<SpillFile>> SpillDirectory::OpenFile(std::string name) {
  return SpillFile::Open(folder_.folder.get(), folder_.path, std::move(name), &counters_);
}

SpillUsage SpillDirectory::usage() const {
  return {.bytes_written = counters_.bytes_written,
          .bytes_read = counters_.bytes_read,
          .peak_disk_bytes = counters_.peak_disk_bytes};
}

}  // namespace spillway::spill
