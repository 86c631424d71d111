#include "parquet/footer_statistics.h"

#include <gtest/gtest.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

namespace spillway::parquet {
namespace {

using ::parquet::ColumnOrder;
using ::parquet::LogicalType;
using ::parquet::Type;
using ::parquet::schema::PrimitiveNode;

// A column chunk of five values, described as a writer of old does: bounds in `min` and `max`.
class OldBounds {
 public:
  OldBounds(std::shared_ptr<const LogicalType> logical, Type::type physical, int length,
            const std::string& minimum, const std::string& maximum)
      : node_(PrimitiveNode::Make("c", ::parquet::Repetition::OPTIONAL, std::move(logical),
                                  physical, length)),
        leaf_(node_, 1, 0),
        builder_(::parquet::ColumnChunkMetaDataBuilder::Make(
            ::parquet::WriterProperties::Builder().build(), &leaf_)) {
    ::parquet::EncodedStatistics statistics;
    statistics.set_min(minimum).set_max(maximum).set_null_count(2);
    statistics.set_is_signed(true);
    builder_->SetStatistics(statistics);
    builder_->Finish(5, -1, -1, 4, 10, 10, false, false, {}, {});
  }

  // As a file with that order of its columns has it.
  std::unique_ptr<::parquet::ColumnChunkMetaData> Chunk(ColumnOrder::type order) {
    static_cast<PrimitiveNode&>(*node_).SetColumnOrder(ColumnOrder(order));
    return ::parquet::ColumnChunkMetaData::Make(builder_->contents(), &leaf_,
                                                ::parquet::default_reader_properties(), &writer_);
  }

 private:
  const ::parquet::schema::NodePtr node_;
  const ::parquet::ColumnDescriptor leaf_;
  const std::unique_ptr<::parquet::ColumnChunkMetaDataBuilder> builder_;
  const ::parquet::ApplicationVersion writer_{"parquet-mr version 1.12.0 (build 1)"};
};

bool KeepsBounds(OldBounds bounds, ColumnOrder::type order) {
  const auto copied = CopiedStatistics(*bounds.Chunk(order), 2);
  EXPECT_TRUE(copied.has_null_count);
  EXPECT_EQ(copied.null_count, 2);
  EXPECT_EQ(copied.has_min, copied.has_max);
  return copied.has_min;
}

OldBounds Numbers(std::shared_ptr<const LogicalType> logical) {
  return {std::move(logical), Type::INT32, -1, std::string("\x01\0\0\0", 4),
          std::string("\x05\0\0\0", 4)};
}

OldBounds FixedBytes(std::shared_ptr<const LogicalType> logical) {
  return {std::move(logical), Type::FIXED_LEN_BYTE_ARRAY, 2, std::string("\0\1", 2), "\xFF\xFE"};
}

OldBounds Bytes(std::shared_ptr<const LogicalType> logical) {
  return {std::move(logical), Type::BYTE_ARRAY, -1, "a", "b"};
}

TEST(FooterStatisticsTest, OldBoundsAreThoseOfNumbersAlone) {
  constexpr auto kOld = ColumnOrder::UNDEFINED;
  EXPECT_TRUE(KeepsBounds(Numbers(LogicalType::None()), kOld));
  EXPECT_TRUE(KeepsBounds(Numbers(LogicalType::Date()), kOld));
  EXPECT_TRUE(KeepsBounds(Numbers(LogicalType::Int(16, true)), kOld));
  EXPECT_FALSE(KeepsBounds(Numbers(LogicalType::Int(32, false)), kOld));
  EXPECT_FALSE(KeepsBounds(Numbers(LogicalType::Decimal(5, 2)), kOld));
  EXPECT_FALSE(KeepsBounds(FixedBytes(LogicalType::Decimal(4, 2)), kOld));
  EXPECT_FALSE(KeepsBounds(FixedBytes(LogicalType::None()), kOld));
  EXPECT_FALSE(KeepsBounds(Bytes(LogicalType::Decimal(4, 2)), kOld));
  EXPECT_FALSE(KeepsBounds(Bytes(LogicalType::String()), kOld));
  EXPECT_FALSE(KeepsBounds(Bytes(LogicalType::None()), kOld));
}

TEST(FooterStatisticsTest, BoundsInTheTypesOrderAreKept) {
  constexpr auto kNew = ColumnOrder::TYPE_DEFINED_ORDER;
  EXPECT_TRUE(KeepsBounds(Numbers(LogicalType::Int(32, false)), kNew));
  EXPECT_TRUE(KeepsBounds(FixedBytes(LogicalType::Decimal(4, 2)), kNew));
  EXPECT_TRUE(KeepsBounds(Bytes(LogicalType::String()), kNew));
}

TEST(FooterStatisticsTest, AFooterWithAnotherNullCountIsBelievedInNothing) {
  OldBounds bounds = Numbers(LogicalType::None());
  const auto copied = CopiedStatistics(*bounds.Chunk(ColumnOrder::UNDEFINED), 3);
  EXPECT_EQ(copied.null_count, 3);
  EXPECT_TRUE(copied.has_null_count);
  EXPECT_FALSE(copied.has_min || copied.has_max || copied.has_distinct_count);
}

}  // namespace
}  // namespace spillway::parquet
