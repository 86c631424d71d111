//! The kernel's engine over one local folder. The store's root is the table's folder, so that every
//! path that the kernel handles is relative to it: names with blanks, percent signs or letters beyond
//! ASCII above the table never pass through URL encoding, and no path in a log can leave the folder. What
//! else a log must not lead to, `guard` keeps away.

use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;

use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::object_store::memory::InMemory;
use delta_kernel::object_store::DynObjectStore;
use delta_kernel::{Engine, KernelError};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::DefaultEngineBuilder;
use url::Url;

use crate::end::end_without_thread;
use crate::failure::{Fault, Outcome};
use crate::ffi::FailureCode;
use crate::guard::GuardedEngine;

/// The table's root as the kernel sees it, whatever the folder is.
pub const ROOT_URL: &str = "file:///";

/// Who writes, for the table's history.
pub const ENGINE_INFO: &str = concat!("Spillway/", env!("CARGO_PKG_VERSION"));

// Small on purpose: the log is read a few files and a thousand actions at a time.
const WORKER_THREADS: usize = 2;
const BLOCKING_THREADS: usize = 8;
const FILES_IN_FLIGHT: NonZero<usize> = NonZero::new(4).unwrap();
const BATCH_ROWS: NonZero<usize> = NonZero::new(1024).unwrap();

/// An engine whose writes are on the disk, file and folder, when they return.
pub fn local_engine(root: &str) -> Outcome<GuardedEngine> {
    let store = LocalFileSystem::new_with_prefix(root).map_err(KernelError::from)?;
    let engine = build_engine(Arc::new(store.with_fsync(true)))?;
    Ok(GuardedEngine::new(engine, root))
}

/// An engine without a disk, to let the kernel work out a table's definition.
pub fn memory_engine() -> Outcome<Arc<dyn Engine>> {
    build_engine(Arc::new(InMemory::new()))
}

/// The URL of the folder of the log, as the kernel sees it.
pub fn log_url() -> Outcome<Url> {
    let url = Url::parse(ROOT_URL).and_then(|root| root.join("_delta_log/"));
    Ok(url.map_err(KernelError::from)?)
}

// The multi-threaded executor: with a single thread, writing a checkpoint waits for itself.
fn build_engine(store: Arc<DynObjectStore>) -> Outcome<Arc<dyn Engine>> {
    require_threads(WORKER_THREADS + 1);
    // It fails for want of file descriptors.
    let executor =
        TokioMultiThreadExecutor::new_owned_runtime(Some(WORKER_THREADS), Some(BLOCKING_THREADS))
            .map_err(|error| Fault::new(FailureCode::Storage, error.to_string()))?;
    let engine = DefaultEngineBuilder::new(store)
        .with_task_executor(Arc::new(executor))
        .with_buffer_size(FILES_IN_FLIGHT)
        .with_batch_size(BATCH_ROWS)
        .build();
    Ok(Arc::new(engine))
}

/// Ends the process where the system does not have `count` threads for it now: tokio would wait for
/// ever for those that it could not start.
fn require_threads(count: usize) {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let threads = (0..count).map(|_| {
        let gate = gate.clone();
        thread::Builder::new().spawn(move || drop(gate.lock()))
    });
    let started: Result<Vec<_>, _> = threads.collect();
    drop(closed);
    let Ok(started) = started else {
        // SAFETY: it takes nothing and does not return.
        unsafe { end_without_thread() }
    };
    for thread in started {
        let _ = thread.join(); // it does nothing that could fail
    }
}
