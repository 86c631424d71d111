#include "expression/time_zone.h"

#include <array>
#include <utility>

#include "expression/calendar.h"

namespace spillway::expression {
namespace {

constexpr int kLargestOffset = 18 * 3600;

// ZoneId.SHORT_IDS: the old three-letter names, some of them fixed offsets.
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kShortIds = {{
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads one or two digits (exactly two if `two`) off the front of `text`; -1 if they are missing.
int TakeNumber(std::string_view* text, bool two) {
  size_t count = 0;
  int value = 0;
  while (count < 2 && count < text->size() && IsDigit((*text)[count])) {
    value = value * 10 + ((*text)[count++] - '0');
  }
  if (count == 0 || (two && count != 2)) return -1;
  text->remove_prefix(count);
  return value;
}

// +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss, and Spark's own +h:mm, +hh:m.
std::optional<int> ParseOffset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int parts[3] = {0, 0, 0};
  parts[0] = TakeNumber(&text, false);
  if (parts[0] < 0) return std::nullopt;
  const bool colons = text.starts_with(':');
  for (int i = 1; i < 3 && !text.empty(); ++i) {
    if (text.starts_with(':') != colons) return std::nullopt;
    if (colons) text.remove_prefix(1);
    parts[i] = TakeNumber(&text, !colons || i == 2);
    if (parts[i] < 0) return std::nullopt;
  }
  if (!text.empty() || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const int seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (seconds > kLargestOffset) return std::nullopt;
  return sign * seconds;
}

// A region's name: letters, digits and ~/._+- behind a letter, at least two of them.
bool IsRegionName(std::string_view id) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (id.size() < 2 || !letter(id[0])) return false;
  for (const char c : id) {
    if (!letter(c) && !IsDigit(c) && std::string_view("~/._+-").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

const ZoneRules* ZoneDatabase::Find(std::string_view region) {
  auto found = regions_.find(region);
  if (found == regions_.end()) {
    found = regions_.emplace(std::string(region), ZoneRules::Load(region)).first;
  }
  return found->second ? &*found->second : nullptr;
}

std::optional<TimeZone> TimeZone::Parse(std::string_view id, ZoneDatabase* zones) {
  if (id == "Z") return Utc();
  if (id.starts_with('+') || id.starts_with('-')) {
    const std::optional<int> offset = ParseOffset(id);
    if (!offset) return std::nullopt;
    return TimeZone(*offset, nullptr);
  }
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (!id.starts_with(prefix)) continue;
    const std::string_view rest = id.substr(prefix.size());
    if (rest.empty()) return Utc();
    if (const std::optional<int> offset = ParseOffset(rest)) return TimeZone(*offset, nullptr);
  }
  for (const auto& [short_id, meaning] : kShortIds) {
    if (short_id == id) return Parse(meaning, zones);
  }
  const ZoneRules* region = IsRegionName(id) ? zones->Find(id) : nullptr;
  if (region == nullptr) return std::nullopt;
  return TimeZone(0, region);
}

int64_t TimeZone::ToUtcSeconds(int64_t local_seconds) const {
  if (region_ == nullptr) return local_seconds - offset_seconds_;
  // The offsets that hold a day before and a day behind are those on both sides of a change.
  const int64_t before = region_->OffsetAt(local_seconds - kSecondsPerDay);
  if (region_->OffsetAt(local_seconds - before) == before) return local_seconds - before;
  const int64_t after = region_->OffsetAt(local_seconds + kSecondsPerDay);
  if (region_->OffsetAt(local_seconds - after) == after) return local_seconds - after;
  return local_seconds - before;  // in a gap
}

}  // namespace spillway::expression
