// Two writers share the file. parquet-cpp's encodes the columns that are new, straight into the
// file; when it ends, its indexes and its footer are caught in memory. Copied column chunks are put
// in between by their row group's end. Then one footer is made of parquet-cpp's and the sources'.
#include "parquet/splice_writer.h"

#include <algorithm>
#include <future>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "base/start_thread.h"
#include "parquet/batch_encoder.h"
#include "parquet/copied_indexes.h"
#include "parquet/copy_check.h"
#include "parquet/data_file.h"
#include "parquet/file_then_memory.h"
#include "parquet/footer_statistics.h"
#include "parquet/leaf_ranges.h"
#include "parquet/new_file.h"
#include "parquet/null_counts.h"
#include "parquet/spliced_footer.h"
#include "parquet/throw_boundary.h"
#include "parquet/writable_schema.h"

namespace spillway::parquet {
namespace {

using ::parquet::schema::GroupNode;
using ::parquet::schema::NodePtr;
using ::parquet::schema::NodeVector;
using ::parquet::schema::PrimitiveNode;

// A copy of `node`, for a node belongs to one tree, under another name and without field ids, which
// belong to the table that the file came from.
NodePtr CopyNode(const ::parquet::schema::Node& node, const std::string& name) {
  if (node.is_primitive()) {
    const auto& primitive = static_cast<const PrimitiveNode&>(node);
    return PrimitiveNode::Make(name, node.repetition(), node.logical_type(),
                               primitive.physical_type(), primitive.type_length());
  }
  const auto& group = static_cast<const GroupNode&>(node);
  NodeVector children;
  for (int i = 0; i < group.field_count(); ++i) {
    children.push_back(CopyNode(*group.field(i), group.field(i)->name()));
  }
  const auto& logical = node.logical_type();  // a struct's is "none", which Make does not take
  return GroupNode::Make(name, node.repetition(), children, logical->is_none() ? nullptr : logical);
}

// Bytes of a source file, and their place in the new one.
struct CopiedRange {
  int64_t source_offset = 0;
  int64_t size = 0;
  int64_t begin = 0;
};

// What became of the copied columns of a row group.
struct Copies {
  int64_t shared_bytes = 0;
  std::vector<int64_t> null_counts;  // by copied leaf, in the order of the new file
};

storage::OpenFile OpenedFile(const DataFile& file) {
  // DataFile opens files, nothing else.
  return {static_cast<const arrow::io::ReadableFile&>(*file.source).file_descriptor(), file.path};
}

}  // namespace

struct SpliceWriter::Impl {
  Impl(std::string file_path, std::vector<SpliceColumn> file_columns, SpliceOptions splice_options)
      : path(std::move(file_path)),
        columns(std::move(file_columns)),
        options(std::move(splice_options)) {}

  Status Start(const DataFile& source, int row_group);
  Status EndRowGroup(const DataFile& source, int row_group);
  Status StartRowGroup(const DataFile& source, int row_group);
  std::vector<CopiedRange> PlaceChunks(const DataFile& source, int row_group);
  Result<int64_t> FillRanges(const DataFile& source, const std::vector<CopiedRange>& ranges) const;
  Result<Copies> Copy(const DataFile& source, int row_group, const std::vector<CopiedRange>& ranges,
                      const std::vector<int>& source_leaves) const;
  Status AwaitCopies();
  Status CopyIndexes(const DataFile& source, std::vector<ChunkPart>* parts);
  Status Finish(SplicedFile* spliced);
  Status TakeEncodedParts();
  Result<std::vector<ColumnStatistics>> Statistics(const ::parquet::FileMetaData& metadata) const;

  std::vector<LeafRange> CopiedLeaves(const DataFile& source) const;
  bool HasSameForm(const DataFile& source, int row_group) const;

  bool has_encoded() const { return encoder != nullptr; }

  template <typename Function>
  Status Call(Function&& function) {
    return WriteError(CatchParquet(std::forward<Function>(function)), path);
  }

