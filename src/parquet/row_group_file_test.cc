#include "parquet/row_group_file.h"

#include <limits>

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

namespace spillway::parquet {
namespace {

using ::parquet::schema::GroupNode;
using ::parquet::schema::PrimitiveNode;

// One more row group than its number can say would begin again with negative ones.
TEST(RowGroupFileTest, ThereAreNoMoreRowGroupsThanNumbersForThem) {
  constexpr int kNumbers = std::numeric_limits<int16_t>::max() + 1;
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto root = GroupNode::Make(
      "schema", ::parquet::Repetition::REQUIRED,
      {PrimitiveNode::Make("c", ::parquet::Repetition::REQUIRED, ::parquet::Type::INT32)});
  OpenRowGroup open;
  const auto file = OpenRowGroupFile(sink, std::static_pointer_cast<GroupNode>(root),
                                     ::parquet::WriterProperties::Builder().build(), &open);
  for (int i = 0; i < kNumbers; ++i) file->AppendBufferedRowGroup();
  EXPECT_THROW(file->AppendBufferedRowGroup(), ::parquet::ParquetException);
  file->Close();
  EXPECT_EQ(file->metadata()->num_row_groups(), kNumbers);
}

}  // namespace
}  // namespace spillway::parquet
