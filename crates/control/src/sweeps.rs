//! How the sweeps of this life of the appliance go, and which ones an earlier life left unfinished.

use crate::book::unavailable;
use ipnet::IpNet;
use jiff::Timestamp;
use model::Failure;
use model::book::SweepRecord;
use model::event::What;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Store;

/// So many sweeps are remembered.
pub(crate) const MOST: usize = 100;

/// One sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Its number.
    pub sweep: u64,
    /// The range.
    pub range: Option<IpNet>,
    /// The TCP port that is asked at.
    pub port: u16,
    /// At most so many addresses a second.
    pub rate: u32,
    /// Addresses asked.
    pub asked: u64,
    /// Addresses in all.
    pub total: u64,
    /// Controllers that answered.
    pub found: u64,
    /// Whether it ended.
    pub ended: bool,
    /// Whether it ended before it came to the end of its range: the same range and port go on there.
    pub unfinished: bool,
}

/// All of them, newest last.
#[derive(Debug, Default)]
pub struct Sweeps(Mutex<BTreeMap<u64, Sweep>>);

impl Sweeps {
    /// Those that an earlier life of the appliance left unfinished; `kept` is the newest first.
    pub(crate) fn left(kept: Vec<store::Sweep>) -> Self {
        let mut later = Vec::new();
        let mut left = BTreeMap::new();
        for row in kept {
            let Ok(range) = row.range.parse::<IpNet>() else { continue };
            let is_look = row.ended_at.is_some() && row.cursor == 0;
            if is_look || later.contains(&(range, row.port)) {
                continue;
            }
            later.push((range, row.port));
            if row.ended_at.is_none() {
                let store::Sweep { number: sweep, port, rate, asked, found, .. } = row;
                let (range, total) = (Some(range), addresses(range));
                let it =
                    Sweep { sweep, range, port, rate, asked, total, found, ended: true, unfinished: true };
                left.insert(sweep, it);
            }
        }
        Self(Mutex::new(left))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Sweep>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a sweep beside how far it is. A look at the neighbours is never unfinished.
    pub(crate) fn keep(&self, record: &SweepRecord, near_only: bool) {
        let mut sweeps = self.lock();
        let it = sweeps.entry(record.number).or_default();
        it.sweep = record.number;
        (it.range, it.port, it.rate) = (Some(record.range), record.port, record.rate);
        it.unfinished = !record.ended && !near_only;
    }

    /// A sweep was written down.
    pub(crate) fn written(&self, record: &SweepRecord) {
        if let Some(it) = self.lock().get_mut(&record.number) {
            it.unfinished &= !record.ended;
        }
    }

    pub(crate) fn note(&self, event: &What) {
        if let What::SweepProgress { sweep, asked, total, found, ended } = *event {
            let mut sweeps = self.lock();
            let before = sweeps.remove(&sweep).unwrap_or_default();
            sweeps.insert(sweep, Sweep { sweep, asked, total, found, ended, ..before });
            while sweeps.len() > MOST {
                sweeps.pop_first();
            }
        }
    }

    /// Newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Sweep> {
        // One that runs is not unfinished yet.
        let shown = |it: &Sweep| Sweep { unfinished: it.unfinished && it.ended, ..it.clone() };
        self.lock().values().rev().map(shown).collect()
    }
}

/// How many addresses a sweep of a range asks: network and broadcast address are left out (RFC 3021), and of IPv6 the
/// routers' anycast address (RFC 4291, section 2.6.1).
fn addresses(range: IpNet) -> u64 {
    let bits = u32::from(range.max_prefix_len() - range.prefix_len());
    let all = 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
    match (range, bits) {
        (_, 0 | 1) => all,
        (IpNet::V4(_), _) => all - 2,
        (IpNet::V6(_), _) => all - 1,
    }
}

