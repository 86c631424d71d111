#include "memory/governor.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

using testing::HasSubstr;

std::unique_ptr<Governor> MakeGovernor(int64_t budget_bytes, int64_t overhead_bytes = 0) {
  return Governor::Make(budget_bytes, overhead_bytes).ValueOrDie();
}

ErrorInfo ErrorOf(const Status& status) {
  EXPECT_FALSE(status.ok());
  return FindError(status).value_or(ErrorInfo{.code = ErrorCode::kInternal, .what = "uncoded"});
}

TEST(GovernorTest, SplitsTheBudget) {
  const auto governor = MakeGovernor(100 * kMiB, 30 * kMiB);
  EXPECT_EQ(governor->budget_bytes(), 100 * kMiB);
  EXPECT_EQ(governor->overhead_bytes(), 30 * kMiB);
  EXPECT_EQ(governor->capacity_bytes(), 70 * kMiB);
  EXPECT_EQ(governor->free_bytes(), 70 * kMiB);
  EXPECT_EQ(governor->held_bytes(), 0);
}

TEST(GovernorTest, ABudgetWithinTheOverheadIsTooSmall) {
  for (const int64_t budget : {int64_t{0}, kMiB, 48 * kMiB}) {
    const auto governor = Governor::Make(budget, 48 * kMiB);
    const ErrorInfo error = ErrorOf(governor.status());
    EXPECT_EQ(error.code, ErrorCode::kBudgetTooSmall);
    EXPECT_THAT(error.cure, HasSubstr("49MiB"));
  }
}

TEST(GovernorTest, GrantsBetweenMinimumAndWanted) {
  const auto governor = MakeGovernor(100);
  auto first = governor->Reserve("a", 10, 60);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->granted_bytes(), 60);
  EXPECT_EQ(first->minimum_bytes(), 10);
  EXPECT_EQ(first->tag(), "a");
  auto second = governor->Reserve("b", 10, 60);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->granted_bytes(), 40);
  EXPECT_EQ(governor->free_bytes(), 0);
  EXPECT_TRUE(governor->Reserve("nothing", 0, 10).ok());
}

TEST(GovernorTest, AMinimumThatOthersHoldFailsAndNamesThem) {
  const auto governor = MakeGovernor(100 * kMiB, 20 * kMiB);
  const auto index = governor->Reserve("index of predictions", 50 * kMiB, 50 * kMiB);
  const auto lane = governor->Reserve("lane 0", 10 * kMiB, 10 * kMiB);
  const auto refused = governor->Reserve("lane 1", 30 * kMiB, 40 * kMiB);
  const ErrorInfo error = ErrorOf(refused.status());
  EXPECT_EQ(error.code, ErrorCode::kBudgetExceeded);
  EXPECT_TRUE(refused.status().IsOutOfMemory());
  EXPECT_EQ(error.what,
            "lane 1 needs at least 30.0 MiB of memory, but only 20.0 MiB of 80.0 MiB is free");
  EXPECT_EQ(error.why, "index of predictions holds 50.0 MiB, lane 0 holds 10.0 MiB");
  EXPECT_THAT(error.cure, HasSubstr("110MiB"));
  EXPECT_EQ(governor->free_bytes(), 20 * kMiB);
}

TEST(GovernorTest, TheBudgetThatAnErrorNamesWouldDo) {
  const auto governor = MakeGovernor(100 * kMiB, 20 * kMiB);
  const ErrorInfo error =
      ErrorOf(governor->Reserve("index", 300 * kMiB + 1, 300 * kMiB + 1).status());
  EXPECT_EQ(error.code, ErrorCode::kBudgetTooSmall);
  EXPECT_THAT(error.what, HasSubstr("index needs at least 300.0 MiB"));
  EXPECT_EQ(error.cure, "use --memory 321MiB or more");
  EXPECT_TRUE(MakeGovernor(321 * kMiB, 20 * kMiB)->Reserve("index", 300 * kMiB + 1, kGiB).ok());
}

TEST(GovernorTest, RefusesAMinimumAboveWhatIsWanted) {
  const auto governor = MakeGovernor(100);
  EXPECT_TRUE(governor->Reserve("a", 10, 9).status().IsInvalid());
  EXPECT_TRUE(governor->Reserve("a", -1, 9).status().IsInvalid());
  EXPECT_EQ(governor->free_bytes(), 100);
}

