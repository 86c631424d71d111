#include "pipeline/read_ahead.h"

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

const auto kSchema = arrow::schema({arrow::field("id", arrow::int64())});

// Batches of one row each, and then the end, or a failure.
class CountingReader : public arrow::RecordBatchReader {
 public:
  CountingReader(int64_t rows, Status last) : rows_(rows), last_(std::move(last)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return kSchema; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_ == rows_) return last_;
    *batch = test::BatchOf(kSchema, fmt::format(R"([{{"id": {}}}])", next_++));
    return Status::OK();
  }

 private:
  const int64_t rows_;
  const Status last_;
  int64_t next_ = 0;
};

TEST(ReadAheadTest, GivesTheBatchesInTheirOrder) {
  for (const int64_t rows : {0, 1, 2, 300}) {
    const ReaderPointer stage = ReadAhead(std::make_unique<CountingReader>(rows, Status::OK()));
    const std::vector<std::string> found = test::RowsOf(*stage);
    ASSERT_EQ(std::ssize(found), rows);
    for (int64_t i = 0; i < rows; ++i) {
      EXPECT_EQ(found[static_cast<size_t>(i)], fmt::format("{}|", i));
    }
    EXPECT_EQ(stage->Next().ValueOrDie(), nullptr);  // the end stays
  }
}

TEST(ReadAheadTest, HandsAFailureOnBehindTheBatchesBeforeIt) {
  const ReaderPointer stage =
      ReadAhead(std::make_unique<CountingReader>(2, Status::Cancelled("enough")));
  EXPECT_NE(stage->Next().ValueOrDie(), nullptr);
  EXPECT_NE(stage->Next().ValueOrDie(), nullptr);
  EXPECT_TRUE(stage->Next().status().IsCancelled());
  EXPECT_TRUE(stage->Next().status().IsCancelled());
}

TEST(ReadAheadTest, MayBeGivenUpAtAnyTime) {
  for (int64_t taken = 0; taken < 20; ++taken) {
    const ReaderPointer stage = ReadAhead(std::make_unique<CountingReader>(10, Status::OK()));
    for (int64_t i = 0; i < taken; ++i) ASSERT_TRUE(stage->Next().ok());
  }
}

}  // namespace
}  // namespace spillway::pipeline
