// Puts the process's heap, that of C++ and that of the Rust bridge, under one limit.
//
// Thread rule: thread-safe; called before tables are opened.
#pragma once

#include <cstdint>

namespace spillway::delta {

// What logs and footers may take of a process whose budget is `budget_bytes`; see
// memory/heap_limit.h.
void LimitHeap(int64_t budget_bytes);

}  // namespace spillway::delta
