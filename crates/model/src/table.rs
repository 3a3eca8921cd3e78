//! A table that leaves the appliance: columns with types, and the same as CSV or JSON.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// What a column holds; every cell may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A moment.
    Time,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A moment.
    Time(Timestamp),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Empty, Self::Int)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Time(at) => at.to_string(),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Empty => Json::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Time(at) => at.to_string().into(),
        }
    }
}

/// Columns and rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns' names and types, in order.
    pub columns: Vec<(&'static str, Type)>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &[(&'static str, Type)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// The table by RFC 4180. A cell that a table program would take for a formula gets an apostrophe in front.
    #[must_use]
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let mut csv = names.join(",");
        csv.push_str("\r\n");
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(quoted).collect();
            csv.push_str(&cells.join(","));
            csv.push_str("\r\n");
        }
        csv
    }

    /// The table as a JSON array with an object for each row.
    #[must_use]
    pub fn json(&self) -> String {
        let row = |row: &Vec<Cell>| {
            let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
            Json::Object(names.zip(row.iter().map(Cell::json)).collect::<Map<_, _>>())
        };
        Json::Array(self.rows.iter().map(row).collect()).to_string()
    }
}

fn quoted(cell: &Cell) -> String {
    let text = cell.text();
    let formula = matches!(cell, Cell::Text(_)) && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_a_formula() {
        let mut table = Table::new(&[("name", Type::Text), ("count", Type::Int), ("at", Type::Time)]);
        table.rows.push(vec!["a,\"b\"".into(), 7_u64.into(), Cell::Empty]);
        table.rows.push(vec!["=cmd()".into(), Cell::Int(-1), Timestamp::UNIX_EPOCH.into()]);
        let csv = "name,count,at\r\n\"a,\"\"b\"\"\",7,\r\n'=cmd(),-1,1970-01-01T00:00:00Z\r\n";
        assert_eq!(table.csv(), csv);
        let json = r#"[{"at":null,"count":7,"name":"a,\"b\""},{"at":"1970-01-01T00:00:00Z","count":-1,"name":"=cmd()"}]"#;
        let (one, other): (Json, Json) =
            (serde_json::from_str(&table.json()).unwrap(), serde_json::from_str(json).unwrap());
        assert_eq!(one, other);
    }
}
