// Makes the seeds of parquet_file_fuzz: small files by Arrow's own writer, of every type that a
// Delta table may have, in the forms that writers give them.
//   parquet_seeds FOLDER
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include "base/status.h"
#include "parquet/random_rows.h"

namespace spillway {
namespace {

using Properties = ::parquet::WriterProperties::Builder;
using ArrowProperties = ::parquet::ArrowWriterProperties::Builder;

struct Form {
  std::string name;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<::parquet::WriterProperties> properties;
  std::shared_ptr<::parquet::ArrowWriterProperties> arrow_properties = ArrowProperties().build();
  int64_t rows = 24;
};

// Columns without structure: what is encoded and decoded by the page.
std::shared_ptr<arrow::Schema> FlatTypes() {
  arrow::FieldVector fields;
  const auto every_type = parquet::EveryType();
  for (const auto& field : every_type->fields()) {
    if (field->type()->num_fields() == 0) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> Texts() {
  return arrow::schema({arrow::field("key", arrow::utf8(), false),
                        arrow::field("text", arrow::utf8()),
                        arrow::field("content", arrow::binary())});
}

std::shared_ptr<arrow::Schema> Numbers() {
  return arrow::schema(
      {arrow::field("number", arrow::int64()), arrow::field("day", arrow::date32())});
}

std::shared_ptr<arrow::Schema> Instants() {
  return arrow::schema({arrow::field("instant", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                        arrow::field("single", arrow::float32())});
}

Properties Indexed() {
  Properties builder;
  builder.data_pagesize(100)->write_batch_size(8)->enable_write_page_index();
  return builder;
}

std::vector<Form> Forms() {
  using ::parquet::Encoding;
  const auto v2 = ::parquet::ParquetDataPageVersion::V2;
  const auto bloom = Indexed().enable_bloom_filter("key", {.ndv = 10, .fpp = 0.1})->build();
  return {
      {"every_type", parquet::EveryType(), Properties().build()},
      {"every_type_plain", parquet::EveryType(), Properties().disable_dictionary()->build()},
      {"flat_v2_snappy", FlatTypes(),
       Properties().data_page_version(v2)->compression(arrow::Compression::SNAPPY)->build()},
      {"flat_indexed", FlatTypes(), Indexed().build()},
      {"texts_bloom", Texts(), bloom},
      {"texts_lengths", Texts(),
       Properties().disable_dictionary()->encoding(Encoding::DELTA_LENGTH_BYTE_ARRAY)->build()},
      {"texts_prefixes", Texts(),
       Properties().disable_dictionary()->encoding(Encoding::DELTA_BYTE_ARRAY)->build()},
      {"texts_zstd_v2", Texts(),
       Properties().data_page_version(v2)->compression(arrow::Compression::ZSTD)->build()},
      {"texts_gave_up", Texts(),
       Properties().dictionary_pagesize_limit(64)->write_batch_size(4)->data_pagesize(60)->build(),
       ArrowProperties().build(), 60},
      {"numbers_delta", Numbers(),
       Properties().disable_dictionary()->encoding(Encoding::DELTA_BINARY_PACKED)->build()},
      {"instants_int96", Instants(), Properties().build(),
       ArrowProperties().enable_deprecated_int96_timestamps()->build()},
      {"texts_dictionary_schema", Texts(), Properties().build(),
       ArrowProperties().store_schema()->build()},
      {"no_rows", Numbers(), Properties().build(), ArrowProperties().build(), 0},
  };
}

Status WriteForm(const Form& form, const std::string& folder) {
  parquet::Engine engine(form.rows);
  const auto batch = parquet::RandomBatch(form.schema, engine, form.rows);
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(form.schema, {batch}));
  ARROW_ASSIGN_OR_RAISE(const auto file,
                        arrow::io::FileOutputStream::Open(folder + "/" + form.name + ".parquet"));
  const int64_t row_group_rows = form.rows / 2 + 1;
  ARROW_RETURN_NOT_OK(::parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file,
                                                   row_group_rows, form.properties,
                                                   form.arrow_properties));
  return file->Close();
}

}  // namespace
}  // namespace spillway

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: {} FOLDER\n", arguments[0]);
    return 2;
  }
  std::filesystem::create_directories(arguments[1]);
  for (const spillway::Form& form : spillway::Forms()) {
    const auto status = spillway::WriteForm(form, arguments[1]);
    if (status.ok()) continue;
    fmt::print(stderr, "{}: {}\n", form.name, status.ToString());
    return 1;
  }
}
