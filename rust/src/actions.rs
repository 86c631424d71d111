//! Actions of the log as Spillway writes them, and reads back its own.

use std::collections::BTreeMap;

use delta_kernel::KernelError;
use serde::{Deserialize, Serialize};

use crate::failure::Outcome;
use crate::protocol_version::Protocol;

#[derive(Serialize, Deserialize, Clone)]
pub struct Format {
    provider: String,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    format: Format,
    schema_string: String,
    partition_columns: Vec<String>,
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Add<'a> {
    pub path: &'a str,
    pub partition_values: BTreeMap<&'a str, Option<&'a str>>,
    pub size: i64,
    pub modification_time: i64,
    pub data_change: bool,
    pub stats: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Txn<'a> {
    pub app_id: &'a str,
    pub version: i64,
    pub last_updated: i64, // ms since 1970
}

/// An action to write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action<'a> {
    Protocol(&'a Protocol),
    MetaData(&'a Metadata),
    Txn(Txn<'a>),
    Add(Add<'a>),
}

/// What is looked for in a line of the log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionAction {
    pub protocol: Option<Protocol>,
    pub meta_data: Option<Metadata>,
}

/// The log's line for `action`.
pub fn line(action: &Action) -> Outcome<String> {
    Ok(serde_json::to_string(action).map_err(KernelError::MalformedJson)?)
}
