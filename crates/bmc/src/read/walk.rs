//! Follows links: each resource once, within bounds, and what fails is a fault.

use super::How;
use super::expand::Offer;
use super::field::shown;
use super::habits::Habits;
use super::snapshot::Keeper;
use super::stock::Stock;
use crate::client::document::link;
use crate::client::{Get, ROOT, link as links};
use crate::error::Error;
use model::inventory::{Fault, FaultKind};
use model::snapshot::Snapshot;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How much one reading may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Requests. The largest of the servers at hand, with 356 processors, takes some 500.
    pub requests: u32,
    /// Bytes of all answers.
    pub bytes: usize,
    /// Time, requests under way included.
    pub time: Duration,
    /// Members of one collection.
    pub members: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { requests: 2000, bytes: 64 * 1024 * 1024, time: Duration::from_secs(15 * 60), members: 1000 }
    }
}

/// The most faults that are kept: a controller that spoils everything is not told more plainly by more.
const MAX_FAULTS: usize = 1000;

/// Connections that fail one after the other before the reading ends.
const MAX_FAILED_CONNECTIONS: u32 = 3;

/// A member of a collection: a link to it, which may lead to a document that came with the collection.
#[derive(Debug)]
pub enum Member {
    /// A link, and the field that it stands in.
    Link { from: String, field: String, link: String },
}

/// A reading under way.
#[derive(Debug)]
pub struct Walk<'a, G> {
    pub(super) source: &'a mut G,
    pub(super) bounds: Bounds,
    started: Instant,
    pub(super) seen: HashSet<String>,
    faults: Vec<Fault>,
    pub(super) requests: u32,
    pub(super) bytes: usize,
    pub(super) failed_connections: u32,
    exhausted: bool,
    refused: Option<Error>,
    lost: Option<Error>,
    pub(super) habits: Habits,
    pub(super) offer: Offer,
    pub(super) stock: Stock,
    /// What was announced and not asked for yet: by identity, the path that was announced.
    pub(super) promised: HashMap<String, String>,
    /// By the path of a collection, what the link to it was called.
    named: HashMap<String, String>,
    keeper: Option<Keeper>,
}

impl<'a, G: Get> Walk<'a, G> {
    pub fn new(source: &'a mut G, how: How, root: &Value) -> Self {
        let mut habits = how.habits;
        let offer = if how.expand { Offer::of_root(root) } else { Offer::default() };
        if how.expand && !offer.is_any() {
            habits.absent();
        }
        let select = root.pointer("/ProtocolFeaturesSupported/SelectQuery");
        habits.select = Some(select.and_then(Value::as_bool).unwrap_or_default());
        let mut walk = Self {
            source,
            bounds: how.bounds,
            started: Instant::now(),
            // Read before the walk begins: a link back to it leads to nothing new.
            seen: HashSet::from([links::identity(ROOT).to_owned()]),
            faults: Vec::new(),
            requests: 1,
            bytes: 0,
            failed_connections: 0,
            exhausted: false,
            refused: None,
            lost: None,
            habits,
            offer,
            stock: Stock::within(how.room, how.loose.clone()),
            promised: HashMap::new(),
            named: HashMap::new(),
            keeper: how.keep.then(|| Keeper::new(how.known, how.loose)),
        };
        walk.read(ROOT, root);
        walk
    }

    pub const fn requests(&self) -> u32 {
        self.requests
    }

    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What was wrong, what was learned, and the documents.
    pub fn finish(self) -> (Vec<Fault>, Habits, Option<Snapshot>) {
        (self.faults, self.habits, self.keeper.map(Keeper::finish))
    }

    /// Why a reading came to nothing: the first refusal for want of rights, or else the first loss.
    pub fn take_cause(&mut self) -> Option<Error> {
        self.refused.take().or_else(|| self.lost.take())
    }

    pub fn fault(&mut self, path: &str, field: &str, kind: FaultKind, problem: impl Into<String>) {
        self.add_faults(vec![Fault {
            path: path.into(),
            field: field.into(),
            kind,
            problem: problem.into(),
        }]);
    }

    pub fn add_faults(&mut self, faults: Vec<Fault>) {
        let room = MAX_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }

    /// What a pure parser makes of a document; its faults are kept.
    pub fn keep<T>(&mut self, (thing, faults): (T, Vec<Fault>)) -> T {
        self.add_faults(faults);
        thing
    }

    /// The path that a link leads to; none if it was followed before, or is none, which is a fault.
    fn first_time(&mut self, from: &str, field: &str, link: &str) -> Option<String> {
        match self.source.resolve(link) {
            Ok(path) => self.seen.insert(links::identity(&path).to_owned()).then_some(path),
            Err(problem) => {
                let problem = format!("link {} {problem}", shown(&Value::from(link)));
                self.fault(from, field, FaultKind::BadLink, problem);
                None
            }
        }
    }

    /// The document that a link in `from` leads to; `None` if it was read before, or is lost to a fault.
    ///
    /// # Errors
    /// Only what makes every further request useless.
    pub async fn follow(
        &mut self,
        from: &str,
        field: &str,
        link: &str,
    ) -> Result<Option<(String, Value)>, Error> {
        let Some(path) = self.first_time(from, field, link) else { return Ok(None) };
        let name = if field.starts_with("Members/") { self.named.get(links::identity(from)) } else { None };
        let name = name.map_or_else(|| last(field).to_owned(), Clone::clone);
        let found = self.single(path, &name).await?;
        if let Some((path, value)) = &found {
            self.read(path, value);
        }
        Ok(found)
    }

    /// The path that a link leads to, if it stays on this controller.
    pub fn resolved(&self, link: &str) -> Option<String> {
        self.source.resolve(link).ok()
    }

