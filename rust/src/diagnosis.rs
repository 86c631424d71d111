//! Finds the damaged file when a table's log cannot be read. The kernel stops at the first fault and
//! often does not name the file; so, after a failure only, every file of the log is looked at on its
//! own, a line or a batch at a time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use delta_kernel::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::KernelError;
use serde::Deserialize;

use crate::actions::Metadata;
use crate::failure::{panic_text, Fault, Outcome};
use crate::ffi::FailureCode;
use crate::guard::too_deep;
use crate::parquet_nesting::is_too_deep;
use crate::protocol_version::Protocol;

const CHECKPOINT_BATCH_ROWS: usize = 1024;

/// The fault for a kernel error met while reading the log of the table in `root`.
pub fn read_fault(error: KernelError, root: &str) -> Fault {
    let fault = Fault::from(error);
    if fault.code != FailureCode::CorruptLog {
        return fault;
    }
    let log = Path::new(root).join("_delta_log");
    match find_damage(&log) {
        Some(damage) => damage,
        None => fault.about(log.to_string_lossy()),
    }
}

/// Refuses a commit file without a byte in it, which a crash of an unsynced writer leaves; the kernel
/// takes it for a commit without actions.
pub fn check_commits_not_empty(snapshot: &SnapshotRef) -> Outcome<()> {
    let commits = &snapshot.log_segment().listed.ascending_commit_files;
    match commits.iter().find(|commit| commit.location.size == 0) {
        Some(empty) => Err(Fault::new(FailureCode::CorruptLog, "the file is empty")
            .about(format!("_delta_log/{}", empty.filename))),
        None => Ok(()),
    }
}

/// Whether a file of the log is damaged, rather than missing.
pub fn has_damaged_file(root: &str) -> bool {
    let files = files_of(&Path::new(root).join("_delta_log"));
    files.iter().any(|file| damage_of(file).is_some())
}

fn find_damage(log: &Path) -> Option<Fault> {
    let files = files_of(log);
    let damaged = files
        .iter()
        .find_map(|file| damage_of(file).map(|why| corrupt(file, why)));
    damaged.or_else(|| find_gap(log, &files))
}

fn files_of(log: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(log).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn damage_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    if !name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if !file.is_file() {
        return Some("it is not a regular file".to_string());
    }
    match file.extension()?.to_str()? {
        "json" => damage_of_actions(file),
        "parquet" => damage_of_checkpoint(file),
        _ => None,
    }
}

/// The members that an action must have; others, and actions unknown, are no damage.
#[allow(dead_code)] // only whether they can be read counts
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    protocol: Option<Protocol>,
    meta_data: Option<Metadata>,
    add: Option<AddedFile>,
    remove: Option<RemovedFile>,
}

#[allow(dead_code)]
#[derive(Deserialize)]
struct AddedFile {
    path: String,
    size: i64,
}

#[allow(dead_code)]
#[derive(Deserialize)]
struct RemovedFile {
    path: String,
}

/// Every line of a commit is one action as a JSON object.
fn damage_of_actions(file: &Path) -> Option<String> {
    let reader = match File::open(file) {
        Ok(opened) => BufReader::new(opened),
        Err(error) => return Some(error.to_string()),
    };
    let mut lines = 0;
    for (index, line) in reader.lines().enumerate() {
        lines += 1;
        let problem = match line {
            Err(error) => error.to_string(),
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => match serde_json::from_str::<Action>(&text) {
                Ok(_) => continue,
                Err(error) => error.to_string(),
            },
        };
        return Some(format!("line {} is not an action: {problem}", index + 1));
    }
    (lines == 0).then(|| "the file is empty".to_string())
}

/// Reads a checkpoint to its end; its reader may panic on bytes that make no sense.
fn damage_of_checkpoint(file: &Path) -> Option<String> {
    let read = || -> Result<(), String> {
        let opened = File::open(file).map_err(|error| error.to_string())?;
        if is_too_deep(&opened).map_err(|error| error.to_string())? {
            return Err(too_deep(file));
        }
        let builder = ParquetRecordBatchReaderBuilder::try_new(opened);
        let reader = builder.and_then(|b| b.with_batch_size(CHECKPOINT_BATCH_ROWS).build());
        for batch in reader.map_err(|error| error.to_string())? {
            batch.map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.err(),
        Err(panic) => Some(panic_text(panic.as_ref())),
    }
}

/// The first version after the latest checkpoint (or after the first commit) that has no commit.
fn find_gap(log: &Path, files: &[PathBuf]) -> Option<Fault> {
    let names = files.iter().filter_map(|file| file.file_name()?.to_str());
    let (mut commits, mut checkpoint) = (BTreeSet::new(), None);
    for name in names {
        let Some(version) = name
            .split('.')
            .next()
            .and_then(|digits| digits.parse::<u64>().ok())
        else {
            continue;
        };
        match name.contains(".checkpoint.") {
            true => checkpoint = checkpoint.max(Some(version)),
            false if name.ends_with(".json") => _ = commits.insert(version),
            false => {}
        }
    }
    let first = checkpoint.map_or(0, |version| version + 1);
    let last = *commits.last()?;
    let missing = (first..last).find(|version| !commits.contains(version))?;
    let why = format!("version {missing} is missing, and version {last} is there");
    Some(corrupt(&log.join(format!("{missing:020}.json")), why))
}

fn corrupt(file: &Path, why: String) -> Fault {
    Fault::new(FailureCode::CorruptLog, why).about(file.to_string_lossy())
}