TEST(GovernorTest, CountsByTagAndKeepsPeaks) {
  const auto governor = MakeGovernor(100);
  {
    auto a = governor->Reserve("a", 10, 10);
    auto b1 = governor->Reserve("b", 20, 20);
    auto b2 = governor->Reserve("b", 30, 30);
    ASSERT_TRUE(b1->TryCharge(5));
    ASSERT_TRUE(b2->TryCharge(7));
    const std::vector<TagUsage> usage = governor->Usage();
    ASSERT_EQ(usage.size(), 2U);
    EXPECT_EQ(usage[0].tag, "a");
    EXPECT_EQ(usage[0].held_bytes, 10);
    EXPECT_EQ(usage[1].held_bytes, 50);
    EXPECT_EQ(usage[1].in_use_bytes, 12);
    b1->Uncharge(5);
    b2->Uncharge(7);
  }
  const std::vector<TagUsage> usage = governor->Usage();
  EXPECT_EQ(usage[1].held_bytes, 0);
  EXPECT_EQ(usage[1].peak_held_bytes, 50);
  EXPECT_EQ(usage[1].in_use_bytes, 0);
  EXPECT_EQ(usage[1].peak_in_use_bytes, 12);
  EXPECT_EQ(governor->peak_held_bytes(), 60);
  EXPECT_EQ(governor->free_bytes(), 100);
}

TEST(ReservationTest, GivesBackAtItsEndAndWhenItIsReplaced) {
  const auto governor = MakeGovernor(100);
  Reservation kept = governor->Reserve("a", 40, 40).ValueOrDie();
  {
    Reservation moved = std::move(kept);
    EXPECT_EQ(governor->free_bytes(), 60);
    kept = governor->Reserve("a", 50, 50).ValueOrDie();
    EXPECT_EQ(governor->free_bytes(), 10);
  }
  EXPECT_EQ(governor->free_bytes(), 50);
  kept = governor->Reserve("a", 5, 5).ValueOrDie();
  EXPECT_EQ(governor->free_bytes(), 95);
}

TEST(ReservationTest, GrowsAndShrinks) {
  const auto governor = MakeGovernor(100);
  Reservation reservation = governor->Reserve("a", 10, 10).ValueOrDie();
  EXPECT_TRUE(reservation.GrowTo(70).ok());
  EXPECT_EQ(reservation.granted_bytes(), 70);
  EXPECT_TRUE(reservation.GrowTo(50).ok());
  EXPECT_EQ(reservation.granted_bytes(), 70);
  EXPECT_EQ(governor->free_bytes(), 30);
  reservation.ShrinkTo(80);
  EXPECT_EQ(reservation.granted_bytes(), 70);
  reservation.ShrinkTo(20);
  EXPECT_EQ(reservation.granted_bytes(), 20);
  EXPECT_EQ(governor->free_bytes(), 80);
  const ErrorInfo error = ErrorOf(reservation.GrowTo(101));
  EXPECT_EQ(error.code, ErrorCode::kBudgetExceeded);
  EXPECT_EQ(error.what, "a cannot grow from 20 B to 101 B: only 80 B of 100 B is free");
  EXPECT_EQ(reservation.granted_bytes(), 20);
  EXPECT_EQ(governor->free_bytes(), 80);
}

TEST(ReservationTest, ChargesItsGrantFirstAndThenWhatIsFree) {
  const auto governor = MakeGovernor(100);
  Reservation reservation = governor->Reserve("a", 30, 30).ValueOrDie();
  ASSERT_TRUE(reservation.TryCharge(30));
  EXPECT_EQ(governor->free_bytes(), 70);
  ASSERT_TRUE(reservation.TryCharge(20));
  EXPECT_EQ(governor->free_bytes(), 50);
  EXPECT_FALSE(reservation.TryCharge(51));
  EXPECT_EQ(governor->free_bytes(), 50);
  EXPECT_EQ(reservation.charged_bytes(), 50);
  reservation.Uncharge(25);  // 20 of them were not the grant's
  EXPECT_EQ(governor->free_bytes(), 70);
  reservation.Uncharge(25);
  EXPECT_EQ(governor->free_bytes(), 70);
}

TEST(ReservationTest, WhatIsChargedAboveASmallerGrantGoesBackWhenItIsUncharged) {
  const auto governor = MakeGovernor(100);
  Reservation reservation = governor->Reserve("a", 60, 60).ValueOrDie();
  ASSERT_TRUE(reservation.TryCharge(50));
  reservation.ShrinkTo(20);
  EXPECT_EQ(governor->free_bytes(), 50);
  reservation.Uncharge(40);
  EXPECT_EQ(governor->free_bytes(), 80);
  ASSERT_TRUE(reservation.TryCharge(60));
  EXPECT_EQ(governor->free_bytes(), 30);
  EXPECT_TRUE(reservation.GrowTo(90).ok());  // 50 of the 70 it holds already
  EXPECT_EQ(governor->free_bytes(), 10);
  reservation.Uncharge(70);
  EXPECT_EQ(governor->free_bytes(), 10);
}

TEST(ReservationTest, ARefusedChargeIsAnOutOfMemoryThatNamesTheNumbers) {
  const auto governor = MakeGovernor(100);
  const Reservation other = governor->Reserve("index", 80, 80).ValueOrDie();
  Reservation reservation = governor->Reserve("lane 0", 10, 10).ValueOrDie();
  ASSERT_TRUE(reservation.TryCharge(15));
  EXPECT_FALSE(reservation.TryCharge(6));
  const Status status = reservation.RefusedCharge(6);
  EXPECT_TRUE(status.IsOutOfMemory());
  const ErrorInfo error = ErrorOf(status);
  EXPECT_EQ(error.code, ErrorCode::kBudgetExceeded);
  EXPECT_EQ(error.what, "lane 0 asked for 6 B with 15 B in use, but only 5 B of 100 B is free");
  EXPECT_EQ(error.why, "index holds 80 B, lane 0 holds 15 B");
  reservation.Uncharge(15);
}

