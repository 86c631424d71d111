#include "pipeline/lanes.h"

#include <thread>
#include <vector>

namespace spillway::pipeline {

Status RunLanes(int lanes, int64_t count, const std::function<Status(LaneItems&)>& lane) {
  LaneItems items(count);
  std::vector<Status> results(static_cast<size_t>(lanes));
  {
    std::vector<std::jthread> threads;
    for (Status& result : results) {
      threads.emplace_back([&items, &lane, &result] {
        result = lane(items);
        if (!result.ok()) items.Fail();
      });
    }
  }
  for (const Status& result : results) ARROW_RETURN_NOT_OK(result);
  return Status::OK();
}

}  // namespace spillway::pipeline
