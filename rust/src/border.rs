//! The functions and methods that C++ calls. Each does one thing: guard the call, and turn pointers
//! into Rust values. What they do is in the other modules.

use std::panic::{catch_unwind, AssertUnwindSafe};

use delta_kernel::arrow::datatypes::Schema as ArrowSchema;
use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::commit;
use crate::commit_log::{self, CommitReader};
use crate::deletion_vector;
use crate::failure::{guarded, Fault, Outcome};
use crate::ffi::{
    CommitAction, CommitOrder, DeletionVectorPlace, Failure, FailureCode, Moment, OptionalVersion,
    Outcome as CommitOutcome, TableFacts, WriteMode,
};
use crate::protocol;
use crate::scan::FileScan;
use crate::schema;
use crate::table::{optional, Table};

const NOT_COMMITTED: CommitOutcome = CommitOutcome {
    committed: false,
    version: -1,
};

pub fn open_table(root: &str, moment: Moment, value: i64, failure: &mut Failure) -> *mut Table {
    guarded(failure, std::ptr::null_mut(), || {
        Ok(Box::into_raw(Box::new(Table::open(root, moment, value)?)))
    })
}

/// # Safety
/// `table` came from `open_table`, and nobody uses it any more.
pub unsafe fn close_table(table: *mut Table) {
    close(table);
}

/// # Safety
/// `scan` came from `scan_files`, and nobody uses it any more.
pub unsafe fn close_scan(scan: *mut FileScan) {
    close(scan);
}

/// # Safety
/// `commit` came from `open_commit`, and nobody uses it any more.
pub unsafe fn close_commit(commit: *mut CommitReader) {
    close(commit);
}

/// # Safety
/// `schema` is null or the address of a valid `ArrowSchema`, which is consumed.
pub unsafe fn commit_to_table(
    table: &Table,
    order: &CommitOrder,
    schema: *mut u8,
    failure: &mut Failure,
) -> CommitOutcome {
    guarded(failure, NOT_COMMITTED, || {
        let schema = if schema.is_null() {
            None
        } else {
            Some(take_schema(schema)?)
        };
        commit::commit(table, order, schema.as_ref())
    })
}

/// # Safety
/// `schema` is the address of a valid `ArrowSchema`, which is consumed.
pub unsafe fn check_definition(order: &CommitOrder, schema: *mut u8, failure: &mut Failure) {
    guarded(failure, (), || {
        commit::define(order, &take_schema(schema)?).map(|_| ())
    })
}

/// # Safety
/// `schema` is the address of a valid `ArrowSchema`, which is consumed.
pub unsafe fn create_table(
    root: &str,
    order: &CommitOrder,
    schema: *mut u8,
    failure: &mut Failure,
) -> CommitOutcome {
    guarded(failure, NOT_COMMITTED, || {
        commit::create(root, order, &take_schema(schema)?)
    })
}

impl Table {
    pub fn facts(&self, failure: &mut Failure) -> TableFacts {
        guarded(failure, TableFacts::default(), || Ok(self.describe()))
    }

    /// # Safety
    /// `out` is the address of an empty `ArrowSchema`.
    pub unsafe fn export_schema(&self, out: *mut u8, failure: &mut Failure) {
        guarded(failure, (), || {
            let arrow = schema::to_arrow(&self.snapshot)?;
            let exported = FFI_ArrowSchema::try_from(&arrow).map_err(arrow_fault)?;
            std::ptr::write(out.cast::<FFI_ArrowSchema>(), exported);
            Ok(())
        })
    }

    pub fn scan_files(&self, failure: &mut Failure) -> *mut FileScan {
        guarded(failure, std::ptr::null_mut(), || {
            Ok(Box::into_raw(Box::new(FileScan::start(self)?)))
        })
    }

    pub fn mark_deleted_rows(
        &self,
        place: &DeletionVectorPlace,
        file_rows: i64,
        bitmap: &mut [u8],
        failure: &mut Failure,
    ) {
        guarded(failure, (), || {
            deletion_vector::mark_deleted_rows(self, place, file_rows, bitmap)
        })
    }

    pub fn transaction_version(&self, app_id: &str, failure: &mut Failure) -> OptionalVersion {
        let none = OptionalVersion {
            is_present: false,
            value: 0,
        };
        guarded(failure, none, || self.last_transaction(app_id))
    }

    pub fn oldest_commit(&self, failure: &mut Failure) -> OptionalVersion {
        guarded(failure, OptionalVersion::default(), || {
            Ok(optional(commit_log::oldest_version(&self.root)?))
        })
    }

    pub fn open_commit(&self, version: i64, failure: &mut Failure) -> *mut CommitReader {
        guarded(failure, std::ptr::null_mut(), || {
            let reader = CommitReader::open(&self.root, version)?;
            Ok(reader.map_or(std::ptr::null_mut(), |open| Box::into_raw(Box::new(open))))
        })
    }

    pub fn check_writable(&self, mode: WriteMode, failure: &mut Failure) {
        guarded(failure, (), || {
            protocol::check_writable(&self.snapshot, mode)
        })
    }

    pub fn write_checkpoint(&self, failure: &mut Failure) {
        guarded(failure, (), || self.checkpoint())
    }
}

impl CommitReader {
    pub fn next_action(&mut self, failure: &mut Failure) -> CommitAction {
        guarded(failure, CommitAction::default(), || self.next())
    }
}

impl FileScan {
    /// # Safety
    /// `array` and `schema` are the addresses of an empty `ArrowArray` and `ArrowSchema`.
    pub unsafe fn next_batch(
        &mut self,
        array: *mut u8,
        schema: *mut u8,
        failure: &mut Failure,
    ) -> bool {
        guarded(failure, false, || {
            let Some(data) = self.next()? else {
                return Ok(false);
            };
            let exported = FFI_ArrowSchema::try_from(data.data_type()).map_err(arrow_fault)?;
            std::ptr::write(array.cast::<FFI_ArrowArray>(), FFI_ArrowArray::new(&data));
            std::ptr::write(schema.cast::<FFI_ArrowSchema>(), exported);
            Ok(true)
        })
    }
}

// A panic while memory is freed has nobody to be told.
unsafe fn close<T>(owned: *mut T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(owned))));
}

unsafe fn take_schema(schema: *mut u8) -> Outcome<ArrowSchema> {
    let taken = FFI_ArrowSchema::from_raw(schema.cast::<FFI_ArrowSchema>());
    ArrowSchema::try_from(&taken)
        .map_err(|error| Fault::new(FailureCode::UnsupportedType, error.to_string()))
}

fn arrow_fault(error: delta_kernel::arrow::error::ArrowError) -> Fault {
    Fault::new(FailureCode::Internal, error.to_string())
}
