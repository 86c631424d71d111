// The different texts of a column that has few: a text's number, of two bytes, stands for it.
//
// Thread rule: one thread encodes and finishes; after that, any number may decode.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/payload.h"

namespace spillway::join {

class TextCodes {
 public:
  using Code = uint16_t;

  // For a column of utf8 or binary.
  TextCodes(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool);
  ~TextCodes();

  // Whether `rows` texts, all of them among `values`, are better kept so.
  static bool Pays(const arrow::DataType& type, int64_t rows, const ValueSet& values);

  // The most that the texts take at any moment, without the codes.
  static int64_t EstimateBytes(const ValueSet& values);

  // The codes of the rows [first, first + rows); a NULL's is any. False where there are more texts
  // than codes: then the codes are of no use.
  Result<bool> Encode(const arrow::ArrayData& array, int64_t first, int64_t rows, Code* codes);

  // After the last row.
  Status Finish();

  // The texts of `rows` codes, as a dictionary of uint16: NULL where the bitmap `validity`, if
  // there is one, has no bit. After Finish.
  std::shared_ptr<arrow::DictionaryArray> Decode(std::shared_ptr<arrow::Buffer> codes, int64_t rows,
                                                 std::shared_ptr<arrow::Buffer> validity) const;

  int64_t allocated_bytes() const;

 private:
  struct Table;

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<Table> table_;         // until Finish
  std::shared_ptr<arrow::Array> texts_;  // after it, in the order of their codes
};

// The texts of a dictionary that TextCodes made, one after another; any other column as it is.
Result<std::shared_ptr<arrow::Array>> PlainTexts(std::shared_ptr<arrow::Array> column,
                                                 arrow::MemoryPool* pool);

}  // namespace spillway::join
