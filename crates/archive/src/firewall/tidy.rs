//! Hours merged, and the oldest removed.

use super::columns;
use super::decode::{Group, moment};
use super::footer::{Footer, Summary, entry_groups, rows};
use super::intake::Received;
use super::log::{Log, MEGABYTE, Told, in_full};
use super::losses::Losses;
use super::place::{self, Name};
use crate::error::Error;
use crate::metrics;
use jiff::SignedDuration;
use model::firewall_log::Position;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often it is looked whether there is anything to do.
const LOOK: Duration = Duration::from_secs(30);
/// An hour is merged so long after its end: what waited then is written by now.
const AFTER: SignedDuration = SignedDuration::from_secs(60);
/// A row group with so many entries is taken over as it is; smaller ones are put together.
const LARGE: u64 = 32 * 1024;
/// So many entries are put together.
const TOGETHER: usize = 64 * 1024;

impl Log {
    /// Merges hours and removes the oldest, until [`Self::stop`]: to be run on a thread of its own.
    pub fn tidy(&self) {
        loop {
            self.tidy_once();
            let state = self.state();
            let waits = |state: &mut super::log::State| !state.stop;
            let waited = self.order.wait_timeout_while(state, LOOK, waits);
            if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                return;
            }
        }
    }

    /// Does what is due now.
    pub fn tidy_once(&self) {
        for hour in self.due() {
            if let Err(error) = self.merge(hour) {
                let error = in_full(&error);
                tracing::warn!(%error, hour = Position::name_of(hour), "an hour of the firewalls' log could not be merged; it is tried again");
            }
            if self.state().stop {
                return;
            }
        }
        if let Err(error) = self.remove_oldest() {
            tracing::warn!(
                error = in_full(&error),
                "the oldest of the firewalls' log could not be removed; it is tried again"
            );
        }
    }

    /// The hours that are over and lie in pieces.
    fn due(&self) -> BTreeSet<i64> {
        let now = self.clock.now();
        let current = Position::hour_of(now.checked_sub(AFTER).unwrap_or(now));
        self.state()
            .index
            .keys()
            .filter(|name| name.piece > 0 && name.hour < current)
            .map(|name| name.hour)
            .collect()
    }

    /// Makes an hour's file of what there is of it.
    fn merge(&self, hour: i64) -> Result<(), Error> {
        let of = Name { hour, piece: 0 }..=Name { hour, piece: u64::MAX };
        let parts: Vec<(Name, Arc<Summary>)> =
            self.state().index.range(of).map(|(name, file)| (*name, Arc::clone(file))).collect();
        let (Some((_, first)), Some((last, _))) = (parts.first(), parts.last()) else { return Ok(()) };
        self.check_room(parts.iter().map(|(_, file)| file.bytes).sum())?;
        let name = Name { hour, piece: 0 };
        let path = self.place.path(name);
        let mut losses = Losses::default();
        losses.extend(parts.iter().flat_map(|(_, file)| file.losses.iter().copied()));
        let footer = Footer::new(first.first, last.piece, losses.all());
        place::make(&path, |file| join(file, &parts, &losses, &footer))
            .map_err(Error::parquet("write", &path))?;
        let merged = Summary::read(&path).map_err(Error::parquet("read", &path))?;
        let mut state = self.state();
        state.index.insert(name, Arc::new(merged));
        for (part, _) in &parts {
            if part.piece > 0 {
                state.index.remove(part);
            }
        }
        drop(state);
        // Searches that began before go on in the pieces. Those of a crash in between are removed at the next start.
        let _writing = self.reading.write();
        for (_, file) in parts.iter().filter(|(part, _)| part.piece > 0) {
            fs::remove_file(&file.path).map_err(Error::file("remove", &file.path))?;
        }
        Ok(())
    }

    /// Removes the oldest until the log is as small and as young as is configured.
    fn remove_oldest(&self) -> Result<(), Error> {
        let most = self.config.firewall_megabytes.max(1).saturating_mul(MEGABYTE);
        let days = i64::from(self.config.firewall_days.max(1));
        let oldest = Position::hour_of(self.clock.now()) - days * 24;
        let mut until = None;
        loop {
            let mut state = self.state();
            let bytes: u64 = state.index.values().map(|file| file.bytes).sum();
            metrics::bytes(bytes);
            let Some((name, file)) = state.index.first_key_value() else { break };
            let (name, path, last) = (*name, file.path.clone(), moment(file.at.1));
            if bytes <= most && name.hour >= oldest {
                break;
            }
            state.index.remove(&name);
            // Of an hour that is removed piece by piece its last entry says how far.
            let (begin, end) = (Position::begin_of(name.hour), Position::begin_of(name.hour + 1));
            let end = if name.piece > 0 { last.clamp(begin, end) } else { end };
            state.kept.removed = state.kept.removed.max(Some(end));
            until = Some(end);
            drop(state);
            let _writing = self.reading.write();
            fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
        if let Some(until) = until {
            tracing::info!(%until, "the oldest of the firewalls' log was removed");
            self.note_alive(false);
            (self.tell)(Told::Removed(until));
        }
        Ok(())
    }
}

/// Writes the parts of an hour as one file: large row groups as they are, small ones put together, what is missing at the end.
fn join(
    file: &mut File,
    parts: &[(Name, Arc<Summary>)],
    losses: &Losses,
    footer: &Footer,
) -> Result<(), ParquetError> {
    let mut writer = columns::writer(file)?;
    let mut small: Vec<Received> = Vec::new();
    for (_, part) in parts {
        let source = File::open(&part.path)?;
        let reader = SerializedFileReader::new(source.try_clone()?)?;
        let groups = entry_groups(reader.metadata(), !part.losses.is_empty());
        for (number, group) in groups.iter().enumerate() {
            if rows(group) >= LARGE {
                write_small(&mut writer, &mut small)?;
                take_over(&mut writer, &source, group)?;
            } else {
                let group = Group::new(reader.get_row_group(number)?);
                small.extend(group.entries(&(0..group.rows()).collect::<Vec<_>>())?);
                if small.len() >= TOGETHER {
                    write_small(&mut writer, &mut small)?;
                }
            }
        }
    }
    write_small(&mut writer, &mut small)?;
    if !losses.is_empty() {
        columns::write_group(&mut writer, losses.all())?;
    }
    writer.append_key_value_metadata(footer.pair());
    writer.close().map(|_| ())
}

fn write_small(
    writer: &mut SerializedFileWriter<&mut File>,
    small: &mut Vec<Received>,
) -> Result<(), ParquetError> {
    if !small.is_empty() {
        columns::write_group(writer, small)?;
        small.clear();
    }
    Ok(())
}

/// Copies a row group without reading what is in it.
fn take_over(
    writer: &mut SerializedFileWriter<&mut File>,
    source: &File,
    group: &RowGroupMetaData,
) -> Result<(), ParquetError> {
    let rows_written = rows(group);
    let mut to = writer.next_row_group()?;
    for metadata in group.columns() {
        let bytes_written = metadata.byte_range().1;
        let metadata = metadata.clone();
        let close = ColumnCloseResult {
            bytes_written,
            rows_written,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        to.append_column(source, close)?;
    }
    to.close()?;
    Ok(())
}
