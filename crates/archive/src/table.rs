//! A table as one Parquet file: a row group, every column optional, packed with zstd.

use model::table::{Cell, Table, Type};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type as Schema, TypePtr};
use std::sync::Arc;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A cell is not of its column's type.
    #[error("row {row} of column {column}: a cell of another type than the column's")]
    WrongType {
        /// The column's name.
        column: &'static str,
        /// The row, from 0.
        row: usize,
    },
    /// The library refused.
    #[error("write the table as Parquet")]
    Write(#[from] ParquetError),
}

/// The table as a Parquet file (format version 2: texts are UTF-8 strings, moments are UTC microseconds).
///
/// # Errors
/// If a cell is not of its column's type.
pub fn to_parquet(table: &Table) -> Result<Vec<u8>, Error> {
    let fields = table.columns.iter().map(|(name, kind)| field(name, *kind)).collect::<Result<_, _>>()?;
    let schema = Schema::group_type_builder("table").with_fields(fields).build()?;
    let packed = Compression::ZSTD(ZstdLevel::try_new(3)?);
    let properties = WriterProperties::builder().set_compression(packed).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (at, (name, _)) in table.columns.iter().enumerate() {
        let Some(mut column) = group.next_column()? else { break };
        let cells = table.rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Empty));
        write_column(column.untyped(), name, cells)?;
        column.close()?;
    }
    group.close()?;
    Ok(writer.into_inner()?)
}

fn field(name: &str, kind: Type) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match kind {
        Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Type::Int => (Physical::INT64, None),
        Type::Float => (Physical::DOUBLE, None),
        Type::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
    };
    let built = Schema::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()?;
    Ok(Arc::new(built))
}

/// Writes the cells that are there, and for each whether it is.
fn write_column<'a>(
    column: &mut ColumnWriter<'_>,
    name: &'static str,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<(), Error> {
    let wrong = |row| Error::WrongType { column: name, row };
    let (mut there, mut texts, mut numbers, mut floats) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, cell) in cells.enumerate() {
        there.push(i16::from(*cell != Cell::Empty));
        match (cell, &*column) {
            (Cell::Empty, _) => {}
            (Cell::Text(text), ColumnWriter::ByteArrayColumnWriter(_)) => {
                texts.push(ByteArray::from(text.as_str()));
            }
            (Cell::Int(number), ColumnWriter::Int64ColumnWriter(_)) => numbers.push(*number),
            (Cell::Time(at), ColumnWriter::Int64ColumnWriter(_)) => numbers.push(at.as_microsecond()),
            (Cell::Float(number), ColumnWriter::DoubleColumnWriter(_)) => floats.push(*number),
            _ => return Err(wrong(row)),
        }
    }
    match column {
        ColumnWriter::ByteArrayColumnWriter(writer) => writer.write_batch(&texts, Some(&there), None)?,
        ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&numbers, Some(&there), None)?,
        ColumnWriter::DoubleColumnWriter(writer) => writer.write_batch(&floats, Some(&there), None)?,
        _ => return Err(wrong(0)),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    fn table() -> Table {
        let mut table = Table::new(&[
            ("name", Type::Text),
            ("count", Type::Int),
            ("watts", Type::Float),
            ("at", Type::Time),
        ]);
        let at = Timestamp::from_microsecond(1_800_000_000_123_456).unwrap();
        table.rows.push(vec!["r1-u07".into(), 7_u64.into(), 1.5.into(), at.into()]);
        table.rows.push(vec![Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]);
        table.rows.push(vec!["schräg".into(), Cell::Int(-1), Cell::Empty, Cell::Empty]);
        table
    }

    #[test]
    fn every_cell_comes_back_and_what_is_empty_is_null() {
        let bytes = to_parquet(&table()).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows.len(), 3);
        assert!(rows[0].contains("\"r1-u07\"") && rows[0].contains("count: 7"), "{}", rows[0]);
        assert_eq!(rows[1], "{name: null, count: null, watts: null, at: null}");
        assert!(rows[2].contains("schräg"), "{}", rows[2]);
    }

    #[test]
    fn a_table_without_rows_is_a_file_too() {
        assert!(to_parquet(&Table::new(&[("name", Type::Text)])).unwrap().ends_with(b"PAR1"));
    }

    #[test]
    fn a_cell_of_another_type_is_named() {
        let mut table = table();
        table.rows.push(vec!["x".into(), "seven".into(), Cell::Empty, Cell::Empty]);
        assert_eq!(
            to_parquet(&table).unwrap_err().to_string(),
            "row 3 of column count: a cell of another type than the column's"
        );
    }
}
