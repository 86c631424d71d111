//! The protocol action of tables that Spillway makes or gives a new schema: the oldest versions that
//! say what the table needs, so that old readers read it too.

use delta_kernel::snapshot::SnapshotRef;
use serde::{Deserialize, Serialize};

use crate::protocol::names;

/// From these versions on, features are named in lists.
const READER_LISTS: i32 = 3;
const WRITER_LISTS: i32 = 7;

/// What writer version 2 stands for without naming it.
const IMPLIED_FEATURES: &[&str] = &["appendOnly", "invariants"];

#[derive(Serialize, Deserialize, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    min_reader_version: i32,
    min_writer_version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader_features: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer_features: Option<Vec<String>>,
}

impl Protocol {
    pub fn of(snapshot: &SnapshotRef) -> Protocol {
        let protocol = snapshot.table_configuration().protocol();
        let listed = |features| names(Some(features));
        Protocol {
            min_reader_version: protocol.min_reader_version(),
            min_writer_version: protocol.min_writer_version(),
            reader_features: protocol.reader_features().map(listed),
            writer_features: protocol.writer_features().map(listed),
        }
    }

    /// The oldest protocol with the features of this one.
    pub fn oldest(&self) -> Protocol {
        Protocol::at_least(1, 2, self.readers(), self.writers())
    }

    /// This protocol, where it has the features of `needed`; else the oldest with those of both that
    /// is not older than this one.
    pub fn grown_by(&self, needed: &Protocol) -> Protocol {
        let (readers, writers) = (self.readers(), self.writers());
        let all_readers = merged(&readers, &needed.readers());
        let all_writers = merged(&writers, &needed.writers());
        if all_readers == readers && all_writers == writers {
            return self.clone();
        }
        let (reader, writer) = (self.min_reader_version, self.min_writer_version);
        Protocol::at_least(reader, writer, all_readers, all_writers)
    }

    fn at_least(reader: i32, writer: i32, readers: Vec<String>, writers: Vec<String>) -> Protocol {
        let is_implied = |feature: &String| IMPLIED_FEATURES.contains(&feature.as_str());
        let needs_lists = !readers.is_empty() || !writers.iter().all(is_implied);
        let min_reader = if readers.is_empty() { 1 } else { READER_LISTS };
        let min_writer = if needs_lists { WRITER_LISTS } else { 2 };
        let (reader, writer) = (reader.max(min_reader), writer.max(min_writer));
        Protocol {
            min_reader_version: reader,
            min_writer_version: writer,
            reader_features: (reader >= READER_LISTS).then_some(readers),
            writer_features: (writer >= WRITER_LISTS).then_some(writers),
        }
    }

    fn readers(&self) -> Vec<String> {
        merged(self.reader_features.as_deref().unwrap_or_default(), &[])
    }

    /// Writers' features, named or implied.
    fn writers(&self) -> Vec<String> {
        match (&self.writer_features, self.min_writer_version) {
            (Some(features), _) => merged(features, &[]),
            (None, 2) => IMPLIED_FEATURES
                .iter()
                .map(|name| name.to_string())
                .collect(),
            (None, _) => Vec::new(),
        }
    }
}

/// The names of both lists, sorted, each once.
fn merged(left: &[String], right: &[String]) -> Vec<String> {
    let mut all: Vec<String> = left.iter().chain(right).cloned().collect();
    all.sort();
    all.dedup();
    all
}
