//! What stands in a row group of the log, and how one is written.

use super::intake::Received;
use jiff::Timestamp;
use model::firewall_log::Loss;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type as Schema};
use std::collections::HashMap;
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;

/// The verdict of a row that stands for what is missing.
pub const LOST: &str = "lost";
/// Texts that are remembered while a column is written: past that they are made anew.
const MOST_REMEMBERED: usize = 16 * 1024;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// When, as the firewall says; of a loss since when.
    At,
    /// When it was received.
    Received,
    /// Which firewall tells it; null is our own.
    Source,
    /// What became of the packet, or [`LOST`].
    Verdict,
    Rule,
    App,
    From,
    To,
    Protocol,
    SourcePort,
    Port,
    Arrived,
    Leaves,
    Bytes,
    /// The line of another firewall; of a loss why.
    Message,
    /// Of a loss how many entries are missing; null where nobody can know.
    Lost,
    /// Of a loss until when.
    Until,
}

/// All columns in their order, with their names.
pub const COLUMNS: [(Column, &str); 17] = [
    (Column::At, "at"),
    (Column::Received, "received"),
    (Column::Source, "source"),
    (Column::Verdict, "verdict"),
    (Column::Rule, "rule"),
    (Column::App, "app"),
    (Column::From, "from"),
    (Column::To, "to"),
    (Column::Protocol, "protocol"),
    (Column::SourcePort, "source_port"),
    (Column::Port, "port"),
    (Column::Arrived, "arrived"),
    (Column::Leaves, "leaves"),
    (Column::Bytes, "bytes"),
    (Column::Message, "message"),
    (Column::Lost, "lost"),
    (Column::Until, "until"),
];

impl Column {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        COLUMNS.iter().find(|(column, _)| *column == self).map_or("", |(_, name)| name)
    }

    fn shape(self) -> (Physical, Option<LogicalType>, Repetition) {
        let moment = Some(LogicalType::timestamp(true, TimeUnit::MICROS));
        match self {
            Self::At | Self::Received => (Physical::INT64, moment, Repetition::REQUIRED),
            Self::Until => (Physical::INT64, moment, Repetition::OPTIONAL),
            Self::Verdict => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
            Self::Bytes | Self::Lost => (Physical::INT64, None, Repetition::OPTIONAL),
            Self::Protocol | Self::SourcePort | Self::Port => (Physical::INT32, None, Repetition::OPTIONAL),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
        }
    }
}

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    Empty,
    Int(i64),
    Text(&'a str),
    Address(IpAddr),
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<IpAddr> for Cell<'_> {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u8> for Cell<'_> {
    fn from(number: u8) -> Self {
        Self::Int(number.into())
    }
}

impl From<u16> for Cell<'_> {
    fn from(number: u16) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

/// What becomes a row.
pub trait Row {
    /// What stands in this column.
    fn cell(&self, column: Column) -> Cell<'_>;
}

impl Row for Received {
    fn cell(&self, column: Column) -> Cell<'_> {
        let Self { received, entry } = self;
        match column {
            Column::At => Cell::Int(entry.at.as_microsecond()),
            Column::Received => Cell::Int(*received),
            Column::Source => entry.source.as_deref().into(),
            Column::Verdict => Cell::Text(entry.verdict.name()),
            Column::Rule => entry.rule.as_deref().into(),
            Column::App => entry.app.as_deref().into(),
            Column::From => entry.from.into(),
            Column::To => entry.to.into(),
            Column::Protocol => entry.protocol.into(),
            Column::SourcePort => entry.source_port.into(),
            Column::Port => entry.port.into(),
            Column::Arrived => entry.arrived.as_deref().into(),
            Column::Leaves => entry.leaves.as_deref().into(),
            Column::Bytes => entry.bytes.into(),
            Column::Message => entry.message.as_deref().into(),
            Column::Lost | Column::Until => Cell::Empty,
        }
    }
}

