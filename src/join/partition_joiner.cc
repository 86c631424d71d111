// Rows are copied into the table's memory one after another, so that it has only those that the
// table wants: under `first` a key's later rows take no room, however many there are. The rows of
// one hash form a ring: the slot has the last one, its link is the first one, and so on; so the
// rows of a key that all rows have are added, and given out in lookup order, in constant time a
// row. Keys are only compared where duplicates are not wanted: a false match costs a few bytes, and
// is found when its bucket is read.
#include "join/partition_joiner.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "join/external_join_state.h"
#include "join/key_columns.h"
#include "join/row_keys.h"

namespace spillway::join {
namespace {

constexpr int64_t kMostJoinBytes = int64_t{1} << 31;  // positions have 32 bits

}  // namespace

PartitionJoiner::PartitionJoiner(ExternalJoinState* state,
                                 std::unique_ptr<spill::SpillWriter> matches)
    : state_(state),
      matches_(std::move(matches)),
      lookup_(state->options.pool),
      source_(state->options.pool),
      table_(state->options.pool) {}

Result<std::unique_ptr<PartitionJoiner>> PartitionJoiner::Make(ExternalJoinState* state) {
  ARROW_ASSIGN_OR_RAISE(
      auto matches,
      spill::SpillWriter::Make(state->options.directory,
                               state->WriterOptions(kMatchesPurpose, state->pieces->num_buckets(),
                                                    state->options.sizes.match_block_bytes)));
  return std::unique_ptr<PartitionJoiner>(new PartitionJoiner(state, std::move(matches)));
}

Result<bool> PartitionJoiner::JoinNext() {
  partition_ = claimed_.has_value() ? *claimed_ : state_->next_partition.fetch_add(1);
  if (partition_ >= state_->num_partitions()) return false;
  Claim(state_->next_partition.fetch_add(1));
  ARROW_RETURN_NOT_OK(JoinPartition());
  FreePartition();
  return true;
}

// Has the rows of the partition that is next fetched while this one is joined.
void PartitionJoiner::Claim(uint32_t partition) {
  claimed_ = partition;
  if (partition >= state_->num_partitions()) return;
  for (const SpilledRuns& runs : state_->lookup_rows) runs.streams->WillRead(partition);
  for (const SpilledRuns& runs : state_->source_rows) runs.streams->WillRead(partition);
}

Status PartitionJoiner::JoinPartition() {
  int64_t lookup_bytes = 0;
  int64_t lookup_rows = 0;
  for (const SpilledRuns& runs : state_->lookup_rows) {
    lookup_bytes += runs.streams->StreamBytes(partition_);
    lookup_rows += runs.Records(partition_);
  }
  int64_t source_rows = 0;
  for (const SpilledRuns& runs : state_->source_rows) source_rows += runs.Records(partition_);
  // Where duplicates are an error all rows are looked at.
  const bool error = state_->options.duplicates == DuplicatePolicy::kError;
  if (lookup_rows == 0 || (source_rows == 0 && !error)) return Status::OK();

  ARROW_RETURN_NOT_OK(MakeRoom(lookup_bytes, lookup_rows));
  ARROW_RETURN_NOT_OK(lookup_.Open(state_->lookup_rows, partition_));
  passed_rows_ = 0;
  for (bool first_pass = true; !lookup_.done(); first_pass = false) {
    ARROW_RETURN_NOT_OK(LoadRows());
    if (error && !lookup_.done()) ARROW_RETURN_NOT_OK(CheckOtherRows());
    ARROW_RETURN_NOT_OK(ProbePartition(first_pass));
  }
  return Status::OK();
}

// Makes room for a partition of so many rows, or for as many of them as the lane's share has.
Status PartitionJoiner::MakeRoom(int64_t bytes, int64_t rows) {
  const int64_t most_bytes = std::min(state_->options.sizes.join_bytes, kMostJoinBytes);
  rows_room_ = bytes;
  most_hashes_ = rows;
  if (bytes + PartitionTable::BytesFor(rows) > most_bytes) {
    const int64_t row_bytes =
        bytes / rows + PartitionTable::BytesFor(1) - PartitionTable::BytesFor(0);
    most_hashes_ = std::max<int64_t>(1, (most_bytes - PartitionTable::BytesFor(0)) / row_bytes);
    rows_room_ = std::max<int64_t>(0, most_bytes - PartitionTable::BytesFor(most_hashes_));
  }
  const int64_t needed = rows_room_ + kRowSlackBytes;
  const int64_t table_bytes = std::max(table_.size_bytes(), PartitionTable::BytesFor(most_hashes_));
  if (buffer_ != nullptr && buffer_->size() >= needed &&
      buffer_->size() + table_bytes <= most_bytes + kRowSlackBytes) {
    return Status::OK();
  }
  buffer_.reset();
  table_.Release();
  ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(needed, state_->options.pool));
  rows_ = buffer_->mutable_data();
  return Status::OK();
}

