//! A table's definition, its protocol and metaData actions, for tables that Spillway makes or gives a
//! new schema. The kernel works it out, and checks it, by creating a table in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use delta_kernel::arrow::datatypes::Schema as ArrowSchema;
use delta_kernel::schema::SchemaRef;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::CommitResult;
use delta_kernel::KernelError;
use serde_json::Value;

use crate::actions::{line, Action, DefinitionAction, Metadata};
use crate::committer::CapturingCommitter;
use crate::engine::{memory_engine, ENGINE_INFO};
use crate::failure::{Fault, Outcome};
use crate::ffi::{FailureCode, Property};
use crate::protocol_version::Protocol;
use crate::schema;

/// Table properties that are settings, without duties beyond those that Spillway does.
const KERNEL_PROPERTIES: &[&str] = &[
    "delta.appendOnly",
    "delta.checkpoint.writeStatsAsJson",
    "delta.checkpoint.writeStatsAsStruct",
    "delta.checkpointInterval",
    "delta.checkpointPolicy",
    COLUMN_MAPPING_MODE,
    "delta.dataSkippingNumIndexedCols",
    "delta.dataSkippingStatsColumns",
    "delta.deletedFileRetentionDuration",
    "delta.enableChangeDataFeed",
    "delta.enableDeletionVectors",
    "delta.enableExpiredLogCleanup",
    "delta.enableInCommitTimestamps",
    "delta.logRetentionDuration",
    "delta.setTransactionRetentionDuration",
];

/// Settings for other engines' writers that the kernel does not know.
const HINT_PROPERTIES: &[&str] = &[
    "delta.autoOptimize.autoCompact",
    "delta.autoOptimize.optimizeWrite",
    "delta.isolationLevel",
    "delta.parquet.compression.codec",
    "delta.targetFileSize",
    "delta.tuneFileSizesForRewrites",
];

/// Columns come with their physical names and ids.
const COLUMN_MAPPING_MODE: &str = "delta.columnMapping.mode";

const IN_COMMIT_TIMESTAMPS: &str = "delta.enableInCommitTimestamps";

/// What the log says when a table with this definition is created.
pub struct Definition {
    commit_info: String,
    protocol: Protocol, // as the kernel has it: each needed feature by name
    metadata: Metadata,
}

/// What the kernel needs to know of a new table.
pub struct Wish<'a> {
    pub schema: &'a ArrowSchema,
    pub partition_columns: &'a [String],
    pub properties: &'a [Property],
    pub operation_parameters: &'a [Property],
    pub operation_metrics: &'a [Property],
}

impl Definition {
    /// Works out the definition of a new table. Fails with `BadDefinition`, `UnsupportedType` or
    /// `UnsupportedFeature`.
    pub fn plan(wish: &Wish) -> Outcome<Definition> {
        let (for_kernel, hints) = split_properties(wish.properties)?;
        let maps = for_kernel.contains_key(COLUMN_MAPPING_MODE);
        let schema = schema::to_delta(wish.schema, maps)?;
        let lines = kernel_lines(schema, for_kernel, wish)?;
        let mut definition = parse(&lines)?;
        definition.metadata.configuration.extend(hints);
        Ok(definition)
    }

    /// Makes this the next definition of an existing table: the table keeps its identity, and the
    /// properties and features that it has.
    pub fn replace(&mut self, snapshot: &SnapshotRef) -> Outcome<()> {
        let present = snapshot.table_configuration().metadata();
        let mut configuration: BTreeMap<String, String> =
            present.configuration().clone().into_iter().collect();
        let clock = self.metadata.configuration.get(IN_COMMIT_TIMESTAMPS);
        if clock.is_some() && clock != configuration.get(IN_COMMIT_TIMESTAMPS) {
            let message = format!("{IN_COMMIT_TIMESTAMPS} can be set only when a table is made");
            let fault = Fault::new(FailureCode::UnsupportedFeature, message);
            return Err(fault.about("inCommitTimestamp").cured_by(format!(
                "leave {IN_COMMIT_TIMESTAMPS} out of target.properties"
            )));
        }
        configuration.append(&mut self.metadata.configuration);
        self.metadata.configuration = configuration;
        self.metadata.id = present.id().to_string();
        self.metadata.name = present.name().map(str::to_string);
        self.metadata.description = present.description().map(str::to_string);
        self.metadata.created_time = present.created_time().or(self.metadata.created_time);
        self.protocol = Protocol::of(snapshot).grown_by(&self.protocol);
        Ok(())
    }

