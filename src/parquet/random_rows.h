// Random columns of every type that a Delta table may have, for this folder's tests. All randomness
// comes from the given engine, so that a printed seed makes the same rows again.
//
// Thread rule: free functions without state.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

namespace spillway::parquet {

using Engine = std::mt19937_64;

inline int64_t Draw(Engine& engine, int64_t least, int64_t greatest) {
  return std::uniform_int_distribution<int64_t>(least, greatest)(engine);
}

// A bitmap of `length` bits of which about `null_percent` percent are 0; null pointer for none.
inline std::shared_ptr<arrow::Buffer> DrawValidity(Engine& engine, int64_t length,
                                                   int64_t null_percent) {
  if (null_percent == 0) return nullptr;
  auto bitmap = arrow::AllocateEmptyBitmap(length).ValueOrDie();
  for (int64_t i = 0; i < length; ++i) {
    if (Draw(engine, 0, 99) >= null_percent) arrow::bit_util::SetBit(bitmap->mutable_data(), i);
  }
  return bitmap;
}

inline std::string DrawText(Engine& engine) {
  static const std::vector<std::string> kWords = {
      "", "a", "ab", "acc_00000042_9f3c.jpg", "Zürich", "日本", "\xF0\x9F\x9A\x97", "zz"};
  const int64_t kind = Draw(engine, 0, 9);
  if (kind < 5) return kWords[static_cast<size_t>(Draw(engine, 0, 7))];
  std::string text(static_cast<size_t>(Draw(engine, 0, kind == 9 ? 300 : 12)), 'x');
  for (char& letter : text) letter = static_cast<char>(Draw(engine, 'a', 'z'));
  return text;
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> BuildRandom(Builder&& builder, Engine& engine, int64_t length,
                                          int64_t null_percent, Value&& value) {
  for (int64_t i = 0; i < length; ++i) {
    const bool is_null = Draw(engine, 0, 99) < null_percent;
    if (!(is_null ? builder.AppendNull() : builder.Append(value())).ok()) std::abort();
  }
  return builder.Finish().ValueOrDie();
}

template <typename Type>
std::shared_ptr<arrow::Array> RandomIntegers(const std::shared_ptr<arrow::DataType>& type,
                                             Engine& engine, int64_t length, int64_t null_percent) {
  using Number = typename Type::c_type;
  arrow::NumericBuilder<Type> builder(type, arrow::default_memory_pool());
  return BuildRandom(builder, engine, length, null_percent, [&] {
    constexpr auto kLeast = static_cast<int64_t>(std::numeric_limits<Number>::min());
    constexpr auto kGreatest = static_cast<int64_t>(std::numeric_limits<Number>::max());
    const bool small = Draw(engine, 0, 1) == 0;
    return static_cast<Number>(small ? Draw(engine, -5, 5) : Draw(engine, kLeast, kGreatest));
  });
}

template <typename Type>
std::shared_ptr<arrow::Array> RandomFloats(Engine& engine, int64_t length, int64_t null_percent) {
  using Number = typename Type::c_type;
  static const std::vector<Number> kSpecial = {Number{0},
                                               -Number{0},
                                               Number{1},
                                               Number{-1.5},
                                               std::numeric_limits<Number>::infinity(),
                                               std::numeric_limits<Number>::lowest()};
  return BuildRandom(arrow::NumericBuilder<Type>(), engine, length, null_percent, [&]() -> Number {
    if (Draw(engine, 0, 3) == 0) return kSpecial[static_cast<size_t>(Draw(engine, 0, 5))];
    return static_cast<Number>(std::normal_distribution<double>()(engine));
  });
}

inline std::shared_ptr<arrow::Array> RandomDecimals(const std::shared_ptr<arrow::DataType>& type,
                                                    Engine& engine, int64_t length,
                                                    int64_t null_percent) {
  const int precision = static_cast<const arrow::Decimal128Type&>(*type).precision();
  arrow::Decimal128Builder builder(type);
  return BuildRandom(builder, engine, length, null_percent, [&] {
    std::string digits = Draw(engine, 0, 1) == 0 ? "" : "-";
    for (int64_t i = Draw(engine, 1, precision); i > 0; --i) {
      digits += static_cast<char>('0' + Draw(engine, 0, 9));
    }
    return arrow::Decimal128::FromString(digits).ValueOrDie();
  });
}

std::shared_ptr<arrow::Array> RandomArray(const arrow::Field& field, Engine& engine, int64_t length,
                                          int64_t null_percent = 20);

inline std::shared_ptr<arrow::Array> RandomStruct(const arrow::Field& field, Engine& engine,
                                                  int64_t length, int64_t null_percent) {
  arrow::ArrayVector children;
  for (const auto& child : field.type()->fields()) {
    children.push_back(RandomArray(*child, engine, length));
  }
  return std::make_shared<arrow::StructArray>(field.type(), length, std::move(children),
                                              DrawValidity(engine, length, null_percent));
}

// Lists, and maps, which are lists of key-value structs.
inline std::shared_ptr<arrow::Array> RandomList(const arrow::Field& field, Engine& engine,
                                                int64_t length, int64_t null_percent) {
  const auto validity = DrawValidity(engine, length, null_percent);
  arrow::TypedBufferBuilder<int32_t> offsets;
  int32_t end = 0;
  for (int64_t i = 0; i <= length; ++i) {
    if (!offsets.Append(end).ok()) std::abort();
    const bool is_null =
        validity != nullptr && i < length && !arrow::bit_util::GetBit(validity->data(), i);
    if (!is_null) end += static_cast<int32_t>(Draw(engine, 0, 4));
  }
  const auto last = reinterpret_cast<const int32_t*>(offsets.data())[length];
  const auto values = RandomArray(*field.type()->field(0), engine, last);
  return arrow::MakeArray(arrow::ArrayData::Make(
      field.type(), length, {validity, offsets.Finish().ValueOrDie()}, {values->data()}));
}

inline std::shared_ptr<arrow::Array> RandomArray(const arrow::Field& field, Engine& engine,
                                                 int64_t length, int64_t null_percent) {
  const int64_t nulls = field.nullable() ? null_percent : 0;
  const auto& type = field.type();
  switch (type->id()) {
    case arrow::Type::BOOL:
      return BuildRandom(arrow::BooleanBuilder(), engine, length, nulls,
                         [&] { return Draw(engine, 0, 1) == 1; });
    case arrow::Type::INT8:
      return RandomIntegers<arrow::Int8Type>(type, engine, length, nulls);
    case arrow::Type::INT16:
      return RandomIntegers<arrow::Int16Type>(type, engine, length, nulls);
    case arrow::Type::INT32:
      return RandomIntegers<arrow::Int32Type>(type, engine, length, nulls);
    case arrow::Type::INT64:
      return RandomIntegers<arrow::Int64Type>(type, engine, length, nulls);
    case arrow::Type::DATE32:
      return RandomIntegers<arrow::Date32Type>(type, engine, length, nulls);
    case arrow::Type::TIMESTAMP:
      return RandomIntegers<arrow::TimestampType>(type, engine, length, nulls);
    case arrow::Type::FLOAT:
      return RandomFloats<arrow::FloatType>(engine, length, nulls);
    case arrow::Type::DOUBLE:
      return RandomFloats<arrow::DoubleType>(engine, length, nulls);
    case arrow::Type::DECIMAL128:
      return RandomDecimals(type, engine, length, nulls);
    case arrow::Type::STRING:
      return BuildRandom(arrow::StringBuilder(), engine, length, nulls,
                         [&] { return DrawText(engine); });
    case arrow::Type::BINARY:
      return BuildRandom(arrow::BinaryBuilder(), engine, length, nulls,
                         [&] { return DrawText(engine) + '\xFF'; });
    case arrow::Type::STRUCT:
      return RandomStruct(field, engine, length, nulls);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return RandomList(field, engine, length, nulls);
    default:
      std::abort();  // no type of a Delta table
  }
}

inline std::shared_ptr<arrow::RecordBatch> RandomBatch(const std::shared_ptr<arrow::Schema>& schema,
                                                       Engine& engine, int64_t length) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(RandomArray(*field, engine, length));
  }
  return arrow::RecordBatch::Make(schema, length, std::move(columns));
}