void PartitionJoiner::FreePartition() {
  for (const SpilledRuns& runs : state_->lookup_rows) runs.streams->Free(partition_);
  for (const SpilledRuns& runs : state_->source_rows) runs.streams->Free(partition_);
}

// Fills the table with the next rows of the partition, as many as there is room for.
Status PartitionJoiner::LoadRows() {
  ARROW_RETURN_NOT_OK(table_.Reset(most_hashes_));
  rows_end_ = 0;
  bool has_room = true;
  while (has_room && !lookup_.done()) {
    const std::span<const uint8_t> rows = lookup_.head().records();
    ARROW_ASSIGN_OR_RAISE(const int64_t loaded, LoadRun(rows, lookup_.head().run().id));
    has_room = loaded == static_cast<int64_t>(rows.size());
    if (loaded > 0) ARROW_RETURN_NOT_OK(lookup_.Pass(loaded));
  }
  return Status::OK();
}

// Returns the bytes of those rows that there was room for.
Result<int64_t> PartitionJoiner::LoadRun(std::span<const uint8_t> rows, int64_t first_row) {
  const uint8_t* at = rows.data();
  const uint8_t* const end = rows.data() + rows.size();
  std::array<int64_t, kGroup> sizes;
  while (at < end) {
    int64_t count = 0;
    int64_t bytes = 0;
    for (const uint8_t* row = at; row < end && count < kGroup; ++count) {
      const int64_t size = state_->format.SizeOf(row);
      if (rows_end_ + bytes + size > rows_room_) break;
      table_.Prefetch(Load<uint32_t>(row));
      sizes[static_cast<size_t>(count)] = size;
      bytes += size;
      row += size;
    }
    if (count == 0 && rows_end_ == 0) {
      ARROW_RETURN_NOT_OK(MakeRoomForRow(state_->format.SizeOf(at)));
      continue;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (table_.full()) return at - rows.data();
      const int64_t size = sizes[static_cast<size_t>(i)];
      ARROW_RETURN_NOT_OK(InsertRow(at, size, first_row));
      at += size;
      ++passed_rows_;
    }
    if (count == 0) break;
  }
  return at - rows.data();
}

// A row that is larger than all the room there is gets it nevertheless: without it nothing goes on.
Status PartitionJoiner::MakeRoomForRow(int64_t size) {
  rows_room_ = size;
  ARROW_RETURN_NOT_OK(buffer_->Resize(size + kRowSlackBytes));
  rows_ = buffer_->mutable_data();
  return Status::OK();
}

Status PartitionJoiner::InsertRow(const uint8_t* row, int64_t size, int64_t first_row) {
  const auto hash = Load<uint32_t>(row);
  PartitionTable::Slot& slot = table_.Find(hash);
  if (slot.position == PartitionTable::kEmpty) {
    const uint32_t position = AddRow(row, size);
    Store(RowAt(position), position);  // a ring of one
    table_.Fill(&slot, hash, position);
    return Status::OK();
  }
  const DuplicatePolicy duplicates = state_->options.duplicates;
  const std::optional<uint32_t> before =
      duplicates == DuplicatePolicy::kExpand ? std::nullopt : FindBefore(slot.position, row);
  if (before && !JoinsOneRow(duplicates)) {
    return DuplicateError(row,
                          first_row + Load<uint32_t>(row + state_->format.row_number_offset()));
  }
  if (before) {
    ChooseRow(row, size, *before, &slot);
    return Status::OK();
  }
  const uint32_t position = AddRow(row, size);
  Store(RowAt(position), After(slot.position));
  Store(RowAt(slot.position), position);
  slot.position = position;
  return Status::OK();
}

