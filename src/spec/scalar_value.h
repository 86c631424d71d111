// What a scalar's text means: integers, sizes, timestamps, compressions. Each reading has the
// regular expression beside it that the JSON Schema prints; the two accept the same texts.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spec/spec.h"

namespace spillway::spec {

// What unquoted text is in YAML 1.2's core schema.
enum class PlainKind { kNull, kBoolean, kNumber, kText };
PlainKind KindOfPlain(std::string_view text);

// Unquoted words that YAML 1.1 reads as booleans and YAML 1.2 as text: yes, no, on, off, y, n.
bool IsOldBoolean(std::string_view text);

// 1_000_000: digits in groups of three, at most 15 of them.
inline constexpr std::string_view kGroupedIntegerPattern = "^[1-9][0-9]{0,2}(_[0-9]{3}){1,4}$";
bool IsGroupedInteger(std::string_view text);

// "0", "42" or a grouped integer; at most 15 digits, no sign, no leading zero.
std::optional<int64_t> ReadInteger(std::string_view text);

// A size as ParseByteSize reads it, with at most 15 digits before and 9 after the point; a fraction
// wants a unit.
inline constexpr std::string_view kByteSizePattern =
    "^([0-9]{1,15}|[1-9][0-9]{0,2}(_[0-9]{3}){1,4}|"
    "[0-9]{1,15}(\\.[0-9]{1,9})? ?(B|K|KiB|kB|KB|M|MiB|MB|G|GiB|GB|T|TiB|TB))$";
bool IsByteSize(std::string_view text);

// A date (midnight UTC), or a date and a time, UTC where no zone is given.
inline constexpr std::string_view kTimestampPattern =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?"
    "(Z|[+-][0-9]{2}:[0-9]{2})?)?$";
// In full RFC 3339: 2026-01-31T00:00:00Z. None where the form or the date is wrong.
std::optional<std::string> ReadTimestamp(std::string_view text);

inline constexpr std::string_view kCompressionPattern =
    "^(keep|snappy|zstd|zstd\\(([1-9]|1[0-9]|2[0-2])\\)|lz4|none)$";
std::optional<Compression> ReadCompression(std::string_view text);

inline constexpr std::string_view kNamePattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$";
bool IsName(std::string_view text);

inline constexpr std::string_view kVariableNamePattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}$";

// An unquoted scalar under `variables`: numbers lose their underscores. None for what YAML's
// versions read differently (yes, 010, 0x1F) and for .inf and .nan.
std::optional<Variable> ReadPlainVariable(std::string_view text);

}  // namespace spillway::spec