  const std::string path;
  const std::vector<SpliceColumn> columns;
  const SpliceOptions options;
  std::shared_ptr<arrow::Schema> encoded_schema;
  ::parquet::SchemaDescriptor schema;
  std::vector<LeafRange> leaves;                 // of `schema`, by column
  std::vector<arrow::Compression::type> codecs;  // by leaf; of copied ones
  std::shared_ptr<arrow::Buffer> copy_buffer;
  std::vector<RowGroupPart> row_groups;
  std::optional<RowGroupPart> open_row_group;  // whose columns are being copied
  std::future<Result<Copies>> copies;          // of it; not valid where there are none
  int64_t rows = 0;
  int64_t copied_bytes = 0;
  int64_t shared_bytes = 0;
  bool failed = false;
  bool ended = false;
  std::shared_ptr<NewFile> file;
  std::shared_ptr<FileThenMemory> sink;
  std::unique_ptr<BatchEncoder> encoder;  // goes first: closing it writes to the file
};

// The leaves of `source` that each copied column has; none for encoded columns.
std::vector<LeafRange> SpliceWriter::Impl::CopiedLeaves(const DataFile& source) const {
  const std::vector<LeafRange> of_fields = LeafRangesOf(*source.metadata->schema());
  std::vector<LeafRange> ranges;
  for (const SpliceColumn& column : columns) {
    const int field = column.copied_from ? FieldOf(source, *column.copied_from) : -1;
    ranges.push_back(field < 0 ? LeafRange{} : of_fields[static_cast<size_t>(field)]);
  }
  return ranges;
}

Status SpliceWriter::Impl::Start(const DataFile& source, int row_group) {
  arrow::FieldVector encoded;
  for (const SpliceColumn& column : columns) {
    if (!column.copied_from) encoded.push_back(column.field);
  }
  ARROW_ASSIGN_OR_RAISE(encoded_schema, WritableSchema(*arrow::schema(std::move(encoded))));
  ARROW_ASSIGN_OR_RAISE(copy_buffer,
                        arrow::AllocateBuffer(options.copy_buffer_bytes, options.write.pool));
  ARROW_ASSIGN_OR_RAISE(file, NewFile::Create(path));
  sink = std::make_shared<FileThenMemory>(file, options.write.pool);
  if (encoded_schema->num_fields() > 0) {
    // Row groups end where the source's do, and nowhere else.
    WriteOptions write = options.write;
    write.row_group_bytes = std::numeric_limits<int64_t>::max() / 4;  // it is doubled
    write.row_group_rows = std::numeric_limits<int64_t>::max();
    encoder = std::make_unique<BatchEncoder>(encoded_schema, std::move(write));
    ARROW_RETURN_NOT_OK(encoder->Start(sink));
  } else {
    ARROW_RETURN_NOT_OK(file->Write("PAR1", 4));
  }

  // The schema: copied columns as the source has them, encoded ones as parquet-cpp makes them.
  std::shared_ptr<::parquet::SchemaDescriptor> encoded_descriptor;
  ARROW_RETURN_NOT_OK(::parquet::arrow::ToParquetSchema(
      encoded_schema.get(),
      *::parquet::WriterProperties::Builder().enable_store_decimal_as_integer()->build(),
      *::parquet::ArrowWriterProperties::Builder().build(), &encoded_descriptor));
  NodeVector nodes;
  int next_encoded = 0;
  for (const SpliceColumn& column : columns) {
    const auto& node =
        column.copied_from
            ? source.metadata->schema()->group_node()->field(FieldOf(source, *column.copied_from))
            : encoded_descriptor->group_node()->field(next_encoded++);
    nodes.push_back(CopyNode(*node, column.field->name()));
  }
  schema.Init(GroupNode::Make("schema", ::parquet::Repetition::REQUIRED, nodes));
  leaves = LeafRangesOf(schema);

  const auto group = source.metadata->RowGroup(row_group);
  for (const LeafRange& range : CopiedLeaves(source)) {
    for (int i = 0; i < range.count; ++i) {
      codecs.push_back(group->ColumnChunk(range.first + i)->compression());
    }
  }
  return Status::OK();
}

bool SpliceWriter::Impl::HasSameForm(const DataFile& source, int row_group) const {
  const auto group = source.metadata->RowGroup(row_group);
  const std::vector<LeafRange> ranges = CopiedLeaves(source);
  size_t next_codec = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].copied_from) continue;
    const int field = FieldOf(source, *columns[i].copied_from);
    if (field < 0) return false;
    const auto node =
        CopyNode(*source.metadata->schema()->group_node()->field(field), columns[i].field->name());
    if (!node->Equals(schema.group_node()->field(static_cast<int>(i)).get())) return false;
    for (int leaf = 0; leaf < ranges[i].count; ++leaf) {
      if (group->ColumnChunk(ranges[i].first + leaf)->compression() != codecs[next_codec++]) {
        return false;
      }
    }
  }
  return true;
}

