//! Finds the damaged file when a table's log cannot be read. The kernel stops at the first fault and
//! often does not name the file; so, after a failure only, every file of the log is looked at on its
//! own, a line or a batch at a time. A file that the system does not let us read is no damage.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use delta_kernel::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::KernelError;
use serde::Deserialize;

use crate::actions::Metadata;
use crate::canonical_path::{canonical, unclear};
use crate::failure::{panic_text, Fault, Outcome};
use crate::ffi::FailureCode;
use crate::guard::{check_before_open, too_deep};
use crate::parquet_nesting::is_too_deep;
use crate::protocol_version::Protocol;

const CHECKPOINT_BATCH_ROWS: usize = 1024;

/// The fault for a kernel error met while reading the log of the table in `root`.
pub fn read_fault(error: KernelError, root: &str) -> Fault {
    let fault = Fault::from(error);
    if fault.code != FailureCode::CorruptLog {
        return fault;
    }
    match find_damage(root) {
        Some(damage) => damage,
        None => fault.about(log_folder(root).to_string_lossy()),
    }
}

/// Refuses commits that the kernel would make something of: one without a byte in it, which a crash of
/// an unsynced writer leaves; one whose lines are not an action each, which other readers refuse; and
/// commits without their beginning.
pub fn check_commits(root: &str, snapshot: &SnapshotRef) -> Outcome<()> {
    let listed = &snapshot.log_segment().listed;
    let log = log_folder(root);
    let first = listed.ascending_commit_files.first();
    if listed.checkpoint_parts.is_empty() && first.is_some_and(|commit| commit.version > 0) {
        let missing = log.join(format!("{:020}.json", 0));
        return Err(corrupt(
            &missing,
            "it is missing, and there is no checkpoint".into(),
        ));
    }
    for commit in &listed.ascending_commit_files {
        let file = log.join(&commit.filename);
        check_before_open(root, &file)?;
        let damage = damage_of_lines(&file).map_err(|error| Fault::of_file(&error, &file))?;
        if let Some(why) = damage {
            return Err(corrupt(&file, why));
        }
    }
    Ok(())
}

/// Whether a file of the log is damaged, rather than missing.
pub fn has_damaged_file(root: &str) -> bool {
    let files = files_of(root);
    files.iter().any(|file| damage_of(file).is_some())
}

/// The names of the checkpoint files that cannot be read to their end.
pub fn damaged_checkpoints(root: &str) -> HashSet<String> {
    let files = files_of(root);
    let names = files.iter().filter_map(|file| {
        let name = file.file_name()?.to_str()?;
        let is_damaged = name.contains(".checkpoint.") && damage_of(file).is_some();
        is_damaged.then(|| name.to_string())
    });
    names.collect()
}

/// The first damaged file of the log, or gap in it.
pub fn find_damage(root: &str) -> Option<Fault> {
    let log = log_folder(root);
    let files = files_of(root);
    let damaged = files
        .iter()
        .find_map(|file| damage_of(file).map(|why| corrupt(file, why)));
    damaged.or_else(|| find_gap(&log, &files))
}

fn log_folder(root: &str) -> PathBuf {
    Path::new(root).join("_delta_log")
}

fn files_of(root: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(log_folder(root))
        .into_iter()
        .flatten()
        .flatten();
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

impl Action {
    fn unclear_path(&self) -> Option<String> {
        let added = self.add.as_ref().map(|file| &file.path);
        let path = added.or(self.remove.as_ref().map(|file| &file.path))?;
        let why = canonical(Path::new("/"), path).err()?;
        Some(unclear(path, &why))
    }
}

/// Every line of a commit is one action as a JSON object.
fn damage_of_actions(file: &Path) -> Option<String> {
    let reader = BufReader::new(File::open(file).ok()?);
    let mut lines = 0;
    for (index, line) in reader.lines().enumerate() {
        lines += 1;
        let problem = match line {
            Err(error) if error.raw_os_error().is_some() => return None,
            Err(error) => error.to_string(),
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => match serde_json::from_str::<Action>(&text) {
                Ok(action) => match action.unclear_path() {
                    None => continue,
                    Some(problem) => return Some(format!("line {}: {problem}", index + 1)),
                },
                Err(error) => error.to_string(),
            },
        };
        return Some(format!("line {} is not an action: {problem}", index + 1));
    }
    (lines == 0).then(|| "the file is empty".to_string())
}

/// The same, but for what the objects have in them: whether each line is one. That is quick.
fn damage_of_lines(file: &Path) -> io::Result<Option<String>> {
    let mut reader = BufReader::new(File::open(file)?);
    let (mut line, mut lines) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        let text = line.trim_ascii();
        if !text.is_empty() && !is_one_object(text) {
            let why = format!("line {lines} is not an action: it is not one JSON object");
            return Ok(Some(why));
        }
        line.clear();
    }
    Ok((lines == 0).then(|| "the file is empty".to_string()))
}

/// Whether the first brace is closed by the last byte.
fn is_one_object(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => depth += 1,
            b'}' if depth <= 1 => return depth == 1 && index + 1 == text.len(),
            b'}' => depth -= 1,
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Reads a checkpoint to its end; its reader may panic on bytes that make no sense.
fn damage_of_checkpoint(file: &Path) -> Option<String> {
    let opened = File::open(file).ok()?;
    let read = || -> Result<(), String> {
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