TEST(ReservationDeathTest, EndingWhileChargedIsAFaultOfOurs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const auto governor = MakeGovernor(100);
        Reservation reservation = governor->Reserve("lane 7", 10, 10).ValueOrDie();
        (void)reservation.TryCharge(3);
      },
      "lane 7.*3 bytes charged");
}

// What the account does in a handful of atomics, in the plainest words.
struct NaiveAccount {
  int64_t granted;
  int64_t charged;
  int64_t held() const { return std::max(granted, charged); }
};

TEST(ReservationTest, AgreesWithANaiveModel) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr int64_t kCapacity = 1000;
  const auto governor = MakeGovernor(kCapacity);
  std::vector<Reservation> reservations;
  std::vector<NaiveAccount> model;
  for (int i = 0; i < 3; ++i) {
    reservations.push_back(governor->Reserve("r" + std::to_string(i), 100, 100).ValueOrDie());
    model.push_back({100, 0});
  }
  const auto free_in_model = [&model] {
    int64_t free = kCapacity;
    for (const NaiveAccount& account : model) free -= account.held();
    return free;
  };
  for (int step = 0; step < 20000; ++step) {
    const size_t which = random() % model.size();
    NaiveAccount& account = model[which];
    Reservation& reservation = reservations[which];
    const auto bytes = static_cast<int64_t>(random() % 400);
    NaiveAccount wanted = account;
    switch (random() % 4) {
      case 0:
        wanted.charged += bytes;
        ASSERT_EQ(reservation.TryCharge(bytes), wanted.held() - account.held() <= free_in_model());
        break;
      case 1:
        wanted.charged -= std::min(bytes, account.charged);
        reservation.Uncharge(account.charged - wanted.charged);
        break;
      case 2:
        wanted.granted = std::max(account.granted, bytes);
        ASSERT_EQ(reservation.GrowTo(bytes).ok(),
                  wanted.held() - account.held() <= free_in_model());
        break;
      default:
        wanted.granted = std::min(account.granted, bytes);
        reservation.ShrinkTo(bytes);
    }
    if (wanted.held() - account.held() <= free_in_model()) account = wanted;
    ASSERT_EQ(governor->free_bytes(), free_in_model()) << "step " << step;
    ASSERT_EQ(reservation.granted_bytes(), account.granted) << "step " << step;
    ASSERT_EQ(reservation.charged_bytes(), account.charged) << "step " << step;
  }
  for (size_t i = 0; i < model.size(); ++i) reservations[i].Uncharge(model[i].charged);
}

TEST(ReservationTest, ThreadsNeitherMakeNorLoseAByte) {
  constexpr int64_t kCapacity = 4096;
  const auto governor = MakeGovernor(kCapacity);
  {
    Reservation shared = governor->Reserve("shared", 512, 512).ValueOrDie();
    std::atomic<bool> above_capacity{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(t);
        int64_t charged = 0;
        for (int step = 0; step < 30000; ++step) {
          const auto bytes = static_cast<int64_t>(random() % 700);
          if (random() % 2 == 0 && shared.TryCharge(bytes)) {
            charged += bytes;
          } else {
            const int64_t back = std::min(bytes, charged);
            shared.Uncharge(back);
            charged -= back;
          }
          if (t == 0 && step % 7 == 0) static_cast<void>(shared.GrowTo(512 + bytes));
          if (t == 0 && step % 7 == 3) shared.ShrinkTo(bytes);
          if (governor->free_bytes() < 0) above_capacity = true;
        }
        shared.Uncharge(charged);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_FALSE(above_capacity);
    EXPECT_EQ(shared.charged_bytes(), 0);
    EXPECT_EQ(governor->held_bytes(), shared.granted_bytes());
  }
  EXPECT_EQ(governor->free_bytes(), kCapacity);
  EXPECT_LE(governor->peak_held_bytes(), kCapacity);
  EXPECT_EQ(governor->Usage()[0].held_bytes, 0);
}

TEST(GovernorTest, ThreadsReserveWhatIsThereAndNoMore) {
  const auto governor = MakeGovernor(1000);
  std::vector<std::thread> threads;
  std::atomic<int64_t> held{0};
  std::atomic<bool> above_capacity{false};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int step = 0; step < 2000; ++step) {
        auto reservation = governor->Reserve("lane " + std::to_string(t), 100, 600);
        if (!reservation.ok()) continue;
        if (held.fetch_add(reservation->granted_bytes()) + reservation->granted_bytes() > 1000) {
          above_capacity = true;
        }
        held.fetch_sub(reservation->granted_bytes());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(above_capacity);
  EXPECT_EQ(governor->free_bytes(), 1000);
}

}  // namespace
}  // namespace spillway::memory