// Makes room in the new file for the copied chunks of the open row group, in the order in which
// they lie in the source, neighbours in one piece.
std::vector<CopiedRange> SpliceWriter::Impl::PlaceChunks(const DataFile& source, int row_group) {
  std::vector<ChunkPart>& parts = open_row_group->chunks;
  const auto group = source.metadata->RowGroup(row_group);
  struct Extent {
    int64_t begin;
    int64_t size;
    ChunkPart* part;
  };
  std::vector<Extent> extents;
  const std::vector<LeafRange> ranges = CopiedLeaves(source);
  for (size_t i = 0; i < columns.size(); ++i) {
    for (int leaf = 0; leaf < ranges[i].count; ++leaf) {
      ChunkPart& part = parts[static_cast<size_t>(leaves[i].first) + static_cast<size_t>(leaf)];
      part = {.metadata = source.metadata, .row_group = row_group, .leaf = ranges[i].first + leaf};
      const auto chunk = group->ColumnChunk(part.leaf);
      extents.push_back({FirstByte(*chunk), chunk->total_compressed_size(), &part});
    }
  }
  std::ranges::sort(extents, {}, &Extent::begin);
  std::vector<CopiedRange> copied;
  for (size_t first = 0; first < extents.size();) {
    size_t behind = first + 1;
    int64_t end = extents[first].begin + extents[first].size;
    while (behind < extents.size() && extents[behind].begin == end) end += extents[behind++].size;
    CopiedRange range{.source_offset = extents[first].begin, .size = end - extents[first].begin};
    range.begin = file->Reserve(range.source_offset, range.size, options.transfer);
    const int64_t shift = range.begin - range.source_offset;
    for (; first < behind; ++first) extents[first].part->shift = shift;
    copied.push_back(range);
  }
  return copied;
}

// Returns the bytes that are shared.
Result<int64_t> SpliceWriter::Impl::FillRanges(const DataFile& source,
                                               const std::vector<CopiedRange>& ranges) const {
  const std::span<uint8_t> buffer(copy_buffer->mutable_data(),
                                  static_cast<size_t>(copy_buffer->size()));
  int64_t shared = 0;
  for (const CopiedRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes,
                          file->Fill(OpenedFile(source), range.source_offset, range.begin,
                                     range.size, options.transfer, buffer));
    shared += bytes;
  }
  return shared;
}

// On a thread of its own. NULLs are counted while the pages that have them are at hand.
Result<Copies> SpliceWriter::Impl::Copy(const DataFile& source, int row_group,
                                        const std::vector<CopiedRange>& ranges,
                                        const std::vector<int>& source_leaves) const {
  Copies copied;
  ARROW_ASSIGN_OR_RAISE(copied.shared_bytes, FillRanges(source, ranges));
  for (const int leaf : source_leaves) {
    const auto count =
        CatchParquet([&] { return CountNulls(source, row_group, leaf, options.write.pool); });
    if (!count.ok()) return ReadError(count.status(), source.path);
    copied.null_counts.push_back(*count);
  }
  return copied;
}

Status SpliceWriter::Impl::StartRowGroup(const DataFile& source, int row_group) {
  open_row_group =
      RowGroupPart{.num_rows = source.metadata->RowGroup(row_group)->num_rows(),
                   .chunks = std::vector<ChunkPart>(static_cast<size_t>(schema.num_columns()))};
  std::vector<CopiedRange> ranges = PlaceChunks(source, row_group);
  for (const CopiedRange& range : ranges) copied_bytes += range.size;
  std::vector<int> source_leaves;
  for (const ChunkPart& part : open_row_group->chunks) {
    if (part.metadata != nullptr) source_leaves.push_back(part.leaf);
  }
  // The thread has a share in the source: a failure may end its reader before this writer.
  return StartTask([this, source, row_group, ranges = std::move(ranges),
                    source_leaves = std::move(source_leaves)] {
           return Copy(source, row_group, ranges, source_leaves);
         })
      .Value(&copies);
}

