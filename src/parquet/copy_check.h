// Whether a column of a file may be copied into another file as it is stored, for readers to find
// there what decoding and encoding would have put.
//
// Thread rule: free functions without state.
#pragma once

#include <string>

#include "parquet/data_file.h"
#include "parquet/reader.h"

namespace spillway::parquet {

// Why the stored bytes of `column` cannot stand for the wanted field, in words for a plan:
// "timestamps of the old INT96 form"; empty where they can.
std::string WhyNotCopied(const DataFile& file, const ReadColumn& column);

// The top-level field of `file` that holds `column`, which the table finds by name, or -1 where
// there is none, or more than one.
int FieldOf(const DataFile& file, const ReadColumn& column);

}  // namespace spillway::parquet
