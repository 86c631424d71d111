//! Single commits of a table's log, action by action: what a writer did to the files between two
//! versions stands nowhere else. A commit may have any number of actions; one is held at a time.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Lines};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::Deserialize;
use serde_json::Value;

use crate::canonical_path::{canonical, unclear};
use crate::failure::{Fault, Outcome};
use crate::ffi::{ActionKind, CommitAction, FailureCode, Property};
use crate::guard::check_before_open;

/// Reads the file of one commit. Paths of data files come out in their canonical form.
pub struct CommitReader {
    root: PathBuf, // without links
    path: PathBuf,
    lines: Lines<BufReader<File>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    commit_info: Option<CommitInfo>,
    txn: Option<Transaction>,
    protocol: Option<IgnoredAny>,
    meta_data: Option<IgnoredAny>,
    add: Option<FileChange>,
    remove: Option<FileChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfo {
    operation: Option<String>,
    /// Writers differ in what they put here; only texts by name are of interest.
    operation_parameters: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    app_id: String,
    version: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileChange {
    path: String,
    #[serde(default = "is_change")]
    data_change: bool,
    deletion_vector: Option<IgnoredAny>,
}

fn is_change() -> bool {
    true
}

impl CommitReader {
    /// None where the log has no such commit, or has it no more.
    pub fn open(root: &str, version: i64) -> Outcome<Option<CommitReader>> {
        let path = log_folder(root).join(format!("{version:020}.json"));
        check_before_open(root, &path)?;
        match File::open(&path) {
            Ok(file) => Ok(Some(CommitReader {
                root: fs::canonicalize(root).unwrap_or_else(|_| PathBuf::from(root)),
                path,
                lines: BufReader::new(file).lines(),
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Fault::of_file(&error, &path)),
        }
    }

    /// The next action of those that `ActionKind` names; one of kind `End` behind the last.
    pub fn next(&mut self) -> Outcome<CommitAction> {
        while let Some(line) = self.lines.next() {
            let text = line.map_err(|error| self.unreadable(&error))?;
            if text.trim().is_empty() {
                continue;
            }
            let line: Line =
                serde_json::from_str(&text).map_err(|error| self.corrupt(error.to_string()))?;
            if let Some(mut action) = line.action() {
                self.canonicalize(&mut action)?;
                return Ok(action);
            }
        }
        Ok(CommitAction::default())
    }

    fn canonicalize(&self, action: &mut CommitAction) -> Outcome<()> {
        if !matches!(action.kind, ActionKind::Add | ActionKind::Remove) {
            return Ok(());
        }
        let path = canonical(&self.root, &action.text);
        let path = path.map_err(|why| self.corrupt(unclear(&action.text, &why)))?;
        action.text = path.into_owned();
        Ok(())
    }

    /// Bytes that are no UTF-8 are the log's fault, all else is the disk's.
    fn unreadable(&self, error: &io::Error) -> Fault {
        match error.kind() {
            ErrorKind::InvalidData => self.corrupt(error.to_string()),
            _ => Fault::of_file(error, &self.path),
        }
    }

    fn corrupt(&self, why: String) -> Fault {
        Fault::new(FailureCode::CorruptLog, why).about(self.path.to_string_lossy())
    }
}

impl Line {
    fn action(self) -> Option<CommitAction> {
        if let Some(file) = self.add {
            return Some(file.action(ActionKind::Add));
        }
        if let Some(file) = self.remove {
            return Some(file.action(ActionKind::Remove));
        }
        if let Some(transaction) = self.txn {
            return Some(CommitAction {
                kind: ActionKind::Transaction,
                text: transaction.app_id,
                transaction_version: transaction.version,
                ..CommitAction::default()
            });
        }
        if self.protocol.is_some() || self.meta_data.is_some() {
            return Some(CommitAction {
                kind: ActionKind::Definition,
                ..CommitAction::default()
            });
        }
        let info = self.commit_info?;
        Some(CommitAction {
            kind: ActionKind::Operation,
            parameters: info.parameters(),
            text: info.operation?,
            ..CommitAction::default()
        })
    }
}

impl CommitInfo {
    fn parameters(&self) -> Vec<Property> {
        let Some(Value::Object(parameters)) = &self.operation_parameters else {
            return Vec::new();
        };
        let texts = parameters.iter().filter_map(|(key, value)| {
            Some(Property {
                key: key.clone(),
                value: value.as_str()?.to_string(),
            })
        });
        texts.collect()
    }
}

impl FileChange {
    fn action(self, kind: ActionKind) -> CommitAction {
        CommitAction {
            kind,
            text: self.path,
            data_change: self.data_change,
            has_deletion_vector: self.deletion_vector.is_some(),
            ..CommitAction::default()
        }
    }
}

/// The lowest version whose commit is in the log; none where it has only checkpoints.
pub fn oldest_version(root: &str) -> Outcome<Option<i64>> {
    let log = log_folder(root);
    let mut oldest = None;
    for entry in fs::read_dir(&log).map_err(|error| Fault::of_file(&error, &log))? {
        let entry = entry.map_err(|error| Fault::of_file(&error, &log))?;
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".json"));
        if let Some(version) = digits.and_then(|digits| digits.parse::<i64>().ok()) {
            oldest = Some(oldest.map_or(version, |known: i64| known.min(version)));
        }
    }
    Ok(oldest)
}

fn log_folder(root: &str) -> PathBuf {
    Path::new(root).join("_delta_log")
}
