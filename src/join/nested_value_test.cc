// Nested values encoded and decoded again, of every layout, against the arrays they came from.
#include "join/nested_value.h"

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/extension/uuid.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

struct Domain {
  std::shared_ptr<arrow::DataType> type;
  std::string json;
};

std::vector<Domain> Domains() {
  const auto point =
      arrow::struct_({arrow::field("x", arrow::float64()), arrow::field("name", arrow::utf8()),
                      arrow::field("flags", arrow::list(arrow::boolean()))});
  return {
      {arrow::list(arrow::int32()), "[[1, 2, 3], [], [null], [7]]"},
      {arrow::list(arrow::list(arrow::utf8())), R"([[["a", null], [], null], [], [["xyz"]]])"},
      {point, R"([{"x": 1.5, "name": "one", "flags": [true, null]},
                  {"x": null, "name": null, "flags": null}, {"x": 2, "name": "", "flags": []}])"},
      {arrow::map(arrow::utf8(), point),
       R"([[["a", {"x": 1, "name": "n", "flags": [false]}], ["b", null]], []])"},
      {arrow::fixed_size_list(arrow::int16(), 3), "[[1, 2, 3], [4, null, 6]]"},
      {arrow::large_list(arrow::large_utf8()), R"([["large", "larger"], [], [null]])"},
      {arrow::list(arrow::decimal256(60, 2)), R"([["1.25"], ["-0.01", null]])"},
      {arrow::list(arrow::fixed_size_binary(3)), R"([["abc", "xyz"], []])"},
      {arrow::list(arrow::null()), "[[null, null], []]"},
      {arrow::struct_({arrow::field("inner", arrow::struct_({arrow::field("b", arrow::binary()),
                                                             arrow::field("n", arrow::null())})),
                       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))}),
       R"([{"inner": {"b": "bytes", "n": null}, "at": 5}, {"inner": null, "at": null}])"},
      {arrow::struct_({}), "[{}, {}]"},
  };
}

TEST(NestedValueTest, EncodedAndDecodedIsTheSame) {
  uint64_t seed = 1;
  for (const Domain& domain : Domains()) {
    ASSERT_TRUE(HasNestedForm(*domain.type)) << domain.type->ToString();
    for (const double null_rate : {0.0, 0.2, 1.0}) {
      SCOPED_TRACE(fmt::format("{}, nulls {}, seed {}", domain.type->ToString(), null_rate, seed));
      StrictPool pool;
      Random random(seed++);
      const auto column = RandomColumn(*FromJson(domain.type, domain.json), 100, null_rate, random);
      NestedBuilder builder(domain.type, &pool);
      arrow::BufferBuilder bytes(&pool);
      for (int64_t row = 0; row < column->length(); ++row) {
        bytes.Rewind(0);
        ASSERT_TRUE(EncodeNested(*column->data(), row, &bytes).ok());
        ASSERT_TRUE(builder.Append(bytes.data()).ok());
      }
      const auto decoded = arrow::MakeArray(builder.Finish().ValueOrDie());
      ASSERT_TRUE(decoded->ValidateFull().ok()) << decoded->ValidateFull();
      EXPECT_TRUE(decoded->Equals(*column))
          << decoded->ToString() << "\nnot " << column->ToString();
    }
  }
}

TEST(NestedValueTest, NoValuesMakeAnEmptyArray) {
  for (const Domain& domain : Domains()) {
    NestedBuilder builder(domain.type, arrow::system_memory_pool());
    const auto decoded = arrow::MakeArray(builder.Finish().ValueOrDie());
    EXPECT_TRUE(decoded->ValidateFull().ok()) << domain.type->ToString();
    EXPECT_EQ(decoded->length(), 0);
  }
}

TEST(NestedValueTest, ExtensionTypesAreTheirStorage) {
  const auto uuid = arrow::extension::uuid();
  ASSERT_TRUE(HasNestedForm(*uuid));
  const auto storage =
      FromJson(arrow::fixed_size_binary(16), R"(["0123456789abcdef", null, "fedcba9876543210"])");
  const auto column = arrow::ExtensionType::WrapArray(uuid, storage);
  NestedBuilder builder(uuid, arrow::system_memory_pool());
  for (int64_t row = 0; row < column->length(); ++row) {
    arrow::BufferBuilder bytes;
    ASSERT_TRUE(EncodeNested(*column->data(), row, &bytes).ok());
    ASSERT_TRUE(builder.Append(bytes.data()).ok());
  }
  const auto decoded = arrow::MakeArray(builder.Finish().ValueOrDie());
  EXPECT_TRUE(decoded->Equals(*column));
}

TEST(NestedValueTest, WhatSharesDataBetweenValuesHasNoForm) {
  const auto dictionary = arrow::dictionary(arrow::int32(), arrow::utf8());
  for (const auto& type : arrow::DataTypeVector{
           dictionary, arrow::list(dictionary),
           arrow::sparse_union({arrow::field("a", arrow::int32())}), arrow::utf8_view(),
           arrow::run_end_encoded(arrow::int32(), arrow::int64()),
           arrow::struct_({arrow::field("v", arrow::binary_view())}),
           arrow::list_view(arrow::int32())}) {
    EXPECT_FALSE(HasNestedForm(*type)) << type->ToString();
  }
}

}  // namespace
}  // namespace spillway::join
