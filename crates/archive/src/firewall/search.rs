//! Finding and counting: newest first, by file, by row group, by column; bounded in time.

use super::columns::Column;
use super::decode::{Group, moment};
use super::footer::{Summary, entry_groups, rows, span};
use super::intake::Received;
use super::log::{Log, hour_of};
use super::place::Name;
use super::select::select;
use jiff::Timestamp;
use model::firewall_log::{Bars, Counts, Found, Line, Loss, Position, Query, Verdict, Why};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be looked at: as it was at one moment.
struct View {
    /// The newest first.
    files: Vec<(Name, Arc<Summary>)>,
    /// What waits and matches, the newest first.
    memory: Vec<(Position, Received)>,
    missing: Vec<Loss>,
}

/// How far a walk came.
enum End {
    /// Everything was looked at, or the visitor has enough.
    Whole,
    /// The time was over: what is from here on was looked at.
    Cut(Position),
}

/// Who looks at what matches. Rows come with ascending places, groups of them with descending ones.
trait Visitor {
    fn memory(&mut self, place: Position, row: Received) -> ControlFlow<()>;
    fn group(
        &mut self,
        group: &Group<'_>,
        first: Position,
        rows: Vec<usize>,
    ) -> Result<ControlFlow<()>, ParquetError>;
}

impl Log {
    /// Searches the log, the last received first, for at most so long.
    pub fn find(&self, query: &Query, patience: Duration) -> Found {
        let mut finder = Finder { lines: Vec::new(), limit: query.limit };
        let (mut missing, end, searched) = self.walk(query, patience, &mut finder);
        let Finder { mut lines, limit } = finder;
        let is_more = lines.len() > limit;
        lines.truncate(limit);
        let (next, is_cut) = match end {
            _ if is_more => (lines.last().map(|line| line.position), false),
            End::Whole => (None, false),
            End::Cut(at) => (Some(at), true),
        };
        missing.sort_by_key(|loss| std::cmp::Reverse(loss.from));
        Found { lines, next, is_cut, missing, searched }
    }

    /// Counts what a search would find, by time and verdict, for at most so long.
    pub fn count(&self, query: &Query, bars: Bars, patience: Duration) -> Counts {
        let number = bars.number.clamp(1, Bars::MOST);
        let bars = Bars { number, ..bars };
        let until = query.until.map_or(bars.end(), |until| until.min(bars.end()));
        let since = query.since.map_or(bars.begin, |since| since.max(bars.begin));
        let query = Query { since: Some(since), until: Some(until), ..query.clone() };
        let step = i64::try_from(bars.step.as_micros()).unwrap_or(i64::MAX).max(1);
        let mut counter =
            Counter { begin: bars.begin.as_microsecond(), step, bars: vec![Default::default(); number] };
        let (missing, end, _) = self.walk(&query, patience, &mut counter);
        let cut_at = match end {
            End::Whole => None,
            End::Cut(at) => Some(Position::begin_of(at.hour)),
        };
        Counts { bars: counter.bars, cut_at, missing }
    }

    /// Everything as it is now.
    fn view(&self, query: &Query) -> View {
        let now = self.clock.now();
        let state = self.state();
        let mut losses = state.losses();
        let kept = state.kept;
        let files = state.index.iter().rev().map(|(name, file)| (*name, Arc::clone(file))).collect();
        let is_between = |place: Position| {
            query.before.is_none_or(|before| place < before) && query.after.is_none_or(|after| place > after)
        };
        let matches = |place, row: &Received| is_between(place) && query.matches(&row.entry);
        let mut memory = state.intake.find(|hour| state.next(hour), matches);
        drop(state);
        memory.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        // The time before the log is missed by those who ask for it.
        if let Some(since) = query.since.filter(|since| *since < kept.begun) {
            losses.add(Loss { from: since, to: kept.begun, why: Why::Before, count: None });
        }
        if let Some(removed) = kept.removed {
            losses.add(Loss { from: kept.begun.min(removed), to: removed, why: Why::Removed, count: None });
        }
        View { files, memory, missing: losses.of(query, now) }
    }

    fn walk(&self, query: &Query, patience: Duration, visitor: &mut impl Visitor) -> (Vec<Loss>, End, u64) {
        let until = Instant::now() + patience;
        // Files that are replaced or removed meanwhile stay until this is over.
        let _reading = self.reading.read();
        let View { files, memory, mut missing } = self.view(query);
        let mut memory = memory.into_iter().peekable();
        let mut searched = 0;
        for (name, file) in files {
            // What waits in memory is behind what is on disk of the same hour.
            while let Some((place, row)) = memory.next_if(|(place, _)| place.hour >= name.hour) {
                if visitor.memory(place, row).is_break() {
                    return (missing, End::Whole, searched);
                }
            }
            if !is_asked(query, name.hour, (file.first, file.entries), file.at) {
                continue;
            }
            match walk_file(query, name.hour, &file, until, visitor, &mut searched) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(end)) => return (missing, end, searched),
                Err(error) => {
                    tracing::error!(%error, file = %file.path.display(), "a file of the firewalls' log cannot be read");
                    missing.push(hour_of(name.hour, Why::Damaged));
                }
            }
        }
        for (place, row) in memory {
            if visitor.memory(place, row).is_break() {
                break;
            }
        }
        (missing, End::Whole, searched)
    }
}

