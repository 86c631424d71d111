#include "base/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace spillway {

std::string HostName() {
  std::array<char, 256> name = {};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

bool ProcessExists(int64_t process) {
  return ::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
}

}  // namespace spillway