// Of the ring that ends with `last`, the row before the one that has the key of `row`.
std::optional<uint32_t> PartitionJoiner::FindBefore(uint32_t last, const uint8_t* row) const {
  uint32_t before = last;
  do {
    const uint32_t position = After(before);
    if (state_->format.EqualKeys(RowAt(position), row)) return before;
    before = position;
  } while (before != last);
  return std::nullopt;
}

// Of `row` and the one behind `before`, which have one key, keeps the one that is joined. The other
// one's room is used again where the row fits, else it is lost for this pass.
void PartitionJoiner::ChooseRow(const uint8_t* row, int64_t size, uint32_t before,
                                PartitionTable::Slot* slot) {
  const RowFormat& format = state_->format;
  const uint32_t old = After(before);
  if (!TakesPlace(state_->options.duplicates, format.CompareOrder(row, RowAt(old)))) return;
  if (size <= format.SizeOf(RowAt(old))) {
    std::memcpy(RowAt(old) + RowFormat::kLinkBytes, row + RowFormat::kLinkBytes,
                static_cast<size_t>(size - RowFormat::kLinkBytes));
    return;
  }
  const uint32_t position = AddRow(row, size);
  Store(RowAt(position), old == before ? position : After(old));
  if (old != before) Store(RowAt(before), position);
  if (slot->position == old) slot->position = position;
}

uint32_t PartitionJoiner::AddRow(const uint8_t* row, int64_t size) {
  const auto position = static_cast<uint32_t>(rows_end_);
  CopyRow(RowAt(position), row, size);
  rows_end_ += size;
  return position;
}

// Looks for the keys of the table among the rows that had no room in it.
Status PartitionJoiner::CheckOtherRows() {
  const RowFormat& format = state_->format;
  LookupCursor cursor(state_->options.pool);
  ARROW_RETURN_NOT_OK(cursor.Open(state_->lookup_rows, partition_));
  for (int64_t row = 0; !cursor.done(); ++row) {
    const uint8_t* other = cursor.head().records().data();
    const PartitionTable::Slot& slot = table_.Find(Load<uint32_t>(other));
    if (row >= passed_rows_ && slot.position != PartitionTable::kEmpty &&
        FindBefore(slot.position, other)) {
      return DuplicateError(
          other, cursor.head().run().id + Load<uint32_t>(other + format.row_number_offset()));
    }
    ARROW_RETURN_NOT_OK(cursor.Pass(format.SizeOf(other)));
  }
  return Status::OK();
}

// The error for `row`, whose key an earlier row has too: which one is looked for.
Status PartitionJoiner::DuplicateError(const uint8_t* row, int64_t row_number) const {
  const RowFormat& format = state_->format;
  ARROW_ASSIGN_OR_RAISE(const std::string key, ShowRowKey(format, row));
  LookupCursor cursor(state_->options.pool);
  ARROW_RETURN_NOT_OK(cursor.Open(state_->lookup_rows, partition_));
  while (!format.EqualKeys(cursor.head().records().data(), row)) {
    ARROW_RETURN_NOT_OK(cursor.Pass(format.SizeOf(cursor.head().records().data())));
  }
  const int64_t first_row = cursor.head().run().id + Load<uint32_t>(cursor.head().records().data() +
                                                                    format.row_number_offset());
  return DuplicateKeyError(state_->options.name, key, first_row, row_number);
}

Status PartitionJoiner::ProbePartition(bool first_pass) {
  for (const SpilledRuns& runs : state_->source_rows) {
    ARROW_RETURN_NOT_OK(source_.Open(*runs.streams, partition_));
    while (!source_.done()) {
      const std::span<const uint8_t> rows = source_.records();
      ARROW_RETURN_NOT_OK(ProbeRun(source_.run().id, rows, first_pass));
      ARROW_RETURN_NOT_OK(source_.Pass(static_cast<int64_t>(rows.size())));
    }
  }
  return Status::OK();
}

