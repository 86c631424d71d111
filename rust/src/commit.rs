//! Commits: files into a table, files out of it, and a table's first version.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use delta_kernel::arrow::array::{AsArray, RecordBatch};
use delta_kernel::arrow::datatypes::{Int64Type, Schema as ArrowSchema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::StatsOptions;
use delta_kernel::transaction::{CommitResult, Transaction, UpdateTableOperation};
use delta_kernel::{Engine, FilteredEngineData, KernelError, KernelResult};

use crate::actions::{line, Action, Add, Txn};
use crate::committer::{Additions, LogCommitter};
use crate::definition::{pairs, Definition, Wish};
use crate::engine::{local_engine, log_url, ENGINE_INFO};
use crate::failure::{Fault, Outcome};
use crate::ffi::{CommitOrder, FailureCode, Moment, NewFile, Outcome as CommitOutcome, WriteMode};
use crate::file_actions::{mapped, FileActions};
use crate::protocol;
use crate::scan::{live_files, selected_rows, strings};
use crate::table::Table;

const FIRST_COMMIT: &str = "00000000000000000000.json";

/// Commits `order` after the version of `table`.
pub fn commit(
    table: &Table,
    order: &CommitOrder,
    schema: Option<&ArrowSchema>,
) -> Outcome<CommitOutcome> {
    protocol::check_writable(&table.snapshot, order.mode)?;
    let additions = Additions {
        is_blind_append: order.mode == WriteMode::Append,
        definition: definition_lines(table, order, schema)?,
        files: order.files.iter().map(add_line).collect::<Outcome<_>>()?,
    };
    let is_written = Arc::new(AtomicBool::new(false));
    let committer = LogCommitter::new(additions, is_written.clone());
    let transaction = stage(table, order, committer)?;
    let committed = table.snapshot.version() as i64 + 1;
    match transaction.commit(&*table.engine) {
        Ok(CommitResult::Conflicted(conflict)) => Ok(CommitOutcome {
            committed: false,
            version: conflict.conflict_version() as i64,
        }),
        // Once the file is in the log, the commit is made; what the kernel does afterwards is its
        // own bookkeeping.
        _ if is_written.load(Ordering::Acquire) => Ok(CommitOutcome {
            committed: true,
            version: committed,
        }),
        Ok(CommitResult::Retryable(retryable)) => Err(Fault::from(retryable.error)),
        Ok(_) => Err(Fault::new(
            FailureCode::Internal,
            "a commit without a file in the log",
        )),
        Err(error) => Err(Fault::from(error)),
    }
}

/// The definition of a new table, or of one whose schema is overwritten.
pub fn define(order: &CommitOrder, schema: &ArrowSchema) -> Outcome<Definition> {
    Definition::plan(&Wish {
        schema,
        partition_columns: &order.partition_columns,
        properties: &order.properties,
        operation_parameters: &order.operation_parameters,
        operation_metrics: &order.operation_metrics,
    })
}

/// Creates a table in the folder `root`, with the files of `order`.
pub fn create(root: &str, order: &CommitOrder, schema: &ArrowSchema) -> Outcome<CommitOutcome> {
    let definition = define(order, schema)?;
    let engine = local_engine(root)?;
    if has_log(&engine)? {
        return present_version(root);
    }
    let mut lines = definition.first_lines(order.has_transaction)?;
    if order.has_transaction {
        lines.push(line(&Action::Txn(Txn {
            app_id: &order.app_id,
            version: order.transaction_version,
            last_updated: now_ms(),
        }))?);
    }
    for file in &order.files {
        lines.push(add_line(file)?);
    }
    let text = lines.join("\n") + "\n";
    let url = log_url()?.join(FIRST_COMMIT).map_err(KernelError::from)?;
    match engine.storage_handler().put(&url, Bytes::from(text), false) {
        Ok(()) => Ok(CommitOutcome {
            committed: true,
            version: 0,
        }),
        Err(KernelError::FileAlreadyExists(_)) => present_version(root),
        Err(error) => Err(Fault::from(error)),
    }
}

fn has_log(engine: &dyn Engine) -> Outcome<bool> {
    match engine.storage_handler().list_from(&log_url()?) {
        Ok(mut files) => match files.next() {
            None | Some(Err(KernelError::FileNotFound(_))) => Ok(false),
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) => Err(Fault::from(error)),
        },
        Err(KernelError::FileNotFound(_)) => Ok(false),
        Err(error) => Err(Fault::from(error)),
    }
}

