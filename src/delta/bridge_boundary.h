// Where the Rust bridge's faults become coded errors of Spillway. Nothing crosses the bridge as an
// exception or a panic: each call fills a bridge::Failure, and Call() makes it a Result.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <spillway_bridge/src/lib.rs.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rust/cxx.h>

#include "base/status.h"

namespace spillway::delta {

// Own what the bridge opened.
struct CloseTable {
  void operator()(bridge::Table* table) const { bridge::close_table(table); }
};
struct CloseScan {
  void operator()(bridge::FileScan* scan) const { bridge::close_scan(scan); }
};
struct CloseCommit {
  void operator()(bridge::CommitReader* commit) const { bridge::close_commit(commit); }
};
using TableHandle = std::unique_ptr<bridge::Table, CloseTable>;
using ScanHandle = std::unique_ptr<bridge::FileScan, CloseScan>;
using CommitHandle = std::unique_ptr<bridge::CommitReader, CloseCommit>;

// The coded error for `failure` of the table at `table`, or OK when there is none. A damaged log is
// named by its file, everything else by the table.
Status ToStatus(const bridge::Failure& failure, std::string_view table);

// Runs `call(failure)` and gives its value, or the coded error of the failure that it filled.
template <typename BridgeCall>
auto Call(std::string_view table, BridgeCall&& call) {
  bridge::Failure failure{};
  using Value = decltype(call(failure));
  if constexpr (std::is_void_v<Value>) {
    call(failure);
    return ToStatus(failure, table);
  } else {
    Value value = call(failure);
    Status status = ToStatus(failure, table);
    return status.ok() ? Result<Value>(std::move(value)) : Result<Value>(std::move(status));
  }
}

// A Rust string for `text`; an error where `text` is not UTF-8, which the log cannot hold. `what`
// says which text it is.
Result<rust::String> ToRust(std::string_view text, std::string_view what);

// Lists and pairs for the bridge; errors as above.
Result<rust::Vec<rust::String>> ToRust(const std::vector<std::string>& texts,
                                       std::string_view what);
Result<rust::Vec<bridge::Property>> ToRust(const std::map<std::string, std::string>& properties,
                                           std::string_view what);

// The bridge takes structures of Arrow's C data interface by address.
template <typename CStructure>
uint8_t* AddressOf(CStructure* structure) {
  return reinterpret_cast<uint8_t*>(structure);
}

}  // namespace spillway::delta
