//! Jobs, and what became of each of their devices: a job that a crash broke off can be taken up again.

use crate::value::{args, document};
use crate::{Result, Store};
use model::job::Item;

/// A job's number, its record (whatever its keeper writes, as JSON), and its items in order.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Its number.
    pub number: u64,
    /// Its record.
    pub record: serde_json::Value,
    /// Its devices.
    pub items: Vec<Item>,
}

impl Store {
    /// Writes a new job with its items; comes back with its number. Of those that have ended all but the
    /// newest `keep` go.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn add_job(&self, record: serde_json::Value, items: Vec<Item>, keep: usize) -> Result<u64> {
        self.write("write down", "a job", move |c| {
            let tidy = "DELETE FROM jobs WHERE ended AND number NOT IN \
                        (SELECT number FROM jobs WHERE ended ORDER BY number DESC LIMIT $1)";
            c.execute(tidy, args![keep])?;
            let sql = "INSERT INTO jobs (record, ended) VALUES ($1, 0) RETURNING number";
            let number: u64 = c.scalar(sql, args![document(&record, "job")?])?;
            for (position, item) in items.iter().enumerate() {
                let sql = "INSERT INTO job_items (job, position, item) VALUES ($1, $2, $3)";
                c.execute(sql, args![number, position, document(item, "item of a job")?])?;
            }
            Ok(number)
        })
        .await
    }

    /// Writes a job's record anew.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_job(&self, number: u64, record: serde_json::Value, ended: bool) -> Result<()> {
        self.write("write down", format!("job {number}"), move |c| {
            let sql = "UPDATE jobs SET record = $1, ended = $2 WHERE number = $3";
            c.execute(sql, args![document(&record, "job")?, ended, number]).map(drop)
        })
        .await
    }

    /// Writes what became of one item.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_job_item(&self, number: u64, position: usize, item: &Item) -> Result<()> {
        let item = item.clone();
        self.write("write down", format!("device {} of job {number}", item.device), move |c| {
            let sql = "UPDATE job_items SET item = $1 WHERE job = $2 AND position = $3";
            c.execute(sql, args![document(&item, "item of a job")?, number, position]).map(drop)
        })
        .await
    }

    /// All jobs that are kept, the oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn jobs(&self) -> Result<Vec<JobRow>> {
        self.read("list", "jobs", |c| {
            let mut jobs = c.all("SELECT number, record FROM jobs ORDER BY number", &[], |row| {
                Ok(JobRow { number: row.take(0)?, record: row.document(1, "job")?, items: Vec::new() })
            })?;
            for job in &mut jobs {
                let sql = "SELECT item FROM job_items WHERE job = $1 ORDER BY position";
                job.items = c.all(sql, args![job.number], |row| row.document(0, "item of a job"))?;
            }
            Ok(jobs)
        })
        .await
    }
}
