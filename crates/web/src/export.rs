//! Tables that leave as a file: CSV, JSON or Parquet.

use crate::answer::Answer;
use crate::app::App;
use axum::http::header;
use axum::response::IntoResponse as _;
use model::table::Table;
use model::{Failure, Kind};
use serde::Deserialize;

/// As what a table is wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// RFC 4180.
    #[default]
    Csv,
    /// An array of objects.
    Json,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Its word in addresses, which is its file's extension too.
    const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    pub format: Format,
    pub q: String,
}

/// The table as a file of this name.
pub(crate) fn file(app: &App, table: &Table, format: Format, name: &str) -> Answer {
    let bytes = match format {
        Format::Csv => table.csv().into_bytes(),
        Format::Json => table.json().into_bytes(),
        Format::Parquet => (app.parquet)(table)
            .map_err(|cause| Failure::new(Kind::Unavailable, "export", name.to_owned(), cause))?,
    };
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.word());
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, bytes).into_response())
}
