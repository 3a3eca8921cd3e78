//! The threads: each does one job after the other, in a transaction.

use crate::metrics::{ERRORS, WRITE_QUEUE, WRITE_SECONDS};
use crate::work::{Job, Trouble};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

/// A job, and when it was asked for.
pub struct Asked {
    pub job: Box<dyn Job>,
    pub at: Instant,
}

/// Writes until nobody can ask any more.
pub fn write(mut connection: Connection, mut jobs: Receiver<Asked>) {
    while let Some(Asked { job, at }) = jobs.blocking_recv() {
        finish("write", job, |job| write_one(&mut connection, job));
        metrics::gauge!(WRITE_QUEUE).set(f64::from(u32::try_from(jobs.len()).unwrap_or(u32::MAX)));
        metrics::histogram!(WRITE_SECONDS).record(at.elapsed().as_secs_f64());
    }
}

/// Reads until nobody can ask any more. The threads that read take turns at one queue.
pub fn read(connection: &Connection, jobs: &Mutex<Receiver<Asked>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Asked { job, .. }) = next else { return };
        finish("read", job, |job| read_one(connection, job));
    }
}

/// Does a job and answers for it. A panic in it fails that job, not the thread.
fn finish(
    operation: &'static str,
    mut job: Box<dyn Job>,
    run: impl FnOnce(&mut dyn Job) -> Result<(), Trouble>,
) {
    let panicked = |_| Err(Trouble::Failed("the work ended in a panic".into()));
    let ended = catch_unwind(AssertUnwindSafe(|| run(job.as_mut()))).unwrap_or_else(panicked);
    if let Some(kind) = job.done(ended) {
        metrics::counter!(ERRORS, "operation" => operation, "kind" => kind).increment(1);
    }
}

/// The write lock is taken at the start, so that no job finds out half-way that another process was faster.
/// A transaction that is dropped is rolled back.
fn write_one(connection: &mut Connection, job: &mut dyn Job) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if job.run(&*transaction) {
        transaction.commit()?;
    }
    Ok(())
}

fn read_one(connection: &Connection, job: &mut dyn Job) -> Result<(), Trouble> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    job.run(&*transaction);
    Ok(transaction.finish()?)
}
