#include "parquet/throw_boundary.h"

#include <cerrno>
#include <stdexcept>

#include <arrow/util/io_util.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::parquet {
namespace {

ErrorCode CodeOf(const Status& status) {
  const auto error = FindError(status);
  return error ? error->code : ErrorCode::kInternal;
}

Status FromSystem(int error_number) {
  return arrow::internal::IOErrorFromErrno(error_number, "no");
}

TEST(ThrowBoundaryTest, WhatIsThrownComesBackAsAStatus) {
  EXPECT_TRUE(CatchParquet([] { return Status::OK(); }).ok());
  EXPECT_EQ(*CatchParquet([]() -> Result<int> { return 7; }), 7);
  const auto thrown =
      CatchParquet([]() -> Status { throw ::parquet::ParquetStatusException(FromSystem(ENOSPC)); });
  EXPECT_EQ(arrow::internal::ErrnoFromStatus(thrown), ENOSPC);
  EXPECT_TRUE(CatchParquet([]() -> Status { throw std::bad_alloc(); }).IsOutOfMemory());
  const auto other =
      CatchParquet([]() -> Result<int> { throw ::parquet::ParquetException("torn page"); });
  EXPECT_EQ(other.status().message(), "torn page");
  EXPECT_FALSE(CatchParquet([]() -> Status { throw std::length_error("long"); }).ok());
}

TEST(ThrowBoundaryTest, FailedReadsAreCodedByTheirCause) {
  EXPECT_TRUE(ReadError(Status::OK(), "f").ok());
  EXPECT_EQ(CodeOf(ReadError(FromSystem(EIO), "f")), ErrorCode::kStorage);
  EXPECT_EQ(CodeOf(ReadError(Status::OutOfMemory("no"), "f")), ErrorCode::kBudgetExceeded);
  EXPECT_EQ(CodeOf(ReadError(Status::NotImplemented("no"), "f")), ErrorCode::kUnsupportedFeature);
  const Status damaged = ReadError(Status::IOError("torn page"), "f");
  EXPECT_EQ(CodeOf(damaged), ErrorCode::kCorruptDataFile);
  EXPECT_EQ(FindError(damaged)->where, "f");
  EXPECT_EQ(FindError(damaged)->why, "torn page");
  EXPECT_EQ(CodeOf(ReadError(ReadError(FromSystem(EIO), "f"), "g")), ErrorCode::kStorage);
}

TEST(ThrowBoundaryTest, FailedWritesAreCodedByTheirCause) {
  EXPECT_TRUE(WriteError(Status::OK(), "f").ok());
  EXPECT_EQ(CodeOf(WriteError(FromSystem(ENOSPC), "f")), ErrorCode::kStorageFull);
  EXPECT_EQ(CodeOf(WriteError(FromSystem(EROFS), "f")), ErrorCode::kReadOnlyStorage);
  EXPECT_EQ(CodeOf(WriteError(FromSystem(EACCES), "f")), ErrorCode::kReadOnlyStorage);
  EXPECT_EQ(CodeOf(WriteError(FromSystem(EIO), "f")), ErrorCode::kStorage);
  EXPECT_EQ(CodeOf(WriteError(Status::OutOfMemory("no"), "f")), ErrorCode::kBudgetExceeded);
  EXPECT_EQ(CodeOf(WriteError(Status::Invalid("NULL"), "f")), ErrorCode::kInternal);
}

}  // namespace
}  // namespace spillway::parquet
