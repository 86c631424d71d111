//! Committers of ours, the kernel's last step of a transaction. The kernel gives them its actions;
//! `LogCommitter` adds what the kernel has no way to say (a new schema, statistics in their final
//! form) and puts the whole commit into the log in one file that must not exist yet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use delta_kernel::committer::{CommitMetadata, CommitResponse, Committer, PublishMetadata};
use delta_kernel::engine::to_json_bytes;
use delta_kernel::{
    Engine, FileMeta, FilteredEngineData, KernelError, KernelResult, KernelResultIterator,
};
use serde_json::Value;

/// What a commit has beyond the kernel's actions; each line is one action as JSON.
#[derive(Default)]
pub struct Additions {
    pub is_blind_append: bool,
    pub definition: Vec<String>, // protocol and metaData: directly after commitInfo
    pub files: Vec<String>,      // add actions: at the end
}

/// Writes a commit to the log of the engine's folder.
pub struct LogCommitter {
    additions: Additions,
    is_written: Arc<AtomicBool>,
}

impl LogCommitter {
    /// `is_written` becomes true when the commit is in the log, whatever the kernel then makes of it.
    pub fn new(additions: Additions, is_written: Arc<AtomicBool>) -> Self {
        LogCommitter {
            additions,
            is_written,
        }
    }
}

impl Committer for LogCommitter {
    fn commit(
        &self,
        engine: &dyn Engine,
        actions: KernelResultIterator<'_, FilteredEngineData>,
        metadata: CommitMetadata,
    ) -> KernelResult<CommitResponse> {
        let version = metadata.version();
        let url = metadata.published_commit_path()?;
        let text = complete(to_json_bytes(actions)?, &self.additions)?;
        let size = text.len() as u64;
        match engine.storage_handler().put(&url, Bytes::from(text), false) {
            Ok(()) => {
                self.is_written.store(true, Ordering::Release);
                let file_meta = FileMeta::new(url, metadata.in_commit_timestamp(), size);
                Ok(CommitResponse::Committed { file_meta })
            }
            Err(KernelError::FileAlreadyExists(_)) => Ok(CommitResponse::Conflict { version }),
            Err(error) => Err(error),
        }
    }

    fn is_catalog_committer(&self) -> bool {
        false
    }

    fn publish(&self, _engine: &dyn Engine, _publish: PublishMetadata) -> KernelResult<()> {
        Ok(())
    }
}

/// Writes nothing: keeps the lines that the kernel would commit.
pub struct CapturingCommitter {
    lines: Arc<Mutex<Vec<String>>>,
}

impl CapturingCommitter {
    pub fn new(lines: Arc<Mutex<Vec<String>>>) -> Self {
        CapturingCommitter { lines }
    }
}

impl Committer for CapturingCommitter {
    fn commit(
        &self,
        _engine: &dyn Engine,
        actions: KernelResultIterator<'_, FilteredEngineData>,
        metadata: CommitMetadata,
    ) -> KernelResult<CommitResponse> {
        let text = String::from_utf8(to_json_bytes(actions)?).map_err(KernelError::generic_err)?;
        let mut lines = self
            .lines
            .lock()
            .map_err(|_| KernelError::generic("a poisoned lock"))?;
        lines.extend(text.lines().map(str::to_string));
        Ok(CommitResponse::Conflict {
            version: metadata.version(),
        })
    }

    fn is_catalog_committer(&self) -> bool {
        false
    }

    fn publish(&self, _engine: &dyn Engine, _publish: PublishMetadata) -> KernelResult<()> {
        Ok(())
    }
}

/// The commit's text: commitInfo, the definition, the kernel's other actions, the added files.
fn complete(kernel_lines: Vec<u8>, additions: &Additions) -> KernelResult<Vec<u8>> {
    let end = kernel_lines
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(kernel_lines.len());
    let (first, rest) = kernel_lines.split_at(end);
    let added: usize = additions.files.iter().map(|line| line.len() + 1).sum();
    let mut text = Vec::with_capacity(kernel_lines.len() + added + 4096);
    text.extend_from_slice(&commit_info(first, additions.is_blind_append)?);
    text.push(b'\n');
    for line in &additions.definition {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(rest.strip_prefix(b"\n").unwrap_or(rest));
    for line in &additions.files {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    Ok(text)
}

/// The commitInfo action with the word that readers of the history look for.
fn commit_info(line: &[u8], is_blind_append: bool) -> KernelResult<Vec<u8>> {
    let mut action: Value = serde_json::from_slice(line).map_err(KernelError::MalformedJson)?;
    let info = action.get_mut("commitInfo").and_then(Value::as_object_mut);
    let info = info.ok_or_else(|| KernelError::generic("a commit must start with commitInfo"))?;
    info.insert("isBlindAppend".to_string(), Value::Bool(is_blind_append));
    serde_json::to_vec(&action).map_err(KernelError::MalformedJson)
}
