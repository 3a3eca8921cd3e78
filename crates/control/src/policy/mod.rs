//! The policy in the appliance: its versions, questions about it, and how it gets into the kernel and out of it again.
//!
//! [`Policies`] is the part that carries acts on the policy out. It keeps both documents as text, so that nothing in them
//! is lost; asks the crate `policy` what they mean; and shows every permit to the [`Enforcer`], which stands
//! before the kernel. What is in force is always what the kernel says, never what the store says.
//!
//! | module | what it does |
//! |---|---|
//! | [`ask`] | questions as people write them, and the picture of zones |
//! | [`bound`] | both documents, bound, and ready for questions |
//! | `entries` | the kernel's records as entries of the firewalls' log |
//! | `hits` | what each rule has counted |
//! | `keep` | keeps kernel, store and devices in step |
//! | [`log`] | the firewalls' log, for who may read it |
//! | `memory` | what is known between two looks at the store |
//! | `news` | what the kernel tells, as findings |
//! | [`openings`] | short-lived openings |
//! | `quarantine` | devices that are cut off |
//! | [`questions`] | what is reached, what differs |
//! | [`read`] | versions and documents, for who may see them |
//! | [`shadow`] | what rules that only log would have cost |
//! | [`status`] | how things stand |
//! | [`trial`] | a version on trial, confirmed or taken back |

pub mod ask;
pub mod bound;
mod entries;
mod hits;
mod keep;
pub mod log;
mod memory;
mod news;
pub mod openings;
mod quarantine;
pub mod questions;
pub mod read;
pub mod shadow;
pub mod status;
pub mod trial;

pub use ::policy::assertion::Outcome as TestOutcome;
pub use ::policy::diagnostic::{Diagnostic, Severity};
pub use ::policy::diff::Change;
pub use ::policy::document::scenario;
pub use ::policy::document::words::{Action as Verdict, DecryptionMode, Text};
pub use ::policy::document::{Scenario, Site};
pub use ::policy::drawing;
pub use ::policy::explain::{Explanation, in_language};
pub use ::policy::plan::{Plan, Rule};
pub use ::policy::reach::{Picture, Row};
pub use ::policy::shipped::{SCENARIO_FILE, SITE_FILE};
pub use ::policy::yaml::MAX_BYTES as LARGEST_DOCUMENT;
pub use bound::{Bound, Checked};
pub use hits::Hits;
pub use read::{Documents, Which};
pub use shadow::Cost;
pub use status::Status;

