// A payload column of texts of which there are few different ones: two bytes a row, the number of
// its text.
//
// Thread rule: as PayloadColumn.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "join/payload.h"

namespace spillway::join {

// A column of utf8 or binary. Should there be more different texts than a number of two bytes can
// tell apart, it goes on as a column of MakePlain, with what it has.
std::unique_ptr<PayloadColumn> MakeCodedPayload(const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool, int64_t expected_rows);

// Whether `rows` texts, all of them among `values`, are better kept so.
bool PaysCoding(const arrow::DataType& type, int64_t rows, const ValueSet& values);

// See PayloadColumn::EstimateBytes.
int64_t EstimateCodedBytes(int64_t rows, const ValueSet& values);

}  // namespace spillway::join
