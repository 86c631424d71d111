// The one place where threads are started whose refusal can be told: what the system does not grant
// is SPW-6001 as a value. A thread that a constructor starts has no such way back; base/uncaught
// ends the process with the same error there.
//
// Thread rule: free functions.
#pragma once

#include <future>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/status.h"

namespace spillway {

// kStorage: the system refused a thread.
Status RefusedThread(const std::system_error& error);

// Runs `work` on a thread of its own.
template <typename Work>
Result<std::jthread> StartThread(Work work) {
  try {
    return std::jthread(std::move(work));
  } catch (const std::system_error& error) {
    return RefusedThread(error);
  }
}

// The same for work with a result, for which the destructor of the future waits.
template <typename Work>
Result<std::future<std::invoke_result_t<Work>>> StartTask(Work work) {
  try {
    return std::async(std::launch::async, std::move(work));
  } catch (const std::system_error& error) {
    return RefusedThread(error);
  }
}

}  // namespace spillway
