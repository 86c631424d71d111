#include "expression/function_reference.h"

#include <set>
#include <string>

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expression/expression.h"
#include "expression/function_table.h"

namespace spillway::expression {
namespace {

TEST(FunctionReference, DescribesEveryFunctionOnce) {
  std::set<std::string> described;
  for (const FunctionReference& function : FunctionReferences()) {
    EXPECT_TRUE(described.insert(std::string(function.name)).second) << function.name;
    EXPECT_TRUE(function.signature.starts_with(fmt::format("{}(", function.name)));
    EXPECT_EQ(FindFunctionReference(function.name), &function);
    const bool is_known = function.name == "nullif" ||
                          FindFunction(function.name) != nullptr;  // nullif: the binder's
    EXPECT_TRUE(is_known) << function.name;
  }
  for (const std::string& name : FunctionNames()) {
    EXPECT_TRUE(described.contains(name)) << name << " is not described";
  }
  EXPECT_EQ(FindFunctionReference("nothing"), nullptr);
}

TEST(FunctionReference, TheExamplesGiveWhatTheySay) {
  const auto schema = arrow::schema({});
  const auto batch = arrow::RecordBatch::Make(schema, 1, arrow::ArrayVector{});
  for (const FunctionReference& function : FunctionReferences()) {
    SCOPED_TRACE(function.name);
    EXPECT_NE(function.example.find(fmt::format("{}(", function.name)), std::string_view::npos);
    const auto alone = Bind(function.example, *schema);
    ASSERT_TRUE(alone.ok()) << alone.status().ToString();
    if (alone->time_dependence() == TimeDependence::kAlways) continue;
    const auto compared =
        Bind(fmt::format("{} <=> {}", function.example, function.result), *schema);
    ASSERT_TRUE(compared.ok()) << compared.status().ToString();
    const auto value = compared->Evaluate(*batch, {}).ValueOrDie();
    EXPECT_EQ(value.scalar()->ToString(), "true") << function.example;
  }
}

}  // namespace
}  // namespace spillway::expression