Status SpliceWriter::Impl::AwaitCopies() {
  ARROW_ASSIGN_OR_RAISE(const Copies copied, copies.get());
  shared_bytes += copied.shared_bytes;
  auto next = copied.null_counts.begin();
  for (ChunkPart& part : open_row_group->chunks) {
    if (part.metadata != nullptr) part.null_count = *next++;
  }
  return Status::OK();
}

Status SpliceWriter::Impl::CopyIndexes(const DataFile& source, std::vector<ChunkPart>* parts) {
  for (ChunkPart& part : *parts) {
    if (part.metadata != source.metadata) continue;
    ARROW_ASSIGN_OR_RAISE(PageIndexes indexes,
                          ReadPageIndexes(source, part.row_group, part.leaf, part.shift,
                                          *part.null_count, options.write.pool));
    part.column_index = std::move(indexes.column_index);
    part.offset_index = std::move(indexes.offset_index);
    ARROW_ASSIGN_OR_RAISE(const auto bloom_filter,
                          ReadBloomFilter(source, part.row_group, part.leaf, options.write.pool));
    if (bloom_filter == nullptr) continue;
    part.bloom_filter = {file->size_bytes(), static_cast<int32_t>(bloom_filter->size())};
    ARROW_RETURN_NOT_OK(file->Write(bloom_filter->data(), bloom_filter->size()));
  }
  return Status::OK();
}

Status SpliceWriter::Impl::EndRowGroup(const DataFile& source, int row_group) {
  const int64_t num_rows = source.metadata->RowGroup(row_group)->num_rows();
  if (has_encoded() && encoder->rows_written() != rows + num_rows) {
    return Status::Invalid(encoder->rows_written() - rows, " rows were encoded for a row group of ",
                           num_rows);
  }
  if (!open_row_group) ARROW_RETURN_NOT_OK(StartRowGroup(source, row_group));
  if (has_encoded()) ARROW_RETURN_NOT_OK(encoder->EndRowGroup());
  ARROW_RETURN_NOT_OK(AwaitCopies());
  ARROW_RETURN_NOT_OK(CopyIndexes(source, &open_row_group->chunks));
  row_groups.push_back(*std::move(open_row_group));
  open_row_group.reset();
  rows += num_rows;
  return Status::OK();
}

// Ends parquet-cpp's writer, and takes over its column chunks and their indexes.
Status SpliceWriter::Impl::TakeEncodedParts() {
  ARROW_RETURN_NOT_OK(sink->Catch());
  ARROW_RETURN_NOT_OK(encoder->Finish());
  ARROW_ASSIGN_OR_RAISE(const auto caught, sink->Caught());
  const auto& metadata = encoder->metadata();
  if (metadata->num_row_groups() != static_cast<int>(row_groups.size())) {
    return Status::Invalid("row groups were split while they were encoded");
  }
  const auto slice = [&](const std::optional<::parquet::IndexLocation>& location) {
    return location ? arrow::SliceBuffer(caught, location->offset - sink->begin(), location->length)
                    : nullptr;
  };
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    int next_leaf = 0;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].copied_from) continue;
      for (int leaf = 0; leaf < leaves[i].count; ++leaf, ++next_leaf) {
        const auto chunk = metadata->RowGroup(group)->ColumnChunk(next_leaf);
        row_groups[static_cast<size_t>(group)]
            .chunks[static_cast<size_t>(leaves[i].first) + static_cast<size_t>(leaf)] = {
            .metadata = metadata,
            .row_group = group,
            .leaf = next_leaf,
            .column_index = slice(chunk->GetColumnIndexLocation()),
            .offset_index = slice(chunk->GetOffsetIndexLocation())};
      }
    }
  }
  return Status::OK();
}

Result<std::vector<ColumnStatistics>> SpliceWriter::Impl::Statistics(
    const ::parquet::FileMetaData& metadata) const {
  std::vector<ColumnStatistics> encoded;
  if (has_encoded()) {
    ARROW_ASSIGN_OR_RAISE(encoded, encoder->Statistics());
  }
  std::vector<ColumnStatistics> all;
  auto next = encoded.begin();
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = columns[i].field->name();
    if (!columns[i].copied_from) {
      for (; next != encoded.end() && next->path.front() == name; ++next) all.push_back(*next);
      continue;
    }
    ARROW_RETURN_NOT_OK(
        AddCopiedStatistics(*columns[i].field, {name}, metadata, leaves[i].first, all));
  }
  return all;
}

