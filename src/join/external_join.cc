#include "join/external_join.h"

#include <utility>

#include <arrow/type.h>

#include "join/external_join_state.h"
#include "join/key_columns.h"

namespace spillway::join {

ExternalJoin::ExternalJoin(std::unique_ptr<ExternalJoinState> state) : state_(std::move(state)) {}

ExternalJoin::~ExternalJoin() = default;

Result<std::unique_ptr<ExternalJoin>> ExternalJoin::Make(ExternalJoinOptions options) {
  const arrow::Schema& schema = *options.lookup_schema;
  ARROW_RETURN_NOT_OK(CheckKeyColumns(schema, options.name, options.key_columns));
  ARROW_ASSIGN_OR_RAISE(RowFormat format,
                        RowFormat::Make(schema, options.key_columns, options.duplicates));
  arrow::FieldVector fields;
  for (const int column : PayloadColumnsOf(schema, options.key_columns)) {
    fields.push_back(schema.field(column));
  }
  ARROW_ASSIGN_OR_RAISE(auto pieces,
                        PieceTable::Make(options.pieces, options.sizes.bucket_bits, options.pool));
  return std::unique_ptr<ExternalJoin>(new ExternalJoin(std::make_unique<ExternalJoinState>(
      std::move(options), std::move(format), arrow::schema(std::move(fields)), std::move(pieces))));
}

Result<std::unique_ptr<BuildWriter>> ExternalJoin::MakeBuildWriter() {
  return BuildWriter::Make(state_.get());
}

Result<std::unique_ptr<ProbeWriter>> ExternalJoin::MakeProbeWriter() {
  return ProbeWriter::Make(state_.get());
}

Status ExternalJoin::StartJoin() { return state_->pieces->AssignBuckets(); }

Result<std::unique_ptr<PartitionJoiner>> ExternalJoin::MakeJoiner() {
  return PartitionJoiner::Make(state_.get());
}

void ExternalJoin::StartReading() {
  state_->lookup_rows.clear();
  state_->source_rows.clear();
}

std::unique_ptr<PieceMatcher> ExternalJoin::MakeMatcher(JoinType type, arrow::MemoryPool* pool) {
  return std::make_unique<PieceMatcher>(*state_, type, pool);
}

bool ExternalJoin::IsUnique(int64_t piece) const {
  return state_->options.duplicates != DuplicatePolicy::kExpand ||
         !state_->pieces->HasMultiple(piece);
}

void ExternalJoin::ReleasePiece(int64_t piece) {
  state_->pieces->Release(piece, [this](uint32_t bucket) {
    for (const auto& streams : state_->matches) streams->Free(bucket);
  });
}

const std::shared_ptr<arrow::Schema>& ExternalJoin::payload_schema() const {
  return state_->payload_schema;
}

int64_t ExternalJoin::PieceRows(int64_t piece) const { return state_->pieces->Rows(piece); }

int64_t ExternalJoin::null_key_rows() const { return state_->null_key_rows; }

}  // namespace spillway::join
