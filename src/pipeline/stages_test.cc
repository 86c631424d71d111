#include "pipeline/stages.h"

#include <map>
#include <random>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/json/from_string.h>

#include "join/lookup_index.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

using arrow::field;
using test::BatchPointer;

std::unique_ptr<arrow::RecordBatchReader> ReaderOf(std::vector<BatchPointer> batches,
                                                   const std::shared_ptr<arrow::Schema>& schema) {
  // RecordBatchReader::Make gives a shared_ptr; a stage owns what is before it.
  class Batches : public arrow::RecordBatchReader {
   public:
    Batches(std::vector<BatchPointer> batches, std::shared_ptr<arrow::Schema> schema)
        : batches_(std::move(batches)), schema_(std::move(schema)) {}
    std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
    Status ReadNext(BatchPointer* batch) override {
      *batch = next_ < batches_.size() ? batches_[next_++] : nullptr;
      return Status::OK();
    }

   private:
    std::vector<BatchPointer> batches_;
    std::shared_ptr<arrow::Schema> schema_;
    size_t next_ = 0;
  };
  return std::make_unique<Batches>(std::move(batches), schema);
}

// Cuts `batch` into slices of random lengths.
std::vector<BatchPointer> RandomSlices(const BatchPointer& batch, std::mt19937_64& random) {
  std::vector<BatchPointer> slices;
  for (int64_t first = 0; first < batch->num_rows();) {
    const int64_t rows = 1 + static_cast<int64_t>(random() % 40);
    slices.push_back(batch->Slice(first, rows));
    first += slices.back()->num_rows();
  }
  return slices;
}

struct Row {
  std::optional<int64_t> key;
  std::string text;
};

const auto kSourceSchema =
    arrow::schema({field("key", arrow::int64()), field("text", arrow::utf8()),
                   field("list", arrow::list(arrow::int32())),
                   field("map", arrow::map(arrow::utf8(), arrow::int32()))});

