#include "pipeline/lanes.h"

#include <thread>
#include <vector>

#include "base/start_thread.h"

namespace spillway::pipeline {

Status RunLanes(int lanes, int64_t count, const std::function<Status(LaneItems&)>& lane) {
  LaneItems items(count);
  std::vector<Status> results(static_cast<size_t>(lanes));
  {
    std::vector<std::jthread> threads;
    for (Status& result : results) {
      auto thread = StartThread([&items, &lane, &result] {
        result = lane(items);
        if (!result.ok()) items.Fail();
      });
      if (!thread.ok()) {
        items.Fail();
        return thread.status();
      }
      threads.push_back(*std::move(thread));
    }
  }
  for (const Status& result : results) ARROW_RETURN_NOT_OK(result);
  return Status::OK();
}

}  // namespace spillway::pipeline
