// What becomes of an exception that nobody catches: where the system gave no memory or no thread, a
// coded error and its exit code instead of a signal. The process ends at once, as if it was killed;
// the next run goes on behind the last commit.
//
// Thread rule: free functions.
#pragma once

namespace spillway {

// From here on std::bad_alloc and std::system_error that nobody catches, in any thread, end the
// process so. All others still abort it: they are faults of ours.
void EndWithErrorIfUncaught();

// Whether the errors that end the process here are written as JSON, on one line.
void WriteUncaughtErrorsAsJson(bool as_json);

}  // namespace spillway

// Comes back to the first thread that asks: it says what has happened, and ends the process. The
// others, which have met the same, wait for that.
extern "C" void SpillwayBeginToEnd() noexcept;

// End the process for want of memory, or of a thread. The Rust bridge calls them too, where there
// are no exceptions.
extern "C" [[noreturn]] void SpillwayEndWithoutMemory() noexcept;
extern "C" [[noreturn]] void SpillwayEndWithoutThread() noexcept;
