// Faults for tests: preloaded into the program (LD_PRELOAD), it makes a chosen call fail, tears it,
// ends the process at it, or cuts the power of a file system there. The program knows nothing of
// it. Which call is in the environment:
//
//   FAULT_CALLS   the names of the calls, as they stand below: "write,pwrite"
//   FAULT_PATH    a pattern (fnmatch) for the path that they work on; a file without a name has
//                 none, and a call that has no path matches "*"
//   FAULT_NTH     which of the calls that match, 1 the first; none: no fault at all
//   FAULT_ARM     a pattern: counting begins when such a file is opened
//   FAULT_ACT     error:N      the call fails with errno N (pthread_create returns it)
//                 forever:N    so do all behind it
//                 skip         this one and all behind it do nothing, and say that they did
//                 short        a write that takes half of the bytes
//                 tear         a write that takes half of the bytes, and the process dies
//                 kill, kill_after            the process dies before or after the call
//                 power_off, power_off_after  the file system of FAULT_MOUNT loses what is not on
//                                             its disk, and the process dies
//   FAULT_LOG     a file that gets a line for each of the calls of FAULT_LOG_CALLS, when it has
//                 returned: "call result path"
//
// What is called inside the C library, and system calls made without it, are not seen.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHUT_DOWN _IOR('X', 125, unsigned int)  // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
#define DROP_WHAT_IS_NOT_SYNCED 2u

enum act { NONE, ERROR, FOREVER, SKIP, SHORT, TEAR, KILL, KILL_AFTER, POWER_OFF, POWER_OFF_AFTER };
static const char* const act_names[] = {"",          "error",          "forever", "skip",
                                        "short",     "tear",           "kill",    "kill_after",
                                        "power_off", "power_off_after"};

// With a comma before and behind each name.
static char calls[512];
static char log_calls[512];
static const char* pattern = "*";
static const char* arm_pattern;
static const char* mount;
static long nth;
static enum act act;
static int error_number;
static int log_file = -1;
static bool watches_malloc;  // is_watched("malloc") takes its time
static atomic_bool is_armed;
static atomic_long passed;

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static bool is_in(const char* names, const char* call) {
  char name[64];
  snprintf(name, sizeof name, ",%s,", call);
  return strstr(names, name) != NULL;
}

static bool is_watched(const char* call) { return is_in(calls, call) || is_in(log_calls, call); }

static void read_names(const char* variable, char* names, size_t size) {
  const char* value = getenv(variable);
  if (value != NULL) snprintf(names, size, ",%s,", value);
}

__attribute__((constructor)) static void configure(void) {
  read_names("FAULT_CALLS", calls, sizeof calls);
  read_names("FAULT_LOG_CALLS", log_calls, sizeof log_calls);
  if (getenv("FAULT_PATH") != NULL) pattern = getenv("FAULT_PATH");
  if (getenv("FAULT_NTH") != NULL) nth = atol(getenv("FAULT_NTH"));
  mount = getenv("FAULT_MOUNT");
  arm_pattern = getenv("FAULT_ARM");
  const char* wanted = getenv("FAULT_ACT");
  for (int i = 1; wanted != NULL && i <= POWER_OFF_AFTER; ++i) {
    const size_t length = strlen(act_names[i]);
    if (strncmp(wanted, act_names[i], length) != 0) continue;
    if (wanted[length] == ':') error_number = atoi(wanted + length + 1);
    if (wanted[length] == ':' || wanted[length] == '\0') act = (enum act)i;
  }
  const char* log_path = getenv("FAULT_LOG");
  if (log_path != NULL) {
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log_path,
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  watches_malloc = is_watched("malloc");
  is_armed = arm_pattern == NULL;
}

static void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) syscall(SYS_pause);
}

static void cut_power(void) {
  const unsigned int how = DROP_WHAT_IS_NOT_SYNCED;
  const int root = (int)syscall(SYS_openat, AT_FDCWD, mount, O_RDONLY | O_DIRECTORY, 0);
  if (root < 0 || syscall(SYS_ioctl, root, SHUT_DOWN, &how) != 0) abort();
  die();
}

// What is to become of a call on `path`. Does not return where the process dies before it.
static enum act reach(const char* call, const char* path) {
  if (!is_armed || !is_in(calls, call) || fnmatch(pattern, path, 0) != 0) return NONE;
  const long number = ++passed;
  if (nth == 0 || number < nth || (number > nth && act != FOREVER && act != SKIP)) return NONE;
  if (act == KILL) die();
  if (act == POWER_OFF) cut_power();
  return act;
}

