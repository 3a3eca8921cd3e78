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

/// A file that goes out piece by piece: what was written of it.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    is_begun: bool,
    has_rows: bool,
}

impl Pieces {
    /// The next piece, as CSV or JSON: the head or the bracket stands before the first rows alone.
    pub(crate) fn next(&mut self, table: &Table, format: ExportFormat, is_last: bool) -> String {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if format == ExportFormat::Csv {
            let text = table.csv();
            return match text.split_once("\r\n") {
                Some((_head, rows)) if !is_first => rows.to_owned(),
                _ => text,
            };
        }
        let text = table.json();
        let rows = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or_default();
        let before = if is_first { "[" } else { "" };
        let comma = if self.has_rows && !rows.is_empty() { "," } else { "" };
        self.has_rows |= !rows.is_empty();
        format!("{before}{comma}{rows}{}", if is_last { "]\n" } else { "" })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::table::Type;

    #[test]
    fn pieces_put_together_are_one_file_wherever_a_page_is_empty() {
        let table = |names: &[&str]| {
            let mut table = Table::new(&[("name", Type::Text)]);
            table.rows = names.iter().map(|name| vec![(*name).into()]).collect();
            table
        };
        for pages in [vec![vec![]], vec![vec!["a"]], vec![vec![], vec!["a", "b"], vec![], vec!["c"], vec![]]]
        {
            let all: Vec<&str> = pages.concat();
            for (format, wanted) in
                [(ExportFormat::Csv, table(&all).csv()), (ExportFormat::Json, table(&all).json() + "\n")]
            {
                let mut pieces = Pieces::default();
                let written = pages
                    .iter()
                    .enumerate()
                    .map(|(number, page)| pieces.next(&table(page), format, number + 1 == pages.len()));
                assert_eq!(written.collect::<String>(), wanted, "{pages:?}");
            }
        }
    }
}