impl Row for Loss {
    fn cell(&self, column: Column) -> Cell<'_> {
        let micros = |at: Timestamp| Cell::Int(at.as_microsecond());
        match column {
            Column::At => micros(self.from),
            Column::Received | Column::Until => micros(self.to),
            Column::Verdict => Cell::Text(LOST),
            Column::Message => Cell::Text(self.why.meaning()),
            Column::Lost => {
                self.count.and_then(|count| i64::try_from(count).ok()).map_or(Cell::Empty, Cell::Int)
            }
            _ => Cell::Empty,
        }
    }
}

/// A writer of a file of the log.
///
/// # Errors
/// The library's.
pub fn writer<W: Write + Send>(to: W) -> Result<SerializedFileWriter<W>, ParquetError> {
    let field = |(column, name): &(Column, &str)| {
        let (physical, logical, repetition) = column.shape();
        let built = Schema::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(built))
    };
    let fields = COLUMNS.iter().map(field).collect::<Result<Vec<_>, ParquetError>>()?;
    let schema = Schema::group_type_builder("firewall_log").with_fields(fields).build()?;
    // Only moments are worth statistics: searches leave row groups out by them. The places of single pages are not needed.
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for column in [Column::At, Column::Received] {
        let path = ColumnPath::from(column.name());
        properties = properties
            .set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk)
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    properties = properties.set_column_dictionary_enabled(ColumnPath::from(Column::Message.name()), false);
    SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties.build()))
}

/// Writes rows as one group.
///
/// # Errors
/// The library's, or those of what is written to.
pub fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &[impl Row],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let mut there = Vec::with_capacity(rows.len());
    for (column, _) in COLUMNS {
        let Some(mut open) = group.next_column()? else { break };
        there.clear();
        there.extend(rows.iter().map(|row| i16::from(row.cell(column) != Cell::Empty)));
        let there = (column.shape().2 == Repetition::OPTIONAL).then_some(there.as_slice());
        let cells = rows.iter().map(|row| row.cell(column)).filter(|cell| *cell != Cell::Empty);
        match open.untyped() {
            ColumnWriter::Int64ColumnWriter(column) => {
                column.write_batch(&cells.filter_map(int).collect::<Vec<_>>(), there, None)?
            }
            ColumnWriter::Int32ColumnWriter(column) => {
                let small = cells.filter_map(int).map(|number| i32::try_from(number).unwrap_or(i32::MAX));
                column.write_batch(&small.collect::<Vec<_>>(), there, None)?
            }
            ColumnWriter::ByteArrayColumnWriter(column) => column.write_batch(&texts(cells), there, None)?,
            _ => return Err(ParquetError::General("a column of an unknown type".into())),
        };
        open.close()?;
    }
    group.close()?;
    Ok(())
}

const fn int(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(number),
        _ => None,
    }
}

/// The texts, each made once: they repeat from row to row.
fn texts<'a>(cells: impl Iterator<Item = Cell<'a>>) -> Vec<ByteArray> {
    let mut names: HashMap<&str, ByteArray> = HashMap::new();
    let mut addresses: HashMap<IpAddr, ByteArray> = HashMap::new();
    let mut last: Option<(Cell<'a>, ByteArray)> = None;
    let mut all = Vec::new();
    for cell in cells {
        let made = match (&last, cell) {
            (Some((before, made)), cell) if *before == cell => made.clone(),
            (_, Cell::Text(text)) => match names.get(text) {
                Some(made) => made.clone(),
                None => {
                    let made = ByteArray::from(text.as_bytes());
                    if names.len() < MOST_REMEMBERED {
                        names.insert(text, made.clone());
                    }
                    made
                }
            },
            (_, Cell::Address(address)) => {
                let made = || ByteArray::from(address.to_string().into_bytes());
                if addresses.len() < MOST_REMEMBERED {
                    addresses.entry(address).or_insert_with(made).clone()
                } else {
                    made()
                }
            }
            _ => continue,
        };
        last = Some((cell, made.clone()));
        all.push(made);
    }
    all
}
