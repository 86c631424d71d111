// Chosen cases of the external join: skew, empty sides, policies, misuse.
#include "join/external_join.h"

#include <arrow/array/builder_binary.h>
#include <arrow/compute/api_vector.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/external_join_test_data.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

// A memory that has room for a few dozen rows.
constexpr ExternalJoinSizes kTiny = {.lanes = 2,
                                     .partition_bits = 2,
                                     .bucket_bits = 6,
                                     .build_block_bytes = 4096,
                                     .probe_block_bytes = 4096,
                                     .match_block_bytes = 4096,
                                     .write_bytes = 16384,
                                     .join_bytes = 3000,
                                     .bucket_bytes = 3000,
                                     .resident_bytes = 0};

// `keys` with a number as payload.
std::shared_ptr<arrow::RecordBatch> LookupOf(const std::shared_ptr<arrow::Array>& keys) {
  arrow::Int64Builder numbers;
  for (int64_t i = 0; i < keys->length(); ++i) EXPECT_TRUE(numbers.Append(i).ok());
  return BatchOf({"key", "number"}, {keys, numbers.Finish().ValueOrDie()});
}

// `rows` keys, each of `text(i)`.
template <typename Text>
std::shared_ptr<arrow::Array> Keys(int64_t rows, Text&& text) {
  arrow::StringBuilder keys;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(keys.Append(text(i)).ok());
  return keys.Finish().ValueOrDie();
}

class ExternalJoinTest : public testing::Test {
 protected:
  std::unique_ptr<ExternalJoin> Make(const arrow::RecordBatch& lookup, const PieceRows& pieces,
                                     DuplicatePolicy duplicates,
                                     const ExternalJoinSizes& sizes = kTiny) {
    return ExternalJoin::Make({.name = "predictions",
                               .lookup_schema = lookup.schema(),
                               .key_columns = {0},
                               .duplicates = duplicates,
                               .pieces = static_cast<int64_t>(pieces.size()),
                               .sizes = sizes,
                               .directory = directory_.get(),
                               .pool = &pool_})
        .ValueOrDie();
  }

  Status Fill(ExternalJoin* join, const arrow::RecordBatch& lookup,
              const std::shared_ptr<arrow::Array>& keys, const PieceRows& pieces) {
    ARROW_RETURN_NOT_OK(BuildFrom(join, lookup, 2, random_));
    ARROW_RETURN_NOT_OK(ProbeFrom(join, {keys}, pieces, 2, random_));
    return JoinAll(join, 2, random_);
  }

  // The pairs that the join gives, by the number in the payload.
  Pairs Read(ExternalJoin* join, JoinType type, const std::shared_ptr<arrow::Array>& keys,
             const PieceRows& pieces, int64_t most = 1000) {
    const auto matcher = join->MakeMatcher(type, &pool_);
    Pairs pairs;
    int64_t first = 0;
    for (size_t piece = 0; piece < pieces.size(); ++piece) {
      EXPECT_TRUE(matcher->StartPiece(static_cast<int64_t>(piece)).ok());
      EXPECT_TRUE(matcher->Start({keys->Slice(first, pieces[piece])}).ok());
      while (!matcher->done()) {
        const MatchedRows rows = matcher->Next(most).ValueOrDie();
        const auto& numbers = static_cast<const arrow::Int64Array&>(*rows.payload[0]);
        for (int64_t i = 0; i < rows.num_rows; ++i) {
          const int64_t row =
              rows.one_to_one ? rows.first_source_row + i : rows.source_rows->Value(i);
          pairs.emplace_back(first + row, numbers.IsNull(i) ? -1 : numbers.Value(i));
        }
      }
      first += pieces[piece];
    }
    return pairs;
  }

  void ExpectTheModel(const std::shared_ptr<arrow::Array>& lookup_keys,
                      const std::shared_ptr<arrow::Array>& source_keys, const PieceRows& pieces,
                      DuplicatePolicy duplicates, const ExternalJoinSizes& sizes = kTiny) {
    const auto lookup = LookupOf(lookup_keys);
    const auto join = Make(*lookup, pieces, duplicates, sizes);
    const Status filled = Fill(join.get(), *lookup, source_keys, pieces);
    ASSERT_TRUE(filled.ok()) << filled.ToString();
    for (const JoinType type : {JoinType::kLeftOuter, JoinType::kInner}) {
      const Pairs expected = NaiveJoin({source_keys}, {lookup_keys}, type, duplicates);
      const Pairs pairs = Read(join.get(), type, source_keys, pieces);
      ASSERT_EQ(pairs.size(), expected.size());
      ASSERT_TRUE(pairs == expected);
    }
  }

  const spill::TestFolder base_;
  StrictPool pool_;
  Random random_{7};
  std::unique_ptr<spill::SpillDirectory> directory_ =
      spill::SpillDirectory::Make({base_.text()}, "test").ValueOrDie();
};