// Behind a call that was watched: its line, and what was to come after it.
static void leave(const char* call, const char* path, long result, enum act what) {
  const int saved = errno;
  if (is_armed && log_file >= 0 && is_in(log_calls, call)) {
    char line[PATH_MAX + 64];
    const int size = snprintf(line, sizeof line, "%s %ld %s\n", call, result, path);
    syscall(SYS_write, log_file, line, (size_t)size);
  }
  if (what == KILL_AFTER || what == TEAR) die();
  if (what == POWER_OFF_AFTER) cut_power();
  errno = saved;
}

static void path_of(int file, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const long size = syscall(SYS_readlinkat, AT_FDCWD, link, path, (size_t)PATH_MAX - 1);
  path[size < 0 ? 0 : size] = '\0';
}

static void path_at(int folder, const char* name, char* path) {
  path[0] = '\0';
  if (name[0] != '/' && folder != AT_FDCWD) path_of(folder, path);
  const size_t length = strlen(path);
  snprintf(path + length, PATH_MAX - length, "%s%s", length > 0 ? "/" : "", name);
}

// The body of a function that is a system call: `FIND` writes its path to `path`.
#define CALL(NAME, FIND, REAL)                                      \
  if (!is_watched(NAME)) return REAL;                               \
  char path[PATH_MAX];                                              \
  FIND;                                                             \
  const enum act what = reach(NAME, path);                          \
  const bool fails = what == ERROR || what == FOREVER;              \
  if (fails) errno = error_number;                                  \
  const long result = fails ? -1 : what == SKIP ? 0 : (long)(REAL); \
  leave(NAME, path, result, what);                                  \
  return (__typeof__(REAL))result

// The same of one that writes `SIZE` bytes, of which it may be let write a part.
#define WRITE_CALL(NAME, FIND, SIZE, REAL, PART)                            \
  if (!is_watched(NAME)) return REAL;                                       \
  char path[PATH_MAX];                                                      \
  FIND;                                                                     \
  const enum act what = reach(NAME, path);                                  \
  const bool fails = what == ERROR || what == FOREVER;                      \
  const bool is_part = (what == SHORT || what == TEAR) && (SIZE) > 1;       \
  if (fails) errno = error_number;                                          \
  const long result = fails ? -1 : (is_part ? (long)(PART) : (long)(REAL)); \
  leave(NAME, path, result, what);                                          \
  return result

static mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

static int open_at(int folder, const char* name, int flags, mode_t mode) {
  if (!is_armed && arm_pattern != NULL && fnmatch(arm_pattern, name, 0) == 0) is_armed = true;
  const char* call = (flags & O_CREAT) != 0 ? "create" : "open";
  CALL(call, path_at(folder, name, path), (int)syscall(SYS_openat, folder, name, flags, mode));
}

#define OPEN(NAME)                                 \
  int NAME(const char* name, int flags, ...) {     \
    va_list arguments;                             \
    va_start(arguments, flags);                    \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments);                             \
    return open_at(AT_FDCWD, name, flags, mode);   \
  }
#define OPEN_AT(NAME)                                      \
  int NAME(int folder, const char* name, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    return open_at(folder, name, flags, mode);             \
  }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

ssize_t write(int file, const void* bytes, size_t size) {
  WRITE_CALL("write", path_of(file, path), size, syscall(SYS_write, file, bytes, size),
             syscall(SYS_write, file, bytes, size / 2));
}

static ssize_t write_at(int file, const void* bytes, size_t size, off_t offset) {
  WRITE_CALL("pwrite", path_of(file, path), size, syscall(SYS_pwrite64, file, bytes, size, offset),
             syscall(SYS_pwrite64, file, bytes, size / 2, offset));
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return write_at(file, bytes, size, offset);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) {
  return write_at(file, bytes, size, offset);
}

static ssize_t write_parts_at(int file, const struct iovec* parts, int count, off_t offset) {
  WRITE_CALL("pwritev", path_of(file, path), count,
             syscall(SYS_pwritev, file, parts, count, offset, 0),
             syscall(SYS_pwrite64, file, parts[0].iov_base, (parts[0].iov_len + 1) / 2, offset));
}
ssize_t pwritev(int file, const struct iovec* parts, int count, off_t offset) {
  return write_parts_at(file, parts, count, offset);
}
ssize_t pwritev64(int file, const struct iovec* parts, int count, off_t offset) {
  return write_parts_at(file, parts, count, offset);
}

ssize_t read(int file, void* bytes, size_t size) {
  CALL("read", path_of(file, path), syscall(SYS_read, file, bytes, size));
}

