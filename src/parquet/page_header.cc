// A page header is a struct in Thrift's compact protocol. Fields that are not wanted, statistics
// above all, are skipped by their type.
#include "parquet/page_header.h"

#include <initializer_list>
#include <utility>

#include "parquet/compact_reader.h"

namespace spillway::parquet {
namespace {

using compact::Field;
using compact::Type;

// What the format calls the fields of PageHeader, of DataPageHeader and DictionaryPageHeader, and
// of DataPageHeaderV2.
namespace page {
constexpr int kType = 1, kUncompressedSize = 2, kCompressedSize = 3, kDataPage = 5,
              kDictionaryPage = 7, kDataPageV2 = 8;
}
namespace data_page {
constexpr int kNumValues = 1, kEncoding = 2, kDefinitionEncoding = 3, kRepetitionEncoding = 4;
}
namespace data_page_v2 {
constexpr int kNumValues = 1, kEncoding = 4, kDefinitionBytes = 5, kRepetitionBytes = 6;
}
constexpr int32_t kDataPageType = 0, kDataPageV2Type = 3;

// Reads the integers with the numbers in `wanted` out of the struct `field`.
void ReadIntegers(compact::Reader& reader, const Field& field,
                  std::initializer_list<std::pair<int64_t, int32_t*>> wanted) {
  if (field.type != Type::kStruct) return reader.Skip(field.type);
  Field member;
  while (reader.Next(member)) {
    int32_t ignored = 0;
    int32_t* value = &ignored;
    for (const auto& [id, place] : wanted) {
      if (id == member.id) value = place;
    }
    reader.ReadInteger(member, value);
  }
}

// Reads the integers of the header; what is missing stays as it is. Returns the page's type.
int32_t ReadHeader(compact::Reader& reader, PageHeader& header) {
  int32_t type = -1;
  Field field;
  while (reader.Next(field)) {
    switch (field.id) {
      case page::kType:
        reader.ReadInteger(field, &type);
        break;
      case page::kUncompressedSize:
        reader.ReadInteger(field, &header.uncompressed_bytes);
        break;
      case page::kCompressedSize:
        reader.ReadInteger(field, &header.compressed_bytes);
        break;
      case page::kDataPage:
        ReadIntegers(reader, field,
                     {{data_page::kNumValues, &header.num_values},
                      {data_page::kEncoding, &header.encoding},
                      {data_page::kDefinitionEncoding, &header.definition_encoding},
                      {data_page::kRepetitionEncoding, &header.repetition_encoding}});
        break;
      case page::kDictionaryPage:
        ReadIntegers(reader, field, {{data_page::kNumValues, &header.num_values}});
        break;
      case page::kDataPageV2:
        ReadIntegers(reader, field,
                     {{data_page_v2::kNumValues, &header.num_values},
                      {data_page_v2::kEncoding, &header.encoding},
                      {data_page_v2::kDefinitionBytes, &header.definition_bytes},
                      {data_page_v2::kRepetitionBytes, &header.repetition_bytes}});
        break;
      default:
        reader.Skip(field.type);
    }
  }
  return type;
}

}  // namespace

Result<std::optional<PageHeader>> ParsePageHeader(std::span<const uint8_t> bytes) {
  compact::Reader reader(bytes);
  // What stays negative was missing, or is as wrong.
  PageHeader header{.compressed_bytes = -1,
                    .uncompressed_bytes = -1,
                    .num_values = -1,
                    .repetition_bytes = -1,
                    .definition_bytes = -1};
  const int32_t type = ReadHeader(reader, header);
  if (reader.malformed()) return Status::Invalid("a page header is malformed");
  if (reader.cut()) return std::nullopt;
  header.header_bytes = reader.position();
  if (type == kDataPageType) header.kind = PageKind::kData;
  if (type == kDataPageV2Type) header.kind = PageKind::kDataV2;
  const bool is_data = header.kind != PageKind::kOther;
  const bool is_v2 = header.kind == PageKind::kDataV2;
  if (type < 0 || header.compressed_bytes < 0 || header.uncompressed_bytes < 0 ||
      (is_data && header.num_values < 0) ||
      (is_v2 && (header.repetition_bytes < 0 || header.definition_bytes < 0))) {
    return Status::Invalid("a page header lacks a field, or it is negative");
  }
  return header;
}

}  // namespace spillway::parquet