fn present_version(root: &str) -> Outcome<CommitOutcome> {
    let table = Table::open(root, Moment::Latest, 0)?;
    Ok(CommitOutcome {
        committed: false,
        version: table.snapshot.version() as i64,
    })
}

fn definition_lines(
    table: &Table,
    order: &CommitOrder,
    schema: Option<&ArrowSchema>,
) -> Outcome<Vec<String>> {
    if order.mode != WriteMode::OverwriteSchema {
        return Ok(Vec::new());
    }
    let schema = schema.ok_or_else(|| {
        Fault::new(
            FailureCode::BadDefinition,
            "an overwrite of the schema needs a schema",
        )
    })?;
    let mut definition = define(order, schema)?;
    definition.replace(&table.snapshot)?;
    definition.lines_after(&table.snapshot)
}

/// The kernel's side of the commit: commitInfo, the txn action, the removed files.
fn stage(table: &Table, order: &CommitOrder, committer: LogCommitter) -> Outcome<Transaction> {
    let mut metrics: BTreeMap<String, Option<String>> =
        pairs(&order.operation_metrics).into_iter().collect();
    let mut builder = table
        .snapshot
        .clone()
        .update_table(UpdateTableOperation::Write, ENGINE_INFO, true)
        .with_operation_parameters(pairs(&order.operation_parameters));
    if order.has_transaction {
        builder = builder.with_transaction_id(order.app_id.clone(), order.transaction_version);
    }
    let mut transaction = builder.build(&*table.engine, Box::new(committer))?;
    if order.mode != WriteMode::Append {
        let removed = remove_all(table, &mut transaction)?;
        metrics.insert(
            "numRemovedFiles".to_string(),
            Some(removed.files.to_string()),
        );
        metrics.insert(
            "numRemovedBytes".to_string(),
            Some(removed.bytes.to_string()),
        );
    }
    Ok(transaction.with_operation_metrics(metrics))
}

#[derive(Default)]
struct Removed {
    files: u64,
    bytes: i64,
}

/// Removes every file, by the path that the log has. The log needs no statistics of removed files, and
/// they would be most of the memory and most of the commit.
fn remove_all(table: &Table, transaction: &mut Transaction) -> Outcome<Removed> {
    let mut removed = Removed::default();
    let engine = table.engine.remembering();
    for batch in live_files(table, &engine, StatsOptions::none())? {
        let files = batch
            .and_then(selected_rows)
            .and_then(|files| as_logged(files, engine.actions()))
            .map_err(|error| crate::diagnosis::read_fault(error, &table.root))?;
        count(&files, &mut removed);
        let files = Box::new(ArrowEngineData::new(files));
        transaction.remove_files(FilteredEngineData::with_all_rows_selected(files));
    }
    Ok(removed)
}

fn as_logged(files: RecordBatch, actions: &FileActions) -> KernelResult<RecordBatch> {
    let paths = strings(&files, "path")?;
    let Some(paths) = mapped(paths, |path| Ok(actions.original("add", path)))? else {
        return Ok(files);
    };
    let schema = files.schema();
    let mut columns = files.columns().to_vec();
    columns[schema.index_of("path")?] = Arc::new(paths);
    Ok(RecordBatch::try_new(schema, columns)?)
}

fn count(files: &RecordBatch, removed: &mut Removed) {
    removed.files += files.num_rows() as u64;
    if let Some(sizes) = files.column_by_name("size") {
        let sizes = sizes.as_primitive::<Int64Type>();
        removed.bytes += sizes.iter().flatten().sum::<i64>();
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |time| time.as_millis() as i64)
}

fn add_line(file: &NewFile) -> Outcome<String> {
    let mut partition_values = BTreeMap::new();
    for value in &file.partition_values {
        let text = (!value.is_null).then_some(value.value.as_str());
        partition_values.insert(value.column.as_str(), text);
    }
    line(&Action::Add(Add {
        path: &file.path,
        partition_values,
        size: file.size_bytes,
        modification_time: file.modification_time_ms,
        data_change: true,
        stats: &file.stats,
    }))
}
