// The English names of months, days, quarters and eras, as Java's CLDR data has them.
//
// Thread rule: constants.
#pragma once

#include <array>
#include <string_view>

namespace spillway::expression {

inline constexpr std::array<std::string_view, 12> kMonthNames = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 12> kShortMonthNames = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::array<std::string_view, 7> kDayNames = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
inline constexpr std::array<std::string_view, 4> kQuarterNames = {"1st quarter", "2nd quarter",
                                                                  "3rd quarter", "4th quarter"};
inline constexpr std::array<std::string_view, 2> kEraNames = {"Before Christ", "Anno Domini"};
inline constexpr std::array<std::string_view, 2> kShortEraNames = {"BC", "AD"};
inline constexpr std::array<std::string_view, 2> kHalfDayNames = {"AM", "PM"};

}  // namespace spillway::expression
