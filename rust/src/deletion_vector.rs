//! Deletion vectors: the numbers of a file's deleted rows.

use std::path::{Component, Path};

use delta_kernel::actions::deletion_vector::{DeletionVectorDescriptor, DeletionVectorStorageType};
use delta_kernel::KernelError;
use url::Url;

use crate::engine::ROOT_URL;
use crate::failure::{Fault, Outcome};
use crate::ffi::{DeletionVectorPlace, FailureCode};
use crate::table::Table;

/// Reads a deletion vector; its checksum and its cardinality must be right.
pub fn deleted_rows(table: &Table, place: &DeletionVectorPlace) -> Outcome<Vec<u64>> {
    let descriptor = describe(table, place).map_err(|fault| fault.about(&place.path_or_inline))?;
    let root = Url::parse(ROOT_URL).map_err(KernelError::from)?;
    let rows = descriptor
        .row_indexes(table.engine.storage_handler(), &root)
        .map_err(|error| Fault::from(error).about(&place.path_or_inline))?;
    if rows.len() as i64 != place.cardinality {
        let message = format!(
            "a deletion vector has {} rows where the log says {}",
            rows.len(),
            place.cardinality
        );
        return Err(Fault::new(FailureCode::CorruptLog, message).about(&place.path_or_inline));
    }
    Ok(rows)
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

fn outside(path: &str) -> Fault {
    let message = "a deletion vector is outside the table's folder (a shallow clone)";
    Fault::new(FailureCode::UnsupportedFeature, message).about(path)
}
