//! The bridge between Spillway's C++ and the Delta kernel. This file holds the `cxx` bridge and
//! nothing else: what crosses the border is listed here.
//!
//! Rules of the border. Nothing throws and nothing panics across it: a call that can fail takes a
//! `&mut Failure` and fills it, and its result is then meaningless (null, empty or false). Arrow data
//! crosses by the C data interface: a `*mut u8` is the address of an `ArrowSchema` or `ArrowArray`
//! that the caller owns and that is empty (released) when Rust is to fill it. All strings are UTF-8.

mod actions;
mod border;
mod canonical_path;
mod commit;
mod commit_log;
mod committer;
mod definition;
mod deletion_vector;
mod diagnosis;
mod end;
mod engine;
mod failure;
mod file_actions;
mod guard;
mod heap;
mod history;
mod log_folder;
mod parquet_nesting;
mod protocol;
mod protocol_version;
mod scan;
mod schema;
mod table;

use border::{
    check_definition, close_commit, close_scan, close_table, commit_to_table, create_table,
    open_table,
};
use commit_log::CommitReader;
use heap::share_heap;
use scan::FileScan;
use table::Table;

#[cxx::bridge(namespace = "spillway::delta::bridge")]
pub mod ffi {
    /// What kind of fault a `Failure` is; the C++ boundary turns it into a coded error.
    #[derive(Debug)]
    enum FailureCode {
        None,
        NotADeltaTable,
        CorruptLog,
        DataFileMissing,
        UnsupportedFeature,
        UnsupportedType,
        VersionNotFound,
        BadDefinition,
        ReadOnlyStorage,
        StorageFull,
        Storage,
        Internal,
    }

    /// A fault as a value. `subject` names the file, feature or column that it is about, or is empty;
    /// `cure` is empty where that of the code fits.
    #[derive(Debug)]
    struct Failure {
        code: FailureCode,
        message: String,
        subject: String,
        cure: String,
    }

    /// Which version of a table to open.
    enum Moment {
        Latest,
        Version,
        TimestampMs,
    }

    struct Property {
        key: String,
        value: String,
    }

    struct PartitionValue {
        column: String,
        value: String,
        is_null: bool,
    }

    #[derive(Default)]
    struct OptionalVersion {
        is_present: bool,
        value: i64,
    }

    /// What a table says of itself at one version; `timestamp_ms` is absent where the commit's file is
    /// gone and only a checkpoint is left.
    #[derive(Default)]
    struct TableFacts {
        version: i64,
        timestamp_ms: OptionalVersion,
        table_id: String,
        column_mapping_mode: String,
        partition_columns: Vec<String>,
        properties: Vec<Property>,
        min_reader_version: i32,
        min_writer_version: i32,
        reader_features: Vec<String>,
        writer_features: Vec<String>,
    }

    struct DeletionVectorPlace {
        storage_type: String,
        path_or_inline: String,
        has_offset: bool,
        offset: i32,
        size_bytes: i32,
        cardinality: i64,
    }

    /// `path` is relative to the table's root and URL-encoded; `stats` is JSON.
    struct NewFile {
        path: String,
        size_bytes: i64,
        modification_time_ms: i64,
        stats: String,
        partition_values: Vec<PartitionValue>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum WriteMode {
        Append,
        Overwrite,
        OverwriteSchema,
    }

    /// What the actions of a commit are about; those of other kinds are passed over.
    #[derive(Debug, Default)]
    enum ActionKind {
        #[default]
        End,
        Operation,
        Transaction,
        Definition,
        Add,
        Remove,
    }

    /// `text` is the operation's name, the app id, or the file's path as the log has it;
    /// `parameters` are those of an operation that are texts.
    #[derive(Default)]
    struct CommitAction {
        kind: ActionKind,
        text: String,
        parameters: Vec<Property>,
        transaction_version: i64,
        data_change: bool,
        has_deletion_vector: bool,
    }