use crate::Door;
use crate::book::{Book, unavailable};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use memory::Memory;
use model::command::policy::{
    Apply, ClosePinhole, Confirm, KeepOpen, LetClose, OpenPinhole, Propose, Repair, Revert, SetQuarantine,
};
use model::enforcement::{Enforcer, Version, VersionState};
use model::event::{PolicyStep, What};
use model::firewall_log::Log;
use model::part;
use model::{Failure, Kind, Object, Permit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{NewPolicy, PolicyTexts, Store};

/// So many drafts are kept that were never on trial: each is as large as its documents.
const DRAFTS: usize = 100;
/// So many versions are kept bound, for questions: two are compared, one is in force, one is looked at.
const BOUND: usize = 4;
/// The longest note or reason, in bytes.
const LONGEST_NOTE: usize = 500;

/// The part that keeps the policy.
pub struct Policies {
    door: Door,
    enforcer: Arc<dyn Enforcer>,
    /// Where the firewalls' log is kept; none where it is not.
    log: Option<Arc<dyn Log>>,
    /// The versions that were asked about last, the newest question last.
    bound: Mutex<Vec<(u64, Arc<Bound>)>>,
    memory: Mutex<Memory>,
    /// Held by whoever changes what is on trial or in force: one after the other.
    turn: tokio::sync::Mutex<()>,
    /// Held by whoever cuts a device off or lets it back.
    isolating: tokio::sync::Mutex<()>,
    /// Held by whoever opens or closes: memory and kernel change together. Taken after `turn` where both are.
    opening: tokio::sync::Mutex<()>,
}

impl Policies {
    /// The policy behind this door, before this kernel.
    #[must_use]
    pub fn new(door: Door, enforcer: Arc<dyn Enforcer>) -> Self {
        Self {
            door,
            enforcer,
            log: None,
            bound: Mutex::default(),
            memory: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            isolating: tokio::sync::Mutex::default(),
            opening: tokio::sync::Mutex::default(),
        }
    }

    /// The same, with what the kernel logs kept here.
    #[must_use]
    pub fn logging(mut self, log: Arc<dyn Log>) -> Self {
        self.log = Some(log);
        self
    }

    /// What is held in memory, for as long as the guard lives; never across an await.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self) -> &Book {
        self.door.book()
    }

    fn store(&self) -> &Store {
        self.book().store()
    }

    fn today(&self) -> Date {
        self.book().now().to_zoned(TimeZone::UTC).date()
    }

    fn tell(&self, step: PolicyStep, version: Option<u64>) {
        self.door.events().tell(What::PolicyChanged { step, version });
    }

    /// A version that is kept, with its documents.
    async fn kept(&self, number: u64) -> Result<(Version, PolicyTexts), Failure> {
        let stored = self.store().policy(number).await;
        let stored = stored.map_err(|error| unavailable(subject(number), &error))?;
        stored.ok_or_else(|| match number {
            0 => Failure::new(Kind::NotFound, "find", subject(number), "it is not kept as a version")
                .hint("propose it first: `portcullis policy propose`, or \"Propose a change\" on the page"),
            _ => Failure::new(Kind::NotFound, "find", subject(number), "there is no such version")
                .hint("`portcullis policy history` lists them"),
        })
    }

    /// A version's documents, bound. They never change under their number.
    async fn bound(&self, number: u64) -> Result<Arc<Bound>, Failure> {
        if let Some((_, bound)) = self.cached().iter().find(|(cached, _)| *cached == number) {
            return Ok(Arc::clone(bound));
        }
        let texts = if number == 0 { read::shipped() } else { self.kept(number).await?.1 };
        let bound = Arc::new(self.bind(texts, number).await?);
        let mut cached = self.cached();
        cached.retain(|(other, _)| *other != number);
        if cached.len() >= BOUND {
            cached.remove(0);
        }
        cached.push((number, Arc::clone(&bound)));
        Ok(bound)
    }

    fn cached(&self) -> MutexGuard<'_, Vec<(u64, Arc<Bound>)>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn bind(&self, texts: PolicyTexts, number: u64) -> Result<Bound, Failure> {
        let bound = blocking(move || Bound::new(&texts)).await?;
        bound.map_err(|diagnostics| {
            Failure::new(Kind::Invalid, "bind", subject(number), summary(&diagnostics))
                .hint("`portcullis policy check` on both files shows each place")
        })
    }

    /// What is to be told about two documents.
    async fn look(&self, texts: PolicyTexts) -> Result<Checked, Failure> {
        let (book, today) = (self.book().clone(), self.today());
        blocking(move || bound::check(&texts, today, |name| bound::addresses(&book, name))).await
    }

    async fn propose(&self, permit: &Permit, command: Propose) -> Result<Version, Failure> {
        let subject = "a version of the policy";
        if command.scenario.is_none() && command.site.is_none() {
            return Err(Failure::new(Kind::Invalid, "propose", subject, "there is no document in it"));
        }
        let note = fits(&command.note, "propose", subject)?;
        let base = match (&command.scenario, &command.site) {
            (Some(_), Some(_)) => PolicyTexts::default(),
            _ => self.texts(Which::Current).await?.1,
        };
        let texts = PolicyTexts {
            scenario: command.scenario.unwrap_or(base.scenario),
            site: command.site.unwrap_or(base.site),
        };
        let checked = self.look(texts.clone()).await?;
        if checked.has_error() {
            return Err(Failure::new(Kind::Invalid, "propose", subject, summary(&checked.diagnostics))
                .hint("nothing was kept; `portcullis policy check` on both files shows each place"));
        }
        let sha256 = [&texts.scenario, &texts.site].map(|text| sha256(text));
        let (at, by) = (self.book().now(), permit.actor().principal.to_string());
        let new = NewPolicy { at, by, note, texts, sha256 };
        let version = self.store().add_policy(new, DRAFTS).await;
        let version = version.map_err(|error| unavailable(subject, &error))?;
        self.tell(PolicyStep::Proposed, Some(version.number));
        Ok(version)
    }

    /// The version in a state that only one can be in.
    async fn only(&self, state: VersionState) -> Result<Option<Version>, Failure> {
        Ok(store::only_policy(&self.all().await?, state).cloned())
    }

    async fn all(&self) -> Result<Vec<Version>, Failure> {
        let all = self.store().policies().await;
        all.map_err(|error| unavailable("the policy's versions", &error))
    }
}

