//! Findings: what a person should look at.

use crate::value::{Row, args};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;
use model::DeviceId;
use model::event::Finding;

/// A finding with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// Its number.
    pub id: i64,
    /// When it was first raised.
    pub at: Timestamp,
    /// What was seen.
    pub finding: Finding,
    /// Who looked at it, and when.
    pub acknowledged: Option<Acknowledged>,
}

/// Who looked at a finding, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What came of raising a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The finding's number.
    pub id: i64,
    /// False if the same one was there and nobody had looked at it yet.
    pub new: bool,
}

/// So many of one kind about one device wait for somebody to look at them. Who can raise them at will, with another
/// text each time, must not fill the disk; the first ones tell most.
const MOST_ALIKE: u64 = 100;

const SELECT: &str = "SELECT id, at, kind, device, text, acknowledged_by, acknowledged_at FROM findings";

fn read(row: &mut Row) -> Result<FindingRow, Trouble> {
    let (by, acknowledged_at): (Option<String>, Option<Timestamp>) = (row.take(5)?, row.take(6)?);
    Ok(FindingRow {
        id: row.take(0)?,
        at: row.take(1)?,
        finding: Finding {
            kind: row.take(2)?,
            device: row.take::<Option<String>>(3)?.map(DeviceId),
            text: row.take(4)?,
        },
        acknowledged: by.zip(acknowledged_at).map(|(by, at)| Acknowledged { by, at }),
    })
}

impl Store {
    /// Writes a finding down, unless the same one (kind, device, text) is there and nobody has looked at it yet. Where a
    /// hundred of one kind and device wait already, one more says that there were more, and that is the last.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn add_finding(&self, at: Timestamp, finding: &Finding) -> Result<Raised> {
        let mut finding = finding.clone();
        self.write("raise", format!("finding {}", finding.kind), move |c| {
            let device = finding.device.map(|id| id.0).unwrap_or_default();
            let same = "SELECT id FROM findings WHERE acknowledged_at IS NULL \
                        AND kind = $1 AND coalesce(device, '') = $2 AND text = $3";
            if let Some(id) = c.first(same, args![&finding.kind, &device, &finding.text], |row| row.take(0))? {
                return Ok(Raised { id, new: false });
            }
            let alike = "SELECT count(*) FROM findings WHERE acknowledged_at IS NULL \
                         AND kind = $1 AND coalesce(device, '') = $2";
            if c.scalar::<u64>(alike, args![&finding.kind, &device])? >= MOST_ALIKE {
                finding.text = format!("more than {MOST_ALIKE} of this kind wait to be looked at; no more are kept");
                if let Some(id) = c.first(same, args![&finding.kind, &device, &finding.text], |row| row.take(0))? {
                    return Ok(Raised { id, new: false });
                }
            }
            let sql = "INSERT INTO findings (at, kind, device, text) VALUES ($1, $2, nullif($3, ''), $4) RETURNING id";
            Ok(Raised { id: c.scalar(sql, args![at, finding.kind, device, finding.text])?, new: true })
        })
        .await
    }

    /// The findings that nobody has looked at yet, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn open_findings(&self, most: usize) -> Result<Vec<FindingRow>> {
        self.read("list", "open findings", move |c| {
            let sql = format!("{SELECT} WHERE acknowledged_at IS NULL ORDER BY id DESC LIMIT $1");
            c.all(&sql, args![most], read)
        })
        .await
    }

    /// All findings, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn findings(&self, most: usize) -> Result<Vec<FindingRow>> {
        self.read("list", "findings", move |c| {
            c.all(&format!("{SELECT} ORDER BY id DESC LIMIT $1"), args![most], read)
        })
        .await
    }

    /// A finding by its number.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn finding(&self, id: i64) -> Result<Option<FindingRow>> {
        self.read("read", format!("finding {id}"), move |c| {
            c.first(&format!("{SELECT} WHERE id = $1"), args![id], read)
        })
        .await
    }

    /// How many findings nobody has looked at yet.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub async fn count_open_findings(&self) -> Result<u64> {
        self.read("count", "open findings", |c| {
            c.scalar("SELECT count(*) FROM findings WHERE acknowledged_at IS NULL", &[])
        })
        .await
    }

    /// Writes down that somebody looked at a finding; false if there is none, or somebody had.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn acknowledge_finding(&self, id: i64, by: &str, at: Timestamp) -> Result<bool> {
        let by = by.to_owned();
        self.write("acknowledge", format!("finding {id}"), move |c| {
            let sql = "UPDATE findings SET acknowledged_by = $1, acknowledged_at = $2 \
                       WHERE id = $3 AND acknowledged_at IS NULL";
            Ok(c.execute(sql, args![by, at, id])? > 0)
        })
        .await
    }

    /// Removes the findings that were acknowledged before a time; comes back with how many.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub async fn prune_findings(&self, before: Timestamp) -> Result<u64> {
        self.write("remove", "old findings", move |c| {
            c.execute("DELETE FROM findings WHERE acknowledged_at < $1", args![before])
        })
        .await
    }
}
