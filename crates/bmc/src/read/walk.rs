//! Follows links: each resource once, within bounds, and what fails is a fault.

use super::field::shown;
use crate::client::document::{link, messages};
use crate::client::{Get, link as links};
use crate::error::Error;
use model::inventory::{Fault, FaultKind};
use serde_json::Value;
use std::collections::HashSet;
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

/// A member of a collection: a link to it, or the thing itself where the controller has put it in.
#[derive(Debug)]
pub enum Member {
    /// A link, and the field that it stands in.
    Link { from: String, field: String, link: String },
    /// The document itself.
    Inline { path: String, value: Value },
}

/// A reading under way.
#[derive(Debug)]
pub struct Walk<'a, G> {
    source: &'a mut G,
    bounds: Bounds,
    started: Instant,
    seen: HashSet<String>,
    faults: Vec<Fault>,
    requests: u32,
    bytes: usize,
    failed_connections: u32,
    exhausted: bool,
    refused: Option<Error>,
    lost: Option<Error>,
}

impl<'a, G: Get> Walk<'a, G> {
    pub fn new(source: &'a mut G, bounds: Bounds) -> Self {
        Self {
            source,
            bounds,
            started: Instant::now(),
            seen: HashSet::new(),
            faults: Vec::new(),
            requests: 0,
            bytes: 0,
            failed_connections: 0,
            exhausted: false,
            refused: None,
            lost: None,
        }
    }

    pub const fn requests(&self) -> u32 {
        self.requests
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
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
        let path = match self.source.resolve(link) {
            Ok(path) => path,
            Err(problem) => {
                self.fault(
                    from,
                    field,
                    FaultKind::BadLink,
                    format!("link {} {problem}", shown(&Value::from(link))),
                );
                return Ok(None);
            }
        };
        if !self.seen.insert(links::identity(&path).to_owned()) {
            return Ok(None);
        }
        self.fetch(path).await
    }

    /// The path that a link leads to, if it stays on this controller.
    pub fn resolved(&self, link: &str) -> Option<String> {
        self.source.resolve(link).ok()
    }

    /// The document at a path, within the bounds.
    pub async fn fetch(&mut self, path: String) -> Result<Option<(String, Value)>, Error> {
        if let Some(bound) = self.exceeded() {
            if !self.exhausted {
                self.exhausted = true;
                self.fault(
                    &path,
                    "",
                    FaultKind::NoAnswer,
                    format!(
                        "not asked for, nor anything after it: the reading has reached its bound of {bound}"
                    ),
                );
            }
            return Ok(None);
        }
        self.requests += 1;
        let left = self.bounds.time.saturating_sub(self.started.elapsed());
        let answer = match tokio::time::timeout(left, self.source.get(&path)).await {
            Ok(answer) => answer,
            Err(_) => {
                let problem = format!(
                    "no answer before the reading reached its bound of {} s",
                    self.bounds.time.as_secs()
                );
                self.fault(&path, "", FaultKind::NoAnswer, problem);
                self.exhausted = true;
                return Ok(None);
            }
        };
        match answer {
            Ok(document) => {
                self.failed_connections = 0;
                self.bytes = self.bytes.saturating_add(document.bytes);
                Ok(self.checked(path, document.value))
            }
            Err(error) => self.lost(&path, error).map(|()| None),
        }
    }

    fn exceeded(&self) -> Option<String> {
        if self.requests >= self.bounds.requests {
            Some(format!("{} requests", self.bounds.requests))
        } else if self.bytes >= self.bounds.bytes {
            Some(format!("{} bytes", self.bounds.bytes))
        } else if self.exhausted || self.started.elapsed() >= self.bounds.time {
            Some(format!("{} s", self.bounds.time.as_secs()))
        } else {
            None
        }
    }

    /// Some controllers say 200 and mean an error.
    fn checked(&mut self, path: String, value: Value) -> Option<(String, Value)> {
        if value.get("error").is_some_and(Value::is_object) && value.get("@odata.id").is_none() {
            let said = messages(&value).join(" ");
            self.fault(&path, "", FaultKind::Refused, format!("an error with a status of success: {said}"));
            return None;
        }
        Some((path, value))
    }

    /// Makes a fault of an error, unless the reading cannot go on.
    fn lost(&mut self, path: &str, error: Error) -> Result<(), Error> {
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
        let (mut from, mut field, mut next) = (from.to_owned(), field.to_owned(), Some(link.to_owned()));
        while let Some(link) = next.take() {
            let Some((path, value)) = self.follow(&from, &field, &link).await? else { break };
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
            // What every resource has (DSP0266); less than that is a link with a few hints.
            let inline = ["@odata.type", "Id", "Name"].iter().all(|name| member.get(name).is_some());
            members.push(match self.source.resolve(&link) {
                Ok(at) if inline => Member::Inline { path: at, value: member },
                _ => Member::Link { from: path.into(), field, link },
            });
        }
    }

    /// The document of a member; `None` if it was read before, or is lost to a fault.
    pub async fn open(&mut self, member: Member) -> Result<Option<(String, Value)>, Error> {
        match member {
            Member::Link { from, field, link } => self.follow(&from, &field, &link).await,
            Member::Inline { path, value } => {
                if self.seen.insert(links::identity(&path).to_owned()) {
                    Ok(self.checked(path, value))
                } else {
                    Ok(None)
                }
            }
        }
    }

    /// Links as members of the document at `from`.
    pub fn as_members(from: &str, field: &str, links: Vec<String>) -> Vec<Member> {
        let numbered = links.into_iter().enumerate();
        numbered
            .map(|(at, link)| Member::Link { from: from.into(), field: format!("{field}/{at}"), link })
            .collect()
    }
}

fn next_page(page: &Value) -> Option<String> {
    let next = page.get("Members@odata.nextLink").or_else(|| page.get("@odata.nextLink"))?;
    link(next).map(str::to_owned)
}