/// How a version is named to people.
fn subject(number: u64) -> String {
    if number == 0 { "the shipped policy".to_owned() } else { format!("version {number} of the policy") }
}

fn sha256(text: &str) -> String {
    let hash = crate::history::sha256(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A note or reason, trimmed.
fn fits(text: &str, operation: &str, subject: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.len() > LONGEST_NOTE || text.chars().any(char::is_control) {
        let cause =
            format!("the note or reason is longer than {LONGEST_NOTE} bytes, or holds control characters");
        return Err(Failure::new(Kind::Invalid, operation, subject, cause));
    }
    Ok(text.to_owned())
}

/// So many errors are told in a failure.
const TOLD: usize = 5;

/// The errors among diagnostics, in a line each.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|told| told.severity == Severity::Error).collect();
    let mut text = match errors.len() {
        1 => "it has an error".to_owned(),
        count => format!("it has {count} errors"),
    };
    for (place, told) in errors.iter().take(TOLD).enumerate() {
        let Diagnostic { file, line, column, code, what, .. } = told;
        let before = if place == 0 { ": " } else { "; " };
        text.push_str(&format!("{before}{file}:{line}:{column}: [{code}] {what}"));
    }
    if errors.len() > TOLD {
        text.push_str(&format!("; and {} more", errors.len() - TOLD));
    }
    text
}

/// Reading, checking and comparing take a core for a while: off the runtime's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|crash| unavailable("the policy", &crash))
}

part!(Policies, Propose, |_this, _asked| Ok(Object::Appliance), |me, permit, order| me
    .propose(&permit, order)
    .await);
part!(Policies, Apply, |_this, _asked| Ok(Object::Appliance), |me, permit, order| me
    .apply(&permit, order)
    .await);
part!(Policies, Confirm, |_this, _asked| Ok(Object::Appliance), |me, permit, order| me
    .confirm(&permit, order)
    .await);
part!(Policies, Revert, |_this, _asked| Ok(Object::Appliance), |me, permit, _order| me.revert(&permit).await);
part!(Policies, Repair, |_this, _asked| Ok(Object::Appliance), |me, permit, _order| me.repair(&permit).await);
part!(Policies, OpenPinhole, |this, asked| Ok(this.device(&asked.device)?.object()), |me, permit, order| {
    me.open(&permit, order).await
});
part!(Policies, ClosePinhole, |this, asked| Ok(this.object_of_pinhole(&asked.id)), |me, permit, order| {
    me.close(&permit, order).await
});
part!(Policies, KeepOpen, |_this, _asked| Ok(Object::Appliance), |me, permit, order| me
    .keep_open(&permit, order)
    .await);
part!(Policies, LetClose, |_this, _asked| Ok(Object::Appliance), |me, permit, order| me
    .let_close(&permit, order)
    .await);
part!(
    Policies,
    SetQuarantine,
    |this, asked| this.object_of_quarantine(&asked.device),
    |me, permit, order| me.set_quarantine(&permit, order).await
);