    struct CommitOrder {
        mode: WriteMode,
        has_transaction: bool,
        app_id: String,
        transaction_version: i64,
        files: Vec<NewFile>,
        operation_parameters: Vec<Property>,
        operation_metrics: Vec<Property>,
        /// Only for a new table and `OverwriteSchema`.
        partition_columns: Vec<String>,
        properties: Vec<Property>,
    }

    /// Losing a race is an outcome: `version` is then the one that another writer took.
    struct Outcome {
        committed: bool,
        version: i64,
    }

    extern "Rust" {
        type Table;
        type FileScan;
        type CommitReader;

        /// Puts Rust's heap under the limit in the `memory::HeapCounters` at address `others`, which
        /// live on. Gives the address of the number of bytes (an i64, atomic) in use here.
        fn share_heap(others: usize) -> usize;

        /// Opens the table in the existing folder `root`. Null on failure; else the caller owns it
        /// and gives it back to `close_table`.
        fn open_table(root: &str, moment: Moment, value: i64, failure: &mut Failure) -> *mut Table;

        unsafe fn close_table(table: *mut Table);

        fn facts(self: &Table, failure: &mut Failure) -> TableFacts;

        /// Fills `schema` (an `ArrowSchema`) with the table's logical schema.
        unsafe fn export_schema(self: &Table, schema: *mut u8, failure: &mut Failure);

        /// Starts a replay of the log. Null on failure; else the caller owns it and gives it back to
        /// `close_scan`.
        fn scan_files(self: &Table, failure: &mut Failure) -> *mut FileScan;

        unsafe fn close_scan(scan: *mut FileScan);

        /// Fills `array` and `schema` with the next batch of live files (a struct array with the
        /// kernel's scan row schema and the column numRecords); false at the end and on failure.
        unsafe fn next_batch(
            self: &mut FileScan,
            array: *mut u8,
            schema: *mut u8,
            failure: &mut Failure,
        ) -> bool;

        /// Sets the bits of the deleted rows in `bitmap`, one for each row of a file with `file_rows`
        /// rows, those of the first eight in the first byte, from its lowest bit on.
        fn mark_deleted_rows(
            self: &Table,
            place: &DeletionVectorPlace,
            file_rows: i64,
            bitmap: &mut [u8],
            failure: &mut Failure,
        );

        fn transaction_version(
            self: &Table,
            app_id: &str,
            failure: &mut Failure,
        ) -> OptionalVersion;

        fn check_writable(self: &Table, mode: WriteMode, failure: &mut Failure);

        fn write_checkpoint(self: &Table, failure: &mut Failure);

        /// The lowest version whose commit is in the log.
        fn oldest_commit(self: &Table, failure: &mut Failure) -> OptionalVersion;

        /// Opens the file of a commit. Null on failure, and where the log does not have it; else the
        /// caller owns it and gives it back to `close_commit`.
        fn open_commit(self: &Table, version: i64, failure: &mut Failure) -> *mut CommitReader;

        unsafe fn close_commit(commit: *mut CommitReader);

        /// The next action; of kind `End` behind the last and on failure.
        fn next_action(self: &mut CommitReader, failure: &mut Failure) -> CommitAction;

        /// Commits after the version of `table`. `schema` is an `ArrowSchema` for `OverwriteSchema`
        /// (consumed), else null.
        unsafe fn commit_to_table(
            table: &Table,
            order: &CommitOrder,
            schema: *mut u8,
            failure: &mut Failure,
        ) -> Outcome;

        /// Whether `create_table` could make the table; nothing is written. `schema` is an
        /// `ArrowSchema` (consumed).
        unsafe fn check_definition(order: &CommitOrder, schema: *mut u8, failure: &mut Failure);

        /// Commits version 0 in the existing folder `root`, with the files and the transaction of
        /// `order`, whose mode does not count. `schema` is an `ArrowSchema` (consumed).
        unsafe fn create_table(
            root: &str,
            order: &CommitOrder,
            schema: *mut u8,
            failure: &mut Failure,
        ) -> Outcome;
    }
}
