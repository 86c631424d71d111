// Unsigned integers of 256 bits, for the exact intermediates of decimal arithmetic that leave 128:
// products of two 38-digit numbers, and dividends raised by 38 digits. Rare, so simple: division
// goes bit by bit.
//
// Thread rule: values.
#pragma once

#include <cstdint>

namespace spillway::expression {

struct WideInteger {
  using Half = unsigned __int128;
  Half high = 0;
  Half low = 0;

  static WideInteger Product(Half left, Half right) {
    const Half mask = ~uint64_t{0};
    const Half low_low = (left & mask) * (right & mask);
    const Half low_high = (left & mask) * (right >> 64);
    const Half high_low = (left >> 64) * (right & mask);
    const Half middle = (low_low >> 64) + (low_high & mask) + (high_low & mask);
    return {
        .high = (left >> 64) * (right >> 64) + (low_high >> 64) + (high_low >> 64) + (middle >> 64),
        .low = (middle << 64) | (low_low & mask)};
  }

  friend bool operator==(const WideInteger& a, const WideInteger& b) = default;
  friend bool operator<(const WideInteger& a, const WideInteger& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
  friend WideInteger operator+(const WideInteger& a, const WideInteger& b) {
    WideInteger sum{.high = a.high + b.high, .low = a.low + b.low};
    if (sum.low < a.low) ++sum.high;
    return sum;
  }
  friend WideInteger operator-(const WideInteger& a, const WideInteger& b) {
    return {.high = a.high - b.high - (a.low < b.low ? 1 : 0), .low = a.low - b.low};
  }

  WideInteger Doubled() const { return {.high = (high << 1) | (low >> 127), .low = low << 1}; }

  // *this divided by `divisor`, which is not zero and below 2^255.
  WideInteger DivideBy(const WideInteger& divisor, WideInteger* remainder) const {
    WideInteger quotient;
    WideInteger rest;
    for (int bit = 255; bit >= 0; --bit) {
      const Half half = bit >= 128 ? high : low;
      rest = rest.Doubled();
      rest.low |= (half >> (bit % 128)) & 1;
      quotient = quotient.Doubled();
      if (!(rest < divisor)) {
        rest = rest - divisor;
        quotient.low |= 1;
      }
    }
    *remainder = rest;
    return quotient;
  }
};

}  // namespace spillway::expression
