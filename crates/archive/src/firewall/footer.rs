//! What a file of the log says of itself: in its footer, so that nothing else need be read to know it.

use super::columns::Column;
use super::decode::moment;
use model::firewall_log::{Loss, Why};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The footer's key.
const KEY: &str = "portcullis";

/// What is written into a footer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footer {
    /// How many entries of its hour stood before its first.
    pub first: u64,
    /// Of an hour's file: the number of the last piece that is in it.
    pub through: u64,
    /// What is missing. If there is any, the last row group is about it.
    missing: Vec<Missing>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Missing {
    from: i64,
    to: i64,
    why: String,
    count: Option<u64>,
}

impl Footer {
    /// With these losses.
    pub fn new(first: u64, through: u64, losses: &[Loss]) -> Self {
        let missing = losses.iter().map(|loss| Missing {
            from: loss.from.as_microsecond(),
            to: loss.to.as_microsecond(),
            why: loss.why.name().to_owned(),
            count: loss.count,
        });
        Self { first, through, missing: missing.collect() }
    }

    /// As the library takes it.
    pub fn pair(&self) -> KeyValue {
        KeyValue::new(KEY.into(), serde_json::to_string(self).ok())
    }

    fn read(metadata: &ParquetMetaData) -> Option<Self> {
        let pairs = metadata.file_metadata().key_value_metadata()?;
        let value = pairs.iter().find(|pair| pair.key == KEY)?.value.as_ref()?;
        serde_json::from_str(value).ok()
    }

    fn losses(&self) -> Vec<Loss> {
        let loss = |missing: &Missing| Loss {
            from: moment(missing.from),
            to: moment(missing.to),
            why: Why::named(&missing.why).unwrap_or(Why::Damaged),
            count: missing.count,
        };
        self.missing.iter().map(loss).collect()
    }
}

/// What is known of a file without opening it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where it is.
    pub path: PathBuf,
    /// How large, in bytes.
    pub bytes: u64,
    /// How many entries of its hour stand before its first.
    pub first: u64,
    /// Its entries.
    pub entries: u64,
    /// The number of the last piece that is in it.
    pub through: u64,
    /// The least and the greatest `at` of its entries, in microseconds.
    pub at: (i64, i64),
    /// What is missing.
    pub losses: Vec<Loss>,
}

impl Summary {
    /// Reads a file's footer.
    ///
    /// # Errors
    /// It cannot be read, or is none of ours.
    pub fn read(path: &Path) -> Result<Self, ParquetError> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata();
        let footer = Footer::read(metadata)
            .ok_or_else(|| ParquetError::General("it is no file of the firewalls' log".into()))?;
        let groups = entry_groups(metadata, !footer.missing.is_empty());
        let spans = groups.iter().map(span);
        Ok(Self {
            path: path.to_owned(),
            bytes,
            first: footer.first,
            entries: groups.iter().map(rows).sum(),
            through: footer.through,
            at: spans.fold((i64::MAX, i64::MIN), |all, of| (all.0.min(of.0), all.1.max(of.1))),
            losses: footer.losses(),
        })
    }
}

/// The row groups that are about entries: the last is about what is missing, if anything is.
pub fn entry_groups(metadata: &ParquetMetaData, has_losses: bool) -> &[RowGroupMetaData] {
    let groups = metadata.row_groups();
    groups.get(..groups.len() - usize::from(has_losses && !groups.is_empty())).unwrap_or_default()
}

/// How many rows.
pub fn rows(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or_default()
}

/// The least and the greatest `at`; everything where the file does not say.
pub fn span(group: &RowGroupMetaData) -> (i64, i64) {
    let column = group.columns().iter().find(|column| column.column_descr().name() == Column::At.name());
    match column.and_then(|column| column.statistics()) {
        Some(Statistics::Int64(values)) => {
            (values.min_opt().copied().unwrap_or(i64::MIN), values.max_opt().copied().unwrap_or(i64::MAX))
        }
        _ => (i64::MIN, i64::MAX),
    }
}
