//! What the tables ask of a database, whichever it is: run statements inside a unit of work.

use crate::error::Cause;
use crate::value::{FromValue, Row, Value};
use tokio::sync::oneshot;

/// Why a statement did not run.
#[derive(Debug)]
pub enum Trouble {
    /// The disk is full.
    Full,
    /// The database cannot be written.
    ReadOnly,
    /// A unique column has that value already.
    Duplicate,
    /// A row that is referred to does not exist.
    Missing,
    /// A stored value cannot be understood.
    Document {
        /// Which.
        what: String,
        /// What was wrong.
        source: Cause,
    },
    /// Anything else.
    Failed(Cause),
}

impl Trouble {
    /// The word for it in metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
            Self::Document { .. } => "document",
            Self::Failed(_) => "failed",
        }
    }
}

/// A connection inside a unit of work. Statements number their arguments `$1`, `$2`, … in the order of their first use.
pub trait Connection {
    /// Runs a statement; comes back with how many rows it changed.
    fn execute(&self, sql: &str, args: &[Value]) -> Result<u64, Trouble>;

    /// Runs a query and hands each row over as it is read.
    fn each(
        &self,
        sql: &str,
        args: &[Value],
        row: &mut dyn FnMut(Row) -> Result<(), Trouble>,
    ) -> Result<(), Trouble>;
}

impl dyn Connection + '_ {
    /// Every row of a query.
    pub fn all<T>(
        &self,
        sql: &str,
        args: &[Value],
        read: fn(&mut Row) -> Result<T, Trouble>,
    ) -> Result<Vec<T>, Trouble> {
        let mut rows = Vec::new();
        self.each(sql, args, &mut |mut row| {
            rows.push(read(&mut row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row of a query, if there is one.
    pub fn first<T>(
        &self,
        sql: &str,
        args: &[Value],
        read: fn(&mut Row) -> Result<T, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        Ok(self.all(sql, args, read)?.into_iter().next())
    }

    /// The first column of the one row that a query always has, such as `SELECT count(*)`.
    pub fn scalar<T: FromValue>(&self, sql: &str, args: &[Value]) -> Result<T, Trouble> {
        let value = self.first(sql, args, |row| row.take(0))?;
        value.ok_or_else(|| Trouble::Failed("a query that always has a row had none".into()))
    }
}

/// A unit of work, without the type of its result.
pub trait Job: Send {
    /// Does it; the result is kept. Whether it worked decides between commit and rollback.
    fn run(&mut self, connection: &dyn Connection) -> bool;

    /// Hands the result to whoever waits; trouble with the commit takes its place. Comes back with the kind
    /// of trouble, for metrics.
    fn done(self: Box<Self>, commit: Result<(), Trouble>) -> Option<&'static str>;
}

/// A unit of work, and who waits for its result.
pub struct Work<T, F> {
    work: Option<F>,
    result: Option<Result<T, Trouble>>,
    reply: oneshot::Sender<Result<T, Trouble>>,
}

impl<T, F> Work<T, F> {
    /// A unit of work, and where its result arrives.
    pub fn new(work: F) -> (Self, oneshot::Receiver<Result<T, Trouble>>) {
        let (reply, arrives) = oneshot::channel();
        (Self { work: Some(work), result: None, reply }, arrives)
    }
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&dyn Connection) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, connection: &dyn Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn done(self: Box<Self>, commit: Result<(), Trouble>) -> Option<&'static str> {
        let never = || Err(Trouble::Failed("the work was not done".into()));
        let Self { result, reply, .. } = *self;
        let result = commit.and_then(|()| result.unwrap_or_else(never));
        let kind = result.as_ref().err().map(Trouble::kind);
        // Nobody waits any more when the caller was cancelled; the work is done all the same.
        let _ = reply.send(result);
        kind
    }
}
