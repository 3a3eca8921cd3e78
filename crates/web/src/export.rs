//! Tables that leave as a file: CSV, JSON or Parquet.

use crate::answer::Answer;
use crate::app::App;
use ::api::inventory::ExportFormat;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use model::table::Table;
use model::{Failure, Kind};
use serde::Deserialize;

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    pub format: ExportFormat,
    pub q: String,
}

/// The table as a file of this name.
pub(crate) fn file(app: &App, table: &Table, format: ExportFormat, name: &str) -> Answer {
    let bytes = match format {
        ExportFormat::Csv => table.csv().into_bytes(),
        ExportFormat::Json => table.json().into_bytes(),
        ExportFormat::Parquet => (app.parquet)(table)
            .map_err(|cause| Failure::new(Kind::Unavailable, "export", name.to_owned(), cause))?,
    };
    Ok(kept(bytes, format, name))
}

/// An answer that a browser keeps as a file of this name.
pub(crate) fn kept(body: impl Into<Body>, format: ExportFormat, name: &str) -> Response {
    let (kind, ending) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Json => ("application/json", "json"),
        ExportFormat::Parquet => ("application/vnd.apache.parquet", "parquet"),
    };
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, body.into()).into_response()
}
