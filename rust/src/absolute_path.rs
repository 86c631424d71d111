//! Absolute paths of data files. Delta takes "/x", "file:/x" and "file:///x" for one file, so that an
//! add action with one spelling is cancelled by a remove action with another; the kernel compares the
//! texts. Absolute paths are rare: only where a replay gives one are the commits read again for what
//! they say of such paths.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Fault, Outcome};
use crate::ffi::FailureCode;
use crate::guard::check_before_open;
use crate::table::Table;

/// The one spelling of an absolute local path; none for relative paths and other schemes.
pub fn canonical(path: &str) -> Option<&str> {
    let local = path.strip_prefix("file:").unwrap_or(path);
    let local = local.strip_prefix("//").unwrap_or(local);
    local.starts_with('/').then_some(local)
}

/// The commits that a replay reads besides its checkpoint, oldest first.
pub struct Commits {
    root: String,
    files: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Action {
    add: Option<PathOf>,
    remove: Option<PathOf>,
}

#[derive(Deserialize)]
struct PathOf {
    path: String,
}

impl Commits {
    pub fn of(table: &Table) -> Commits {
        let log = PathBuf::from(&table.root).join("_delta_log");
        let commits = &table.snapshot.log_segment().listed.ascending_commit_files;
        Commits {
            root: table.root.clone(),
            files: commits
                .iter()
                .map(|commit| log.join(&commit.filename))
                .collect(),
        }
    }

    /// Canonical paths that these commits leave removed.
    pub fn removed(&self) -> Outcome<HashSet<String>> {
        let mut removed = HashSet::new();
        for file in &self.files {
            check_before_open(&self.root, file)?;
            apply(file, &mut removed).map_err(|why| {
                Fault::new(FailureCode::CorruptLog, why).about(file.to_string_lossy())
            })?;
        }
        Ok(removed)
    }
}

/// Applies one commit: what it adds is there after it, whatever it removes.
fn apply(file: &Path, removed: &mut HashSet<String>) -> Result<(), String> {
    let commit = File::open(file).map_err(|error| error.to_string())?;
    let mut added = Vec::new();
    for line in BufReader::new(commit).lines() {
        let line = line.map_err(|error| error.to_string())?;
        if line.trim().is_empty() {
            continue;
        }
        let action: Action = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let owned = |file: PathOf| canonical(&file.path).map(str::to_string);
        removed.extend(action.remove.and_then(owned));
        added.extend(action.add.and_then(owned));
    }
    for path in added {
        removed.remove(&path);
    }
    Ok(())
}
