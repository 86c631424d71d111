// What differs between the types of values that a page gathers: how a column's are read, and how
// they are laid out and summed up in a PLAIN page. Numbers are fixed-width values, dates and
// timestamps among them; Bytes are texts and binaries.
//
// Thread rule: functions without state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>
#include <arrow/util/bit_run_reader.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include "base/status.h"
#include "parquet/value_dictionary.h"

namespace spillway::parquet {

inline Status UnknownType(const arrow::DataType& type) {
  return Status::Invalid("a column of ", type.ToString(), " is none that pages are made of");
}

// Calls `visit(row, count)` for each run of rows that are not NULL.
template <typename Visit>
Status VisitValid(const arrow::ArrayData& rows, int64_t first, int64_t count, Visit&& visit) {
  const uint8_t* validity = rows.MayHaveNulls() ? rows.buffers[0]->data() : nullptr;
  return arrow::internal::VisitSetBitRuns(
      validity, rows.offset + first, count,
      [&](int64_t position, int64_t length) { return visit(first + position, length); });
}

template <typename DType>
struct Numbers {
  using Type = DType;
  using Value = typename DType::c_type;
  using Store = NumberStore<Value>;
  static constexpr bool kHasLength = false;

  static int64_t PlainBytes(Value) { return sizeof(Value); }

  static int64_t RowsWithin(const arrow::ArrayData&, int64_t, int64_t most, int64_t bytes) {
    return std::min<int64_t>(most, bytes / static_cast<int64_t>(sizeof(Value)));
  }

  // Calls `visit(values, count)` for each run of values.
  template <typename Visit>
  static Status VisitRuns(const arrow::ArrayData& rows, int64_t first, int64_t count,
                          Visit&& visit) {
    const auto of = [&]<typename Stored>(Stored) {
      const auto* values = rows.GetValues<Stored>(1);
      return VisitValid(rows, first, count,
                        [&](int64_t row, int64_t length) { return visit(values + row, length); });
    };
    if constexpr (std::is_same_v<Value, int32_t>) {
      switch (rows.type->id()) {
        case arrow::Type::INT8:
          return of(int8_t{});
        case arrow::Type::INT16:
          return of(int16_t{});
        case arrow::Type::INT32:
        case arrow::Type::DATE32:
          return of(int32_t{});
        default:
          return UnknownType(*rows.type);
      }
    } else {
      const arrow::Type::type id = rows.type->id();
      const bool known = std::is_same_v<Value, int64_t>
                             ? id == arrow::Type::INT64 || id == arrow::Type::TIMESTAMP
                         : std::is_same_v<Value, float> ? id == arrow::Type::FLOAT
                                                        : id == arrow::Type::DOUBLE;
      return known ? of(Value{}) : UnknownType(*rows.type);
    }
  }

  // One value of a column that VisitValues takes.
  static Value At(const arrow::ArrayData& rows, int64_t row) {
    if constexpr (std::is_same_v<Value, int32_t>) {
      if (rows.type->id() == arrow::Type::INT8) return rows.GetValues<int8_t>(1)[row];
      if (rows.type->id() == arrow::Type::INT16) return rows.GetValues<int16_t>(1)[row];
    }
    return rows.GetValues<Value>(1)[row];
  }

  template <typename Visit>
  static Status VisitValues(const arrow::ArrayData& rows, int64_t first, int64_t count,
                            Visit&& visit) {
    return VisitRuns(rows, first, count, [&](const auto* values, int64_t length) {
      for (int64_t i = 0; i < length; ++i) {
        ARROW_RETURN_NOT_OK(visit(static_cast<Value>(values[i])));
      }
      return Status::OK();
    });
  }

  static Status AppendPlain(Value value, arrow::BufferBuilder* out) {
    return out->Append(&value, sizeof(value));
  }

  static Status AppendPlain(const arrow::ArrayData& rows, int64_t first, int64_t count,
                            arrow::BufferBuilder* out) {
    ARROW_RETURN_NOT_OK(out->Reserve(count * static_cast<int64_t>(sizeof(Value))));
    return VisitRuns(rows, first, count, [&](const auto* values, int64_t length) {
      auto* to = reinterpret_cast<Value*>(out->mutable_data() + out->length());
      std::copy_n(values, length, to);
      out->UnsafeAdvance(length * static_cast<int64_t>(sizeof(Value)));
      return Status::OK();
    });
  }

