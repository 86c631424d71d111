#include "memory/process_memory.h"

#include <cstring>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

constexpr int64_t kProbeBytes = 48 * kMiB;
constexpr int64_t kSlackBytes = 8 * kMiB;

// Resident pages that are ours alone, as the heap's are.
class ResidentBlock {
 public:
  explicit ResidentBlock(int flags)
      : block_(::mmap(nullptr, kProbeBytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0)) {
    if (block_ == MAP_FAILED) std::abort();
    std::memset(block_, 1, kProbeBytes);
  }
  ~ResidentBlock() { ::munmap(block_, kProbeBytes); }

 private:
  void* const block_;
};

ProcessMemory Now() { return ReadProcessMemory().ValueOrDie(); }

TEST(ParseProcessMemoryTest, ReadsTheFourFields) {
  const auto memory = ParseProcessMemory(
      "Name:\tRssAnon: 1 kB\nVmHWM:\t  400000 kB\nVmRSS:\t  300000 kB\n"
      "RssAnon:\t  250000 kB\nRssFile:\t   40000 kB\nRssShmem:\t   10000 kB\nThreads:\t3\n");
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ(memory->rss_anon_bytes, 250000 * kKiB);
  EXPECT_EQ(memory->rss_file_bytes, 40000 * kKiB);
  EXPECT_EQ(memory->rss_shmem_bytes, 10000 * kKiB);
  EXPECT_EQ(memory->peak_rss_bytes, 400000 * kKiB);
  EXPECT_EQ(memory->unreclaimable_bytes(), 260000 * kKiB);
}

TEST(ParseProcessMemoryTest, RefusesAMissingOrEmptyField) {
  for (const std::string_view text :
       {"", "RssAnon: 1 kB\nRssFile: 1 kB\nRssShmem: 1 kB\n",
        "VmHWM: 1 kB\nRssAnon:\nRssFile: 1 kB\nRssShmem: 1 kB\n", "RssAnon"}) {
    const auto memory = ParseProcessMemory(text);
    ASSERT_FALSE(memory.ok()) << text;
    EXPECT_EQ(FindError(memory.status())->code, ErrorCode::kStorage);
  }
}

TEST(ReadProcessMemoryTest, FollowsAnonymousPages) {
  const ProcessMemory before = Now();
  {
    const ResidentBlock block(MAP_PRIVATE);
    const ProcessMemory during = Now();
    EXPECT_GT(during.rss_anon_bytes, before.rss_anon_bytes + kProbeBytes - kSlackBytes);
    EXPECT_LT(during.rss_anon_bytes, before.rss_anon_bytes + kProbeBytes + kSlackBytes);
    EXPECT_GE(during.peak_rss_bytes, during.unreclaimable_bytes() - kSlackBytes);
  }
  EXPECT_LT(Now().rss_anon_bytes, before.rss_anon_bytes + kSlackBytes);
}

TEST(ReadProcessMemoryTest, CountsSharedPagesAsUnreclaimable) {
  const ProcessMemory before = Now();
  const ResidentBlock block(MAP_SHARED);
  const ProcessMemory during = Now();
  EXPECT_GT(during.rss_shmem_bytes, before.rss_shmem_bytes + kProbeBytes - kSlackBytes);
  EXPECT_GT(during.unreclaimable_bytes(), before.unreclaimable_bytes() + kProbeBytes - kSlackBytes);
}

TEST(PeakSamplerTest, KeepsThePeakAndTheLatest) {
  PeakSampler sampler(std::chrono::milliseconds(1));
  EXPECT_EQ(sampler.peak_bytes(), 0);
  ASSERT_TRUE(sampler.Start().ok());
  const int64_t before = sampler.latest_bytes();
  EXPECT_GT(before, 0);
  {
    const ResidentBlock block(MAP_PRIVATE);
    while (sampler.peak_bytes() < before + kProbeBytes - kSlackBytes) std::this_thread::yield();
  }
  sampler.Stop();
  EXPECT_LT(sampler.latest_bytes(), before + kSlackBytes);
  EXPECT_GE(sampler.peak_bytes(), before + kProbeBytes - kSlackBytes);
}

TEST(PeakSamplerTest, StopTakesALastSample) {
  PeakSampler sampler(std::chrono::hours(1));
  ASSERT_TRUE(sampler.Start().ok());
  const int64_t before = sampler.latest_bytes();
  const ResidentBlock block(MAP_PRIVATE);
  sampler.Stop();
  EXPECT_GT(sampler.latest_bytes(), before + kProbeBytes - kSlackBytes);
}

TEST(PeakSamplerTest, MayBeStartedAndStoppedInAnyOrder) {
  PeakSampler never_started;
  never_started.Stop();
  PeakSampler sampler(std::chrono::milliseconds(1));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(sampler.Start().ok());
    ASSERT_TRUE(sampler.Start().ok());
    sampler.Stop();
    sampler.Stop();
  }
  ASSERT_TRUE(sampler.Start().ok());  // and its destructor stops it
}

}  // namespace
}  // namespace spillway::memory