static ssize_t read_at(int file, void* bytes, size_t size, off_t offset) {
  CALL("pread", path_of(file, path), syscall(SYS_pread64, file, bytes, size, offset));
}
ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  return read_at(file, bytes, size, offset);
}
ssize_t pread64(int file, void* bytes, size_t size, off_t offset) {
  return read_at(file, bytes, size, offset);
}

ssize_t preadv(int file, const struct iovec* parts, int count, off_t offset) {
  CALL("preadv", path_of(file, path), syscall(SYS_preadv, file, parts, count, offset, 0));
}

int fsync(int file) { CALL("fsync", path_of(file, path), (int)syscall(SYS_fsync, file)); }
int fdatasync(int file) {
  CALL("fdatasync", path_of(file, path), (int)syscall(SYS_fdatasync, file));
}

static int truncate_file(int file, off_t size) {
  CALL("ftruncate", path_of(file, path), (int)syscall(SYS_ftruncate, file, size));
}
int ftruncate(int file, off_t size) { return truncate_file(file, size); }
int ftruncate64(int file, off_t size) { return truncate_file(file, size); }

// Returns the error, and leaves errno alone.
static int allocate(int file, off_t offset, off_t size) {
  CALL("fallocate", path_of(file, path), (int)syscall(SYS_fallocate, file, 0, offset, size));
}
int posix_fallocate(int file, off_t offset, off_t size) {
  return allocate(file, offset, size) == 0 ? 0 : errno;
}
int posix_fallocate64(int file, off_t offset, off_t size) {
  return allocate(file, offset, size) == 0 ? 0 : errno;
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
                        unsigned int flags) {
  CALL("copy_file_range", path_of(to, path),
       syscall(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags));
}

int ioctl(int file, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  CALL("ioctl", path_of(file, path), (int)syscall(SYS_ioctl, file, request, argument));
}

int flock(int file, int operation) {
  CALL("flock", path_of(file, path), (int)syscall(SYS_flock, file, operation));
}

int rename(const char* from, const char* to) {
  CALL("rename", path_at(AT_FDCWD, to, path), (int)syscall(SYS_rename, from, to));
}
int link(const char* from, const char* to) {
  CALL("link", path_at(AT_FDCWD, to, path), (int)syscall(SYS_link, from, to));
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  CALL("link", path_at(to_folder, to, path),
       (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}
int unlink(const char* name) {
  CALL("unlink", path_at(AT_FDCWD, name, path), (int)syscall(SYS_unlink, name));
}
int unlinkat(int folder, const char* name, int flags) {
  CALL("unlink", path_at(folder, name, path), (int)syscall(SYS_unlinkat, folder, name, flags));
}
int mkdir(const char* name, mode_t mode) {
  CALL("mkdir", path_at(AT_FDCWD, name, path), (int)syscall(SYS_mkdir, name, mode));
}
int mkdirat(int folder, const char* name, mode_t mode) {
  CALL("mkdir", path_at(folder, name, path), (int)syscall(SYS_mkdirat, folder, name, mode));
}
int rmdir(const char* name) {
  CALL("rmdir", path_at(AT_FDCWD, name, path), (int)syscall(SYS_rmdir, name));
}

// Memory without a file has no path.
static void* map(void* place, size_t size, int protection, int flags, int file, off_t offset) {
  CALL("mmap", path[0] = '\0';
       if (file >= 0) path_of(file, path),
       (void*)syscall(SYS_mmap, place, size, protection, flags, file, offset));
}
void* mmap(void* place, size_t size, int protection, int flags, int file, off_t offset) {
  return map(place, size, protection, flags, file, offset);
}
void* mmap64(void* place, size_t size, int protection, int flags, int file, off_t offset) {
  return map(place, size, protection, flags, file, offset);
}

// Whether the allocation at hand is to fail; all kinds of it count as "malloc".
static bool malloc_fails(void) {
  if (!watches_malloc || !is_armed) return false;
  const enum act what = reach("malloc", "");
  leave("malloc", "", 0, what);
  if (what != ERROR && what != FOREVER) return false;
  errno = error_number;
  return true;
}
void* malloc(size_t size) { return malloc_fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return malloc_fails() ? NULL : __libc_calloc(count, size);
}
void* realloc(void* block, size_t size) {
  return size > 0 && malloc_fails() ? NULL : __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  return malloc_fails() ? NULL : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  void* const memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *block = memory;
  return 0;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  typedef int (*Create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static _Atomic(Create) create;
  if (create == NULL) create = (Create)dlsym(RTLD_NEXT, "pthread_create");
  if (is_watched("pthread_create")) {
    const enum act what = reach("pthread_create", "");
    leave("pthread_create", "", 0, what);
    if (what == ERROR || what == FOREVER) return error_number;
  }
  return create(thread, attributes, start, argument);
}