std::vector<Row> RandomRows(std::mt19937_64& random, size_t count, uint64_t keys) {
  std::vector<Row> rows;
  for (size_t i = 0; i < count; ++i) {
    Row row{.text = fmt::format("{}-{}", i, std::string(random() % 30, 'x'))};
    if (random() % 10 != 0) row.key = static_cast<int64_t>(random() % keys);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string JsonKey(const Row& row) { return row.key ? std::to_string(*row.key) : "null"; }

BatchPointer SourceBatch(const std::vector<Row>& rows) {
  std::string json = "[";
  for (const Row& row : rows) {
    json +=
        fmt::format(R"({}{{"key": {}, "text": "{}", "list": [1, {}], "map": [["a", {}]]}})",
                    json.size() > 1 ? "," : "", JsonKey(row), row.text, JsonKey(row), JsonKey(row));
  }
  return test::BatchOf(kSourceSchema, json + "]");
}

const auto kLookupSchema =
    arrow::schema({field("key", arrow::int64()), field("found", arrow::utf8())});

std::unique_ptr<join::LookupIndex> IndexOf(const std::vector<Row>& rows) {
  std::string json = "[";
  for (const Row& row : rows) {
    json += fmt::format(R"({}{{"key": {}, "found": "{}"}})", json.size() > 1 ? "," : "",
                        JsonKey(row), row.text);
  }
  const auto reader = ReaderOf({test::BatchOf(kLookupSchema, json + "]")}, kLookupSchema);
  return join::LookupIndex::Build(
             *reader, {.name = "test", .key_columns = {0}, .pool = arrow::default_memory_pool()})
      .ValueOrDie();
}

std::unique_ptr<join::Matcher> MatcherOf(const join::LookupIndex& index,
                                         join::JoinType type = join::JoinType::kLeftOuter) {
  return join::MakeIndexMatcher(index, type, arrow::default_memory_pool());
}

// Nested loops.
std::vector<std::string> NaiveJoin(const std::vector<Row>& source, const std::vector<Row>& lookup,
                                   join::JoinType type) {
  std::vector<std::string> joined;
  for (const Row& row : source) {
    bool found = false;
    for (const Row& other : lookup) {
      if (!row.key || row.key != other.key) continue;
      joined.push_back(row.text + "|" + other.text);
      found = true;
    }
    if (!found && type == join::JoinType::kLeftOuter) joined.push_back(row.text + "|null");
  }
  return joined;
}

// text|found of the output rows; checks that the other columns came along.
std::vector<std::string> Joined(arrow::RecordBatchReader& stage, int64_t* largest_batch_rows) {
  std::vector<std::string> rows;
  *largest_batch_rows = 0;
  while (const auto batch = stage.Next().ValueOrDie()) {
    EXPECT_TRUE(batch->ValidateFull().ok());
    EXPECT_GT(batch->num_rows(), 0);
    *largest_batch_rows = std::max(*largest_batch_rows, batch->num_rows());
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      const auto at = [&](int column) {
        return batch->column(column)->GetScalar(row).ValueOrDie();
      };
      rows.push_back(at(1)->ToString() + "|" + at(4)->ToString());
      const std::string key = at(0)->ToString();
      const auto scalar = at(2);
      const auto& list = static_cast<const arrow::BaseListScalar&>(*scalar).value;
      EXPECT_EQ(list->GetScalar(1).ValueOrDie()->ToString(), key);
    }
  }
  return rows;
}

TEST(LookupStage, JoinsLikeNestedLoops) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    const uint64_t keys = 1 + random() % 60;
    const auto source = RandomRows(random, random() % 120, keys);
    const auto lookup = RandomRows(random, random() % 80, keys);
    const auto index = IndexOf(lookup);
    for (const auto type : {join::JoinType::kLeftOuter, join::JoinType::kInner}) {
      BoundLookup bound{.type = type};
      bound.source_keys = {0};
      const int64_t batch_bytes = 1 + static_cast<int64_t>(random() % 5000);
      const auto stage =
          MakeLookupStage(ReaderOf(RandomSlices(SourceBatch(source), random), kSourceSchema), bound,
                          MatcherOf(*index, type), {.batch_bytes = batch_bytes});
      int64_t largest = 0;
      ASSERT_EQ(Joined(*stage, &largest), NaiveJoin(source, lookup, type));
      ASSERT_LE(largest, 40);  // never more rows than the source's batch had
    }
  }
}

TEST(LookupStage, CutsWhatAHotKeyMultiplies) {
  std::vector<Row> source(8, Row{.key = 1, .text = std::string(1000, 's')});
  std::vector<Row> lookup(500, Row{.key = 1, .text = "l"});
  const auto index = IndexOf(lookup);
  BoundLookup bound;
  bound.source_keys = {0};
  const auto rows_at_once = [&](int64_t batch_bytes) {
    const auto stage = MakeLookupStage(ReaderOf({SourceBatch(source)}, kSourceSchema), bound,
                                       MatcherOf(*index), {.batch_bytes = batch_bytes});
    int64_t largest = 0;
    EXPECT_EQ(Joined(*stage, &largest).size(), 4000U);
    return largest;
  };
  EXPECT_EQ(rows_at_once(1), 1);
  EXPECT_EQ(rows_at_once(1 << 20), 8);
  // A row has 1,000 bytes of text and under 100 of the rest, its list and map among it.
  EXPECT_EQ(rows_at_once(5500), 5);
}

TEST(LookupStage, SlicesWhereEveryRowMatchesOnce) {
  std::vector<Row> source;
  std::vector<Row> lookup;
  for (int64_t key = 0; key < 100; ++key) {
    source.push_back({.key = key, .text = fmt::format("s{}", key)});
    lookup.push_back({.key = 99 - key, .text = fmt::format("l{}", 99 - key)});
  }
  const auto index = IndexOf(lookup);
  BoundLookup bound;
  bound.source_keys = {0};
  const BatchPointer batch = SourceBatch(source);
  // However small the batches are meant to be: nothing is multiplied.
  const auto stage = MakeLookupStage(ReaderOf({batch}, kSourceSchema), bound, MatcherOf(*index),
                                     {.batch_bytes = 1});
  const BatchPointer joined = stage->Next().ValueOrDie();
  ASSERT_EQ(joined->num_rows(), 100);
  EXPECT_EQ(joined->column(1)->data()->buffers[2], batch->column(1)->data()->buffers[2]);
  EXPECT_EQ(stage->Next().ValueOrDie(), nullptr);
}

