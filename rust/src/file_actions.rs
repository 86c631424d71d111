//! The add and remove actions of the batches that the kernel reads. The kernel knows a file by the
//! text of its path, so it gets canonical paths to see; what it writes gets the paths back as the log
//! had them, since other readers compare texts too. And it takes a checkpoint for free of
//! contradictions, which writers that compare texts leave in it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex};

use delta_kernel::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, StringArray, StructArray,
};
use delta_kernel::arrow::compute::filter_record_batch;
use delta_kernel::arrow::datatypes::Int32Type;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::{DataType, SchemaRef, StructField, StructType};
use delta_kernel::{EngineData, FileDataReadResultIterator, KernelError, KernelResult};

use crate::canonical_path::{canonical, unclear};

const ACTIONS: [&str; 2] = ["add", "remove"];

/// What the batches of one table's log go through.
#[derive(Clone)]
pub struct FileActions {
    root: Arc<Path>,
    originals: Option<Arc<Mutex<Originals>>>,
    hasher: Arc<KeyHasher>,
}

impl FileActions {
    /// Of the table in the folder `root`, which has no links in it.
    pub fn new(root: Arc<Path>) -> FileActions {
        FileActions {
            root,
            originals: None,
            hasher: Arc::default(),
        }
    }

    /// The same, keeping in mind how the log spells the paths: 40 bytes for each file.
    pub fn remembering(&self) -> FileActions {
        FileActions {
            originals: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// Batches of a log, newest first, with canonical paths.
    fn seen_by_kernel(&self, batches: FileDataReadResultIterator) -> FileDataReadResultIterator {
        let this = self.clone();
        Box::new(batches.map(move |data| this.canonicalize(record_batch(data?)?).map(boxed)))
    }

    /// Batches of commits, as above. Where a commit has a file as added and as removed, the kernel takes
    /// its first word, and Spark its last: the others are left out. (Delta does not allow it. It is
    /// looked for in each batch, of which a commit has one for a thousand actions.)
    pub fn of_commits(&self, batches: FileDataReadResultIterator) -> FileDataReadResultIterator {
        let this = self.clone();
        let batches = self.seen_by_kernel(batches);
        Box::new(batches.map(move |data| this.last_words(record_batch(data?)?).map(boxed)))
    }

    /// Batches of one checkpoint, as above, and without the files that it also calls removed, or has
    /// twice. `read` reads it once more, for its keys.
    pub fn of_checkpoint(
        &self,
        batches: FileDataReadResultIterator,
        read: impl FnOnce(SchemaRef) -> KernelResult<FileDataReadResultIterator>,
    ) -> KernelResult<FileDataReadResultIterator> {
        let this = self.clone();
        let mut gone = self.removed_by(read(keys_schema()?)?)?;
        let batches = self.seen_by_kernel(batches);
        Ok(Box::new(batches.map(move |data| {
            let batch = record_batch(data?)?;
            let adds = this.hasher.keys(&batch, "add")?;
            let keep: BooleanArray = adds
                .iter()
                .map(|key| Some(key.is_none_or(|key| gone.insert(key))))
                .collect();
            Ok(boxed(filter_record_batch(&batch, &keep)?))
        })))
    }

    /// The batch with the paths of its actions as the log has them.
    pub fn as_logged(&self, data: Box<dyn EngineData>) -> KernelResult<Box<dyn EngineData>> {
        let mut batch = record_batch(data)?;
        for action in ACTIONS {
            batch = with_paths(batch, action, |path| Ok(self.original(action, path)))?;
        }
        Ok(boxed(batch))
    }

    /// The path of a live file as the log has it. For those of `remembering` only.
    pub fn original<'a>(&self, action: &str, path: &'a str) -> Cow<'a, str> {
        let originals = self.originals.as_ref().and_then(|known| known.lock().ok());
        let key = self.hasher.hash(&(action, path));
        match originals.as_ref().and_then(|known| known.get(&key)) {
            Some(Some(original)) => Cow::Owned(original.to_string()),
            _ => Cow::Borrowed(path),
        }
    }

