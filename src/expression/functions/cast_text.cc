// Casts from and to STRING.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>

#include <arrow/util/string.h>

#include "expression/datetime_text.h"
#include "expression/decimal_text.h"
#include "expression/floating_text.h"
#include "expression/functions/casts.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/type_dispatch.h"
#include "expression/map.h"
#include "expression/utf8.h"

namespace spillway::expression::functions {
namespace {

// An optional sign and digits, with blanks around them; no fraction in ANSI mode.
template <typename T>
bool ParseIntegral(std::string_view text, T* out) {
  *out = 0;
  text = TrimBlanks(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc{} && end == text.data() + text.size();
}

template <typename T>
bool ParseNumber(std::string_view text, T* out) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, float>) {
    std::optional<T> value;
    if constexpr (std::is_same_v<T, double>) {
      value = ParseDouble(text);
    } else {
      value = ParseFloat(text);
    }
    *out = value.value_or(T{0});
    return value.has_value();
  } else {
    return ParseIntegral(text, out);
  }
}

// java.math.BigDecimal takes the decimal digits of every script; here they become ASCII.
std::optional<ParsedDecimal> ParseAnyDecimal(std::string_view text) {
  text = TrimBlanks(text);
  if (utf8::IsAscii(text)) return ParseDecimal(text);
  constexpr char32_t kZeros[] = {0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
                                 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20,
                                 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
                                 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
                                 0xA9F0, 0xAA50, 0xABF0, 0xFF10};
  std::string ascii;
  for (size_t at = 0; at < text.size();) {
    const char32_t code = utf8::Decode(text, &at);
    const auto after = std::upper_bound(std::begin(kZeros), std::end(kZeros), code);
    if (code < 0x80) {
      ascii.push_back(static_cast<char>(code));
    } else if (after != std::begin(kZeros) && code - *std::prev(after) < 10) {
      ascii.push_back(static_cast<char>('0' + (code - *std::prev(after))));
    } else {
      return std::nullopt;
    }
  }
  return ParseDecimal(ascii);
}

std::optional<bool> ParseBoolean(std::string_view text) {
  const std::string word = arrow::internal::AsciiToLower(TrimBlanks(text));
  for (const std::string_view yes : {"t", "true", "y", "yes", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"f", "false", "n", "no", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

auto Malformed(const KernelInput& input) {
  return [&input](int64_t row) { return CastFailure(input, row, "it is malformed"); };
}

// Appends what put(row, buffer) writes into a buffer, of which it returns the end.
template <typename Put>
Result<Value> PutTexts(const KernelInput& input, int64_t expected_width, Put put) {
  std::array<char, 64> buffer;
  return MapToText(input, input.rows * expected_width, [&](int64_t row, TextWriter* writer) {
    const char* end = put(row, buffer.data());
    return writer->Append({buffer.data(), static_cast<size_t>(end - buffer.data())});
  });
}

Result<Value> NumbersToText(const KernelInput& input) {
  const Value& value = input.arguments[0];
  return VisitNumber(input.types[0].kind, [&]<typename T>() {
    const FixedReader<T> numbers(value);
    return PutTexts(input, 8, [&](int64_t row, char* out) -> char* {
      if constexpr (std::is_same_v<T, double>) {
        return FormatDouble(numbers[row], out);
      } else if constexpr (std::is_same_v<T, float>) {
        return FormatFloat(numbers[row], out);
      } else {
        return std::to_chars(out, out + 24, numbers[row]).ptr;
      }
    });
  });
}

}  // namespace

Result<Value> CastTextToNumber(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  return VisitNumber(input.result.kind, [&]<typename T>() {
    return TryMapValidRows<T>(
        input, [&](int64_t row, T* out) { return ParseNumber(texts[row], out); }, Malformed(input));
  });
}

Result<Value> CastTextToDecimal(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  return TryMapValidRows<arrow::Decimal128>(
      input,
      [&](int64_t row, arrow::Decimal128* out) {
        const auto parsed = ParseAnyDecimal(texts[row]);
        Int128 value = 0;
        const bool fits =
            parsed && ToDecimal(*parsed, input.result.precision, input.result.scale, &value);
        *out = FromInt128(value);
        return fits;
      },
      [&](int64_t row) {
        const bool number = ParseAnyDecimal(texts[row]).has_value();
        return CastFailure(input, row, number ? "it is out of range" : "it is malformed");
      });
}

Result<Value> CastTextToBoolean(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  ARROW_ASSIGN_OR_RAISE(const Value bytes, TryMapValidRows<uint8_t>(
                                               input,
                                               [&](int64_t row, uint8_t* out) {
                                                 const auto value = ParseBoolean(texts[row]);
                                                 *out = value.value_or(false) ? 1 : 0;
                                                 return value.has_value();
                                               },
                                               Malformed(input)));
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  const uint8_t* values = bytes.data->buffers[1]->data();
  for (int64_t row = 0; row < input.rows; ++row) {
    arrow::bit_util::SetBitTo(bits->mutable_data(), row, values[row] != 0);
  }
  return MakeColumn(input.result, input.rows, bytes.data->buffers[0], std::move(bits));
}

Result<Value> CastTextToDatetime(const KernelInput& input) {
  const TextReader texts(input.arguments[0]);
  if (input.result.kind == Kind::kDate) {
    return TryMapValidRows<int32_t>(
        input,
        [&](int64_t row, int32_t* out) {
          const auto days = ParseDate(texts[row]);
          *out = days.value_or(0);
          return days.has_value();
        },
        Malformed(input));
  }
  const bool zoned = input.result.kind == Kind::kTimestamp;
  ZoneDatabase zones;
  if (zoned && input.context.now_micros == kUnknownMoment && input.rows > 0 &&
      IsTimeAlone(texts[0])) {
    return Status::Cancelled("a time without a date means today, which is not constant");
  }
  std::atomic<bool>* const found_time_of_today = input.context.found_time_of_today;
  return TryMapValidRows<int64_t>(
      input,
      [&](int64_t row, int64_t* out) {
        const auto micros = zoned ? ParseTimestamp(texts[row], input.context.now_micros, &zones)
                                  : ParseTimestampNtz(texts[row], &zones);
        if (found_time_of_today != nullptr && zoned && micros && IsTimeAlone(texts[row])) {
          found_time_of_today->store(true, std::memory_order_relaxed);
        }
        *out = micros.value_or(0);
        return micros.has_value();
      },
      Malformed(input));
}

Result<Value> CastTextToBinary(const KernelInput& input) {
  auto relabelled = input.arguments[0].data->Copy();
  relabelled->type = ToArrow(input.result);
  return Value{std::move(relabelled)};
}

Result<Value> CastToText(const KernelInput& input) {
  const Value& value = input.arguments[0];
  switch (input.types[0].kind) {
    case Kind::kBoolean: {
      const BooleanReader truth(value);
      return MapToText(input, input.rows * 5, [&](int64_t row, TextWriter* writer) {
        return writer->Append(truth[row] ? "true" : "false");
      });
    }
    case Kind::kDecimal: {
      const FixedReader<arrow::Decimal128> decimals(value);
      const int scale = input.types[0].scale;
      return PutTexts(input, 10, [&](int64_t row, char* out) {
        return FormatDecimal(ToInt128(decimals[row]), scale, out);
      });
    }
    case Kind::kDate: {
      const FixedReader<int32_t> days(value);
      return PutTexts(input, 10,
                      [&](int64_t row, char* out) { return FormatDate(days[row], out); });
    }
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: {
      const FixedReader<int64_t> micros(value);
      return PutTexts(input, 26,
                      [&](int64_t row, char* out) { return FormatTimestamp(micros[row], out); });
    }
    default:
      return NumbersToText(input);
  }
}

}  // namespace spillway::expression::functions
