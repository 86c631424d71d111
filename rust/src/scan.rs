//! The replay of a table's log as batches of its live files.

use std::collections::HashSet;
use std::sync::Arc;

use delta_kernel::arrow::array::{
    Array, ArrayData, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StructArray,
};
use delta_kernel::arrow::compute::filter_record_batch;
use delta_kernel::arrow::datatypes::{DataType, Field, Schema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::{ScanMetadata, StatsOptions};
use delta_kernel::{Engine, KernelError, KernelResult};
use serde::Deserialize;

use crate::absolute_path::{self, Commits};
use crate::failure::Outcome;
use crate::table::Table;

type Batches = Box<dyn Iterator<Item = KernelResult<ScanMetadata>>>;

/// A lazy replay: each call of `next` reads as much of the log as one batch of files needs.
pub struct FileScan {
    batches: Batches,
    root: String,
    commits: Commits,
    gone: Option<HashSet<String>>, // canonical paths removed or seen, once a batch has an absolute one
    _engine: Arc<dyn Engine>,      // outlives the replay that uses its threads
}

impl FileScan {
    pub fn start(table: &Table) -> Outcome<FileScan> {
        Ok(FileScan {
            batches: Box::new(live_files(table, StatsOptions::json_only())?),
            root: table.root.clone(),
            commits: Commits::of(table),
            gone: None,
            _engine: table.engine.clone(),
        })
    }

    /// The next batch that has at least one live file.
    pub fn next(&mut self) -> Outcome<Option<ArrayData>> {
        while let Some(batch) = self.batches.next() {
            let files = batch.and_then(selected_rows);
            let files = files.map_err(|error| crate::diagnosis::read_fault(error, &self.root))?;
            let files = self.without_removed(files)?;
            if files.num_rows() > 0 {
                return Ok(Some(
                    StructArray::from(with_num_records(&files)?).into_data(),
                ));
            }
        }
        Ok(None)
    }

    /// Drops files that a commit removed, or added anew, under another spelling of their absolute
    /// path. The newest come first.
    fn without_removed(&mut self, files: RecordBatch) -> Outcome<RecordBatch> {
        let paths = strings(&files, "path")?;
        let is_absolute = |path: &str| absolute_path::canonical(path).is_some();
        if !paths.iter().flatten().any(is_absolute) {
            return Ok(files);
        }
        let gone = match &mut self.gone {
            Some(gone) => gone,
            none => none.insert(self.commits.removed()?),
        };
        let mut is_live = |path: Option<&str>| match path.and_then(absolute_path::canonical) {
            Some(canonical) => gone.insert(canonical.to_string()),
            None => true,
        };
        let live: BooleanArray = paths.iter().map(|path| Some(is_live(path))).collect();
        Ok(filter_record_batch(&files, &live).map_err(KernelError::from)?)
    }
}

/// The replay itself, for those that read it whole.
pub fn live_files(
    table: &Table,
    stats: StatsOptions,
) -> Outcome<impl Iterator<Item = KernelResult<ScanMetadata>> + 'static> {
    let scan = table
        .snapshot
        .clone()
        .scan_builder()
        .without_row_transforms()
        .with_stats(stats)
        .build()?;
    let replay = scan.scan_metadata(table.engine.as_ref());
    replay.map_err(|error| crate::diagnosis::read_fault(error, &table.root))
}

fn selected_rows(batch: ScanMetadata) -> KernelResult<RecordBatch> {
    let data = batch.scan_files.apply_selection_vector()?;
    Ok(ArrowEngineData::try_from_engine_data(data)?
        .record_batch()
        .clone())
}

fn strings<'a>(files: &'a RecordBatch, name: &str) -> KernelResult<&'a StringArray> {
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
