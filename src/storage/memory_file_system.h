// Whether files of a folder are memory: on tmpfs and ramfs they never leave it, and the kernel
// counts them as it counts the memory of a process.
//
// Thread rule: a free function without state.
#pragma once

#include <string>

namespace spillway::storage {

// Of a folder that is there or will be made. False where nothing can be found out.
bool IsInMemory(const std::string& folder);

}  // namespace spillway::storage
