#include "base/counted.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(CountedTest, OnlyOneIsSingular) {
  EXPECT_EQ(Counted(0, "row group"), "0 row groups");
  EXPECT_EQ(Counted(1, "row group"), "1 row group");
  EXPECT_EQ(Counted(2'000, "row group"), "2,000 row groups");
}

}  // namespace
}  // namespace spillway
