//! What the kernel may open. A log is written by whoever may write the table, and it names files:
//! sidecars, deletion vectors. The engine here hands to the kernel's own what is a regular file below
//! the table's root, no link leads out of it, and is no trap for a reader; the rest is refused. Above
//! all nothing is fetched from the network: the kernel's engine would follow a signed https address.
//!
//! Nor does the kernel see `_last_checkpoint`: it is a hint that may be wrong or out of date, and the
//! kernel refuses a table whose hinted checkpoint is gone. It is told the last one that the folder has.
//! Actions of the log pass through `file_actions`.

use std::collections::HashSet;
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
use crate::file_actions::{has_files, FileActions};
use crate::log_folder::LogFolder;
use crate::parquet_nesting::is_too_deep;

const HINT: &str = "_last_checkpoint";

/// An engine that reads what `check` lets pass.
#[derive(Clone)]
pub struct GuardedEngine {
    inner: Arc<dyn Engine>,
    view: View,
}

/// What of the table the engine lets see, and how.
#[derive(Clone)]
struct View {
    gate: Gate,
    hidden: Arc<HashSet<String>>, // names of files of the log
    actions: FileActions,
}

impl View {
    fn list(&self, folder: Url) -> KernelResult<LogFolder> {
        LogFolder::list(self.gate.path_of(&folder)?, folder, &self.hidden)
    }
}

impl GuardedEngine {
    /// For the table in the folder `root`, of which `inner` sees the file system below.
    pub fn new(inner: Arc<dyn Engine>, root: &str) -> GuardedEngine {
        let root = fs::canonicalize(root).unwrap_or_else(|_| PathBuf::from(root));
        let root: Arc<Path> = root.into();
        let view = View {
            gate: Gate(root.clone()),
            hidden: Arc::default(),
            actions: FileActions::new(root),
        };
        GuardedEngine { inner, view }
    }

    /// An engine that does not see these files of the log.
    pub fn without(&self, names: HashSet<String>) -> GuardedEngine {
        self.with(View {
            hidden: Arc::new(names),
            ..self.view.clone()
        })
    }

    /// An engine that knows how the log spells the paths that it reads, and writes them so.
    pub fn remembering(&self) -> GuardedEngine {
        self.with(View {
            actions: self.view.actions.remembering(),
            ..self.view.clone()
        })
    }

    pub fn actions(&self) -> &FileActions {
        &self.view.actions
    }

    fn with(&self, view: View) -> GuardedEngine {
        let inner = self.inner.clone();
        GuardedEngine { inner, view }
    }

    fn guard<Handler: ?Sized>(&self, inner: Arc<Handler>) -> Arc<GuardedHandler<Handler>> {
        let view = self.view.clone();
        Arc::new(GuardedHandler { view, inner })
    }
}

impl Engine for GuardedEngine {
    fn evaluation_handler(&self) -> Arc<dyn EvaluationHandler> {
        self.inner.evaluation_handler()
    }

    fn storage_handler(&self) -> Arc<dyn StorageHandler> {
        self.guard(self.inner.storage_handler())
    }

    fn json_handler(&self) -> Arc<dyn JsonHandler> {
        self.guard(self.inner.json_handler())
    }

    fn parquet_handler(&self) -> Arc<dyn ParquetHandler> {
        self.guard(self.inner.parquet_handler())
    }
}

struct GuardedHandler<Handler: ?Sized> {
    view: View,
    inner: Arc<Handler>,
}

impl StorageHandler for GuardedHandler<dyn StorageHandler> {
    fn list_from(&self, path: &Url) -> KernelResult<KernelResultIteratorStatic<FileMeta>> {
        let name = path.path_segments().and_then(Iterator::last);
        let folder = self.view.list(path.join(".")?)?;
        Ok(Box::new(folder.after(name.unwrap_or_default())))
    }

    fn read_files(&self, files: Vec<FileSlice>) -> KernelResult<KernelResultIteratorStatic<Bytes>> {
        if let [(url, _)] = &files[..] {
            if url.path().ends_with(HINT) {
                let version = self.view.list(url.join(".")?)?.last_checkpoint()?;
                let hint = version.map(|version| format!("{{\"version\":{version},\"size\":-1}}"));
                return Ok(Box::new(hint.into_iter().map(|hint| Ok(hint.into()))));
            }
        }
        files
            .iter()
            .try_for_each(|(url, _)| self.view.gate.check(url))?;
        self.inner.read_files(files)
    }

    fn copy_atomic(&self, from: &Url, to: &Url) -> KernelResult<()> {
        self.view.gate.check(from)?;
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
        self.view.gate.check_all(files)?;
        let read = |schema, predicate| self.inner.read_json_files(files, schema, predicate);
        let is_checkpoint = files
            .iter()
            .any(|file| file.location.path().contains(".checkpoint."));
        let batches = read(physical_schema.clone(), predicate)?;
        let actions = &self.view.actions;
        match (has_files(&physical_schema), is_checkpoint) {
            (false, _) => Ok(batches),
            (true, true) => actions.of_checkpoint(batches, |schema| read(schema, None)),
            (true, false) => Ok(actions.of_commits(batches)),
        }
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
        self.view.gate.check_parquet(files)?;
        let read = |schema, predicate| self.inner.read_parquet_files(files, schema, predicate);
        let batches = read(physical_schema.clone(), predicate)?;
        match has_files(&physical_schema) {
            true => {
                let actions = &self.view.actions;
                actions.of_checkpoint(batches, |schema| read(schema, None))
            }
            false => Ok(batches),
        }
    }

    fn read_parquet_footer(&self, file: &FileMeta) -> KernelResult<ParquetFooter> {
        self.view.gate.check_parquet(std::slice::from_ref(file))?;
        self.inner.read_parquet_footer(file)
    }

    fn write_parquet_file(
        &self,
        location: Url,
        data: KernelResultIteratorStatic<Box<dyn EngineData>>,
    ) -> KernelResult<FileSize> {
        let actions = self.view.actions.clone();
        let data = data.map(move |batch| actions.as_logged(batch?));
        self.inner.write_parquet_file(location, Box::new(data))
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
