#include "delta/table_time.h"

#include <gtest/gtest.h>

#include "delta/test_tables.h"

namespace spillway::delta {
namespace {

TEST(TableTime, ReadsDatesAndTimes) {
  EXPECT_EQ(ParseTableTime("1970-01-01").ValueOrDie(), 0);
  EXPECT_EQ(ParseTableTime("2026-08-22").ValueOrDie(), 1787356800000);
  EXPECT_EQ(ParseTableTime("2026-08-22 10:00:00").ValueOrDie(), 1787392800000);
  EXPECT_EQ(ParseTableTime("2026-08-22T10:00:00.123").ValueOrDie(), 1787392800123);
  EXPECT_EQ(ParseTableTime("2026-08-22T10:00:00Z").ValueOrDie(), 1787392800000);
  EXPECT_EQ(ParseTableTime("2026-08-22T12:00:00+02:00").ValueOrDie(), 1787392800000);
}

TEST(TableTime, DropsPartsOfAMillisecond) {
  EXPECT_EQ(ParseTableTime("1970-01-01T00:00:00.000999").ValueOrDie(), 0);
  EXPECT_EQ(ParseTableTime("1969-12-31T23:59:59.999999").ValueOrDie(), -1);
}

TEST(TableTime, RefusesOtherText) {
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-02-30", "1787356800000", "10:00:00"}) {
    EXPECT_EQ(test::CodeOf(ParseTableTime(text).status()), ErrorCode::kValueOutOfRange) << text;
  }
}

}  // namespace
}  // namespace spillway::delta
