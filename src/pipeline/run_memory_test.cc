#include "pipeline/run_memory.h"

#include "base/units.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class RunMemoryTest : public test::PipelineTest {
 protected:
  RunMemoryTest() {
    MakeSource(100);
    MakeLookup();
  }

  static int64_t Held(const RunMemory& memory, std::string_view tag) {
    const auto usage = memory.governor().Usage();
    return std::ranges::find(usage, tag, &memory::TagUsage::tag)->held_bytes;
  }
};

// What reading a lookup was granted is not kept while the source streams: the plan did not add it
// up.
TEST_F(RunMemoryTest, StreamingHoldsWhatThePlanSays) {
  const auto plan = PlanOf().ValueOrDie();
  const auto memory = RunMemory::Make(*plan).ValueOrDie();
  ASSERT_TRUE(memory->GrantForReading(plan->memory.reading_bytes + 50 * kMiB).ok());
  ASSERT_TRUE(memory->GrantForStreaming(*plan).ok());
  EXPECT_EQ(Held(*memory, "reading"), plan->memory.reading_bytes);
  EXPECT_EQ(Held(*memory, "joined and derived columns"), plan->memory.transform_bytes);
  EXPECT_EQ(Held(*memory, "writing"), plan->memory.writing_bytes);
}

}  // namespace
}  // namespace spillway::pipeline