// A lookup of one key many times larger than any memory, and each source row matches all of it.
TEST_F(ExternalJoinTest, AKeyThatAllRowsHaveFitsNoMemory) {
  const auto same = [](int64_t) { return "hot"; };
  ExpectTheModel(Keys(3000, same), Keys(20, same), {7, 0, 13}, DuplicatePolicy::kExpand);
}

TEST_F(ExternalJoinTest, HalfOfAllRowsHaveOneKey) {
  const auto text = [](int64_t i) { return i % 2 == 0 ? "hot" : fmt::format("key {}", i % 400); };
  ExpectTheModel(Keys(2000, text), Keys(100, text), {50, 50}, DuplicatePolicy::kExpand);
  ExpectTheModel(Keys(2000, text), Keys(5000, text), {5000}, DuplicatePolicy::kFirst);
  ExpectTheModel(Keys(2000, text), Keys(5000, text), {5000}, DuplicatePolicy::kLast);
}

// The hot key's later rows take no room, so that one pass does.
TEST_F(ExternalJoinTest, TheFirstOfAKeyThatAllRowsHave) {
  const auto same = [](int64_t) { return "hot"; };
  ExpectTheModel(Keys(20'000, same), Keys(300, same), {100, 200}, DuplicatePolicy::kFirst);
  EXPECT_LT(directory_->usage().bytes_written, 20'000 * 30 + 300 * 8 + 300 * 30 + 100'000);
}

TEST_F(ExternalJoinTest, TheLastOfAKeyThatAllRowsHave) {
  const auto same = [](int64_t) { return "hot"; };
  ExpectTheModel(Keys(20'000, same), Keys(300, same), {100, 200}, DuplicatePolicy::kLast);
  EXPECT_LT(directory_->usage().bytes_written, 20'000 * 30 + 300 * 8 + 300 * 30 + 100'000);
}

TEST_F(ExternalJoinTest, OneSourceRowThatMatchesMoreThanItsMemory) {
  const auto text = [](int64_t i) { return i < 2500 ? "hot" : fmt::format("key {}", i); };
  ExpectTheModel(Keys(2600, text), Keys(1, text), {1}, DuplicatePolicy::kExpand);
}

TEST_F(ExternalJoinTest, EmptySides) {
  const auto none = Keys(0, [](int64_t) { return ""; });
  const auto some = Keys(10, [](int64_t i) { return fmt::format("{}", i); });
  for (const auto duplicates :
       {DuplicatePolicy::kExpand, DuplicatePolicy::kFirst, DuplicatePolicy::kError}) {
    ExpectTheModel(none, some, {3, 7}, duplicates);
    ExpectTheModel(some, none, {0, 0}, duplicates);
    ExpectTheModel(none, none, {0}, duplicates);
  }
}

TEST_F(ExternalJoinTest, NullKeysMatchNothing) {
  const auto keys = FromJson(arrow::utf8(), R"([null, "a", null, "b", null])");
  ExpectTheModel(keys, keys, {2, 3}, DuplicatePolicy::kExpand);
  const auto lookup = LookupOf(keys);
  const auto join = Make(*lookup, {5}, DuplicatePolicy::kExpand);
  ASSERT_TRUE(Fill(join.get(), *lookup, keys, {5}).ok());
  EXPECT_EQ(join->null_key_rows(), 3);
}

TEST_F(ExternalJoinTest, PiecesOfOneRowShareBuckets) {
  const auto text = [](int64_t i) { return fmt::format("key {}", i % 700); };
  ExpectTheModel(Keys(500, text), Keys(1000, text), PieceRows(1000, 1), DuplicatePolicy::kExpand);
}

TEST_F(ExternalJoinTest, AJoinThatFitsItsQuotaWritesNothing) {
  const auto text = [](int64_t i) { return fmt::format("key {}", i); };
  ExternalJoinSizes sizes = kTiny;
  sizes.resident_bytes = 10'000'000;
  sizes.bucket_bytes = 100'000;
  ExpectTheModel(Keys(5000, text), Keys(6000, text), {6000}, DuplicatePolicy::kExpand, sizes);
  EXPECT_EQ(directory_->usage().bytes_written, 0);
}

// A left outer join of such a piece is one to one, and the caller can rely on it.
TEST_F(ExternalJoinTest, KnowsWhichPiecesAreUnique) {
  const auto lookup =
      LookupOf(Keys(1001, [](int64_t i) { return fmt::format("key {}", i == 1000 ? 999 : i); }));
  const auto source = Keys(1000, [](int64_t i) { return fmt::format("key {}", i); });
  const PieceRows pieces = {400, 500, 100};
  ExternalJoinSizes sizes = kTiny;
  sizes.join_bytes = 100'000;
  for (const auto duplicates : {DuplicatePolicy::kExpand, DuplicatePolicy::kFirst}) {
    const auto join = Make(*lookup, pieces, duplicates, sizes);
    ASSERT_TRUE(Fill(join.get(), *lookup, source, pieces).ok());
    EXPECT_TRUE(join->IsUnique(0));
    EXPECT_TRUE(join->IsUnique(1));
    EXPECT_EQ(join->IsUnique(2), duplicates == DuplicatePolicy::kFirst);
    const auto matcher = join->MakeMatcher(JoinType::kLeftOuter, &pool_);
    ASSERT_TRUE(matcher->StartPiece(2).ok());
    EXPECT_EQ(matcher->unique(), join->IsUnique(2));
  }
}

TEST_F(ExternalJoinTest, ADuplicateIsAnErrorThatNamesKeyAndRows) {
  for (const int64_t join_bytes : {1, 100'000}) {
    ExternalJoinSizes sizes = kTiny;
    sizes.join_bytes = join_bytes;
    const auto keys =
        Keys(1000, [](int64_t i) { return fmt::format("key {}", i == 900 ? 17 : i); });
    const auto lookup = LookupOf(keys);
    const auto join = Make(*lookup, {0}, DuplicatePolicy::kError, sizes);
    const Status status = Fill(join.get(), *lookup, keys->Slice(0, 0), {0});
    ASSERT_FALSE(status.ok());
    const auto expected = FindError(BuildOf(lookup, {0}, &pool_, DuplicatePolicy::kError).status());
    const auto error = FindError(status);
    ASSERT_TRUE(error.has_value()) << status.ToString();
    EXPECT_EQ(error->code, ErrorCode::kDuplicateLookupKey);
    EXPECT_EQ(error->what, expected->what);
    EXPECT_EQ(error->why, expected->why);
    EXPECT_EQ(error->cure, expected->cure);
  }
}

TEST_F(ExternalJoinTest, WithoutDuplicatesTheErrorPolicyJoins) {
  const auto text = [](int64_t i) { return fmt::format("key {}", i); };
  for (const int64_t join_bytes : {1, 100'000}) {
    ExternalJoinSizes sizes = kTiny;
    sizes.join_bytes = join_bytes;
    ExpectTheModel(Keys(400, text), Keys(500, text), {500}, DuplicatePolicy::kError, sizes);
  }
}

TEST_F(ExternalJoinTest, RefusesWhatItCannotJoin) {
  const auto make = [&](const arrow::FieldVector& fields, std::vector<int> keys) {
    return FindError(ExternalJoin::Make({.name = "predictions",
                                         .lookup_schema = arrow::schema(fields),
                                         .key_columns = std::move(keys),
                                         .pieces = 1,
                                         .sizes = kTiny,
                                         .directory = directory_.get(),
                                         .pool = &pool_})
                         .status())
        ->code;
  };
  const auto text = arrow::field("key", arrow::utf8());
  EXPECT_EQ(make({text}, {}), ErrorCode::kKeyColumnMissing);
  EXPECT_EQ(make({text}, {1}), ErrorCode::kKeyColumnMissing);
  EXPECT_EQ(make({arrow::field("key", arrow::list(arrow::int32()))}, {0}),
            ErrorCode::kUnsupportedType);
  EXPECT_EQ(make({text, arrow::field("d", arrow::dictionary(arrow::int32(), arrow::utf8()))}, {0}),
            ErrorCode::kUnsupportedType);
}

TEST_F(ExternalJoinTest, RefusesWhatDoesNotFitTogether) {
  const auto keys = Keys(10, [](int64_t i) { return fmt::format("{}", i); });
  const auto numbers = FromJson(arrow::int64(), "[1, 2]");
  const auto lookup = LookupOf(keys);
  const auto join = Make(*lookup, {10}, DuplicatePolicy::kExpand);
  const auto code_of = [](const Status& status) { return FindError(status)->code; };

  const auto build = join->MakeBuildWriter().ValueOrDie();
  ASSERT_TRUE(build->Append(*lookup, 100).ok());
  EXPECT_EQ(code_of(build->Append(*lookup, 105)), ErrorCode::kInternal);
  EXPECT_EQ(code_of(build->Append(*LookupOf(numbers), 200)), ErrorCode::kInternal);
  ASSERT_TRUE(build->Finish().ok());

  const auto probe = join->MakeProbeWriter().ValueOrDie();
  EXPECT_EQ(code_of(probe->StartPiece(1)), ErrorCode::kInternal);
  ASSERT_TRUE(probe->StartPiece(0).ok());
  EXPECT_EQ(code_of(probe->Append({numbers})), ErrorCode::kKeyTypeMismatch);
  ASSERT_TRUE(probe->Append({keys}).ok());
  ASSERT_TRUE(probe->Finish().ok());
  ASSERT_TRUE(JoinAll(join.get(), 1, random_).ok());

  const auto matcher = join->MakeMatcher(JoinType::kInner, &pool_);
  EXPECT_EQ(code_of(matcher->StartPiece(1)), ErrorCode::kInternal);
  ASSERT_TRUE(matcher->StartPiece(0).ok());
  EXPECT_EQ(code_of(matcher->Start({numbers})), ErrorCode::kKeyTypeMismatch);
  ASSERT_TRUE(matcher->Start({keys->Slice(0, 8)}).ok());
  EXPECT_EQ(code_of(matcher->Start({keys->Slice(0, 3)})), ErrorCode::kInternal);  // the 11th row
}

}  // namespace
}  // namespace spillway::join
