#include "join/external_join.h"

#include <utility>

#include <arrow/type.h>

#include "join/external_join_state.h"
#include "join/key_columns.h"

namespace spillway::join {
namespace {

struct SavedPiece {
  int64_t rows;
  int64_t multiple;
};

}  // namespace

ExternalJoin::ExternalJoin(std::unique_ptr<ExternalJoinState> state) : state_(std::move(state)) {}

ExternalJoin::~ExternalJoin() = default;

Result<std::unique_ptr<ExternalJoin>> ExternalJoin::Make(ExternalJoinOptions options) {
  const arrow::Schema& schema = *options.lookup_schema;
  ARROW_RETURN_NOT_OK(CheckKeyColumns(schema, options.name, options.key_columns));
  ARROW_ASSIGN_OR_RAISE(
      RowFormat format,
      RowFormat::Make(schema, options.key_columns, options.duplicates, options.order_column));
  arrow::FieldVector fields;
  for (const int column : PayloadColumnsOf(schema, options.key_columns, options.order_column)) {
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

Status ExternalJoin::Save(spill::ManifestWriter* manifest) {
  const PieceTable& pieces = *state_->pieces;
  for (int64_t piece = 0; piece < pieces.num_pieces(); ++piece) {
    ARROW_RETURN_NOT_OK(manifest->Put(
        SavedPiece{.rows = pieces.Rows(piece), .multiple = pieces.HasMultiple(piece) ? 1 : 0}));
  }
  ARROW_RETURN_NOT_OK(manifest->PutAll(std::span<const uint8_t>(state_->seen_nulls)));
  ARROW_RETURN_NOT_OK(manifest->Put(state_->null_key_rows));
  ARROW_RETURN_NOT_OK(manifest->Put(static_cast<uint64_t>(state_->matches.size())));
  for (const auto& streams : state_->matches) {
    ARROW_RETURN_NOT_OK(streams->Save(state_->options.directory, kMatchesPurpose, manifest));
  }
  return Status::OK();
}

Status ExternalJoin::Load(spill::ManifestReader* manifest) {
  PieceTable& pieces = *state_->pieces;
  for (int64_t piece = 0; piece < pieces.num_pieces(); ++piece) {
    ARROW_ASSIGN_OR_RAISE(const auto saved, manifest->Get<SavedPiece>());
    pieces.SetRows(piece, saved.rows);
    if (saved.multiple != 0) pieces.SetMultiple(piece);
  }
  ARROW_RETURN_NOT_OK(pieces.AssignBuckets());
  ARROW_RETURN_NOT_OK(manifest->GetAll(std::span<uint8_t>(state_->seen_nulls)));
  ARROW_ASSIGN_OR_RAISE(state_->null_key_rows, manifest->Get<int64_t>());
  ARROW_ASSIGN_OR_RAISE(const uint64_t lanes, manifest->Get<uint64_t>());
  for (uint64_t lane = 0; lane < lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(
        auto streams,
        spill::SpilledStreams::Load(state_->options.directory, manifest, state_->options.pool));
    if (streams->num_streams() != pieces.num_buckets()) {
      return Status::Invalid("a manifest of other buckets");
    }
    state_->matches.push_back(std::move(streams));
  }
  return Status::OK();
}

bool ExternalJoin::IsThere(int64_t piece) const {
  const PieceTable& pieces = *state_->pieces;
  if (pieces.Rows(piece) == 0) return true;
  const uint32_t end = pieces.Find(piece, pieces.Rows(piece) - 1).bucket + 1;
  for (uint32_t bucket = pieces.Find(piece, 0).bucket; bucket < end; ++bucket) {
    for (const auto& streams : state_->matches) {
      if (!streams->IsThere(bucket)) return false;
    }
  }
  return true;
}

int64_t ExternalJoin::match_bytes() const {
  int64_t bytes = 0;
  for (const auto& streams : state_->matches) bytes += streams->stored_bytes();
  return bytes;
}

int64_t ExternalJoin::match_bytes_in_memory() const {
  int64_t bytes = 0;
  for (const auto& streams : state_->matches) bytes += streams->kept_bytes();
  return bytes;
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
