//! The replay of a table's log as batches of its live files.

use std::sync::Arc;

use delta_kernel::arrow::array::{
    Array, ArrayData, AsArray, Int64Array, RecordBatch, StringArray, StructArray,
};
use delta_kernel::arrow::datatypes::{DataType, Field, Schema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::{ScanMetadata, StatsOptions};
use delta_kernel::{Engine, KernelError, KernelResult};
use serde::Deserialize;

use crate::failure::Outcome;
use crate::table::Table;

type Batches = Box<dyn Iterator<Item = KernelResult<ScanMetadata>>>;

/// A lazy replay: each call of `next` reads as much of the log as one batch of files needs.
pub struct FileScan {
    batches: Batches,
    root: String,
    _engine: Arc<dyn Engine>, // outlives the replay that uses its threads
}

impl FileScan {
    pub fn start(table: &Table) -> Outcome<FileScan> {
        Ok(FileScan {
            batches: Box::new(live_files(
                table,
                &*table.engine,
                StatsOptions::json_only(),
            )?),
            root: table.root.clone(),
            _engine: table.engine.clone(),
        })
    }

    /// The next batch that has at least one live file.
    pub fn next(&mut self) -> Outcome<Option<ArrayData>> {
        while let Some(batch) = self.batches.next() {
            let files = batch.and_then(selected_rows);
            let files = files.map_err(|error| crate::diagnosis::read_fault(error, &self.root))?;
            if files.num_rows() > 0 {
                return Ok(Some(
                    StructArray::from(with_num_records(&files)?).into_data(),
                ));
            }
        }
        Ok(None)
    }
}

/// The replay itself, for those that read it whole.
pub fn live_files(
    table: &Table,
    engine: &dyn Engine,
    stats: StatsOptions,
) -> Outcome<impl Iterator<Item = KernelResult<ScanMetadata>> + 'static> {
    let scan = table
        .snapshot
        .clone()
        .scan_builder()
        .without_row_transforms()
        .with_stats(stats)
        .build()?;
    let replay = scan.scan_metadata(engine);
    replay.map_err(|error| crate::diagnosis::read_fault(error, &table.root))
}

pub fn selected_rows(batch: ScanMetadata) -> KernelResult<RecordBatch> {
    let data = batch.scan_files.apply_selection_vector()?;
    Ok(ArrowEngineData::try_from_engine_data(data)?
        .record_batch()
        .clone())
}

pub fn strings<'a>(files: &'a RecordBatch, name: &str) -> KernelResult<&'a StringArray> {
    let column = files
        .column_by_name(name)
        .and_then(|column| column.as_string_opt::<i32>());
    column.ok_or_else(|| KernelError::missing_column(name))
}

/// The part of a file's statistics that readers want without parsing the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    num_records: Option<i64>,
}

/// Appends the column `numRecords`, null for files without readable statistics.
fn with_num_records(files: &RecordBatch) -> KernelResult<RecordBatch> {
    let counts: Int64Array = strings(files, "stats")?
        .iter()
        .map(|text| num_records(text?))
        .collect();
    let mut fields = files.schema().fields().to_vec();
    let mut columns = files.columns().to_vec();
    fields.push(Arc::new(Field::new("numRecords", DataType::Int64, true)));
    columns.push(Arc::new(counts));
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

fn num_records(stats: &str) -> Option<i64> {
    serde_json::from_str::<Statistics>(stats).ok()?.num_records
}
