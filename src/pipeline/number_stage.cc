#include <numeric>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "pipeline/map_stage.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {
namespace {

class NumberStage : public MapStage {
 public:
  NumberStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema, int64_t first,
              arrow::MemoryPool* pool)
      : MapStage(std::move(input), std::move(schema)), next_(first), pool_(pool) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    const int64_t rows = batch->num_rows();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> numbers,
                          arrow::AllocateBuffer(rows * int64_t{sizeof(int64_t)}, pool_));
    auto* begin = reinterpret_cast<int64_t*>(numbers->mutable_data());
    std::iota(begin, begin + rows, next_);
    next_ += rows;
    arrow::ArrayVector columns = batch->columns();
    columns.push_back(std::make_shared<arrow::Int64Array>(rows, std::move(numbers)));
    return arrow::RecordBatch::Make(schema(), rows, std::move(columns));
  }

 private:
  int64_t next_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

ReaderPointer MakeNumberStage(ReaderPointer input, int64_t first, arrow::MemoryPool* pool) {
  arrow::FieldVector fields = input->schema()->fields();
  // Nobody looks for it by name.
  fields.push_back(arrow::field("", arrow::int64(), /*nullable=*/false));
  return std::make_unique<NumberStage>(std::move(input), arrow::schema(std::move(fields)), first,
                                       pool);
}

}  // namespace spillway::pipeline