Status PartitionJoiner::ProbeRun(int64_t piece, std::span<const uint8_t> rows, bool first_pass) {
  constexpr auto kWidth = static_cast<int64_t>(sizeof(SourceRow));
  const int64_t count = static_cast<int64_t>(rows.size()) / kWidth;
  const auto source_row = [&rows](int64_t i) { return Load<SourceRow>(rows.data() + i * kWidth); };
  for (int64_t i = 0; i < std::min(kSlotsAhead, count); ++i) table_.Prefetch(source_row(i).hash);
  for (int64_t i = 0; i < count; ++i) {
    table_.Prefetch(source_row(std::min(i + kSlotsAhead, count - 1)).hash);
    const SourceRow source = source_row(i);
    const uint32_t last = table_.Find(source.hash).position;
    if (last == PartitionTable::kEmpty) continue;
    ARROW_RETURN_NOT_OK(AddCandidate(piece, {source.row, last}, first_pass));
  }
  while (candidates_emitted_ != candidates_added_) {
    ARROW_RETURN_NOT_OK(
        EmitMatches(piece, candidates_[candidates_emitted_++ % kRowsAhead], first_pass));
  }
  return Status::OK();
}

// Asks for the candidate's row, and emits one that was asked for before.
Status PartitionJoiner::AddCandidate(int64_t piece, const Candidate& candidate, bool first_pass) {
  if (candidates_added_ - candidates_emitted_ == kRowsAhead) {
    ARROW_RETURN_NOT_OK(
        EmitMatches(piece, candidates_[candidates_emitted_++ % kRowsAhead], first_pass));
  }
  __builtin_prefetch(RowAt(candidate.position));
  __builtin_prefetch(RowAt(candidate.position) + state_->format.fixed_bytes());
  candidates_[candidates_added_++ % kRowsAhead] = candidate;
  return Status::OK();
}

// Copies the rows that have the candidate's hash to the bucket of its source row.
Status PartitionJoiner::EmitMatches(int64_t piece, const Candidate& candidate, bool first_pass) {
  const BucketRow to = state_->pieces->Find(piece, candidate.source_row);
  uint32_t position = candidate.position;
  do {
    position = After(position);
    const uint8_t* row = RowAt(position);
    const int64_t size = state_->format.SizeOf(row);
    uint8_t* room = matches_->TryExtend(to.bucket, size);
    if (room == nullptr) {
      ARROW_RETURN_NOT_OK(matches_->StartBlock(to.bucket, size));
      room = matches_->TryExtend(to.bucket, size);
    }
    // The bucket's next row will go there, after rows of hundreds of other buckets.
    __builtin_prefetch(room + 2 * size, /*rw=*/1);
    CopyRow(room, row, size);
    Store(room, to.row);
  } while (position != candidate.position);
  // Rows of an earlier pass may match too; nobody remembers.
  if (!first_pass || MayHaveDuplicates(candidate.position)) state_->pieces->SetMultiple(piece);
  return Status::OK();
}

// Whether two rows of the ring that ends with `last` have one key; true for a long ring, which is
// hardly one of different keys.
bool PartitionJoiner::MayHaveDuplicates(uint32_t last) const {
  constexpr int kLongRing = 4;
  if (state_->options.duplicates != DuplicatePolicy::kExpand) return false;
  int length = 1;
  for (uint32_t row = After(last); row != last; row = After(row)) {
    if (++length == kLongRing) return true;
    for (uint32_t other = After(row); other != After(last); other = After(other)) {
      if (state_->format.EqualKeys(RowAt(row), RowAt(other))) return true;
    }
  }
  return false;
}

Status PartitionJoiner::Finish() {
  buffer_.reset();
  table_.Release();
  ARROW_ASSIGN_OR_RAISE(auto matches, matches_->Finish());
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->matches.push_back(std::move(matches));
  return Status::OK();
}

}  // namespace spillway::join
