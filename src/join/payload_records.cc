#include "join/payload_records.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/util/bit_util.h>

#include "base/row_bytes.h"
#include "join/gather.h"
#include "join/key_type.h"

namespace spillway::join {
namespace {

constexpr int kBlockBits = 16;
// Records that are worked on column by column while they are in the nearest cache.
constexpr int64_t kGroup = 64;

int64_t ValidityBytes(size_t columns) { return (static_cast<int64_t>(columns) + 7) / 8; }

int64_t RecordBytes(const std::vector<int>& widths) {
  int64_t bytes = ValidityBytes(widths.size());
  for (const int width : widths) bytes += width;
  return bytes;
}

// Calls `visit(Word{})` with the word of `width` bytes.
template <typename Visit>
void VisitWidth(int width, Visit&& visit) {
  switch (width) {
    case 1:
      return visit(uint8_t{});
    case 2:
      return visit(uint16_t{});
    case 4:
      return visit(uint32_t{});
    case 8:
      return visit(uint64_t{});
    default:
      return visit(Word128{});
  }
}

// The records of a group of rows.
using Records = std::array<const uint8_t*, kGroup>;

}  // namespace

PayloadRecords::PayloadRecords(const std::vector<int>& widths, arrow::MemoryPool* pool,
                               int64_t expected_rows)
    : record_bytes_(std::max(RecordBytes(widths), int64_t{1})),
      all_valid_(static_cast<size_t>(ValidityBytes(widths.size()))),
      blocks_(pool, kBlockBits, expected_rows, record_bytes_) {
  int offset = static_cast<int>(all_valid_.size());
  for (size_t i = 0; i < widths.size(); ++i) {
    columns_.push_back({.width = widths[i], .offset = offset, .has_nulls = false});
    offset += widths[i];
    all_valid_[i / 8] |= static_cast<uint8_t>(1U << (i % 8));
  }
}

int64_t PayloadRecords::EstimateBytes(int64_t rows, const std::vector<int>& widths) {
  return widths.empty() ? 0 : Blocks::EstimateBytes(rows, kBlockBits, RecordBytes(widths));
}

Status PayloadRecords::Append(const std::vector<Source>& columns, int64_t rows) {
  if (columns.empty()) return Status::OK();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].validity != nullptr) columns_[i].has_nulls = true;
  }
  for (int64_t done = 0; done < rows;) {
    ARROW_ASSIGN_OR_RAISE(const std::span<uint8_t> room,
                          blocks_.Extend(std::min(rows - done, kGroup)));
    const int64_t part = static_cast<int64_t>(room.size()) / record_bytes_;
    for (size_t byte = 0; byte < all_valid_.size(); ++byte) {
      for (int64_t i = 0; i < part; ++i)
        room[static_cast<size_t>(i * record_bytes_) + byte] = all_valid_[byte];
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      Encode(i, columns[i], done, part, room.data());
    }
    done += part;
  }
  return Status::OK();
}

// Writes the values [first, first + rows) of a source into as many records.
void PayloadRecords::Encode(size_t number, const Source& source, int64_t first, int64_t rows,
                            uint8_t* records) const {
  const Column& column = columns_[number];
  VisitWidth(column.width, [&]<typename Word>(Word /*tag*/) {
    constexpr auto kWidth = static_cast<int64_t>(sizeof(Word));
    for (int64_t i = 0; i < rows; ++i) {
      Store(records + i * record_bytes_ + column.offset,
            Load<Word>(source.values + (first + i) * kWidth));
    }
  });
  if (source.validity == nullptr) return;
  const auto bit = static_cast<uint8_t>(1U << (number % 8));
  for (int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<uint64_t>(source.first_bit + first + i);
    if (!arrow::bit_util::GetBit(source.validity, at)) {
      records[i * record_bytes_ + static_cast<int64_t>(number / 8)] ^= bit;
    }
  }
}

Result<std::vector<PayloadRecords::Gathered>> PayloadRecords::Gather(
    const GatherRows& rows, arrow::MemoryPool* pool) const {
  if (columns_.empty()) return std::vector<Gathered>();
  std::vector<Gathered> gathered(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    gathered[i].validity = rows.matched;
    if (columns_[i].has_nulls) {
      ARROW_ASSIGN_OR_RAISE(gathered[i].validity,
                            arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows.count), pool));
    }
    ARROW_ASSIGN_OR_RAISE(gathered[i].values,
                          arrow::AllocateBuffer(rows.count * columns_[i].width, pool));
  }
  const std::vector<uint8_t> nulls(static_cast<size_t>(record_bytes_));
  // The next group is asked for before this one is copied: that is where the time goes.
  std::array<Records, 2> groups;
  const auto ask = [&](int64_t first, Records* records) {
    const int64_t count = std::min(kGroup, rows.count - first);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = rows.rows[first + i];
      const uint8_t* record = row < 0 ? nulls.data() : blocks_.At(row);
      __builtin_prefetch(record);
      __builtin_prefetch(record + nulls.size() - 1);
      (*records)[static_cast<size_t>(i)] = record;
    }
  };
  ask(0, groups.data());
  for (int64_t first = 0; first < rows.count; first += kGroup) {
    const auto turn = static_cast<size_t>(first / kGroup % 2);
    ask(first + kGroup, &groups[1 - turn]);
    const int64_t count = std::min(kGroup, rows.count - first);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      CopyWords(groups[turn].data(), count, column.width, column.offset,
                gathered[i].values->mutable_data() + first * column.width);
      if (!column.has_nulls) continue;
      CopyBits(groups[turn].data(), count, static_cast<int32_t>(i / 8), 1U << (i % 8),
               gathered[i].validity->mutable_data() + first / 8);
    }
  }
  return gathered;
}

}  // namespace spillway::join