// Every type that a Delta table may have, nested ones in each other.
inline std::shared_ptr<arrow::Schema> EveryType() {
  using arrow::field;
  const auto element = [](std::shared_ptr<arrow::DataType> type) {
    return arrow::list(field("element", std::move(type)));
  };
  const auto point = arrow::struct_({field("x", arrow::float64()), field("y", arrow::int32()),
                                     field("tags", element(arrow::utf8()))});
  return arrow::schema({
      field("flag", arrow::boolean()),
      field("tiny", arrow::int8()),
      field("small", arrow::int16()),
      field("medium", arrow::int32()),
      field("large", arrow::int64(), false),
      field("single", arrow::float32()),
      field("real", arrow::float64()),
      field("price", arrow::decimal128(7, 2)),
      field("amount", arrow::decimal128(17, 4)),
      field("huge", arrow::decimal128(38, 10)),
      field("text", arrow::utf8()),
      field("key", arrow::utf8(), false),
      field("content", arrow::binary()),
      field("day", arrow::date32()),
      field("instant", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
      field("point", point),
      field("texts", element(arrow::utf8())),
      field("points", element(point)),
      field("lists", element(element(arrow::int64()))),
      field("counts", arrow::map(arrow::utf8(), arrow::int64())),
      field("places", arrow::map(arrow::int32(), point)),
  });
}

}  // namespace spillway::parquet