  static void Summarize(const std::vector<Value>& values,
                        ::parquet::TypedStatistics<Type>* statistics) {
    statistics->Update(values.data(), static_cast<int64_t>(values.size()), 0);
  }

  static void SummarizePlain(const arrow::BufferBuilder& page, int64_t count,
                             ::parquet::TypedStatistics<Type>* statistics) {
    statistics->Update(reinterpret_cast<const Value*>(page.data()), count, 0);
  }
};

struct Bytes {
  using Type = ::parquet::ByteArrayType;
  using Value = std::string_view;
  using Store = BytesStore;
  static constexpr bool kHasLength = true;

  static int64_t PlainBytes(Value value) {
    return static_cast<int64_t>(sizeof(uint32_t) + value.size());
  }

  class Reader {
   public:
    explicit Reader(const arrow::ArrayData& rows)
        : ends_(rows.GetValues<int32_t>(1)),
          bytes_(rows.buffers[2] == nullptr
                     ? nullptr
                     : reinterpret_cast<const char*>(rows.buffers[2]->data())) {}
    Value operator[](int64_t row) const {
      return {bytes_ + ends_[row], static_cast<size_t>(ends_[row + 1] - ends_[row])};
    }

   private:
    const int32_t* ends_;
    const char* bytes_;
  };

  // One value of a column that VisitValues takes.
  static Value At(const arrow::ArrayData& rows, int64_t row) { return Reader(rows)[row]; }

  // The bytes under a NULL count too: as a rule there are none.
  static int64_t RowsWithin(const arrow::ArrayData& rows, int64_t first, int64_t most,
                            int64_t bytes) {
    const std::span<const int32_t> ends(rows.GetValues<int32_t>(1) + first + 1,
                                        static_cast<size_t>(most));
    const int64_t start = rows.GetValues<int32_t>(1)[first];
    const auto is_within = [&](const int32_t& end) {
      const int64_t count = &end - ends.data() + 1;
      return end - start + count * static_cast<int64_t>(sizeof(uint32_t)) <= bytes;
    };
    return std::ranges::partition_point(ends, is_within) - ends.begin();
  }

  template <typename Visit>
  static Status VisitValues(const arrow::ArrayData& rows, int64_t first, int64_t count,
                            Visit&& visit) {
    if (rows.type->id() != arrow::Type::STRING && rows.type->id() != arrow::Type::BINARY) {
      return UnknownType(*rows.type);
    }
    const Reader values(rows);
    return VisitValid(rows, first, count, [&](int64_t row, int64_t length) {
      for (int64_t i = row; i < row + length; ++i) ARROW_RETURN_NOT_OK(visit(values[i]));
      return Status::OK();
    });
  }

  static Status AppendPlain(Value value, arrow::BufferBuilder* out) {
    return parquet::AppendPlain(value, out);
  }

  static Status AppendPlain(const arrow::ArrayData& rows, int64_t first, int64_t count,
                            arrow::BufferBuilder* out) {
    return VisitValues(rows, first, count, [out](Value value) { return AppendPlain(value, out); });
  }

  // The least and the greatest value of those that were shown.
  struct Bounds {
    std::optional<Value> least;
    std::optional<Value> greatest;

    void Show(Value value) {
      if (!least || value < *least) least = value;
      if (!greatest || *greatest < value) greatest = value;
    }
    void TellTo(int64_t count, ::parquet::TypedStatistics<Type>* statistics) const {
      if (least)
        statistics->SetMinMax(::parquet::ByteArray(*least), ::parquet::ByteArray(*greatest));
      statistics->IncrementNumValues(count);
    }
  };

  static void Summarize(const std::vector<Value>& values,
                        ::parquet::TypedStatistics<Type>* statistics) {
    Bounds bounds;
    for (const Value value : values) bounds.Show(value);
    bounds.TellTo(static_cast<int64_t>(values.size()), statistics);
  }

  static void SummarizePlain(const arrow::BufferBuilder& page, int64_t count,
                             ::parquet::TypedStatistics<Type>* statistics) {
    Bounds bounds;
    const auto* at = reinterpret_cast<const char*>(page.data());
    for (int64_t i = 0; i < count; ++i) {
      uint32_t size = 0;
      std::memcpy(&size, at, sizeof(size));
      bounds.Show({at + sizeof(size), size});
      at += sizeof(size) + size;
    }
    bounds.TellTo(count, statistics);
  }
};

}  // namespace spillway::parquet
