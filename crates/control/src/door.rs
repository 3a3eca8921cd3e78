//! The one way to act: authorise, write down, permit, act, complete the record, tell.

use crate::access_book::AccessBook;
use crate::book::{Book, in_full};
use crate::events::Events;
use crate::metrics;
use audit::Outcome;
use identity::Decision;
use mint::Mint;
use model::command::{Command, Part};
use model::event::What;
use model::{Action, Actor, Failure, Kind, Object, Permit};
use std::sync::Arc;
use tokio::task::JoinError;
use tokio_util::task::TaskTracker;

/// The door. Cheap to clone; every clone is the same door.
#[derive(Clone)]
pub struct Door {
    access: Arc<AccessBook>,
    audit: audit::Log,
    book: Book,
    events: Events,
    /// Owns the acts: one that has begun ends even when whoever asked for it goes away.
    acts: TaskTracker,
}

impl Door {
    /// A door over these rights, this log and these records.
    #[must_use]
    pub fn new(access: Arc<AccessBook>, audit: audit::Log, book: Book, events: Events) -> Self {
        Self { access, audit, book, events, acts: TaskTracker::new() }
    }

    /// The records behind the door, for the parts that keep them.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// The users, grants and sessions behind the door.
    #[must_use]
    pub const fn access(&self) -> &Arc<AccessBook> {
        &self.access
    }

    /// The audit log.
    #[must_use]
    pub const fn audit(&self) -> &audit::Log {
        &self.audit
    }

    /// The news.
    #[must_use]
    pub const fn events(&self) -> &Events {
        &self.events
    }

    /// Whether the actor may do it, which grant decides, and why.
    #[must_use]
    pub fn may(&self, actor: &Actor, action: Action, object: &Object) -> Decision {
        self.access.decide(actor, action, object)
    }

    /// Refuses what the actor may not do. For reads: nothing is written down.
    ///
    /// # Errors
    /// `Refused`, with the reason.
    pub fn check(&self, actor: &Actor, action: Action, object: &Object) -> Result<(), Failure> {
        let decision = self.may(actor, action, object);
        if decision.allowed { Ok(()) } else { Err(refusal(actor, action, object, &decision)) }
    }

    /// Carries a command out, if the actor may and its record is on disk.
    ///
    /// The act runs to its end even if the caller stops waiting for it.
    ///
    /// # Errors
    /// `NotFound` if there is no such object, `Refused` without a grant, `Unavailable` if the record
    /// cannot be written, or the part's own failure.
    pub async fn run<C, P>(&self, actor: &Actor, part: &Arc<P>, command: C) -> Result<C::Outcome, Failure>
    where
        C: Command,
        P: Part<C> + ?Sized + 'static,
    {
        let action = command.action();
        let object = self.admit(actor, &**part, &command).await?;
        let permit = self.permit(actor, &command, object.clone()).await?;
        let (door, part, record) = (self.clone(), Arc::clone(part), permit.record());
        let act = self.acts.spawn(async move {
            // In a task of its own, so that a crash of the part ends the part's work and not the record's.
            let mut work = tokio::task::JoinSet::new();
            work.spawn(async move { part.perform(permit, command).await });
            let result = match work.join_next().await {
                Some(Ok(result)) => result,
                ended => Err(crashed(action, &object, ended)),
            };
            let outcome = match &result {
                Ok(_) => Outcome::Ok,
                Err(failure) => Outcome::Failed(failure.to_string()),
            };
            door.complete(record, action, outcome).await;
            result
        });
        act.await.unwrap_or_else(|gone| {
            let subject = format!("record {record}");
            Err(Failure::new(Kind::Unavailable, action.name(), subject, gone.to_string()))
        })
    }

    /// Refuses what [`Door::run`] would refuse for want of a grant, and writes that down; nothing is done.
    /// For those who start many acts and would rather start none.
    ///
    /// # Errors
    /// `NotFound` if there is no such object, `Refused` without a grant.
    pub async fn admit<C, P>(&self, actor: &Actor, part: &P, command: &C) -> Result<Object, Failure>
    where
        C: Command,
        P: Part<C> + ?Sized,
    {
        let action = command.action();
        let object = part.object(command)?;
        let decision = self.may(actor, action, &object);
        if !decision.allowed {
            return Err(self.refuse(actor, action, &object, &decision).await);
        }
        Ok(object)
    }

    /// Waits until every act that has begun has ended. New ones are no longer taken by the callers then.
    pub async fn close(&self) {
        self.acts.close();
        self.acts.wait().await;
    }

    async fn refuse(&self, actor: &Actor, action: Action, object: &Object, decision: &Decision) -> Failure {
        metrics::refused(action);
        let detail = serde_json::json!({ "why": decision.why });
        if let Err(error) = self.audit.refused(actor.clone(), action, object.clone(), detail).await {
            tracing::error!(%error, %action, "a refusal could not be written down");
        }
        refusal(actor, action, object, decision)
    }

    async fn permit<C: Command>(
        &self,
        actor: &Actor,
        command: &C,
        object: Object,
    ) -> Result<Permit, Failure> {
        let action = command.action();
        let begin = audit::Begin {
            actor: actor.clone(),
            action,
            object: object.clone(),
            detail: command.detail(),
            essential: command.is_essential(),
        };
        let begun = self.audit.begin(begin).await;
        let record = begun.map_err(|error| not_written(action, &object, &error))?;
        self.events.tell(What::Audited { record });
        Ok(Permit::issue(Mint::new(), record, actor.clone(), action, object))
    }

    /// Writes down how an act ended.
    async fn complete(&self, record: u64, action: Action, outcome: Outcome) {
        metrics::acted(action, outcome == Outcome::Ok);
        if let Err(error) = self.audit.complete(record, outcome, serde_json::Value::Null).await {
            tracing::error!(%error, record, %action, "the outcome of an act could not be written down");
        }
        self.events.tell(What::Audited { record });
    }
}

/// A bug of ours: the part panicked.
fn crashed<T>(action: Action, object: &Object, ended: Option<Result<T, JoinError>>) -> Failure {
    metrics::act_crashed();
    let crash = ended.and_then(Result::err);
    tracing::error!(%action, %object, ?crash, "an act crashed");
    let cause = "the act crashed; whether it was done is not known; see the appliance's log";
    Failure::new(Kind::Unavailable, action.name(), object.to_string(), cause)
}

/// Nothing is done that cannot be written down.
fn not_written(action: Action, object: &Object, error: &audit::Error) -> Failure {
    let (kind, hint) = match error {
        audit::Error::Record(_) => {
            (Kind::Invalid, "nothing was done; ask for less at once, or in shorter words")
        }
        full if full.is_disk_full() => (Kind::Unavailable, "nothing was done; free space on the appliance"),
        _ => (Kind::Unavailable, "nothing was done, because nothing is done that cannot be written down"),
    };
    Failure::new(kind, action.name(), object.to_string(), in_full(error)).hint(hint)
}

fn refusal(actor: &Actor, action: Action, object: &Object, decision: &Decision) -> Failure {
    let kind =
        if actor.principal == model::Principal::Anonymous { Kind::Unauthenticated } else { Kind::Refused };
    Failure::new(kind, action.name(), object.to_string(), decision.why.clone())
        .hint("ask an administrator for a grant; `portcullis access explain` shows which are missing")
}
