// What a run writes into its spill directory once its joins are done, or its sort, so that the run
// that goes on after a kill need not do them again: values one after another, with a checksum of
// all of them at the end. It is nothing for another version of the program, another machine, nor
// for the time after a restart: the files that it speaks of are not synced.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::spill {

class SpillDirectory;

inline constexpr char kManifestName[] = "manifest";  // in the spill directory

class ManifestWriter {
 public:
  // Makes the manifest of `directory`, in place of an earlier one at Finish. `subject` says what it
  // is about. Errors as SpillError says.
  static Result<std::unique_ptr<ManifestWriter>> Make(const SpillDirectory& directory,
                                                      std::string_view subject);
  ~ManifestWriter();  // without Finish nothing is left of it
  ManifestWriter(const ManifestWriter&) = delete;
  ManifestWriter& operator=(const ManifestWriter&) = delete;

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  Status Put(const T& value) {
    return PutBytes(&value, sizeof(T));
  }
  Status PutText(std::string_view text);
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  Status PutAll(std::span<const T> values) {
    return PutBytes(values.data(), values.size_bytes());
  }

  Status Finish();

 private:
  struct Impl;
  explicit ManifestWriter(std::unique_ptr<Impl> impl);
  Status PutBytes(const void* bytes, size_t size);

  const std::unique_ptr<Impl> impl_;
};

class ManifestReader {
 public:
  // The manifest of `directory` about `subject`, whole and unchanged, and written since the machine
  // was started; null where there is none such.
  static Result<std::unique_ptr<ManifestReader>> Open(const SpillDirectory& directory,
                                                      std::string_view subject,
                                                      arrow::MemoryPool* pool);

  // Values in the order in which they were put. Fails with kSpillDamaged behind the last one.
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  Result<T> Get() {
    T value;
    ARROW_RETURN_NOT_OK(GetBytes(&value, sizeof(T)));
    return value;
  }
  Result<std::string> GetText();

  int64_t size_bytes() const { return size_bytes_; }
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  Status GetAll(std::span<T> values) {
    return GetBytes(values.data(), values.size_bytes());
  }

 private:
  explicit ManifestReader(std::unique_ptr<arrow::Buffer> buffer, int64_t size_bytes)
      : buffer_(std::move(buffer)), size_bytes_(size_bytes) {}
  Status GetBytes(void* bytes, size_t size);

  const std::unique_ptr<arrow::Buffer> buffer_;
  const int64_t size_bytes_;
  int64_t at_ = 0;
};

}  // namespace spillway::spill
