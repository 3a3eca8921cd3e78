//! Sweeps of address ranges, with how far they came.

use crate::value::{Row, args};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;

/// A sweep of an address range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Its number.
    pub number: u64,
    /// The range, as written.
    pub range: String,
    /// The TCP port that is asked at.
    pub port: u16,
    /// At most so many addresses a second.
    pub rate: u32,
    /// How many addresses from the range's start are done with: where it goes on.
    pub cursor: u64,
    /// Addresses asked.
    pub asked: u64,
    /// Controllers that answered.
    pub found: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it came to the range's end; none while it runs or if it was stopped.
    pub ended_at: Option<Timestamp>,
}

const COLUMNS: &str = "number, range, port, rate, cursor, asked, found, started_at, ended_at";

fn read(row: &mut Row) -> Result<Sweep, Trouble> {
    Ok(Sweep {
        number: row.take(0)?,
        range: row.take(1)?,
        port: row.take(2)?,
        rate: row.take(3)?,
        cursor: row.take(4)?,
        asked: row.take(5)?,
        found: row.take(6)?,
        started_at: row.take(7)?,
        ended_at: row.take(8)?,
    })
}

impl Store {
    /// Writes down a new sweep; comes back with it and its number.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn create_sweep(&self, range: &str, port: u16, rate: u32, now: Timestamp) -> Result<Sweep> {
        let range = range.to_owned();
        self.write("start", format!("sweep of {range}"), move |c| {
            let sql = "INSERT INTO sweeps (range, port, rate, cursor, asked, found, started_at) \
                       VALUES ($1, $2, $3, 0, 0, 0, $4) RETURNING number";
            let number = c.scalar(sql, args![&range, port, rate, now])?;
            Ok(Sweep {
                number,
                range,
                port,
                rate,
                cursor: 0,
                asked: 0,
                found: 0,
                started_at: now,
                ended_at: None,
            })
        })
        .await
    }

    /// Writes down how far a sweep came: its rate, cursor, counts and end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_sweep(&self, sweep: &Sweep) -> Result<bool> {
        let sweep = sweep.clone();
        self.write("write down", format!("sweep {} of {}", sweep.number, sweep.range), move |c| {
            let sql = "UPDATE sweeps SET rate = $1, cursor = $2, asked = $3, found = $4, ended_at = $5 WHERE number = $6";
            let args = args![sweep.rate, sweep.cursor, sweep.asked, sweep.found, sweep.ended_at, sweep.number];
            Ok(c.execute(sql, args)? > 0)
        })
        .await
    }

    /// A sweep by its number.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn sweep(&self, number: u64) -> Result<Option<Sweep>> {
        self.read("read", format!("sweep {number}"), move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM sweeps WHERE number = $1"), args![number], read)
        })
        .await
    }

    /// The newest sweeps, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn sweeps(&self, most: usize) -> Result<Vec<Sweep>> {
        self.read("list", "sweeps", move |c| {
            c.all(&format!("SELECT {COLUMNS} FROM sweeps ORDER BY number DESC LIMIT $1"), args![most], read)
        })
        .await
    }

    /// The newest sweep of this range and port, if it did not come to its end. One that ended with nothing of the range
    /// done was a look at the neighbours alone, and does not count.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn sweep_to_resume(&self, range: &str, port: u16) -> Result<Option<Sweep>> {
        let range = range.to_owned();
        self.read("read", format!("sweep of {range}"), move |c| {
            let sql = format!(
                "SELECT {COLUMNS} FROM sweeps WHERE range = $1 AND port = $2 AND (ended_at IS NULL OR cursor > 0) \
                 ORDER BY number DESC LIMIT 1"
            );
            Ok(c.first(&sql, args![range, port], read)?.filter(|sweep| sweep.ended_at.is_none()))
        })
        .await
    }
}
