//! Reading row groups of the log's files.

use super::columns::Column;
use super::intake::Received;
use jiff::Timestamp;
use model::firewall_log::Verdict;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A row group that is read column by column.
pub struct Group<'a> {
    group: Box<dyn RowGroupReader + 'a>,
}

impl<'a> Group<'a> {
    /// Over this one.
    pub fn new(group: Box<dyn RowGroupReader + 'a>) -> Self {
        Self { group }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        usize::try_from(self.group.metadata().num_rows()).unwrap_or_default()
    }

    /// The column's reader, and whether its cells may be empty; none in files of before it was there.
    fn reader(&self, column: Column) -> Result<Option<(ColumnReader, bool)>, ParquetError> {
        let schema = self.group.metadata().schema_descr_ptr();
        let at = schema.columns().iter().position(|known| known.name() == column.name());
        let Some(at) = at else { return Ok(None) };
        let may_be_empty = schema.column(at).max_def_level() > 0;
        Ok(Some((self.group.get_column_reader(at)?, may_be_empty)))
    }

    /// A column of numbers.
    pub fn ints(&self, column: Column) -> Result<Vec<Option<i64>>, ParquetError> {
        let (rows, mut there) = (self.rows(), Vec::new());
        let Some((reader, may_be_empty)) = self.reader(column)? else { return Ok(vec![None; rows]) };
        let values: Vec<i64> = match reader {
            ColumnReader::Int64ColumnReader(mut reader) => {
                let mut values = Vec::with_capacity(rows);
                reader.read_records(rows, Some(&mut there), None, &mut values)?;
                values
            }
            ColumnReader::Int32ColumnReader(mut reader) => {
                let mut values = Vec::with_capacity(rows);
                reader.read_records(rows, Some(&mut there), None, &mut values)?;
                values.into_iter().map(i64::from).collect()
            }
            _ => return Err(wrong(column)),
        };
        spread(values, &there, may_be_empty, rows, column)
    }

    /// A column of texts.
    pub fn texts(&self, column: Column) -> Result<Vec<Option<ByteArray>>, ParquetError> {
        let (rows, mut there) = (self.rows(), Vec::new());
        let Some((reader, may_be_empty)) = self.reader(column)? else { return Ok(vec![None; rows]) };
        let ColumnReader::ByteArrayColumnReader(mut reader) = reader else { return Err(wrong(column)) };
        let mut values = Vec::with_capacity(rows);
        reader.read_records(rows, Some(&mut there), None, &mut values)?;
        spread(values, &there, may_be_empty, rows, column)
    }

    /// The entries in these rows, in the same order.
    pub fn entries(&self, rows: &[usize]) -> Result<Vec<Received>, ParquetError> {
        let mut found = vec![Received::default(); rows.len()];
        let ints = |column, set: fn(&mut Received, i64)| self.ints(column).map(|all| (all, set));
        for (all, set) in [
            ints(Column::At, |row, number| row.entry.at = moment(number))?,
            ints(Column::Received, |row, number| row.received = number)?,
            ints(Column::Protocol, |row, number| row.entry.protocol = u8::try_from(number).ok())?,
            ints(Column::SourcePort, |row, number| row.entry.source_port = u16::try_from(number).ok())?,
            ints(Column::Port, |row, number| row.entry.port = u16::try_from(number).ok())?,
            ints(Column::Bytes, |row, number| row.entry.bytes = u32::try_from(number).ok())?,
        ] {
            for (row, at) in found.iter_mut().zip(rows) {
                if let Some(Some(number)) = all.get(*at) {
                    set(row, *number);
                }
            }
        }
        let mut names = Names::default();
        let mut texts = |column, set: SetText| {
            let all = self.texts(column)?;
            for (row, at) in found.iter_mut().zip(rows) {
                if let Some(Some(text)) = all.get(*at) {
                    set(row, text.as_utf8()?, &mut names);
                }
            }
            Ok::<(), ParquetError>(())
        };
        texts(Column::Source, |row, text, names| row.entry.source = Some(names.of(text)))?;
        texts(Column::Verdict, |row, text, _| row.entry.verdict = Verdict::named(text).unwrap_or_default())?;
        texts(Column::Rule, |row, text, names| row.entry.rule = Some(names.of(text)))?;
        texts(Column::App, |row, text, names| row.entry.app = Some(names.of(text)))?;
        texts(Column::From, |row, text, names| row.entry.from = names.address(text))?;
        texts(Column::To, |row, text, names| row.entry.to = names.address(text))?;
        texts(Column::Arrived, |row, text, names| row.entry.arrived = Some(names.of(text)))?;
        texts(Column::Leaves, |row, text, names| row.entry.leaves = Some(names.of(text)))?;
        texts(Column::Message, |row, text, _| row.entry.message = Some(text.into()))?;
        Ok(found)
    }
}

/// Puts a text into its place.
type SetText = fn(&mut Received, &str, &mut Names);

/// A moment that the file says in microseconds.
pub fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

/// Names that are shared by the entries of a group.
#[derive(Default)]
struct Names {
    known: HashMap<Box<str>, Arc<str>>,
    last: Option<(Box<str>, Option<IpAddr>)>,
}

impl Names {
    fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return Arc::clone(known);
        }
        let name: Arc<str> = text.into();
        self.known.insert(text.into(), Arc::clone(&name));
        name
    }

    fn address(&mut self, text: &str) -> Option<IpAddr> {
        match &self.last {
            Some((last, address)) if **last == *text => *address,
            _ => {
                let address = text.parse().ok();
                self.last = Some((text.into(), address));
                address
            }
        }
    }
}

/// Puts the cells that are there where they belong.
fn spread<T: Clone>(
    values: Vec<T>,
    there: &[i16],
    may_be_empty: bool,
    rows: usize,
    column: Column,
) -> Result<Vec<Option<T>>, ParquetError> {
    let mut values = values.into_iter();
    let all: Vec<Option<T>> = if may_be_empty {
        there.iter().map(|there| if *there > 0 { values.next() } else { None }).collect()
    } else {
        values.map(Some).collect()
    };
    if all.len() == rows { Ok(all) } else { Err(wrong(column)) }
}

fn wrong(column: Column) -> ParquetError {
    ParquetError::General(format!("the column {} is not what it should be", column.name()))
}
