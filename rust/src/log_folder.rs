//! The files in the folder of a table's log, in the order of their names. A log may have 100,000
//! commits, of which a reader needs those after the last checkpoint: so a file is asked for its size
//! and time when the listing comes to it, not before.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use delta_kernel::log_segment_files::group_checkpoint_parts;
use delta_kernel::path::{CheckpointInstance, ParsedLogPath};
use delta_kernel::{FileMeta, KernelError, KernelResult};
use url::Url;

/// The digits of a version in the name of a file.
const VERSION_DIGITS: usize = 20;

pub struct LogFolder {
    path: PathBuf,
    url: Url,           // the kernel's, with a slash at its end
    names: Vec<String>, // sorted
}

impl LogFolder {
    /// Those names in the folder `path` that are not `hidden`. A folder that is not there has none.
    pub fn list(path: PathBuf, url: Url, hidden: &HashSet<String>) -> KernelResult<LogFolder> {
        let mut names = Vec::new();
        match fs::read_dir(&path) {
            Ok(entries) => {
                for entry in entries {
                    // Names that are no UTF-8 are nobody's; object_store's have a # while they are
                    // being written.
                    let name = entry?.file_name().into_string();
                    let is_seen = |name: &String| !name.contains('#') && !hidden.contains(name);
                    names.extend(name.ok().filter(is_seen));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        names.sort_unstable();
        Ok(LogFolder { path, url, names })
    }

    /// The files whose names are greater than `name`. One that is gone by then is passed over.
    pub fn after(mut self, name: &str) -> impl Iterator<Item = KernelResult<FileMeta>> + Send {
        let first = self.names.partition_point(|other| other.as_str() <= name);
        let names = self.names.split_off(first);
        let (path, url) = (self.path, self.url);
        names
            .into_iter()
            .filter_map(move |name| describe(&path, &url, &name).transpose())
    }

    /// The version of the last checkpoint that has all of its parts.
    pub fn last_checkpoint(&self) -> KernelResult<Option<u64>> {
        let is_same_version = |one: &String, other: &String| version_of(one) == version_of(other);
        for names in self.names.chunk_by(is_same_version).rev() {
            if let Some(version) = self.checkpoint_among(names)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    fn checkpoint_among(&self, names: &[String]) -> KernelResult<Option<u64>> {
        let mut parts = Vec::new();
        for name in names.iter().filter(|name| name.contains(".checkpoint.")) {
            // The kernel passes over empty ones.
            let file = describe(&self.path, &self.url, name)?.filter(|file| file.size > 0);
            let file = file.map(ParsedLogPath::try_from).transpose()?.flatten();
            parts.extend(file.filter(|file| file.is_checkpoint()));
        }
        let Some(version) = parts.first().map(|file| file.version) else {
            return Ok(None);
        };
        let is_complete = group_checkpoint_parts(parts)
            .iter()
            .any(|(instance, files)| files.len() == num_parts(instance));
        Ok(is_complete.then_some(version))
    }
}

fn version_of(name: &str) -> Option<&str> {
    name.get(..VERSION_DIGITS)
}

fn num_parts(checkpoint: &CheckpointInstance) -> usize {
    match checkpoint {
        CheckpointInstance::MultiPart { num_parts } => *num_parts as usize,
        _ => 1,
    }
}

/// None where the file is gone, or is a folder.
fn describe(folder: &Path, url: &Url, name: &str) -> KernelResult<Option<FileMeta>> {
    let metadata = match fs::metadata(folder.join(name)) {
        Ok(metadata) if metadata.is_dir() => return Ok(None),
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut location = url.clone();
    location
        .path_segments_mut()
        .map_err(|()| KernelError::generic(format!("{url} has no path")))?
        .pop_if_empty()
        .push(name);
    let modified = metadata.modified()?;
    let last_modified = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    };
    Ok(Some(FileMeta {
        location,
        last_modified,
        size: metadata.len(),
    }))
}
