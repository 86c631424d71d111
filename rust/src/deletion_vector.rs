//! Deletion vectors: the numbers of a file's deleted rows.

use std::path::{Component, Path};

use delta_kernel::actions::deletion_vector::{DeletionVectorDescriptor, DeletionVectorStorageType};
use delta_kernel::{Engine, KernelError};
use url::Url;

use crate::engine::ROOT_URL;
use crate::failure::{Fault, Outcome};
use crate::ffi::{DeletionVectorPlace, FailureCode};
use crate::table::Table;

/// Reads the deletion vector of a file with `file_rows` rows, and sets the bits of those that it
/// deletes; its checksum and its cardinality must be right. A vector of a few bytes can have as many
/// rows as it likes: they are counted, and compared with what the log and the file say, before they
/// are gone through.
pub fn mark_deleted_rows(
    table: &Table,
    place: &DeletionVectorPlace,
    file_rows: i64,
    bitmap: &mut [u8],
) -> Outcome<()> {
    let about = |fault: Fault| fault.about(&place.path_or_inline);
    let descriptor = describe(table, place).map_err(about)?;
    let root = Url::parse(ROOT_URL).map_err(KernelError::from)?;
    let rows = descriptor
        .read(table.engine.storage_handler(), &root)
        .map_err(|error| match error {
            KernelError::FileNotFound(file) => missing(table, &file),
            error => about(Fault::from(error)),
        })?;
    let corrupt = |message: String| Err(about(Fault::new(FailureCode::CorruptLog, message)));
    if i64::try_from(rows.len()) != Ok(place.cardinality) {
        return corrupt(format!(
            "a deletion vector has {} rows where the log says {}",
            rows.len(),
            place.cardinality
        ));
    }
    let last = rows
        .max()
        .map_or(-1, |row| i64::try_from(row).unwrap_or(i64::MAX));
    if last >= file_rows {
        return corrupt(format!(
            "a deletion vector deletes row {last} of a file with {file_rows} rows"
        ));
    }
    for row in rows {
        let byte = usize::try_from(row / 8).ok();
        if let Some(bits) = byte.and_then(|byte| bitmap.get_mut(byte)) {
            *bits |= 1 << (row % 8);
        }
    }
    Ok(())
}

fn describe(table: &Table, place: &DeletionVectorPlace) -> Outcome<DeletionVectorDescriptor> {
    let storage_type: DeletionVectorStorageType = place.storage_type.parse()?;
    let path = match storage_type {
        DeletionVectorStorageType::PersistedAbsolute => inside(table, &place.path_or_inline)?,
        _ => place.path_or_inline.clone(),
    };
    let offset = place.has_offset.then_some(place.offset);
    Ok(DeletionVectorDescriptor::try_new(
        storage_type,
        path,
        offset,
        place.size_bytes,
        place.cardinality,
    )?)
}

/// An absolute URL inside the table's folder, as the engine sees it; others are refused.
fn inside(table: &Table, absolute: &str) -> Outcome<String> {
    let url = Url::parse(absolute).map_err(KernelError::from)?;
    let path = url.to_file_path().ok();
    let relative = path
        .as_deref()
        .and_then(|path| path.strip_prefix(&table.root).ok());
    match relative {
        Some(relative) if stays_below(relative) => {
            let seen = Path::new("/").join(relative);
            let seen = Url::from_file_path(seen);
            seen.map(|url| url.to_string())
                .map_err(|_| outside(absolute))
        }
        _ => Err(outside(absolute)),
    }
}

fn stays_below(relative: &Path) -> bool {
    relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

/// `file` as the engine sees it.
fn missing(table: &Table, file: &str) -> Fault {
    let path = Path::new(&table.root).join(file.trim_start_matches('/'));
    let message = "a deletion vector, which says what rows of a data file are deleted, is missing";
    Fault::new(FailureCode::DataFileMissing, message).about(path.to_string_lossy())
}

fn outside(path: &str) -> Fault {
    let message = "a deletion vector is outside the table's folder (a shallow clone)";
    Fault::new(FailureCode::UnsupportedFeature, message).about(path)
}