/// Whether anything in here can be asked for: by its place, and by the least and the greatest time.
fn is_asked(query: &Query, hour: i64, (first, entries): (u64, u64), (least, most): (i64, i64)) -> bool {
    let (start, end) = (Position { hour, row: first }, Position { hour, row: first + entries });
    entries > 0
        && query.before.is_none_or(|before| start < before)
        && query.after.is_none_or(|after| end > after)
        && query.since.is_none_or(|since| most >= since.as_microsecond())
        && query.until.is_none_or(|until| least < until.as_microsecond())
}

fn walk_file(
    query: &Query,
    hour: i64,
    file: &Summary,
    until: Instant,
    visitor: &mut impl Visitor,
    searched: &mut u64,
) -> Result<ControlFlow<End>, ParquetError> {
    let reader = SerializedFileReader::new(File::open(&file.path)?)?;
    let groups = entry_groups(reader.metadata(), !file.losses.is_empty());
    let mut end = file.first + file.entries;
    for (number, group) in groups.iter().enumerate().rev() {
        let entries = rows(group);
        let first = Position { hour, row: end.saturating_sub(entries) };
        if is_asked(query, hour, (first.row, entries), span(group)) {
            if Instant::now() > until {
                let end = Position { hour, row: end };
                return Ok(ControlFlow::Break(End::Cut(query.before.map_or(end, |before| before.min(end)))));
            }
            let group = Group::new(reader.get_row_group(number)?);
            let mut selected = select(&group, query)?;
            let place =
                |row: usize| Position { hour, row: first.row + u64::try_from(row).unwrap_or_default() };
            selected.retain(|row| {
                query.before.is_none_or(|before| place(*row) < before)
                    && query.after.is_none_or(|after| place(*row) > after)
            });
            *searched += entries;
            if !selected.is_empty() && visitor.group(&group, first, selected)?.is_break() {
                return Ok(ControlFlow::Break(End::Whole));
            }
        }
        end = first.row;
    }
    Ok(ControlFlow::Continue(()))
}

/// Takes lines, one more than are wanted, to know whether there are more.
struct Finder {
    lines: Vec<Line>,
    limit: usize,
}

impl Finder {
    fn add(&mut self, position: Position, row: Received) -> ControlFlow<()> {
        self.lines.push(Line { position, received: moment(row.received), entry: row.entry });
        if self.lines.len() > self.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Visitor for Finder {
    fn memory(&mut self, place: Position, row: Received) -> ControlFlow<()> {
        self.add(place, row)
    }

    fn group(
        &mut self,
        group: &Group<'_>,
        first: Position,
        mut rows: Vec<usize>,
    ) -> Result<ControlFlow<()>, ParquetError> {
        let wanted = (self.limit + 1).saturating_sub(self.lines.len());
        rows.drain(..rows.len().saturating_sub(wanted));
        for (row, entry) in rows.iter().zip(group.entries(&rows)?).rev() {
            let place = Position { row: first.row + u64::try_from(*row).unwrap_or_default(), ..first };
            if self.add(place, entry).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Counts by time and verdict.
struct Counter {
    begin: i64,
    step: i64,
    bars: Vec<[u64; Verdict::ALL.len()]>,
}

impl Counter {
    fn add(&mut self, at: i64, verdict: Verdict) {
        let bar = usize::try_from(at.saturating_sub(self.begin).div_euclid(self.step)).ok();
        let place = Verdict::ALL.iter().position(|known| *known == verdict);
        let count =
            bar.and_then(|bar| self.bars.get_mut(bar)).zip(place).and_then(|(bar, place)| bar.get_mut(place));
        if let Some(count) = count {
            *count += 1;
        }
    }
}

impl Visitor for Counter {
    fn memory(&mut self, _place: Position, row: Received) -> ControlFlow<()> {
        self.add(row.entry.at.as_microsecond(), row.entry.verdict);
        ControlFlow::Continue(())
    }

    fn group(
        &mut self,
        group: &Group<'_>,
        _first: Position,
        rows: Vec<usize>,
    ) -> Result<ControlFlow<()>, ParquetError> {
        let (at, verdicts) = (group.ints(Column::At)?, group.texts(Column::Verdict)?);
        for row in rows {
            if let (Some(Some(at)), Some(Some(verdict))) = (at.get(row), verdicts.get(row)) {
                self.add(*at, verdict.as_utf8().ok().and_then(Verdict::named).unwrap_or_default());
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// When the oldest entry that is kept can have been received.
impl Log {
    /// Since when the log is kept; what was received before the second moment was removed.
    pub fn since(&self) -> (Timestamp, Option<Timestamp>) {
        let kept = self.state().kept;
        (kept.begun, kept.removed)
    }
}