    fn canonicalize(&self, mut batch: RecordBatch) -> KernelResult<RecordBatch> {
        for action in ACTIONS {
            batch = with_paths(batch, action, |logged| {
                let path = canonical(&self.root, logged)
                    .map_err(|why| KernelError::generic(unclear(logged, &why)))?;
                self.remember(action, &path, logged);
                Ok(path)
            })?;
        }
        Ok(batch)
    }

    /// The newest spelling is the one that counts.
    fn remember(&self, action: &str, path: &str, logged: &str) {
        let Some(Ok(mut originals)) = self.originals.as_ref().map(|known| known.lock()) else {
            return;
        };
        let key = self.hasher.hash(&(action, path));
        let is_other = path != logged;
        originals
            .entry(key)
            .or_insert_with(|| is_other.then(|| logged.into()));
    }

    fn last_words(&self, batch: RecordBatch) -> KernelResult<RecordBatch> {
        let adds = self.hasher.keys(&batch, "add")?;
        let removes = self.hasher.keys(&batch, "remove")?;
        let has_any = |keys: &[Option<u128>]| keys.iter().any(Option::is_some);
        if !has_any(&adds) || !has_any(&removes) {
            return Ok(batch);
        }
        let mut seen = HashSet::new();
        let actions = adds.into_iter().zip(removes).rev();
        let mut keep: Vec<bool> = actions
            .map(|(add, remove)| add.or(remove).is_none_or(|key| seen.insert(key)))
            .collect();
        keep.reverse();
        Ok(filter_record_batch(&batch, &BooleanArray::from(keep))?)
    }

    /// The files that a checkpoint calls removed. Where it has one both as added and as removed under
    /// the same spelling, its last word counts, as in Spark. Under two spellings the file is gone: its
    /// writer did not know that the one that it removed is the one that it still had.
    fn removed_by(&self, keys: FileDataReadResultIterator) -> KernelResult<HashSet<u128>> {
        let this = FileActions {
            originals: None,
            ..self.clone()
        };
        let mut removed: HashMap<u128, u128> = HashMap::new(); // to the hash of the spelling
        for data in keys {
            let logged = record_batch(data?)?;
            let batch = this.canonicalize(logged.clone())?;
            let spellings = ACTIONS.map(|action| this.spellings(&logged, action));
            let adds = this.hasher.keys(&batch, "add")?;
            let removes = this.hasher.keys(&batch, "remove")?;
            for (row, (add, remove)) in adds.into_iter().zip(removes).enumerate() {
                let spelling = |action: usize| spellings[action][row];
                if let Some(key) = remove {
                    removed.insert(key, spelling(1));
                }
                if add.is_some_and(|key| removed.get(&key) == Some(&spelling(0))) {
                    removed.remove(&add.unwrap_or_default());
                }
            }
        }
        Ok(removed.into_keys().collect())
    }

    fn spellings(&self, batch: &RecordBatch, action: &str) -> Vec<u128> {
        let paths = struct_column(batch, action).and_then(|files| paths_of(files).ok());
        match paths {
            Some(paths) => paths.iter().map(|path| self.hasher.hash(&path)).collect(),
            None => vec![0; batch.num_rows()],
        }
    }
}

/// By the hash of action and canonical path: the path as the log has it, where it is another.
type Originals = HashMap<u128, Option<Box<str>>>;

#[derive(Default)]
struct KeyHasher(RandomState, RandomState);

impl KeyHasher {
    fn hash(&self, value: &impl std::hash::Hash) -> u128 {
        u128::from(self.0.hash_one(value)) << 64 | u128::from(self.1.hash_one(value))
    }

    /// Which file each action of a kind is about: path and deletion vector. None in rows of others.
    fn keys(&self, batch: &RecordBatch, action: &str) -> KernelResult<Vec<Option<u128>>> {
        let Some(files) = struct_column(batch, action) else {
            return Ok(vec![None; batch.num_rows()]);
        };
        let paths = paths_of(files)?;
        let vectors = VectorIds::of(files);
        let key = |row| {
            let path = paths.is_valid(row).then(|| paths.value(row))?;
            let is_there = files.is_valid(row);
            is_there.then(|| self.hash(&(path, vectors.as_ref().and_then(|ids| ids.at(row)))))
        };
        Ok((0..batch.num_rows()).map(key).collect())
    }
}