// Gives no more than so many rows at a time.
class LimitedMatcher final : public join::Matcher {
 public:
  LimitedMatcher(std::unique_ptr<join::Matcher> matcher, int64_t most, Status refusal)
      : matcher_(std::move(matcher)), most_(most), refusal_(std::move(refusal)) {}

  Status Start(const arrow::ArrayVector& keys) override { return matcher_->Start(keys); }
  bool done() const override { return matcher_->done(); }
  Result<join::MatchedRows> Next(int64_t rows) override {
    if (rows > most_) return refusal_;
    return matcher_->Next(rows);
  }
  bool unique() const override { return matcher_->unique(); }
  const std::shared_ptr<arrow::Schema>& payload_schema() const override {
    return matcher_->payload_schema();
  }

 private:
  const std::unique_ptr<join::Matcher> matcher_;
  const int64_t most_;
  const Status refusal_;
};

TEST(LookupStage, AsksForFewerRowsWhereTheyTakeTooMuch) {
  std::mt19937_64 random(7);
  const auto source = RandomRows(random, 120, 20);
  const auto lookup = RandomRows(random, 40, 20);
  const auto index = IndexOf(lookup);
  BoundLookup bound;
  bound.source_keys = {0};
  const auto stage_with = [&](int64_t most, const Status& refusal) {
    return MakeLookupStage(ReaderOf({SourceBatch(source)}, kSourceSchema), bound,
                           std::make_unique<LimitedMatcher>(MatcherOf(*index), most, refusal),
                           {.batch_bytes = 1 << 20});
  };
  for (const Status& refusal : {Status::CapacityError("2 GiB"), Status::OutOfMemory("refused")}) {
    int64_t largest = 0;
    EXPECT_EQ(Joined(*stage_with(7, refusal), &largest),
              NaiveJoin(source, lookup, join::JoinType::kLeftOuter));
    EXPECT_LE(largest, 7);
    EXPECT_EQ(stage_with(0, refusal)->Next().status().code(), refusal.code());
  }
  // Other failures are nobody's to go around.
  EXPECT_TRUE(stage_with(7, Status::Invalid("damaged"))->Next().status().IsInvalid());
}

// More than 2 GiB of them, which no column holds.
TEST(LookupStage, CutsRunsWhoseTextsAreLong) {
  constexpr int64_t kRows = 70'000;
  constexpr int64_t kTexts = 20;
  constexpr size_t kLength = 32 << 10;
  std::string json = "[";
  for (int64_t key = 0; key < kTexts; ++key) {
    json += fmt::format(R"({}{{"key": {}, "found": "{}"}})", key > 0 ? "," : "", key,
                        std::string(kLength, static_cast<char>('a' + key)));
  }
  const auto lookup = ReaderOf({test::BatchOf(kLookupSchema, json + "]")}, kLookupSchema);
  const auto index = join::LookupIndex::Build(*lookup, {.name = "test",
                                                        .key_columns = {0},
                                                        .coded_columns = {1},
                                                        .pool = arrow::default_memory_pool()})
                         .ValueOrDie();
  arrow::Int64Builder keys;
  for (int64_t row = 0; row < kRows; ++row) ASSERT_TRUE(keys.Append(row % kTexts).ok());
  const auto schema = arrow::schema({arrow::field("key", arrow::int64())});
  const auto source = arrow::RecordBatch::Make(schema, kRows, {keys.Finish().ValueOrDie()});
  BoundLookup bound;
  bound.source_keys = {0};
  for (const bool for_writing : {false, true}) {
    const auto stage = MakeLookupStage(ReaderOf({source}, schema), bound, MatcherOf(*index),
                                       {.batch_bytes = 4 << 20, .for_writing = for_writing});
    int64_t rows = 0;
    while (const auto batch = stage->Next().ValueOrDie()) {
      ASSERT_LE(batch->num_rows() * static_cast<int64_t>(kLength), 4 << 20);
      const auto key = batch->column(0)->GetScalar(0).ValueOrDie();
      ASSERT_EQ(static_cast<const arrow::Int64Scalar&>(*key).value, rows % kTexts);
      if (!for_writing) {
        const auto text = static_cast<const arrow::StringArray&>(*batch->column(1)).GetView(0);
        ASSERT_EQ(text, std::string(kLength, static_cast<char>('a' + rows % kTexts)));
      }
      rows += batch->num_rows();
    }
    EXPECT_EQ(rows, kRows);
  }
}

