// Time zones as java.time.ZoneId and Spark name them: offsets, and regions of the system's tz
// database.
//
// Thread rule: a ZoneDatabase belongs to one thread; a TimeZone is immutable and lives no longer
// than the database that it came from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "expression/zone_rules.h"

namespace spillway::expression {

// The regions that were asked for, each loaded once.
class ZoneDatabase {
 public:
  // nullptr if there is no such region.
  const ZoneRules* Find(std::string_view region);

 private:
  std::map<std::string, std::optional<ZoneRules>, std::less<>> regions_;
};

class TimeZone {
 public:
  static TimeZone Utc() { return TimeZone(0, nullptr); }

  // "Z", "+2", "+02:00", "-0330", "UTC+1", "GMT", "PST", "Europe/Berlin"; nullopt for an id that
  // Spark refuses.
  static std::optional<TimeZone> Parse(std::string_view id, ZoneDatabase* zones);

  // The UTC second of the local second `local_seconds` (since 1970-01-01 00:00 in the zone). In a
  // gap the clock is moved on by its length; of two moments the earlier is taken, as Java does.
  int64_t ToUtcSeconds(int64_t local_seconds) const;

 private:
  TimeZone(int offset_seconds, const ZoneRules* region)
      : offset_seconds_(offset_seconds), region_(region) {}

  int offset_seconds_;
  const ZoneRules* region_;  // nullptr for a fixed offset
};

}  // namespace spillway::expression
