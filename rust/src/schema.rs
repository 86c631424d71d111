//! Schemas: Delta's to Arrow for readers, Arrow's to Delta for writers.

use std::collections::HashMap;
use std::sync::Arc;

use delta_kernel::arrow::datatypes::{
    DataType as ArrowType, Field as ArrowField, FieldRef, Fields, Schema as ArrowSchema, TimeUnit,
};
use delta_kernel::arrow::error::ArrowError;
use delta_kernel::engine::arrow_conversion::{TryFromArrow, TryIntoArrow};
use delta_kernel::schema::{DataType, PrimitiveType, SchemaRef, StructType};
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::KernelError;
use serde_json::Value;

use crate::failure::{Fault, Outcome};
use crate::ffi::FailureCode;

const PARQUET_FIELD_ID: &str = "PARQUET:field_id";
const COLUMN_MAPPING_ID: &str = "delta.columnMapping.id";
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

/// The only metadata that a column brings along into a table of ours: other keys are duties (defaults,
/// constraints, generated columns) or belong to the table and file that the column came from.
const KEPT_METADATA: &str = "comment";

/// Levels of structs, arrays and maps. A map has two in Arrow's C interface, which bears 64.
const DEEPEST_TYPE: usize = 30;

/// "none", "name" or "id".
pub fn column_mapping_name(mode: ColumnMappingMode) -> String {
    match mode {
        ColumnMappingMode::None => "none",
        ColumnMappingMode::Name => "name",
        ColumnMappingMode::Id => "id",
    }
    .to_string()
}

/// The logical schema. A table with column mapping gets Arrow's Parquet field id on each field that
/// has one, so that a reader of files can find columns by id.
pub fn to_arrow(snapshot: &SnapshotRef) -> Outcome<ArrowSchema> {
    let logical = snapshot.schema();
    let arrow: ArrowSchema = logical
        .as_ref()
        .try_into_arrow()
        .map_err(unsupported_type)?;
    match snapshot.table_configuration().column_mapping_mode() {
        ColumnMappingMode::None => Ok(arrow),
        _ => Ok(ArrowSchema::new(with_field_ids(arrow.fields()))),
    }
}

/// Delta's schema for `arrow`, whose columns keep their comments and no other metadata; in a table that
/// `maps` its columns also the names and ids by which files have them.
pub fn to_delta(arrow: &ArrowSchema, maps: bool) -> Outcome<SchemaRef> {
    for field in arrow.fields() {
        refuse_inexact(field.data_type(), field.name())?;
    }
    let plain = ArrowSchema::new(with_kept_metadata(arrow.fields(), maps));
    let mut delta = StructType::try_from_arrow(&plain).map_err(bad_schema)?;
    if maps {
        delta = with_numeric_ids(&delta)?;
    }
    refuse_types(&delta, "", 0)?;
    Ok(Arc::new(delta))
}

/// Refuses types that have no exact Arrow form. (A column of VOID is one of Arrow's null type.)
pub fn check_types(snapshot: &SnapshotRef) -> Outcome<()> {
    refuse_types(snapshot.schema().as_ref(), "", 0)
}

fn refuse_types(fields: &StructType, above: &str, depth: usize) -> Outcome<()> {
    for field in fields.fields() {
        let name = format!("{above}{}", field.name());
        refuse_type(field.data_type(), &name, depth + 1)?;
    }
    Ok(())
}

fn refuse_type(data_type: &DataType, name: &str, depth: usize) -> Outcome<()> {
    if depth > DEEPEST_TYPE {
        let message = format!("a column nests deeper than {DEEPEST_TYPE} levels");
        return Err(Fault::new(FailureCode::UnsupportedType, message).about(name));
    }
    match data_type {
        DataType::Struct(fields) => refuse_types(fields, &format!("{name}."), depth),
        DataType::Array(array) => {
            refuse_type(array.element_type(), &format!("{name}.element"), depth + 1)
        }
        DataType::Map(map) => {
            refuse_type(map.key_type(), &format!("{name}.key"), depth + 1)?;
            refuse_type(map.value_type(), &format!("{name}.value"), depth + 1)
        }
        DataType::Primitive(
            primitive @ (PrimitiveType::IntervalYearMonth | PrimitiveType::IntervalDayTime),
        ) => Err(refused(name, primitive)),
        DataType::Variant(_) => Err(refused(name, "variant")),
        _ => Ok(()),
    }
}