TEST(LookupStage, StacksOneUponAnother) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  const auto source = RandomRows(random, 100, 20);
  const auto first = RandomRows(random, 30, 20);
  const auto second = RandomRows(random, 30, 20);
  const auto first_index = IndexOf(first);
  const auto second_index = IndexOf(second);
  BoundLookup bound;
  bound.source_keys = {0};
  auto stage = MakeLookupStage(ReaderOf(RandomSlices(SourceBatch(source), random), kSourceSchema),
                               bound, MatcherOf(*first_index), {.batch_bytes = 300});
  stage = MakeLookupStage(std::move(stage), bound, MatcherOf(*second_index), {.batch_bytes = 300});
  size_t expected = 0;
  for (const Row& row : source) {
    const auto matches = [&row](const std::vector<Row>& rows) {
      const auto count = std::ranges::count_if(
          rows, [&row](const Row& other) { return row.key && row.key == other.key; });
      return static_cast<size_t>(std::max<int64_t>(count, 1));
    };
    expected += matches(first) * matches(second);
  }
  EXPECT_EQ(test::RowsOf(*stage).size(), expected);
}

TEST(NumberStage, ANumberStaysWithItsRowAndBehindAllColumns) {
  const auto source = SourceBatch({{1, "a"}, {std::nullopt, "b"}, {5, "c"}, {1, "d"}});
  const auto index = IndexOf({{1, "x"}, {1, "y"}, {7, "z"}});
  BoundLookup bound;
  bound.source_keys = {0};
  arrow::MemoryPool* pool = arrow::default_memory_pool();
  auto stage = MakeNumberStage(ReaderOf({source->Slice(0, 1), source->Slice(1, 3)}, kSourceSchema),
                               40, pool);
  for (int lookup = 0; lookup < 2; ++lookup) {
    stage = MakeLookupStage(std::move(stage), bound, MatcherOf(*index),
                            {.batch_bytes = 300, .numbered = true});
  }
  std::vector<std::string> numbers;
  for (const std::string& row : test::RowsOf(*stage)) {
    numbers.push_back(row.substr(row.size() - 3));
  }
  EXPECT_EQ(numbers, (std::vector<std::string>{"40|", "40|", "40|", "40|", "41|", "42|", "43|",
                                               "43|", "43|", "43|"}));
}

TEST(FilterStage, KeepsWhatIsTrue) {
  const auto source = SourceBatch({{1, "a"}, {std::nullopt, "b"}, {5, "c"}, {7, "d"}});
  const auto kept = [&source](std::string_view condition) {
    const auto bound = expression::Bind(condition, *kSourceSchema).ValueOrDie();
    const spec::LocatedText text{.text = std::string(condition)};
    const auto stage = MakeFilterStage(
        ReaderOf({source->Slice(0, 2), source->Slice(2, 2)}, kSourceSchema), bound, text, {});
    std::string texts;
    while (const auto batch = stage->Next().ValueOrDie()) {
      EXPECT_TRUE(batch->ValidateFull().ok());
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        texts += batch->column(1)->GetScalar(i).ValueOrDie()->ToString();
      }
    }
    return texts;
  };
  EXPECT_EQ(kept("key > 1"), "cd");
  EXPECT_EQ(kept("NOT key > 1"), "a");
  EXPECT_EQ(kept("key IS NULL"), "b");
  EXPECT_EQ(kept("true"), "abcd");
  EXPECT_EQ(kept("CAST(NULL AS BOOLEAN)"), "");
  EXPECT_EQ(kept("key > 100"), "");
}

