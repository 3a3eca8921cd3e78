//! Parts as a file: CSV and JSON go out as they are read, in bounded memory; Parquet is made whole.

use crate::app::App;
use crate::export;
use ::api::inventory::{ExportFormat, FleetPart};
use axum::body::{Body, Bytes};
use axum::response::Response;
use control::history::Parts;
use control::history::parts::FoundPart;
use futures_util::stream;
use model::table::{Table, Type};
use model::{Failure, Kind};
use std::io;

/// The columns of every form, in their order.
const COLUMNS: [(&str, Type); 12] = [
    ("device", Type::Text),
    ("device_name", Type::Text),
    ("kind", Type::Text),
    ("name", Type::Text),
    ("place", Type::Text),
    ("manufacturer", Type::Text),
    ("model", Type::Text),
    ("part_number", Type::Text),
    ("oem_part_number", Type::Text),
    ("serial", Type::Text),
    ("firmware", Type::Text),
    ("macs", Type::Text),
];

/// Rows that are made into one Parquet file at most: some 60 MB while it is made.
const MOST_WHOLE: usize = 100_000;

/// A part as API and exports show it.
pub(crate) fn shown(found: FoundPart) -> FleetPart {
    let FoundPart { device, part } = found;
    FleetPart {
        device: device.id.0.clone(),
        device_name: device.name.clone(),
        kind: part.kind,
        name: part.name,
        place: part.place,
        manufacturer: part.manufacturer,
        model: part.model,
        part_number: part.part_number,
        oem_part_number: part.oem_part_number,
        serial: part.serial,
        firmware: part.firmware,
        macs: part.macs,
    }
}

/// Adds rows to a table of [`COLUMNS`].
fn add(table: &mut Table, rows: Vec<FoundPart>) {
    table.rows.extend(rows.into_iter().map(shown).map(|part| {
        vec![
            part.device.into(),
            part.device_name.into(),
            part.kind.into(),
            part.name.into(),
            part.place.into(),
            part.manufacturer.into(),
            part.model.into(),
            part.part_number.into(),
            part.oem_part_number.into(),
            part.serial.into(),
            part.firmware.into(),
            part.macs.into(),
        ]
    }));
}

/// How far an export is.
struct Export {
    parts: Parts,
    format: ExportFormat,
    begun: bool,
    ended: bool,
}

impl Export {
    /// The next piece of text; none at the end.
    async fn next(&mut self) -> io::Result<Option<String>> {
        if self.ended {
            return Ok(None);
        }
        let rows = self.parts.next().await.map_err(io::Error::other)?;
        self.ended = rows.is_empty();
        let mut table = Table::new(&COLUMNS);
        add(&mut table, rows);
        let text = if self.format == ExportFormat::Csv { self.csv(&table) } else { self.json(&table) };
        self.begun = true;
        Ok(Some(text))
    }

    /// The head stands before the first rows alone.
    fn csv(&self, table: &Table) -> String {
        let text = table.csv();
        match text.split_once("\r\n") {
            Some((_head, rows)) if self.begun => rows.to_owned(),
            _ => text,
        }
    }

    /// The brackets stand around all rows together.
    fn json(&self, table: &Table) -> String {
        let text = table.json();
        let rows = text.trim_start_matches('[').trim_end_matches(']');
        let before = match (self.begun, rows.is_empty()) {
            (false, _) => "[",
            (true, false) => ",",
            (true, true) => "",
        };
        format!("{before}{rows}{}", if self.ended { "]\n" } else { "" })
    }
}

/// All parts, as a file that a browser keeps.
pub(crate) async fn file(app: &App, parts: Parts, format: ExportFormat) -> Result<Response, Failure> {
    let body = match format {
        ExportFormat::Parquet => Body::from(whole(app, parts).await?),
        ExportFormat::Csv | ExportFormat::Json => streamed(parts, format),
    };
    Ok(export::kept(body, format, "portcullis-parts"))
}

fn streamed(parts: Parts, format: ExportFormat) -> Body {
    let export = Export { parts, format, begun: false, ended: false };
    Body::from_stream(stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(Some(text)) => Some((Ok(Bytes::from(text)), Some(export))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

async fn whole(app: &App, mut parts: Parts) -> Result<Vec<u8>, Failure> {
    let mut table = Table::new(&COLUMNS);
    loop {
        let rows = parts.next().await?;
        if rows.is_empty() {
            break;
        }
        add(&mut table, rows);
        if table.rows.len() > MOST_WHOLE {
            let cause = format!("there are more than {MOST_WHOLE}, and Parquet is made whole");
            return Err(Failure::new(Kind::Invalid, "export", "parts", cause).hint(
                "ask for one kind of part after the other, or export CSV or JSON, which have no limit",
            ));
        }
    }
    (app.parquet)(&table).map_err(|cause| Failure::new(Kind::Unavailable, "export", "parts", cause))
}
