#include "pipeline/read_ahead.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace spillway::pipeline {
namespace {

class ReadAheadStage : public arrow::RecordBatchReader {
 public:
  explicit ReadAheadStage(ReaderPointer input)
      : input_(std::move(input)), schema_(input_->schema()), thread_([this] { ReadAll(); }) {}

  ~ReadAheadStage() override {
    {
      const std::lock_guard lock(mutex_);
      is_wanted_ = false;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return has_next_; });
    if (IsLast()) {
      batch->reset();
      return status_;
    }
    *batch = std::move(next_);
    has_next_ = false;
    lock.unlock();
    changed_.notify_all();
    return Status::OK();
  }

 private:
  // The end of the input, or its failure, is never taken out.
  bool IsLast() const { return !status_.ok() || next_ == nullptr; }

  void ReadAll() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !has_next_ || !is_wanted_; });
      if (!is_wanted_) return;
      lock.unlock();
      std::shared_ptr<arrow::RecordBatch> batch;
      Status status = input_->ReadNext(&batch);
      lock.lock();
      next_ = std::move(batch);
      status_ = std::move(status);
      has_next_ = true;
      changed_.notify_all();
      if (IsLast()) return;
    }
  }

  const ReaderPointer input_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::shared_ptr<arrow::RecordBatch> next_;
  Status status_;
  bool has_next_ = false;
  bool is_wanted_ = true;
  std::thread thread_;  // last, so that all it uses is there
};

}  // namespace

ReaderPointer ReadAhead(ReaderPointer input) {
  return std::make_unique<ReadAheadStage>(std::move(input));
}

}  // namespace spillway::pipeline