TEST(DeriveStage, UsesEarlierColumnsAndReplaces) {
  const test::TestFolder folder;
  const auto parsed = test::ParseSpec(
      folder,
      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n"
      "columns: {a: key + 1, b: a * 2, text: upper(text), fixed: \"'x'\", t: text}\n"
      "drop: [list, map, a]\n");
  const auto bound = BindPipeline(*parsed, *kSourceSchema, {}).ValueOrDie();
  const auto full = SourceBatch({{1, "a"}, {std::nullopt, "b"}});
  const auto input = full->SelectColumns({0, 1}).ValueOrDie();
  const auto stage = MakeDeriveStage(ReaderOf({input}, input->schema()), *bound, {}, {});
  EXPECT_EQ(test::RowsOf(*stage), (std::vector<std::string>{"1|A|4|x|A|", "null|B|null|x|B|"}));
  EXPECT_EQ(stage->schema()->field_names(),
            (std::vector<std::string>{"key", "text", "b", "fixed", "t"}));
}

TEST(DeriveStage, PassesTheErrorOfARowOn) {
  const test::TestFolder folder;
  const auto parsed = test::ParseSpec(
      folder,
      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\ncolumns: {a: 1 / (key - 5)}\n");
  const auto bound = BindPipeline(*parsed, *kSourceSchema, {}).ValueOrDie();
  const auto stage =
      MakeDeriveStage(ReaderOf({SourceBatch({{5, "a"}})}, kSourceSchema), *bound, {}, {});
  EXPECT_EQ(test::CodeOf(stage->Next().status()), ErrorCode::kEvaluation);
}

// A text without a column is one value for all rows; what reads nothing but it is one too.
TEST(DeriveStage, AConstantIsADictionaryForAWriter) {
  const test::TestFolder folder;
  const auto parsed =
      test::ParseSpec(folder,
                      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n"
                      "columns: {at: current_timestamp(), day: \"date_format(at, 'yyyy')\", "
                      "mixed: \"concat(day, text)\"}\n"
                      "drop: [key, text, list, map]\n");
  const auto bound = BindPipeline(*parsed, *kSourceSchema, {}).ValueOrDie();
  const auto input = SourceBatch({{1, "a"}, {2, "b"}})->SelectColumns({1}).ValueOrDie();
  const expression::EvaluationContext context{.now_micros = 0};
  const auto stage =
      MakeDeriveStage(ReaderOf({input}, input->schema()), *bound, context, {.for_writing = true});
  const auto batch = stage->Next().ValueOrDie();
  ASSERT_EQ(batch->num_rows(), 2);
  ASSERT_EQ(batch->column(0)->type_id(), arrow::Type::DICTIONARY);
  const auto& at = static_cast<const arrow::DictionaryArray&>(*batch->column(0));
  EXPECT_EQ(at.dictionary()->GetScalar(0).ValueOrDie()->ToString(), "1970-01-01 00:00:00.000000Z");
  ASSERT_EQ(batch->column(1)->type_id(), arrow::Type::DICTIONARY);
  const auto& day = static_cast<const arrow::DictionaryArray&>(*batch->column(1));
  EXPECT_EQ(day.dictionary()->length(), 1);
  EXPECT_EQ(day.dictionary()->GetScalar(0).ValueOrDie()->ToString(), "1970");
  EXPECT_EQ(batch->column(2)->GetScalar(1).ValueOrDie()->ToString(), "1970b");
}

// Texts that a lookup gave as a dictionary are plain for an expression, and stay for a writer.
TEST(DeriveStage, TakesTheTextsOfALookupAsADictionary) {
  const test::TestFolder folder;
  const auto parsed = test::ParseSpec(folder,
                                      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n"
                                      "columns: {both: \"concat(text, '!')\"}\n"
                                      "drop: [key, list, map]\n");
  const auto bound = BindPipeline(*parsed, *kSourceSchema, {}).ValueOrDie();
  const auto type = arrow::dictionary(arrow::uint16(), arrow::utf8());
  const auto texts =
      arrow::json::DictArrayFromJSONString(type, "[0, null, 1, 0]", R"(["a", "b"])").ValueOrDie();
  const auto input = arrow::RecordBatch::Make(
      arrow::schema({kSourceSchema->GetFieldByName("text")}), texts->length(), {texts});
  const expression::EvaluationContext context{.now_micros = 0};
  const auto stage =
      MakeDeriveStage(ReaderOf({input}, input->schema()), *bound, context, {.for_writing = true});
  const auto batch = stage->Next().ValueOrDie();
  EXPECT_EQ(batch->column(0), texts);
  const auto both =
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a!", null, "b!", "a!"])").ValueOrDie();
  EXPECT_TRUE(batch->column(1)->Equals(*both)) << batch->column(1)->ToString();
}

