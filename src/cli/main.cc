#include <string>
#include <vector>

#include <arrow/compute/initialize.h>

#include "base/error.h"
#include "base/uncaught.h"
#include "cli/command.h"
#include "cli/output.h"
#include "memory/allocator.h"

int main(int argument_count, char** arguments) {
  spillway::EndWithErrorIfUncaught();
  spillway::memory::ConfigureAllocator();
  const arrow::Status initialized = arrow::compute::Initialize();
  if (!initialized.ok()) {
    spillway::cli::PrintNote(spillway::RenderError(initialized));
    return spillway::ExitCode(initialized);
  }
  return spillway::cli::Main(std::vector<std::string>(arguments + 1, arguments + argument_count));
}