/// What Delta calls the unique id of a deletion vector.
struct VectorIds<'a> {
    storage: &'a StringArray,
    path: &'a StringArray,
    offset: &'a Int32Array,
}

impl<'a> VectorIds<'a> {
    fn of(files: &'a StructArray) -> Option<VectorIds<'a>> {
        let vector = files.column_by_name("deletionVector")?.as_struct_opt()?;
        Some(VectorIds {
            storage: vector.column_by_name("storageType")?.as_string_opt()?,
            path: vector.column_by_name("pathOrInlineDv")?.as_string_opt()?,
            offset: vector
                .column_by_name("offset")?
                .as_primitive_opt::<Int32Type>()?,
        })
    }

    fn at(&self, row: usize) -> Option<(&'a str, &'a str, Option<i32>)> {
        let offset = self.offset.is_valid(row).then(|| self.offset.value(row));
        let is_there = self.storage.is_valid(row) && self.path.is_valid(row);
        is_there.then(|| (self.storage.value(row), self.path.value(row), offset))
    }
}

/// Whether batches of this schema say which files there are.
pub fn has_files(schema: &StructType) -> bool {
    match schema.field("add").map(|add| add.data_type()) {
        Some(DataType::Struct(add)) => add.field("path").is_some(),
        _ => false,
    }
}

fn keys_schema() -> KernelResult<SchemaRef> {
    let vector = StructType::try_new([
        StructField::nullable("storageType", DataType::STRING),
        StructField::nullable("pathOrInlineDv", DataType::STRING),
        StructField::nullable("offset", DataType::INTEGER),
    ])?;
    let file = StructType::try_new([
        StructField::nullable("path", DataType::STRING),
        StructField::nullable("deletionVector", vector),
    ])?;
    let actions = ACTIONS.map(|action| StructField::nullable(action, file.clone()));
    Ok(Arc::new(StructType::try_new(actions)?))
}

/// The batch with other paths in the actions of one kind.
fn with_paths(
    batch: RecordBatch,
    action: &str,
    path_for: impl Fn(&str) -> KernelResult<Cow<str>>,
) -> KernelResult<RecordBatch> {
    let Some(files) = struct_column(&batch, action) else {
        return Ok(batch);
    };
    let Some(paths) = mapped(paths_of(files)?, path_for)? else {
        return Ok(batch);
    };
    let schema = batch.schema();
    let (fields, mut columns, nulls) = files.clone().into_parts();
    columns[fields.find("path").map_or(0, |(index, _)| index)] = Arc::new(paths);
    let files: ArrayRef = Arc::new(StructArray::try_new(fields, columns, nulls)?);
    let mut columns = batch.columns().to_vec();
    columns[schema.index_of(action)?] = files;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// None where all stay as they are.
pub fn mapped(
    paths: &StringArray,
    path_for: impl Fn(&str) -> KernelResult<Cow<str>>,
) -> KernelResult<Option<StringArray>> {
    let new: Vec<Option<Cow<str>>> = paths
        .iter()
        .map(|path| path.map(&path_for).transpose())
        .collect::<KernelResult<_>>()?;
    let has_change = new.iter().any(|path| matches!(path, Some(Cow::Owned(_))));
    Ok(has_change.then(|| StringArray::from_iter(new)))
}

fn struct_column<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a StructArray> {
    let files = batch.column_by_name(name)?.as_struct_opt()?;
    files.column_by_name("path").map(|_| files)
}

fn paths_of(files: &StructArray) -> KernelResult<&StringArray> {
    let paths = files.column_by_name("path");
    let paths = paths.and_then(|column| column.as_string_opt::<i32>());
    paths.ok_or_else(|| KernelError::missing_column("path"))
}

fn record_batch(data: Box<dyn EngineData>) -> KernelResult<RecordBatch> {
    Ok((*ArrowEngineData::try_from_engine_data(data)?).into())
}

fn boxed(batch: RecordBatch) -> Box<dyn EngineData> {
    Box::new(ArrowEngineData::new(batch))
}