    /// Keeps a document that the reading has got to, and announces what it will ask for because of it.
    fn read(&mut self, path: &str, value: &Value) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(path, value);
        }
        self.announce_links(value);
    }

    pub(super) fn exceeded(&self) -> Option<String> {
        if self.requests > self.bounds.requests {
            Some(format!("{} requests", self.bounds.requests))
        } else if self.bytes >= self.bounds.bytes {
            Some(format!("{} bytes", self.bounds.bytes))
        } else if self.exhausted || self.started.elapsed() >= self.bounds.time {
            Some(format!("{} s", self.bounds.time.as_secs()))
        } else {
            None
        }
    }

    pub(super) fn time_left(&self) -> Duration {
        self.bounds.time.saturating_sub(self.started.elapsed())
    }

    /// Nothing more is asked for; told once.
    pub(super) fn exhaust(&mut self, path: &str, problem: impl FnOnce() -> String) {
        if !self.exhausted {
            self.exhausted = true;
            self.fault(path, "", FaultKind::NoAnswer, problem());
        }
    }

    /// Makes a fault of an error, unless the reading cannot go on.
    pub(super) fn lost(&mut self, path: &str, error: Error) -> Result<(), Error> {
        match &error {
            Error::CredentialRefused { .. }
            | Error::SessionEnded { .. }
            | Error::NotAsked { .. }
            | Error::CertificateChanged { .. } => {
                return Err(error);
            }
            _ if error.is_final() => {
                self.failed_connections += 1;
                if self.failed_connections >= MAX_FAILED_CONNECTIONS {
                    return Err(error);
                }
            }
            _ => {}
        }
        self.fault(path, "", error.fault(), error.cause());
        if matches!(error.status(), Some(401 | 403)) {
            // Of several refusals the first that gives a reason is told.
            if self.refused.as_ref().is_none_or(|earlier| earlier.messages().is_empty()) {
                self.refused = Some(error);
            }
        } else if self.lost.is_none() {
            self.lost = Some(error);
        }
        Ok(())
    }

    /// The members of a collection, over all its pages, each once. `Members` that are no list are a fault.
    pub async fn list(&mut self, from: &str, field: &str, link: &str) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        let name = last(field).to_owned();
        let (mut from, mut field, mut next) = (from.to_owned(), field.to_owned(), Some(link.to_owned()));
        while let Some(link) = next.take() {
            let Some(path) = self.first_time(&from, &field, &link) else { break };
            self.named.insert(links::identity(&path).to_owned(), name.clone());
            let Some((path, value)) = self.page(path, &name).await? else { break };
            self.read(&path, &value);
            next = next_page(&value);
            self.take_members(&path, value, &mut members);
            if members.len() > self.bounds.members || members.len() == self.bounds.members && next.is_some() {
                members.truncate(self.bounds.members);
                let problem = format!("more than {} members; the rest is not read", self.bounds.members);
                self.fault(&path, "Members", FaultKind::BadValue, problem);
                break;
            }
            if let Some(link) = &next
                && self.source.resolve(link).is_ok_and(|path| self.seen.contains(links::identity(&path)))
            {
                let problem = format!("link {} leads in a circle", shown(&Value::from(link.as_str())));
                self.fault(&path, "Members@odata.nextLink", FaultKind::BadLink, problem);
                break;
            }
            (from, field) = (path, "Members@odata.nextLink".into());
        }
        self.announce_members(&name, &members);
        Ok(members)
    }

    fn take_members(&mut self, path: &str, mut page: Value, members: &mut Vec<Member>) {
        let found = match page.get_mut("Members").map(Value::take) {
            Some(Value::Array(found)) => found,
            Some(Value::Null) => {
                self.fault(path, "Members", FaultKind::NullMembers, "null where a list must be");
                return;
            }
            Some(other) => {
                self.fault(
                    path,
                    "Members",
                    FaultKind::WrongType,
                    format!("{} where a list must be", shown(&other)),
                );
                return;
            }
            // As before Redfish 1.0.
            None => match page.pointer_mut("/links/Member").map(Value::take) {
                Some(Value::Array(found)) => found,
                _ => {
                    self.fault(path, "Members", FaultKind::NullMembers, "absent where a list must be");
                    return;
                }
            },
        };
        for (at, member) in found.into_iter().enumerate() {
            let field = format!("Members/{at}");
            let Some(link) = link(&member).map(str::to_owned) else {
                self.fault(
                    path,
                    &field,
                    FaultKind::BadLink,
                    format!("{} where a link must be", shown(&member)),
                );
                continue;
            };
            members.push(Member::Link { from: path.into(), field, link });
        }
    }

    /// The document of a member; `None` if it was read before, or is lost to a fault.
    pub async fn open(&mut self, member: Member) -> Result<Option<(String, Value)>, Error> {
        let Member::Link { from, field, link } = member;
        self.follow(&from, &field, &link).await
    }

    /// Links as members of the document at `from`.
    pub fn as_members(from: &str, field: &str, links: Vec<String>) -> Vec<Member> {
        let numbered = links.into_iter().enumerate();
        numbered
            .map(|(at, link)| Member::Link { from: from.into(), field: format!("{field}/{at}"), link })
            .collect()
    }
}

/// The link to the next page of a collection.
pub(super) fn next_page(page: &Value) -> Option<String> {
    let next = page.get("Members@odata.nextLink").or_else(|| page.get("@odata.nextLink"))?;
    link(next).map(str::to_owned)
}

/// The last part of a field's place.
fn last(field: &str) -> &str {
    field.rsplit('/').next().unwrap_or(field)
}
