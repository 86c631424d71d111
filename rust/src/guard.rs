//! What the kernel may open. A log is written by whoever may write the table, and it names files:
//! sidecars, deletion vectors. The engine here hands to the kernel's own what is a regular file below
//! the table's root, no link leads out of it, and is no trap for a reader; the rest is refused. Above
//! all nothing is fetched from the network: the kernel's engine would follow a signed https address.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{
    Engine, EngineData, EvaluationHandler, FileDataReadResultIterator, FileMeta, FileSize,
    FileSlice, JsonHandler, KernelError, KernelResult, KernelResultIterator,
    KernelResultIteratorStatic, ParquetFooter, ParquetHandler, PredicateRef, StorageHandler,
};
use url::Url;

use crate::failure::{Fault, Outcome};
use crate::parquet_nesting::is_too_deep;

/// An engine that reads what `check` lets pass.
pub struct GuardedEngine {
    inner: Arc<dyn Engine>,
    gate: Gate,
}

impl GuardedEngine {
    /// For the table in the folder `root`, of which `inner` sees the file system below.
    pub fn new(inner: Arc<dyn Engine>, root: &str) -> GuardedEngine {
        let root = fs::canonicalize(root).unwrap_or_else(|_| PathBuf::from(root));
        GuardedEngine {
            inner,
            gate: Gate(root.into()),
        }
    }
}

impl Engine for GuardedEngine {
    fn evaluation_handler(&self) -> Arc<dyn EvaluationHandler> {
        self.inner.evaluation_handler()
    }

    fn storage_handler(&self) -> Arc<dyn StorageHandler> {
        Arc::new(GuardedHandler {
            inner: self.inner.storage_handler(),
            gate: self.gate.clone(),
        })
    }

    fn json_handler(&self) -> Arc<dyn JsonHandler> {
        Arc::new(GuardedHandler {
            inner: self.inner.json_handler(),
            gate: self.gate.clone(),
        })
    }

    fn parquet_handler(&self) -> Arc<dyn ParquetHandler> {
        Arc::new(GuardedHandler {
            inner: self.inner.parquet_handler(),
            gate: self.gate.clone(),
        })
    }
}

struct GuardedHandler<Handler: ?Sized> {
    gate: Gate,
    inner: Arc<Handler>,
}

impl StorageHandler for GuardedHandler<dyn StorageHandler> {
    fn list_from(&self, path: &Url) -> KernelResult<KernelResultIteratorStatic<FileMeta>> {
        self.inner.list_from(path)
    }

    fn read_files(&self, files: Vec<FileSlice>) -> KernelResult<KernelResultIteratorStatic<Bytes>> {
        files.iter().try_for_each(|(url, _)| self.gate.check(url))?;
        self.inner.read_files(files)
    }

    fn copy_atomic(&self, from: &Url, to: &Url) -> KernelResult<()> {
        self.gate.check(from)?;
        self.inner.copy_atomic(from, to)
    }

    fn put(&self, path: &Url, data: Bytes, overwrite: bool) -> KernelResult<()> {
        self.inner.put(path, data, overwrite)
    }

    fn head(&self, path: &Url) -> KernelResult<FileMeta> {
        self.inner.head(path)
    }

    fn delete(&self, path: &Url) -> KernelResult<()> {
        self.inner.delete(path)
    }
}

impl JsonHandler for GuardedHandler<dyn JsonHandler> {
    fn parse_json(
        &self,
        json_strings: Box<dyn EngineData>,
        output_schema: SchemaRef,
    ) -> KernelResult<Box<dyn EngineData>> {
        self.inner.parse_json(json_strings, output_schema)
    }

    fn read_json_files(
        &self,
        files: &[FileMeta],
        physical_schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        self.gate.check_all(files)?;
        self.inner
            .read_json_files(files, physical_schema, predicate)
    }

    fn write_json_file(
        &self,
        path: &Url,
        data: KernelResultIterator<'_, FilteredEngineData>,
        overwrite: bool,
    ) -> KernelResult<FileSize> {
        self.inner.write_json_file(path, data, overwrite)
    }
}

impl ParquetHandler for GuardedHandler<dyn ParquetHandler> {
    fn read_parquet_files(
        &self,
        files: &[FileMeta],
        physical_schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        self.gate.check_parquet(files)?;
        self.inner
            .read_parquet_files(files, physical_schema, predicate)
    }

    fn read_parquet_footer(&self, file: &FileMeta) -> KernelResult<ParquetFooter> {
        self.gate.check_parquet(std::slice::from_ref(file))?;
        self.inner.read_parquet_footer(file)
    }

    fn write_parquet_file(
        &self,
        location: Url,
        data: KernelResultIteratorStatic<Box<dyn EngineData>>,
    ) -> KernelResult<FileSize> {
        self.inner.write_parquet_file(location, data)
    }
}

/// The root of the table, without links.
#[derive(Clone)]
struct Gate(Arc<Path>);

impl Gate {
    fn check_all(&self, files: &[FileMeta]) -> KernelResult<()> {
        files.iter().try_for_each(|file| self.check(&file.location))
    }

    fn check(&self, url: &Url) -> KernelResult<()> {
        check_file(&self.0, &self.path_of(url)?)
    }

    fn check_parquet(&self, files: &[FileMeta]) -> KernelResult<()> {
        for file in files {
            self.check(&file.location)?;
            let path = self.path_of(&file.location)?;
            let Ok(opened) = File::open(&path) else {
                continue; // its reader says why it cannot be read
            };
            if is_too_deep(&opened)? {
                return Err(KernelError::generic(too_deep(&path)));
            }
        }
        Ok(())
    }

    /// The file of a URL of the kernel's, for which the root is `file:///`.
    fn path_of(&self, url: &Url) -> KernelResult<PathBuf> {
        let path = match url.scheme() {
            "file" => url.to_file_path().ok(),
            _ => None,
        };
        let below = path.as_deref().and_then(|path| path.strip_prefix("/").ok());
        below
            .map(|below| self.0.join(below))
            .ok_or_else(|| outside(url.as_str()))
    }
}

/// Refuses a file that is outside the folder `root`, by a link, or no regular file. One that is not
/// there passes: whoever opens it says so.
pub fn check_file(root: &Path, path: &Path) -> KernelResult<()> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !real.starts_with(root) {
        return Err(outside(&path.to_string_lossy()));
    }
    match fs::metadata(&real)?.is_file() {
        true => Ok(()),
        false => Err(KernelError::generic(format!(
            "{} is not a regular file",
            path.display()
        ))),
    }
}

/// The same for readers of ours, whose root may have links.
pub fn check_before_open(root: &str, path: &Path) -> Outcome<()> {
    let real_root = fs::canonicalize(root).map_err(|error| Fault::of_file(&error, path))?;
    check_file(&real_root, path).map_err(|error| Fault::from(error).about(path.to_string_lossy()))
}

pub fn too_deep(path: &Path) -> String {
    format!("the schema of {} nests too deep", path.display())
}

fn outside(path: &str) -> KernelError {
    KernelError::unsupported(format!(
        "the table's log leads to \"{path}\", which is outside the table's folder"
    ))
}