std::unique_ptr<BoundPipeline> BindExpecting(const test::TestFolder& folder,
                                             const std::string& expectations) {
  const auto parsed =
      test::ParseSpec(folder,
                      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n"
                      "columns: {twice: key * 2, fixed: \"'x'\"}\ndrop: [key, list, map]\n"
                      "expectations:\n" +
                          expectations);
  return BindPipeline(*parsed, *kSourceSchema, {}).ValueOrDie();
}

ReaderPointer DeriveFrom(const BoundPipeline& pipeline, const std::vector<Row>& rows,
                         const DeriveOptions& options) {
  const auto input = SourceBatch(rows)->SelectColumns({0, 1}).ValueOrDie();
  return MakeDeriveStage(ReaderOf({input}, input->schema()), pipeline, {}, options);
}

const std::vector<Row> kJudged = {{1, "a"}, {std::nullopt, "b"}, {3, "c"}, {4, "d"}};

TEST(Expectations, CountAndDropRowsForWhichTheyAreNotTrue) {
  const test::TestFolder folder;
  const auto bound = BindExpecting(folder,
                                   "- {name: a, expect: key > 1, action: drop}\n"
                                   "- {name: b, expect: twice < 8, action: drop}\n"
                                   "- {name: c, expect: key IS NOT NULL}\n"
                                   "- {name: d, expect: \"fixed = 'y'\"}\n"
                                   "- {name: e, expect: CAST(NULL AS BOOLEAN)}\n");
  ExpectationCounts counts(5);
  const auto stage =
      DeriveFrom(*bound, kJudged, {.for_writing = true, .may_fail = true, .expectations = &counts});
  const auto batch = stage->Next().ValueOrDie();
  ASSERT_EQ(batch->num_rows(), 1);
  EXPECT_EQ(batch->column(0)->GetScalar(0).ValueOrDie()->ToString(), "c");
  EXPECT_EQ(batch->column(1)->GetScalar(0).ValueOrDie()->ToString(), "6");
  EXPECT_EQ(batch->column(2)->type_id(), arrow::Type::DICTIONARY);
  const std::vector<int64_t> not_met = {2, 2, 1, 4, 4};
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_EQ(counts[i].rows, 4);
    EXPECT_EQ(counts[i].not_met, not_met[i]) << i;
  }
}

TEST(Expectations, DropEveryRow) {
  const test::TestFolder folder;
  const auto bound = BindExpecting(folder, "- {name: a, expect: key > 100, action: drop}\n");
  EXPECT_EQ(DeriveFrom(*bound, kJudged, {})->Next().ValueOrDie(), nullptr);
}

TEST(Expectations, FailWithTheFirstRowAsAnExample) {
  const test::TestFolder folder;
  const auto bound =
      BindExpecting(folder, "- {name: small, expect: key < 3 AND fixed = text, action: fail}\n");
  const auto status = DeriveFrom(*bound, kJudged, {.may_fail = true})->Next().status();
  const auto error = FindError(status);
  ASSERT_TRUE(error) << status.ToString();
  EXPECT_EQ(error->code, ErrorCode::kExpectationNotMet);
  EXPECT_EQ(error->why,
            "4 of 4 rows that were checked together, one of them with key = 1, text = a, "
            "fixed = x");
  ExpectationCounts counts(1);
  const auto stage = DeriveFrom(*bound, kJudged, {.expectations = &counts});
  EXPECT_EQ(stage->Next().ValueOrDie()->num_rows(), 4);
  EXPECT_EQ(counts[0].not_met, 4);
}

}  // namespace
}  // namespace spillway::pipeline
