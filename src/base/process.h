// Who a process is, for others on this machine and on others.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <string>

namespace spillway {

// The machine's name; "unknown" where it has none.
std::string HostName();

// Whether there is a process of that number on this machine, whoever's it is.
bool ProcessExists(int64_t process);

}  // namespace spillway