fn refused(name: &str, type_name: impl std::fmt::Display) -> Fault {
    let message = format!("column \"{name}\" has the type {type_name}");
    Fault::new(FailureCode::UnsupportedType, message).about(name)
}

/// Refuses Arrow types that the kernel would write as a Delta type of other values, and the null type:
/// a column of VOID is in no file, so a new table has none.
fn refuse_inexact(arrow: &ArrowType, name: &str) -> Outcome<()> {
    match arrow {
        ArrowType::Null => {}
        ArrowType::UInt8 | ArrowType::UInt16 | ArrowType::UInt32 | ArrowType::UInt64 => {}
        ArrowType::Date64 | ArrowType::FixedSizeBinary(_) | ArrowType::FixedSizeList(_, _) => {}
        ArrowType::Timestamp(unit, _) if *unit != TimeUnit::Microsecond => {}
        ArrowType::Struct(fields) => {
            let mut fields = fields.iter();
            return fields
                .try_for_each(|f| refuse_inexact(f.data_type(), &format!("{name}.{}", f.name())));
        }
        ArrowType::List(inner) | ArrowType::LargeList(inner) | ArrowType::Map(inner, _) => {
            return refuse_inexact(inner.data_type(), name);
        }
        _ => return Ok(()),
    }
    Err(refused(name, arrow))
}

fn with_field_ids(fields: &Fields) -> Fields {
    map_fields(fields, &|field| {
        let mut metadata = field.metadata().clone();
        if let Some(id) = metadata.get(COLUMN_MAPPING_ID).cloned() {
            metadata.insert(PARQUET_FIELD_ID.to_string(), id);
        }
        metadata.into()
    })
}

fn with_kept_metadata(fields: &Fields, maps: bool) -> Fields {
    map_fields(fields, &|field| {
        let metadata = field.metadata().iter();
        metadata
            .filter(|(key, _)| {
                let is_mapping = *key == COLUMN_MAPPING_ID || *key == PHYSICAL_NAME;
                *key == KEPT_METADATA || (maps && is_mapping)
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    })
}

/// Arrow's metadata are texts; an id is a number in Delta's.
fn with_numeric_ids(schema: &StructType) -> Outcome<StructType> {
    let mut json = serde_json::to_value(schema).map_err(KernelError::MalformedJson)?;
    make_ids_numeric(&mut json);
    Ok(serde_json::from_value(json).map_err(KernelError::MalformedJson)?)
}

fn make_ids_numeric(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(make_ids_numeric),
        Value::Object(members) => {
            for (key, member) in members {
                let number = member.as_str().and_then(|text| text.parse::<i64>().ok());
                match number {
                    Some(id) if key == COLUMN_MAPPING_ID => *member = Value::from(id),
                    _ => make_ids_numeric(member),
                }
            }
        }
        _ => {}
    }
}

type MetadataOf<'a> = &'a dyn Fn(&ArrowField) -> HashMap<String, String>;

/// The same fields with other metadata, at every depth.
fn map_fields(fields: &Fields, metadata_of: MetadataOf) -> Fields {
    fields
        .iter()
        .map(|field| map_field(field, metadata_of))
        .collect()
}

fn map_field(field: &FieldRef, metadata_of: MetadataOf) -> FieldRef {
    let data_type = match field.data_type() {
        ArrowType::Struct(fields) => ArrowType::Struct(map_fields(fields, metadata_of)),
        ArrowType::List(element) => ArrowType::List(map_field(element, metadata_of)),
        ArrowType::LargeList(element) => ArrowType::LargeList(map_field(element, metadata_of)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(map_field(entries, metadata_of), *sorted),
        other => other.clone(),
    };
    let mapped = ArrowField::new(field.name(), data_type, field.is_nullable());
    Arc::new(mapped.with_metadata(metadata_of(field)))
}

/// Names that Delta cannot have together, or a type that it does not have.
fn bad_schema(error: ArrowError) -> Fault {
    let is_kernels = matches!(&error, ArrowError::ExternalError(inner)
        if matches!(inner.downcast_ref(), Some(KernelError::Schema(_) | KernelError::Generic(_))));
    let code = if is_kernels {
        FailureCode::BadDefinition
    } else {
        FailureCode::UnsupportedType
    };
    Fault::new(code, error.to_string())
}

fn unsupported_type(error: ArrowError) -> Fault {
    Fault::new(FailureCode::UnsupportedType, error.to_string())
}
