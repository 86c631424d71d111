// How fast bytes of one file get into another, by trying.
//
// Thread rule: a free function without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace spillway::storage {

// Seconds for each byte that is transferred by the best method from the file at `source_path` into
// one in `folder`, or in the nearest folder above it that exists; until it is on the disk. Tries in
// a file that has no name, with 16 MiB, and with as many again until `most_bytes` or `most_seconds`
// are reached. Nothing where that cannot be done. Blocks that are shared take no time.
std::optional<double> MeasureSecondsPerByte(const std::string& source_path,
                                            const std::string& folder, int64_t most_bytes,
                                            double most_seconds);

}  // namespace spillway::storage
