#include <string>
#include <sys/prctl.h>
#include <vector>

#include <arrow/compute/initialize.h>

#include "base/error.h"
#include "base/uncaught.h"
#include "cli/command.h"
#include "cli/output.h"
#include "memory/allocator.h"

namespace {

// A core dump would write rows of the tables and what the environment has of secrets into a file
// that nobody thinks of. Nothing but this keeps it from a collector: a limit of 0 does not bind a
// pipe. It also keeps other processes of the user from reading this one's memory.
void ForbidCoreDumps() { ::prctl(PR_SET_DUMPABLE, 0); }

}  // namespace

int main(int argument_count, char** arguments) {
  spillway::EndWithErrorIfUncaught();
  ForbidCoreDumps();
  spillway::memory::ConfigureAllocator();
  const arrow::Status initialized = arrow::compute::Initialize();
  if (!initialized.ok()) {
    spillway::cli::PrintNote(spillway::RenderError(initialized));
    return spillway::ExitCode(initialized);
  }
  return spillway::cli::Main(std::vector<std::string>(arguments + 1, arguments + argument_count));
}
