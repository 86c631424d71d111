#include "pipeline/lanes.h"

#include <vector>

#include <gtest/gtest.h>

namespace spillway::pipeline {
namespace {

TEST(Lanes, EveryItemGoesToOneLane) {
  for (const int lanes : {1, 2, 7}) {
    std::vector<std::atomic<int>> taken(1000);
    const auto lane = [&taken](LaneItems& items) {
      while (const auto item = items.Take()) taken[static_cast<size_t>(*item)].fetch_add(1);
      return Status::OK();
    };
    ASSERT_TRUE(RunLanes(lanes, 1000, lane).ok());
    for (const auto& times : taken) ASSERT_EQ(times.load(), 1);
  }
}

TEST(Lanes, RunWithoutItems) {
  std::atomic<int> lanes{0};
  const auto lane = [&lanes](LaneItems& items) {
    EXPECT_FALSE(items.Take().has_value());
    ++lanes;
    return Status::OK();
  };
  ASSERT_TRUE(RunLanes(3, 0, lane).ok());
  EXPECT_EQ(lanes.load(), 3);
}

TEST(Lanes, AFailureEndsAllOfThem) {
  std::atomic<int64_t> taken{0};
  const auto lane = [&taken](LaneItems& items) -> Status {
    while (const auto item = items.Take()) {
      taken.fetch_add(1);
      if (*item == 10) return Status::Invalid("item 10");
    }
    return Status::OK();
  };
  const Status status = RunLanes(1, 1'000'000, lane);
  EXPECT_EQ(status.message(), "item 10");
  EXPECT_EQ(taken.load(), 11);
  EXPECT_EQ(RunLanes(4, 1'000'000, lane).message(), "item 10");
}

}  // namespace
}  // namespace spillway::pipeline
