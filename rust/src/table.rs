//! A table at one version: opening it, and what it says of itself.

use std::sync::Arc;

use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::{Engine, KernelError, Snapshot};

use crate::diagnosis;
use crate::engine::{local_engine, log_url, ROOT_URL};
use crate::failure::{Fault, Outcome};
use crate::ffi::{FailureCode, Moment, OptionalVersion, Property, TableFacts};
use crate::guard::GuardedEngine;
use crate::history::version_as_of;
use crate::protocol;
use crate::schema;

pub struct Table {
    pub root: String,
    pub engine: Arc<GuardedEngine>,
    pub snapshot: SnapshotRef,
}

// C++ calls it from several threads.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Table>();
};

impl Table {
    /// A checkpoint that cannot be read is as good as none: an older one, or the commits, say the
    /// same. Only where they are gone is the table damaged.
    pub fn open(root: &str, moment: Moment, value: i64) -> Outcome<Table> {
        let engine = local_engine(root)?;
        let fault = match open_with(root, &engine, moment, value) {
            Err(fault) if fault.code == FailureCode::CorruptLog => fault,
            opened => return opened,
        };
        let damaged = diagnosis::damaged_checkpoints(root);
        if damaged.is_empty() {
            return Err(fault);
        }
        let reopened = open_with(root, &engine.without(damaged), moment, value);
        reopened.map_err(|_| diagnosis::find_damage(root).unwrap_or(fault))
    }

    pub fn describe(&self) -> TableFacts {
        let configuration = self.snapshot.table_configuration();
        let protocol = configuration.protocol();
        let properties = self.snapshot.metadata_configuration();
        TableFacts {
            version: self.snapshot.version() as i64,
            timestamp_ms: optional(self.snapshot.get_timestamp(&*self.engine).ok()),
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
        let version = self.snapshot.get_app_id_version(app_id, &*self.engine);
        Ok(optional(version.map_err(|error| {
            diagnosis::read_fault(error, &self.root)
        })?))
    }

    pub fn checkpoint(&self) -> Outcome<()> {
        let written = self.snapshot.checkpoint(&self.engine.remembering(), None);
        written.map_err(|error| diagnosis::read_fault(error, &self.root))?;
        Ok(())
    }
}

fn open_with(root: &str, engine: &GuardedEngine, moment: Moment, value: i64) -> Outcome<Table> {
    let snapshot = match moment {
        Moment::Version => {
            let version = u64::try_from(value).map_err(|_| no_such_version(value))?;
            load(root, engine, Some(version))?
        }
        Moment::TimestampMs => {
            let latest = load(root, engine, None)?;
            let version = version_as_of(root, engine, &latest, value)?;
            load(root, engine, Some(version))?
        }
        _ => load(root, engine, None)?,
    };
    protocol::check_readable(&snapshot)?;
    schema::check_types(&snapshot)?;
    Ok(Table {
        root: root.to_string(),
        engine: Arc::new(engine.clone()),
        snapshot,
    })
}

fn load(root: &str, engine: &GuardedEngine, version: Option<u64>) -> Outcome<SnapshotRef> {
    let Some(wanted) = version else {
        return build(root, engine, None);
    };
    if !has_commit(engine, wanted)? && load(root, engine, None)?.version() < wanted {
        return Err(no_such_version(wanted as i64));
    }
    build(root, engine, version).map_err(|fault| {
        let is_cleaned_up = matches!(has_commit(engine, 0), Ok(false));
        match is_cleaned_up && !diagnosis::has_damaged_file(root) {
            true => no_such_version(wanted as i64),
            false => fault,
        }
    })
}

fn build(root: &str, engine: &GuardedEngine, version: Option<u64>) -> Outcome<SnapshotRef> {
    let mut builder = Snapshot::builder_for(ROOT_URL);
    if let Some(version) = version {
        builder = builder.at_version(version);
    }
    let snapshot = builder
        .build(engine)
        .map_err(|error| diagnosis::read_fault(error, root))?;
    diagnosis::check_commits(root, &snapshot)?;
    Ok(snapshot)
}

/// Whether the log has the commit of `version`. (The kernel, asked for a version far beyond the last,
/// counts up to it.)
fn has_commit(engine: &GuardedEngine, version: u64) -> Outcome<bool> {
    let name = format!("{version:020}.json");
    let url = log_url()?.join(&name).map_err(KernelError::from)?;
    match engine.storage_handler().head(&url) {
        Ok(_) => Ok(true),
        Err(KernelError::FileNotFound(_)) => Ok(false),
        Err(error) => Err(Fault::from(error)),
    }
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
