// Runs written and read again, against a map of vectors.
#include "join/runs.h"

#include <cstring>
#include <map>

#include <fmt/format.h>

#include "base/row_bytes.h"
#include "join/join_test_data.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

struct Record {
  int64_t id;
  int64_t value;
  bool operator==(const Record&) const = default;
};

// Records are a length and as many bytes, all with one value.
int64_t SizeOf(int64_t value) { return 9 + value % 50 + (value % 101 == 0 ? 6000 : 0); }

void Put(RunWriter* writer, uint32_t stream, int64_t value) {
  uint8_t* room = writer->TryExtend(stream, SizeOf(value));
  if (room == nullptr) room = writer->Extend(stream, SizeOf(value)).ValueOrDie();
  std::memset(room, static_cast<int>(value % 251), static_cast<size_t>(SizeOf(value)));
  Store(room, value);
}

void Check(const SpilledRuns& runs, uint32_t stream, const std::vector<Record>& expected,
           RunReader* reader) {
  ASSERT_EQ(runs.Records(stream), static_cast<int64_t>(expected.size()));
  ASSERT_TRUE(reader->Open(*runs.streams, stream).ok());
  size_t done = 0;
  uint32_t left_in_run = 0;
  while (!reader->done()) {
    if (left_in_run == 0) left_in_run = reader->run().records;
    const uint8_t* record = reader->records().data();
    const auto value = Load<int64_t>(record);
    ASSERT_LT(done, expected.size());
    ASSERT_EQ((Record{reader->run().id, value}), expected[done++]);
    for (int64_t i = 8; i < SizeOf(value); ++i) ASSERT_EQ(record[i], value % 251);
    --left_in_run;
    ASSERT_TRUE(reader->Pass(SizeOf(value)).ok());
  }
  ASSERT_EQ(done, expected.size());
  ASSERT_EQ(left_in_run, 0U);
}

TEST(RunsTest, WhatIsWrittenIsRead) {
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    StrictPool pool;
    const auto num_streams = static_cast<uint32_t>(1 + Below(random, 40));
    std::vector<std::vector<Record>> expected(num_streams);
    {
      const auto writer = RunWriter::Make(directory.get(), {.purpose = "runs",
                                                            .streams = num_streams,
                                                            .block_bytes = 4096,
                                                            .write_bytes = Below(random, 50'000),
                                                            .pool = &pool})
                              .ValueOrDie();
      int64_t value = 0;
      for (int64_t id = 0; id < 30; ++id) {
        writer->StartRun(id);
        for (int64_t count = Below(random, 200); count > 0; --count) {
          const auto stream = static_cast<uint32_t>(Below(random, num_streams));
          Put(writer.get(), stream, ++value);
          expected[stream].push_back({id, value});
        }
      }
      const SpilledRuns runs = writer->Finish().ValueOrDie();
      RunReader reader(&pool);
      for (uint32_t stream = 0; stream < num_streams; ++stream) {
        ASSERT_NO_FATAL_FAILURE(Check(runs, stream, expected[stream], &reader));
      }
    }
    ASSERT_EQ(pool.bytes_allocated(), 0);
  }
}

}  // namespace
}  // namespace spillway::join
