// What every fuzz target holds the program to. A broken expectation ends the process, which
// libFuzzer and the replay both take for a crash of the input.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/status.h"

// libFuzzer's entry point, which each target defines.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace spillway::fuzz {

inline void Expect(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "expectation broken: {}\n", what);
  std::abort();
}

// The code of a failure that a user may meet: a coded error with a text, and no fault of ours.
inline ErrorCode ExpectUserError(const Status& status) {
  const auto error = FindError(status);
  Expect(error.has_value(), "an uncoded error: " + status.ToString());
  Expect(error->code != ErrorCode::kInternal, RenderError(status));
  Expect(!error->what.empty(), "an error without a text: " + CodeName(error->code));
  return error->code;
}

// The same, and the code is one of `allowed`.
inline void ExpectError(const Status& status, std::initializer_list<ErrorCode> allowed) {
  const ErrorCode code = ExpectUserError(status);
  for (const ErrorCode one : allowed) {
    if (code == one) return;
  }
  Expect(false, "an error of another kind: " + RenderError(status));
}

inline std::string_view TextOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace spillway::fuzz