Status SpliceWriter::Impl::Finish(SplicedFile* spliced) {
  if (has_encoded()) ARROW_RETURN_NOT_OK(TakeEncodedParts());
  const auto properties = FooterProperties(schema, row_groups.front().chunks);
  ARROW_ASSIGN_OR_RAISE(const auto metadata,
                        WriteFooter(schema, row_groups, properties, file.get()));
  spliced->file = {.path = path, .size_bytes = file->size_bytes(), .num_rows = rows};
  ARROW_ASSIGN_OR_RAISE(spliced->file.columns, Statistics(*metadata));
  spliced->copied_bytes = copied_bytes;
  spliced->shared_bytes = shared_bytes;
  return file->Commit();
}

SpliceWriter::SpliceWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SpliceWriter::~SpliceWriter() { static_cast<void>(Abort()); }

Result<std::unique_ptr<SpliceWriter>> SpliceWriter::Open(std::string path,
                                                         std::vector<SpliceColumn> columns,
                                                         const FileReader& source, int row_group,
                                                         const SpliceOptions& options) {
  ARROW_RETURN_NOT_OK(CheckCodecs(options.write));
  auto impl = std::make_unique<Impl>(std::move(path), std::move(columns), options);
  std::unique_ptr<SpliceWriter> writer(new SpliceWriter(std::move(impl)));
  Impl& opened = *writer->impl_;
  ARROW_RETURN_NOT_OK(opened.Call([&] { return opened.Start(source.data_file(), row_group); }));
  return writer;
}

bool SpliceWriter::Accepts(const FileReader& source, int row_group) const {
  return impl_->HasSameForm(source.data_file(), row_group);
}

Status SpliceWriter::Write(const arrow::RecordBatch& batch) {
  if (impl_->failed || impl_->ended) return Status::Invalid("the writer has ended");
  if (batch.num_rows() == 0 || !impl_->has_encoded()) return Status::OK();
  const auto rows =
      arrow::RecordBatch::Make(impl_->encoded_schema, batch.num_rows(), batch.columns());
  const Status status = impl_->Call([&]() -> Status {
    if (!FitsSchema(batch.columns(), *impl_->encoded_schema)) {
      return Status::Invalid("a batch of other columns: ", batch.schema()->ToString());
    }
    return impl_->encoder->Write(*rows);
  });
  impl_->failed = !status.ok();
  return status;
}

Status SpliceWriter::StartRowGroup(const FileReader& source, int row_group) {
  if (impl_->failed || impl_->ended || impl_->open_row_group) {
    return Status::Invalid("the writer has ended, or a row group is open");
  }
  const Status status =
      impl_->Call([&] { return impl_->StartRowGroup(source.data_file(), row_group); });
  impl_->failed = !status.ok();
  return status;
}

Status SpliceWriter::EndRowGroup(const FileReader& source, int row_group) {
  if (impl_->failed || impl_->ended) return Status::Invalid("the writer has ended");
  const Status status =
      impl_->Call([&] { return impl_->EndRowGroup(source.data_file(), row_group); });
  impl_->failed = !status.ok();
  return status;
}

int64_t SpliceWriter::bytes_written() const {
  return impl_->file->size_bytes() + (impl_->has_encoded() ? impl_->encoder->buffered_bytes() : 0);
}

int64_t SpliceWriter::rows_written() const { return impl_->rows; }

int64_t SpliceWriter::row_groups_written() const {
  return static_cast<int64_t>(impl_->row_groups.size());
}

Result<SplicedFile> SpliceWriter::Close() {
  if (impl_->failed || impl_->ended || impl_->row_groups.empty()) {
    return Status::Invalid("the writer has ended, or has no row group");
  }
  SplicedFile spliced;
  const Status status = impl_->Call([&] { return impl_->Finish(&spliced); });
  const Status aborted = Abort();  // no effect on a file that is committed
  ARROW_RETURN_NOT_OK(status);
  ARROW_RETURN_NOT_OK(aborted);
  return spliced;
}

Status SpliceWriter::Abort() {
  impl_->ended = true;
  if (impl_->copies.valid()) impl_->copies.wait();
  if (impl_->file == nullptr) return Status::OK();
  const Status status = impl_->file->Discard();
  // parquet-cpp closes what is open when it is destroyed; on the discarded file that fails at once.
  if (impl_->has_encoded()) impl_->encoder->Abandon();
  return status;
}

}  // namespace spillway::parquet
