// The one place where parquet-cpp's exceptions end, and where its failures become our coded errors.
// Every call into parquet-cpp that may throw goes through CatchParquet.
//
// Thread rule: free functions without state.
#pragma once

#include <exception>
#include <new>
#include <string_view>
#include <type_traits>

#include <parquet/exception.h>

#include "base/status.h"
#include "memory/heap_limit.h"

namespace spillway::parquet {

// Calls `function`, which returns a Status or a Result; whatever it throws comes back as an uncoded
// failed status: the status inside a ParquetStatusException, OutOfMemory for std::bad_alloc (which
// the parser of footers turns into another exception), Invalid for every other exception.
template <typename Function>
std::invoke_result_t<Function> CatchParquet(Function&& function) {
  const int64_t refusals = memory::HeapRefusals();
  try {
    return function();
  } catch (const ::parquet::ParquetStatusException& exception) {
    return exception.status();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("the C++ allocator refused");
  } catch (const std::exception& exception) {
    if (memory::HeapRefusals() != refusals) {
      return Status::OutOfMemory("the heap for logs and footers is full");
    }
    return Status::Invalid(exception.what());
  }
}

// Codes a failure to read the file at `path`: kStorage where the system refused a read,
// kBudgetExceeded where memory ran out, kUnsupportedFeature where parquet-cpp lacks something,
// kUnsupportedType where a value does not fit the table's type (a TypeError), else
// kCorruptDataFile. OK and coded ones are unchanged.
Status ReadError(const Status& status, std::string_view path);

// Codes a failure to write the file at `path`: what storage::StorageError says where the system
// refused, kBudgetExceeded where memory ran out, else kInternal, for the rows and the schema are
// ours.
Status WriteError(const Status& status, std::string_view path);

}  // namespace spillway::parquet
