// Steele and White's free-format printing as Java up to 18 does it: the number is B / S * 10^e with
// integers B and S, half the distance to its neighbours is M / S, and digits of B / S are made
// until what is left is below M, or within M of the next digit. Whole numbers are printed from
// their 64 bits, less the digits that the mantissa does not carry. Java uses machine integers where
// B and 10 S fit into 64 bits and large ones else, and the two differ in one comparison: where the
// remainder and M just reach the next digit, only the large ones stop.
#include "expression/java_digits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace spillway::expression {
namespace {

constexpr int kMantissaBits = 52;
constexpr int kExponentBias = 1023;

// Large enough for 10 * 2^1074 and 5^324 * 2^53.
class LargeInteger {
 public:
  explicit LargeInteger(uint64_t value) {
    words_[0] = static_cast<uint32_t>(value);
    words_[1] = static_cast<uint32_t>(value >> 32);
    size_ = 2;
  }

  void Multiply(uint32_t factor) {
    uint64_t carry = 0;
    for (size_t i = 0; i < size_; ++i) {
      carry += static_cast<uint64_t>(words_[i]) * factor;
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_[size_++] = static_cast<uint32_t>(carry);
  }

  void ShiftLeft(int bits) {
    for (; bits >= 31; bits -= 31) Multiply(1u << 31);
    Multiply(1u << bits);
  }

  void MultiplyByPowerOfFive(int exponent) {
    for (; exponent >= 13; exponent -= 13) Multiply(1220703125);
    for (; exponent > 0; --exponent) Multiply(5);
  }

  void Add(const LargeInteger& other) {
    uint64_t carry = 0;
    const size_t size = std::max(size_, other.size_);
    for (size_t i = 0; i < size; ++i) {
      carry += static_cast<uint64_t>(words_[i]) + other.words_[i];
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    size_ = size;
    if (carry != 0) words_[size_++] = static_cast<uint32_t>(carry);
  }

  // Takes `other` away as often as it goes, which is below ten times.
  int Divide(const LargeInteger& other) {
    int quotient = 0;
    for (; Compare(other) >= 0; ++quotient) {
      int64_t borrow = 0;
      for (size_t i = 0; i < size_; ++i) {
        borrow += static_cast<int64_t>(words_[i]) - other.words_[i];
        words_[i] = static_cast<uint32_t>(borrow);
        borrow >>= 32;
      }
    }
    return quotient;
  }

  bool Overflowed() const { return false; }

  int Compare(const LargeInteger& other) const {
    for (size_t i = std::max(size_, other.size_); i-- > 0;) {
      if (words_[i] != other.words_[i]) return words_[i] < other.words_[i] ? -1 : 1;
    }
    return 0;
  }

 private:
  std::array<uint32_t, 48> words_ = {};
  size_t size_ = 0;
};

// The same in 64 bits, with Java's overflow: a sum that passes 2^63 is negative, and compares so.
class SmallInteger {
 public:
  explicit SmallInteger(uint64_t value) : value_(value) {}
  void Multiply(uint32_t factor) { value_ *= factor; }
  void ShiftLeft(int bits) { value_ <<= bits; }
  void MultiplyByPowerOfFive(int exponent) {
    for (; exponent > 0; --exponent) value_ *= 5;
  }
  void Add(const SmallInteger& other) { value_ += other.value_; }
  int Divide(const SmallInteger& other) {
    const auto quotient = static_cast<int>(value_ / other.value_);
    value_ %= other.value_;
    return quotient;
  }
  int Compare(const SmallInteger& other) const {
    if (value_ == other.value_) return 0;
    return static_cast<int64_t>(value_) < static_cast<int64_t>(other.value_) ? -1 : 1;
  }
  bool Overflowed() const { return static_cast<int64_t>(value_) <= 0; }

 private:
  uint64_t value_;
};

// The number as fraction * 2^(exponent - 52), the fraction's bit 52 set.
struct Parts {
  uint64_t fraction;
  int exponent;
  int significant_bits;
};

struct Scale {
  int two_b, five_b;  // B = fraction * 2^two_b * 5^five_b
  int two_s, five_s;
  int two_m;  // M = 2^two_m * 5^five_b
};

int BitsOfPowerOfFive(int exponent) {
  if (exponent > 26) return exponent * 3;
  uint64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 5;
  return exponent == 0 ? 0 : static_cast<int>(std::bit_width(power));
}

void RoundUp(JavaDigits* digits) {
  int last = digits->count - 1;
  while (last >= 0 && digits->digits[last] == '9') digits->digits[last--] = '0';
  if (last >= 0) {
    ++digits->digits[last];
    return;
  }
  digits->digits[0] = '1';  // 99.. became 00..
  ++digits->exponent;
}

void DropTrailingZeros(JavaDigits* digits) {
  while (digits->count > 1 && digits->digits[digits->count - 1] == '0') --digits->count;
}

template <typename Integer>
Integer Compose(uint64_t value, int fives, int twos) {
  Integer result(value);
  result.MultiplyByPowerOfFive(fives);
  result.ShiftLeft(twos);
  return result;
}

template <typename Integer>
JavaDigits Generate(uint64_t fraction, const Scale& scale, int exponent) {
  constexpr bool kLarge = std::is_same_v<Integer, LargeInteger>;
  auto b = Compose<Integer>(fraction, scale.five_b, scale.two_b);
  const auto s = Compose<Integer>(1, scale.five_s, scale.two_s);
  auto m = Compose<Integer>(1, scale.five_b, scale.two_m);
  Integer ten_s = s;
  ten_s.Multiply(10);

  JavaDigits result;
  bool low = false;
  bool high = false;
  const auto next = [&] {
    const int digit = b.Divide(s);
    b.Multiply(10);
    m.Multiply(10);
    if (m.Overflowed()) {  // it is larger than the rest by far
      low = high = true;
      return digit;
    }
    low = b.Compare(m) < 0;
    Integer sum = b;
    sum.Add(m);
    high = kLarge ? sum.Compare(ten_s) >= 0 : sum.Compare(ten_s) > 0;
    return digit;
  };
  const auto put = [&](int digit) {
    result.digits[result.count++] = static_cast<char>('0' + digit);
  };
  const int first = next();
  if (first == 0 && !high) {
    --exponent;
  } else {
    put(first);
  }
  // The form with an exponent has two digits at least.
  if (exponent < -3 || exponent >= 8) low = high = false;
  while (!low && !high) put(next());  // NOLINT(bugprone-infinite-loop): next() sets both
  result.exponent = exponent;
  if (high) {
    // A half of ten_s: the rest itself must not be doubled, it may pass 2^63.
    Integer half = s;
    half.Multiply(5);
    const int middle = b.Compare(half);
    const bool odd = ((result.digits[result.count - 1] - '0') & 1) != 0;
    if (!low || middle > 0 || (middle == 0 && odd)) RoundUp(&result);
  }
  DropTrailingZeros(&result);
  return result;
}

// A whole number below 2^63. Its last digits are not significant where its last bits are zeros that
// the mantissa does not carry.
JavaDigits WholeDigits(uint64_t value, int free_bits) {
  int dropped = free_bits > 1 ? static_cast<int>(std::floor(free_bits * 0.30102999566398120)) : 0;
  JavaDigits result;
  result.exponent = dropped;
  if (dropped > 0) {
    uint64_t power = 1;
    for (int i = 0; i < dropped; ++i) power *= 10;
    const uint64_t rest = value % power;
    value = value / power + (rest >= power / 2 ? 1 : 0);
  }
  char reversed[24];
  for (; value > 0; value /= 10) reversed[result.count++] = static_cast<char>('0' + value % 10);
  std::reverse_copy(reversed, reversed + result.count, result.digits);
  result.exponent += result.count - 1;
  DropTrailingZeros(&result);
  return result;
}

// floor(log10(number)), or one more.
int EstimateExponent(const Parts& parts) {
  const double mantissa = std::ldexp(static_cast<double>(parts.fraction), -kMantissaBits);
  return static_cast<int>(std::floor((mantissa - 1.5) * 0.289529654 + 0.176091259 +
                                     parts.exponent * 0.301029995663981));
}

JavaDigits Print(const Parts& parts) {
  const int tail_zeros = std::countr_zero(parts.fraction);
  const int fraction_bits = kMantissaBits + 1 - tail_zeros;
  const int tiny_bits = std::max(0, fraction_bits - parts.exponent - 1);
  if (parts.exponent <= 62 && tiny_bits == 0) {
    const int free_bits =
        parts.exponent > parts.significant_bits ? parts.exponent - parts.significant_bits - 1 : 0;
    const uint64_t whole = parts.exponent >= kMantissaBits
                               ? parts.fraction << (parts.exponent - kMantissaBits)
                               : parts.fraction >> (kMantissaBits - parts.exponent);
    return WholeDigits(whole, free_bits);
  }
  const int exponent = EstimateExponent(parts);
  Scale scale{};
  scale.five_b = std::max(0, -exponent);
  scale.two_b = scale.five_b + tiny_bits + parts.exponent;
  scale.five_s = std::max(0, exponent);
  scale.two_s = scale.five_s + tiny_bits;
  scale.two_m = scale.two_b - parts.significant_bits;
  scale.two_b -= fraction_bits - 1;
  const int common = std::min(scale.two_b, scale.two_s);
  scale.two_b -= common;
  scale.two_s -= common;
  scale.two_m -= common;
  if (fraction_bits == 1) --scale.two_m;  // below a power of two the next number is half as far
  if (scale.two_m < 0) {
    scale.two_b -= scale.two_m;
    scale.two_s -= scale.two_m;
    scale.two_m = 0;
  }
  const int b_bits = fraction_bits + scale.two_b + BitsOfPowerOfFive(scale.five_b);
  const int ten_s_bits = scale.two_s + 1 + BitsOfPowerOfFive(scale.five_s + 1);
  const uint64_t fraction = parts.fraction >> tail_zeros;
  return b_bits < 64 && ten_s_bits < 64 ? Generate<SmallInteger>(fraction, scale, exponent)
                                        : Generate<LargeInteger>(fraction, scale, exponent);
}

}  // namespace

JavaDigits DigitsOf(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t hidden = uint64_t{1} << kMantissaBits;
  uint64_t fraction = bits & (hidden - 1);
  int exponent = static_cast<int>(bits >> kMantissaBits);
  int significant = kMantissaBits + 1;
  if (exponent == 0) {  // subnormal: the first set bit becomes the hidden one
    significant = static_cast<int>(std::bit_width(fraction));
    const int shift = kMantissaBits + 1 - significant;
    fraction <<= shift;
    exponent = 1 - shift;
  } else {
    fraction |= hidden;
  }
  return Print({fraction, exponent - kExponentBias, significant});
}

JavaDigits DigitsOf(float value) {
  constexpr int kFloatMantissaBits = 23;
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t hidden = 1u << kFloatMantissaBits;
  uint32_t fraction = bits & (hidden - 1);
  int exponent = static_cast<int>(bits >> kFloatMantissaBits);
  int significant = kFloatMantissaBits + 1;
  if (exponent == 0) {
    significant = static_cast<int>(std::bit_width(fraction));
    const int shift = kFloatMantissaBits + 1 - significant;
    fraction <<= shift;
    exponent = 1 - shift;
  } else {
    fraction |= hidden;
  }
  return Print({static_cast<uint64_t>(fraction) << (kMantissaBits - kFloatMantissaBits),
                exponent - 127, significant});
}

}  // namespace spillway::expression
