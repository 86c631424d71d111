// The decimal digits that Java 17 prints for a floating-point number. They are those that Spark's
// casts to STRING and DECIMAL and its round() work on, and now and then one more or one other than
// the shortest that read back equal: the float 2^31 is 2.14748365E9, the smallest double 4.9E-324.
// No library's shortest form will do.
//
// Thread rule: pure functions.
#pragma once

namespace spillway::expression {

// digits[0].digits[1]digits[2].. * 10^exponent, without trailing zeros.
struct JavaDigits {
  char digits[24];
  int count = 0;
  int exponent = 0;
};

// `value` is finite and above zero.
JavaDigits DigitsOf(double value);
JavaDigits DigitsOf(float value);

}  // namespace spillway::expression
