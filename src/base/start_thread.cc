#include "base/start_thread.h"

#include "base/error.h"

namespace spillway {

Status RefusedThread(const std::system_error& error) {
  return MakeError(
      {.code = ErrorCode::kStorage,
       .what = "the system refused to start a thread",
       .why = error.code().message(),
       .cure =
           "raise the limit on processes (ulimit -u, or pids.max of the cgroup) and run again"});
}

}  // namespace spillway
