//! Which version a table had at a time. A commit's time is what its file says of itself, where the
//! table has in-commit timestamps; else the time of the file, which may run backwards, after a copy
//! for one. Spark then takes a commit for at least a millisecond younger than the one before it, and so
//! do we.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use delta_kernel::arrow::temporal_conversions::timestamp_ms_to_datetime;
use delta_kernel::history_manager::error::{LogHistoryError, NearestTimestamp};
use delta_kernel::history_manager::{get_earliest_commit, latest_version_as_of, HistoryCommitType};
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::{Engine, KernelError};

use crate::engine::log_url;
use crate::failure::{Fault, Outcome};
use crate::ffi::FailureCode;

struct Commit {
    version: u64,
    timestamp_ms: i64,
}

/// The latest version of the table in `root`, whose newest is `latest`, that was there at
/// `timestamp_ms`. A time after the newest commit is refused, as by Spark: the next commit may be of
/// that time too.
pub fn version_as_of(
    root: &str,
    engine: &dyn Engine,
    latest: &SnapshotRef,
    timestamp_ms: i64,
) -> Outcome<u64> {
    if has_own_timestamps(latest) {
        return version_by_own_timestamp(engine, latest, timestamp_ms);
    }
    let oldest = get_earliest_commit(engine, &log_url()?, None, HistoryCommitType::Recreatable)?;
    let commits = commits_between(root, oldest, latest.version())?;
    let (Some(first), Some(last)) = (commits.first(), commits.last()) else {
        return Err(out_of_range(
            "its log has no commits any more, so it has no times".into(),
        ));
    };
    if timestamp_ms > last.timestamp_ms {
        return Err(too_late(last));
    }
    let after = commits.partition_point(|commit| commit.timestamp_ms <= timestamp_ms);
    match after.checked_sub(1) {
        Some(index) => Ok(commits[index].version),
        None => Err(too_early(first.timestamp_ms)),
    }
}

fn has_own_timestamps(latest: &SnapshotRef) -> bool {
    let properties = latest.metadata_configuration();
    properties
        .get("delta.enableInCommitTimestamps")
        .is_some_and(|value| value == "true")
}

fn version_by_own_timestamp(
    engine: &dyn Engine,
    latest: &SnapshotRef,
    timestamp_ms: i64,
) -> Outcome<u64> {
    let last = Commit {
        version: latest.version(),
        timestamp_ms: latest.get_timestamp(engine)?,
    };
    if timestamp_ms > last.timestamp_ms {
        return Err(too_late(&last));
    }
    match latest_version_as_of(latest, engine, timestamp_ms, HistoryCommitType::Recreatable) {
        Ok(commit) => Ok(commit.version),
        Err(KernelError::LogHistory(error)) => match *error {
            LogHistoryError::TimestampOutOfRange {
                nearest_timestamp: NearestTimestamp::Earliest(oldest),
                ..
            } => Err(too_early(oldest)),
            other => Err(KernelError::from(other).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The commits from version `oldest` to `newest`, whose times go forwards.
fn commits_between(root: &str, oldest: u64, newest: u64) -> Outcome<Vec<Commit>> {
    let log = Path::new(root).join("_delta_log");
    let mut commits = Vec::new();
    for entry in fs::read_dir(&log).map_err(|error| Fault::of_file(&error, &log))? {
        let entry = entry.map_err(|error| Fault::of_file(&error, &log))?;
        let name = entry.file_name();
        let version = name.to_str().and_then(version_of_commit);
        if let Some(version) = version.filter(|version| (oldest..=newest).contains(version)) {
            let timestamp_ms = modified_ms(&entry.path())?;
            commits.push(Commit {
                version,
                timestamp_ms,
            });
        }
    }
    commits.sort_by_key(|commit| commit.version);
    for i in 1..commits.len() {
        let earliest = commits[i - 1].timestamp_ms.saturating_add(1);
        commits[i].timestamp_ms = commits[i].timestamp_ms.max(earliest);
    }
    Ok(commits)
}

fn version_of_commit(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let is_version = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then(|| digits.parse().ok())?
}

/// Milliseconds since 1970.
fn modified_ms(file: &Path) -> Outcome<i64> {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    let modified = modified.map_err(|error| Fault::of_file(&error, file))?;
    let ms = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()),
        Err(before) => i64::try_from(before.duration().as_millis()).map(|ms| -ms),
    };
    Ok(ms.unwrap_or(i64::MAX))
}

fn too_late(last: &Commit) -> Fault {
    out_of_range(format!(
        "its latest version, {}, is of {}",
        last.version,
        text_of(last.timestamp_ms)
    ))
}

fn too_early(oldest_ms: i64) -> Fault {
    out_of_range(format!(
        "its oldest version that can be read is of {}",
        text_of(oldest_ms)
    ))
}

fn out_of_range(message: String) -> Fault {
    Fault::new(FailureCode::VersionNotFound, message)
}

fn text_of(timestamp_ms: i64) -> String {
    match timestamp_ms_to_datetime(timestamp_ms) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => format!("{timestamp_ms} ms after 1970"),
    }
}