/// A new sweep, or the one of the same range and port that did not come to its end. A look at the neighbours is always
/// new, and counts as ended from the start, so that nothing goes on with it.
pub(crate) async fn begun(
    store: &Store,
    sweeps: &Sweeps,
    (range, port, rate): (IpNet, u16, u32),
    near_only: bool,
    now: Timestamp,
) -> Result<Option<SweepRecord>, Failure> {
    let failed = |error: store::Error| unavailable(format!("sweep of {range}"), &error);
    let text = range.to_string();
    let kept = if near_only { None } else { store.sweep_to_resume(&text, port).await.map_err(failed)? };
    let mut row = match kept {
        Some(row) => row,
        None => store.create_sweep(&text, port, rate, now).await.map_err(failed)?,
    };
    if near_only {
        row.ended_at = Some(now);
        store.put_sweep(&row).await.map_err(failed)?;
    }
    let store::Sweep { number, cursor, asked, found, .. } = row;
    let record = SweepRecord { number, range, port, rate, cursor, asked, found, ended: false };
    sweeps.keep(&record, near_only);
    Ok(Some(record))
}

/// Writes down how far a sweep came.
pub(crate) async fn progress(store: &Store, sweep: SweepRecord, now: Timestamp) -> Result<(), Failure> {
    let failed = |error: store::Error| unavailable(format!("sweep of {}", sweep.range), &error);
    let Some(row) = store.sweep(sweep.number).await.map_err(failed)? else { return Ok(()) };
    let SweepRecord { rate, cursor, asked, found, .. } = sweep;
    // A look at the neighbours stays ended.
    let ended_at = if sweep.ended { Some(now) } else { row.ended_at };
    let row = store::Sweep { rate, cursor, asked, found, ended_at, ..row };
    store.put_sweep(&row).await.map_err(failed).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, range: &str, cursor: u64, ended: bool) -> store::Sweep {
        let at = Timestamp::UNIX_EPOCH;
        store::Sweep {
            number,
            range: range.into(),
            port: 443,
            rate: 10,
            cursor,
            asked: cursor,
            found: 0,
            started_at: at,
            ended_at: ended.then_some(at),
        }
    }

    #[test]
    fn what_an_earlier_life_left_is_listed_unless_a_later_sweep_came_to_the_end() {
        let kept = vec![
            row(9, "10.0.3.0/24", 0, true),
            row(8, "10.0.2.0/24", 254, true),
            row(7, "nonsense", 3, false),
            row(6, "10.0.3.0/24", 77, false),
            row(5, "10.0.2.0/24", 100, false),
            row(4, "10.0.3.0/24", 12, false),
        ];
        let sweeps = Sweeps::left(kept);
        let listed = sweeps.list();
        assert_eq!(listed.iter().map(|it| it.sweep).collect::<Vec<_>>(), [6]);
        assert_eq!((listed[0].asked, listed[0].total, listed[0].unfinished), (77, 254, true));
        // Gone on with, it is not unfinished; stopped, it is; at the end it is not.
        let mut record = SweepRecord {
            number: 6,
            range: "10.0.3.0/24".parse().unwrap(),
            port: 443,
            rate: 20,
            cursor: 77,
            asked: 77,
            found: 0,
            ended: false,
        };
        let progress = |asked, ended| What::SweepProgress { sweep: 6, asked, total: 254, found: 1, ended };
        sweeps.keep(&record, false);
        sweeps.note(&progress(100, false));
        assert_eq!((sweeps.list()[0].unfinished, sweeps.list()[0].rate), (false, 20));
        sweeps.note(&progress(120, true));
        assert!(sweeps.list()[0].unfinished);
        sweeps.note(&progress(254, false));
        record.ended = true;
        sweeps.written(&record);
        sweeps.note(&progress(254, true));
        assert!(!sweeps.list()[0].unfinished);
        // A look at the neighbours that was stopped is not.
        record = SweepRecord { number: 10, ended: false, ..record };
        sweeps.keep(&record, true);
        sweeps.note(&What::SweepProgress { sweep: 10, asked: 1, total: 3, found: 0, ended: true });
        assert!(!sweeps.list()[0].unfinished);
    }

    #[test]
    fn addresses_are_counted_as_they_are_walked() {
        for (range, count) in [
            ("10.0.0.0/16", 65_534),
            ("10.0.0.0/30", 2),
            ("10.0.0.0/31", 2),
            ("10.0.0.1/32", 1),
            ("fd00::/112", 65_535),
            ("fd00::/127", 2),
            ("fd00::/0", u64::MAX - 1),
        ] {
            assert_eq!(addresses(range.parse().unwrap()), count, "{range}");
        }
    }
}
