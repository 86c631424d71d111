//! A table at one version: opening it, and what it says of itself.

use std::sync::Arc;

use delta_kernel::history_manager::{latest_version_as_of, HistoryCommitType};
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::{Engine, KernelError, Snapshot};

use crate::diagnosis;
use crate::engine::{local_engine, log_url, ROOT_URL};
use crate::failure::{Fault, Outcome};
use crate::ffi::{FailureCode, Moment, OptionalVersion, Property, TableFacts};
use crate::protocol;
use crate::schema;

pub struct Table {
    pub root: String,
    pub engine: Arc<dyn Engine>,
    pub snapshot: SnapshotRef,
}

impl Table {
    pub fn open(root: &str, moment: Moment, value: i64) -> Outcome<Table> {
        let engine = local_engine(root)?;
        let snapshot = match moment {
            Moment::Version => {
                let version = u64::try_from(value).map_err(|_| no_such_version(value))?;
                load(root, &engine, Some(version))?
            }
            Moment::TimestampMs => {
                let version = version_as_of(root, &engine, value)?;
                load(root, &engine, Some(version))?
            }
            _ => load(root, &engine, None)?,
        };
        diagnosis::check_commits_not_empty(&snapshot)?;
        protocol::check_readable(&snapshot)?;
        schema::check_types(&snapshot)?;
        Ok(Table {
            root: root.to_string(),
            engine,
            snapshot,
        })
    }

    pub fn describe(&self) -> TableFacts {
        let configuration = self.snapshot.table_configuration();
        let protocol = configuration.protocol();
        let properties = self.snapshot.metadata_configuration();
        TableFacts {
            version: self.snapshot.version() as i64,
            timestamp_ms: optional(self.snapshot.get_timestamp(self.engine.as_ref()).ok()),
            table_id: configuration.metadata().id().to_string(),
            column_mapping_mode: schema::column_mapping_name(configuration.column_mapping_mode()),
            partition_columns: configuration.logical_partition_columns().to_vec(),
            properties: properties
                .iter()
                .map(|(key, value)| Property {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect(),
            min_reader_version: protocol.min_reader_version(),
            min_writer_version: protocol.min_writer_version(),
            reader_features: protocol::names(protocol.reader_features()),
            writer_features: protocol::names(protocol.writer_features()),
        }
    }

    pub fn last_transaction(&self, app_id: &str) -> Outcome<OptionalVersion> {
        let version = self
            .snapshot
            .get_app_id_version(app_id, self.engine.as_ref());
        Ok(optional(version.map_err(|error| {
            diagnosis::read_fault(error, &self.root)
        })?))
    }

    pub fn checkpoint(&self) -> Outcome<()> {
        let written = self.snapshot.checkpoint(self.engine.as_ref(), None);
        written.map_err(|error| diagnosis::read_fault(error, &self.root))?;
        Ok(())
    }
}

fn load(root: &str, engine: &Arc<dyn Engine>, version: Option<u64>) -> Outcome<SnapshotRef> {
    let builder = Snapshot::builder_for(ROOT_URL);
    let Some(wanted) = version else {
        return builder
            .build(engine.as_ref())
            .map_err(|error| diagnosis::read_fault(error, root));
    };
    if !has_commit(engine, wanted)? && load(root, engine, None)?.version() < wanted {
        return Err(no_such_version(wanted as i64));
    }
    let loaded = builder.at_version(wanted).build(engine.as_ref());
    loaded.map_err(|error| {
        let is_cleaned_up = matches!(has_commit(engine, 0), Ok(false));
        match is_cleaned_up && !diagnosis::has_damaged_file(root) {
            true => no_such_version(wanted as i64),
            false => diagnosis::read_fault(error, root),
        }
    })
}

/// Whether the log has the commit of `version`. (The kernel, asked for a version far beyond the last,
/// counts up to it.)
fn has_commit(engine: &Arc<dyn Engine>, version: u64) -> Outcome<bool> {
    let name = format!("{version:020}.json");
    let url = log_url()?.join(&name).map_err(KernelError::from)?;
    match engine.storage_handler().head(&url) {
        Ok(_) => Ok(true),
        Err(KernelError::FileNotFound(_)) => Ok(false),
        Err(error) => Err(Fault::from(error)),
    }
}

fn version_as_of(root: &str, engine: &Arc<dyn Engine>, timestamp_ms: i64) -> Outcome<u64> {
    let latest = load(root, engine, None)?;
    let kind = HistoryCommitType::Recreatable;
    let commit = latest_version_as_of(&latest, engine.as_ref(), timestamp_ms, kind)?;
    Ok(commit.version)
}

fn no_such_version(version: i64) -> Fault {
    Fault::new(
        FailureCode::VersionNotFound,
        format!("the table has no version {version}"),
    )
}

pub fn optional(value: Option<i64>) -> OptionalVersion {
    OptionalVersion {
        is_present: value.is_some(),
        value: value.unwrap_or(0),
    }
}
