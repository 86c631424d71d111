#include "parquet/batch_size.h"

#include <gtest/gtest.h>

namespace spillway::parquet {
namespace {

constexpr int64_t kRows = 100000;

Footer OneColumn(const LeafColumn& leaf, const ColumnChunkFacts& chunk) {
  Footer footer;
  footer.leaves = {leaf};
  footer.row_groups = {{.num_rows = kRows, .columns = {chunk}}};
  return footer;
}

BatchSize SizeFor(const Footer& footer, int64_t batch_rows, int64_t batch_bytes) {
  return BatchSize(footer, footer.row_groups[0], {0}, batch_rows, batch_bytes);
}

TEST(BatchSizeTest, FixedTypesAreKnownWhateverTheirEncoding) {
  const Footer footer = OneColumn(
      {.type_bytes = 8}, {.num_values = kRows, .uncompressed_bytes = 100, .has_dictionary = true});
  const BatchSize size = SizeFor(footer, 65536, 80000);
  EXPECT_TRUE(size.is_known());
  EXPECT_EQ(size.next_rows(), 10000);
  EXPECT_EQ(SizeFor(footer, 500, 80000).next_rows(), 500);
  EXPECT_EQ(SizeFor(footer, 65536, 1).next_rows(), 1);
}

TEST(BatchSizeTest, PlainStringsAreAsLargeAsTheFooterSays) {
  const Footer footer =
      OneColumn({}, {.num_values = kRows, .uncompressed_bytes = 20000 * kRows, .is_plain = true});
  const BatchSize size = SizeFor(footer, 65536, 2000000);
  EXPECT_TRUE(size.is_known());
  EXPECT_EQ(size.next_rows(), 100);
}

TEST(BatchSizeTest, ADictionaryIsKnownByItsUnencodedBytes) {
  const ColumnChunkFacts chunk{.num_values = kRows,
                               .uncompressed_bytes = 1000,
                               .unencoded_bytes = 996 * kRows,

                               .has_dictionary = true};
  EXPECT_EQ(SizeFor(OneColumn({}, chunk), 65536, 1000000).next_rows(), 1000);
}

TEST(BatchSizeTest, UnknownSizesStartSmallAndFollowWhatWasSeen) {
  const Footer footer = OneColumn({}, {.num_values = kRows,
                                       .uncompressed_bytes = 1000,

                                       .has_dictionary = true});
  BatchSize size = SizeFor(footer, 65536, 1000000);
  EXPECT_FALSE(size.is_known());
  EXPECT_EQ(size.next_rows(), 256);
  size.Observe(256, 2560);
  EXPECT_EQ(size.next_rows(), 1024);
  size.Observe(1024, 10240000);  // 10 kB a row
  EXPECT_EQ(size.next_rows(), 100);
  for (int i = 0; i < 10; ++i) size.Observe(100, 1000);
  EXPECT_EQ(size.next_rows(), 65536);
}

TEST(BatchSizeTest, AnAbsurdTypeLengthIsNotBelieved) {
  const LeafColumn leaf{.type_bytes = 2000000000};
  const DecodedSize size = DecodedSizeOf(leaf, {.num_values = kRows, .uncompressed_bytes = 7});
  EXPECT_EQ(size.bytes, 7);
}

}  // namespace
}  // namespace spillway::parquet
