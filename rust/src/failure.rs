//! Faults: the kernel's errors, I/O errors and panics as one type with a code, and the guard that
//! every call of the bridge runs in.

use std::error::Error as StdError;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use delta_kernel::history_manager::error::LogHistoryError;
use delta_kernel::KernelError;

use crate::ffi::{Failure, FailureCode};

/// A fault inside the bridge; becomes a `Failure` at the border.
#[derive(Debug)]
pub struct Fault {
    pub code: FailureCode,
    pub message: String,
    pub subject: String,
    pub cure: String, // empty: that of the code
}

pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Fault {
            code,
            message: message.into(),
            subject: String::new(),
            cure: String::new(),
        }
    }

    /// The operating system's refusal to read `path`.
    pub fn of_file(error: &io::Error, path: &Path) -> Self {
        Fault::new(code_of_io(error), error.to_string()).about(path.to_string_lossy())
    }

    /// Names the file, feature or column that the fault is about.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Says what to do, where the code's own advice does not fit.
    pub fn cured_by(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }
}

/// Runs `body`; a fault or a panic fills `failure` and gives `fallback`.
pub fn guarded<T>(failure: &mut Failure, fallback: T, body: impl FnOnce() -> Outcome<T>) -> T {
    let fault = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => return value,
        Ok(Err(fault)) => fault,
        Err(panic) => Fault::new(FailureCode::Internal, panic_text(panic.as_ref())),
    };
    failure.code = fault.code;
    failure.message = fault.message;
    failure.subject = fault.subject;
    failure.cure = fault.cure;
    fallback
}

/// The words of a caught panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| text.to_string());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    format!(
        "panic: {}",
        words.unwrap_or_else(|| "without words".to_string())
    )
}

/// Sorts the kernel's errors by what a user can do about them. Errors that the kernel does not type
/// (`Generic`) come, when a table is read, from a log that it cannot make sense of.
impl From<KernelError> for Fault {
    fn from(error: KernelError) -> Self {
        if let KernelError::Backtraced { source, .. } = error {
            return Fault::from(*source);
        }
        let code = storage_code(&error).unwrap_or_else(|| code_of(&error));
        Fault::new(code, text_of(&error))
    }
}

fn code_of(error: &KernelError) -> FailureCode {
    match error {
        KernelError::EmptyLog => FailureCode::NotADeltaTable,
        KernelError::StartVersionNotFound { .. } => FailureCode::VersionNotFound,
        KernelError::LogHistory(history) => match history.as_ref() {
            LogHistoryError::TimestampOutOfRange { .. } => FailureCode::VersionNotFound,
            _ => FailureCode::CorruptLog,
        },
        KernelError::Unsupported(_)
        | KernelError::InvalidColumnMappingMode(_)
        | KernelError::MaxCatalogVersion(_) => FailureCode::UnsupportedFeature,
        KernelError::InternalError(_)
        | KernelError::JoinFailure(_)
        | KernelError::Cancelled
        | KernelError::InvalidTransactionState(_)
        | KernelError::EngineDataType(_) => FailureCode::Internal,
        KernelError::ObjectStore(_) | KernelError::IOError(_) | KernelError::CheckpointWrite(_) => {
            FailureCode::Storage
        }
        _ => FailureCode::CorruptLog,
    }
}

/// The code for an error that has an operating system's refusal as its cause.
fn storage_code(error: &KernelError) -> Option<FailureCode> {
    let cause: &(dyn StdError + 'static) = match error {
        KernelError::ObjectStore(store) => store,
        KernelError::IOError(io) => return Some(code_of_io(io)),
        KernelError::GenericError { source } => source.as_ref(),
        other => other,
    };
    let mut next = Some(cause);
    while let Some(link) = next {
        if let Some(io) = link.downcast_ref::<io::Error>() {
            return io.raw_os_error().map(|_| code_of_io(io));
        }
        next = link.source();
    }
    None
}

fn code_of_io(error: &io::Error) -> FailureCode {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            FailureCode::ReadOnlyStorage
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureCode::StorageFull,
        _ => FailureCode::Storage,
    }
}

/// The error's text without the kernel's prefixes, which say nothing to a user.
fn text_of(error: &KernelError) -> String {
    match error {
        KernelError::Generic(text) | KernelError::Unsupported(text) => text.clone(),
        KernelError::ObjectStore(store) => store.to_string(),
        KernelError::MaxCatalogVersion(_) => {
            "Spillway does not read tables with the feature \"catalogManaged\"".to_string()
        }
        other => other.to_string(),
    }
}
