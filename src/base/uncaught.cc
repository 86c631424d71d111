// There may be no memory any more, so that the texts stand here whole; the test compares them with
// what RenderError gives.
#include "base/uncaught.h"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "base/error_catalog.h"

namespace spillway {
namespace {

std::atomic<bool> writes_json = false;

struct Text {
  std::string_view lines;
  std::string_view json;
};

constexpr Text kNoMemory = {
    "error[SPW-5002]: out of memory\n  why:   the system refused more memory, or the tables' logs "
    "and footers need more than the budget\n  do:    raise --memory, or stop other programs, and "
    "run again; what was committed is kept\n",
    R"({"code":"SPW-5002","what":"out of memory","where":"","why":"the system refused more memory, )"
    R"(or the tables' logs and footers need more than the budget","do":"raise --memory, or stop )"
    R"(other programs, and run again; what was committed is kept","exit_code":5})"
    "\n"};

constexpr Text kNoThread = {
    "error[SPW-6001]: the system refused to start a thread\n  why:   Resource temporarily "
    "unavailable\n  do:    raise the limit on processes (ulimit -u, or pids.max of the cgroup) and "
    "run again\n",
    R"({"code":"SPW-6001","what":"the system refused to start a thread","where":"","why":)"
    R"("Resource temporarily unavailable","do":"raise the limit on processes (ulimit -u, or )"
    R"(pids.max of the cgroup) and run again","exit_code":6})"
    "\n"};

[[noreturn]] void End(const Text& text, ErrorCode code) {
  SpillwayBeginToEnd();
  const std::string_view written_text = writes_json.load() ? text.json : text.lines;
  // Whether anybody reads it cannot be mended here.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, written_text.data(), written_text.size());
  ::_exit(ExitCodeOf(code));
}

[[noreturn]] void EndOrAbort() {
  try {
    if (const std::exception_ptr uncaught = std::current_exception()) {
      std::rethrow_exception(uncaught);
    }
  } catch (const std::bad_alloc&) {
    SpillwayEndWithoutMemory();
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) {
      SpillwayEndWithoutThread();
    }
  } catch (...) {  // a fault of ours
  }
  std::abort();
}

}  // namespace

void EndWithErrorIfUncaught() { std::set_terminate(EndOrAbort); }

void WriteUncaughtErrorsAsJson(bool as_json) { writes_json = as_json; }

}  // namespace spillway

void SpillwayBeginToEnd() noexcept {
  static std::atomic_flag is_begun;
  while (is_begun.test_and_set()) ::pause();
}

void SpillwayEndWithoutMemory() noexcept {
  spillway::End(spillway::kNoMemory, spillway::ErrorCode::kBudgetExceeded);
}

void SpillwayEndWithoutThread() noexcept {
  spillway::End(spillway::kNoThread, spillway::ErrorCode::kStorage);
}