    /// The log's lines that differ from what `snapshot` has: protocol (where it grew) and metaData.
    pub fn lines_after(&self, snapshot: &SnapshotRef) -> Outcome<Vec<String>> {
        let mut lines = Vec::new();
        if self.protocol != Protocol::of(snapshot) {
            lines.push(line(&Action::Protocol(&self.protocol))?);
        }
        lines.push(line(&Action::MetaData(&self.metadata))?);
        Ok(lines)
    }

    /// The lines that a table's first commit begins with. The kernel knows of no other than an empty
    /// one, so that it is here that a table `with_rows` gets its operation, as Spark has it.
    pub fn first_lines(&self, with_rows: bool) -> Outcome<Vec<String>> {
        let mut commit_info: Value =
            serde_json::from_str(&self.commit_info).map_err(KernelError::MalformedJson)?;
        if with_rows {
            let info = commit_info.get_mut("commitInfo").ok_or_else(incomplete)?;
            info["operation"] = Value::from("CREATE TABLE AS SELECT");
            info["isBlindAppend"] = Value::Bool(true);
        }
        let protocol = line(&Action::Protocol(&self.protocol.oldest()))?;
        Ok(vec![
            serde_json::to_string(&commit_info).map_err(KernelError::MalformedJson)?,
            protocol,
            line(&Action::MetaData(&self.metadata))?,
        ])
    }
}

type Properties = BTreeMap<String, String>;

/// Sorts properties into those that the kernel knows and those that it does not; refuses the others
/// that Delta reserves.
fn split_properties(properties: &[Property]) -> Outcome<(Properties, Properties)> {
    let (mut for_kernel, mut hints) = (Properties::new(), Properties::new());
    for Property { key, value } in properties {
        let is_delta = key.starts_with("delta.");
        if !is_delta || KERNEL_PROPERTIES.contains(&key.as_str()) {
            for_kernel.insert(key.clone(), value.clone());
        } else if HINT_PROPERTIES.contains(&key.as_str()) {
            hints.insert(key.clone(), value.clone());
        } else {
            let message = format!("Spillway does not make tables with the property \"{key}\"");
            let fault = Fault::new(FailureCode::UnsupportedFeature, message).about(key);
            return Err(fault.cured_by(format!("leave {key} out of target.properties")));
        }
    }
    Ok((for_kernel, hints))
}

/// Lets the kernel create the table in memory, and gives the actions of its commit.
fn kernel_lines(schema: SchemaRef, properties: Properties, wish: &Wish) -> Outcome<Vec<String>> {
    let engine = memory_engine()?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut builder = create_table("memory:///", schema, ENGINE_INFO, true)
        .with_table_properties(properties)
        .with_operation_parameters(pairs(wish.operation_parameters))
        .with_operation_metrics(pairs(wish.operation_metrics));
    if !wish.partition_columns.is_empty() {
        builder = builder.with_data_layout(DataLayout::partitioned(wish.partition_columns));
    }
    let committer = Box::new(CapturingCommitter::new(lines.clone()));
    let transaction = builder
        .build(engine.as_ref(), committer)
        .map_err(bad_definition)?;
    match transaction
        .commit(engine.as_ref())
        .map_err(bad_definition)?
    {
        CommitResult::Retryable(retryable) => Err(Fault::from(retryable.error)),
        _ => Ok(std::mem::take(
            &mut *lines.lock().map_err(|_| incomplete())?,
        )),
    }
}

fn parse(lines: &[String]) -> Outcome<Definition> {
    let (mut protocol, mut metadata) = (None, None);
    for line in lines {
        let action: DefinitionAction =
            serde_json::from_str(line).map_err(KernelError::MalformedJson)?;
        protocol = action.protocol.or(protocol);
        metadata = action.meta_data.or(metadata);
    }
    Ok(Definition {
        commit_info: lines.first().ok_or_else(incomplete)?.clone(),
        protocol: protocol.ok_or_else(incomplete)?,
        metadata: metadata.ok_or_else(incomplete)?,
    })
}

pub fn pairs(properties: &[Property]) -> Vec<(String, Option<String>)> {
    let pairs = properties.iter();
    pairs
        .map(|pair| (pair.key.clone(), Some(pair.value.clone())))
        .collect()
}

/// What the kernel refuses about a definition is the caller's to mend.
fn bad_definition(error: KernelError) -> Fault {
    let fault = Fault::from(error);
    match fault.code {
        FailureCode::UnsupportedFeature => fault.cured_by(
            "leave out the column type or the property of target.properties that it names",
        ),
        FailureCode::Internal => fault,
        _ => Fault {
            code: FailureCode::BadDefinition,
            ..fault
        },
    }
}

fn incomplete() -> Fault {
    Fault::new(
        FailureCode::Internal,
        "the kernel gave an incomplete table definition",
    )
}
