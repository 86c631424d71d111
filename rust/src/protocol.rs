//! Which table features Spillway reads and writes. The kernel knows more of them than Spillway does
//! the duties of (it reads no Parquet for us and writes no data), so each list here is closed: a
//! feature that is not on it is refused by its name.

use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::table_configuration::TableConfiguration;
use delta_kernel::table_features::{Operation, TableFeature};

use crate::failure::{Fault, Outcome};
use crate::ffi::{FailureCode, WriteMode};

/// Features whose tables Spillway reads right.
const READABLE: &[&str] = &[
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// Features that ask nothing of a writer that appends or replaces whole files, beyond what the kernel
/// does in the log. Of column mapping: the caller's files have the physical names and the field ids.
const WRITABLE: &[&str] = &[
    "appendOnly",
    "changeDataFeed",
    "columnMapping",
    "deletionVectors",
    "domainMetadata",
    "inCommitTimestamp",
    "invariants",
    "timestampNtz",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

pub fn names(features: Option<&[TableFeature]>) -> Vec<String> {
    let mut names: Vec<String> = features
        .unwrap_or_default()
        .iter()
        .map(|feature| feature.to_string())
        .collect();
    names.sort();
    names
}

/// Refuses a table that asks its readers for what Spillway does not read.
pub fn check_readable(snapshot: &SnapshotRef) -> Outcome<()> {
    let protocol = snapshot.table_configuration().protocol();
    refuse_unlisted(names(protocol.reader_features()), READABLE, "read")
}

/// Refuses a table that asks its writers for what Spillway does not do.
pub fn check_writable(snapshot: &SnapshotRef, mode: WriteMode) -> Outcome<()> {
    let table = snapshot.table_configuration();
    let protocol = table.protocol();
    check_writer_version(protocol.min_writer_version())?;
    refuse_unlisted(names(protocol.writer_features()), WRITABLE, "write")?;
    table.ensure_operation_supported(Operation::Write)?;
    if mode != WriteMode::Append {
        check_replaceable(table)?;
    }
    Ok(())
}

/// Writer versions 3 to 6 each stand for a set of features without naming the ones in use; the kernel
/// takes all of them as used, and check constraints, generated and identity columns are among them.
fn check_writer_version(version: i32) -> Outcome<()> {
    if !(3..=6).contains(&version) {
        return Ok(());
    }
    let message = format!(
        "the table has writer version {version}, which stands for check constraints and other \
         features without naming those in use; Spillway writes tables of version 2 and of version 7"
    );
    let subject = format!("writer version {version}");
    Err(Fault::new(FailureCode::UnsupportedFeature, message).about(subject))
}

/// Refuses to remove files where the table forbids it, or where it would need change data files.
fn check_replaceable(table: &TableConfiguration) -> Outcome<()> {
    for (feature, name, property) in [
        (TableFeature::AppendOnly, "appendOnly", "delta.appendOnly"),
        (
            TableFeature::ChangeDataFeed,
            "changeDataFeed",
            "delta.enableChangeDataFeed",
        ),
    ] {
        if table.is_feature_enabled(&feature) {
            return Err(refused(name, "overwrite").cured_by(format!(
                "append to it (target.mode: append), choose another target, or in Spark: ALTER \
                 TABLE .. SET TBLPROPERTIES ('{property}' = 'false')"
            )));
        }
    }
    Ok(())
}

fn refuse_unlisted(features: Vec<String>, listed: &[&str], verb: &str) -> Outcome<()> {
    let unlisted = features
        .into_iter()
        .find(|feature| !listed.contains(&feature.as_str()));
    unlisted.map_or(Ok(()), |feature| Err(refused(&feature, verb)))
}

fn refused(feature: &str, verb: &str) -> Fault {
    let message = format!("Spillway does not {verb} tables with the feature \"{feature}\"");
    Fault::new(FailureCode::UnsupportedFeature, message).about(feature)
}
