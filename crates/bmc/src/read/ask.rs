//! How a walk asks: for as much at once as the controller gives, and for the rest as ever.
//!
//! A resource comes out the same whichever way it was asked for: an answer with others inside is taken apart
//! into the documents that it was made of ([`super::expand`]), and these lie in stock until their turn comes.

use super::plan::{self, Form};
use super::walk::Walk;
use super::{expand, still};
use crate::client::document::{link, messages};
use crate::client::{Document, Get, link as links};
use crate::error::Error;
use model::inventory::FaultKind;
use model::traffic::QueryUse;
use serde_json::Value;
use std::collections::HashSet;

/// What an expanded collection or resource must save to be asked for where it lies in stock already without
/// what is below it: requests, in tenths; the one that it takes not counted off.
const WORTH: u32 = 15;

/// A collection is empty as often as not; asking saves as much.
const MAYBE: u32 = 5;

impl<G: Get> Walk<'_, G> {
    /// A resource that a link called `name` leads to, or a member of the collection there.
    pub(super) async fn single(
        &mut self,
        path: String,
        name: &str,
    ) -> Result<Option<(String, Value)>, Error> {
        if self.promised.contains_key(links::identity(&path)) {
            return self.fetch(path, 0).await;
        }
        let Some(value) = self.stock.take(&path) else {
            let levels = self.depth_under(name);
            return self.fetch(path, levels).await;
        };
        if self.habits.expand != QueryUse::Untried {
            let levels = self.offer.levels(self.depth_of(still::kind(&value)));
            if levels == 0 || self.saves(&path, &value, levels) < WORTH {
                return Ok(Some((path, value)));
            }
            let better = self.expanded(&path, levels).await?;
            return Ok(Some((path, better.unwrap_or(value))));
        }
        self.hold_against(path, value).await
    }

    /// How many levels deep a resource of this kind is asked for.
    fn depth_of(&self, kind: &str) -> u8 {
        plan::single_depth(kind, self.offer.levels(u8::MAX))
    }

    /// How many levels deep a resource behind a link of this name, or a member of the collection there, is asked for.
    pub(super) fn depth_under(&self, name: &str) -> u8 {
        plan::under(name).map_or(0, |plan| self.depth_of(plan.kind))
    }

    /// The first document that came inside of another is asked for by itself as well: some controllers
    /// leave out half of it. If this one does, nothing that came so is used.
    async fn hold_against(&mut self, path: String, value: Value) -> Result<Option<(String, Value)>, Error> {
        let levels = self.depth_of(still::kind(&value));
        self.habits.worked();
        let Some((path, own)) = self.fetch(path, levels).await? else { return Ok(None) };
        let lacks = |(name, own): (&String, &Value)| {
            !name.starts_with('@') && !name.contains('@') && !own.is_null() && value.get(name).is_none()
        };
        if own.as_object().is_some_and(|fields| fields.iter().any(lacks)) {
            self.stock.clear();
            self.habits.distrusted();
        }
        Ok(Some((path, own)))
    }

    /// A page of the collection that a link called `name` leads to.
    pub(super) async fn page(&mut self, path: String, name: &str) -> Result<Option<(String, Value)>, Error> {
        let levels = plan::collection_depth(name);
        if self.promised.contains_key(links::identity(&path)) {
            return self.fetch(path, levels).await;
        }
        let Some(value) = self.stock.take(&path) else { return self.fetch(path, levels).await };
        if levels > 0 && self.missing_members(&value) > 1 {
            let better = self.expanded(&path, levels).await?;
            return Ok(Some((path, better.unwrap_or(value))));
        }
        Ok(Some((path, value)))
    }

    /// How many members of a collection are neither read nor in stock.
    fn missing_members(&self, collection: &Value) -> usize {
        let members = collection.get("Members").and_then(Value::as_array).into_iter().flatten();
        members.filter_map(link).filter(|link| self.is_missing(link)).count()
    }

    pub(super) fn is_missing(&self, link: &str) -> bool {
        self.source
            .resolve(link)
            .is_ok_and(|path| !self.stock.has(&path) && !self.seen.contains(links::identity(&path)))
    }

    /// What asking for a resource with so many levels below it would save, in tenths of a request.
    fn saves(&self, path: &str, value: &Value, levels: u8) -> u32 {
        let Some(plan) = plan::of_kind(still::kind(value)).filter(|_| self.habits.allows(path)) else {
            return 0;
        };
        let mut saved = 0;
        for follow in plan.follows {
            let Some(field) = follow.value(value) else { continue };
            saved += match (follow.form, field) {
                (_, Value::Array(items)) => {
                    let missing = items.iter().filter_map(link).filter(|link| self.is_missing(link));
                    u32::try_from(missing.count()).unwrap_or(u32::MAX).saturating_mul(10)
                }
                (Form::Single, field) => link(field).map_or(0, |link| u32::from(self.is_missing(link)) * 10),
                (_, field) => link(field).map_or(0, |link| self.saves_collection(link, levels)),
            };
        }
        saved
    }

    fn saves_collection(&self, link: &str, levels: u8) -> u32 {
        let Ok(path) = self.source.resolve(link) else { return 0 };
        match self.stock.look(&path, |collection| levels > 1 && self.missing_members(collection) > 0) {
            None if self.seen.contains(links::identity(&path)) => 0,
            None if levels > 1 => 10,
            None => MAYBE,
            Some(saves) => u32::from(saves) * 10,
        }
    }

    /// The document at a path, with so many levels below it where that is to be had.
    pub(super) async fn fetch(&mut self, path: String, levels: u8) -> Result<Option<(String, Value)>, Error> {
        let asked = self.promised.remove(links::identity(&path)).or_else(|| self.query(&path, levels));
        let asked = asked.unwrap_or_else(|| path.clone());
        // The link to a further page may have the query in it, and leads nowhere without.
        if asked != path && expand::plain(&asked) != asked {
            return self.fetch_by(path, &asked).await;
        }
        match self.send(&asked).await {
            Some(answer) => self.plain(path, answer),
            None => Ok(None),
        }
    }

    /// The path with the query for so many levels, where it is worth trying.
    pub(super) fn query(&self, path: &str, levels: u8) -> Option<String> {
        let query = self.offer.path(path, levels)?;
        self.habits.allows(path).then_some(query)
    }

    /// Asks with a query, and if that fails without.
    async fn fetch_by(&mut self, path: String, query: &str) -> Result<Option<(String, Value)>, Error> {
        let Some(answer) = self.send(query).await else { return Ok(None) };
        let refusal = match answer {
            Ok(document) => match self.accept(&path, document) {
                Some(value) => {
                    let value = self.with_own_links(&path, value).await;
                    return Ok(Some((path, value)));
                }
                None => Refusal::Here,
            },
            Err(error) => match Refusal::of(&error) {
                Some(refusal) => refusal,
                None => return self.lost(&path, error).map(|()| None),
            },
        };
        let Some(answer) = self.send(&path).await else { return Ok(None) };
        if answer.is_ok() {
            self.remember(&path, refusal);
        }
        self.plain(path, answer)
    }

    /// A better answer than the one in stock; none if it is not to be had, which is no fault.
    async fn expanded(&mut self, path: &str, levels: u8) -> Result<Option<Value>, Error> {
        let Some(query) = self.query(path, levels) else { return Ok(None) };
        let Some(answer) = self.send(&query).await else { return Ok(None) };
        match answer {
            Ok(document) => {
                let Some(value) = self.accept(path, document) else {
                    self.remember(path, Refusal::Here);
                    return Ok(None);
                };
                Ok(Some(self.with_own_links(path, value).await))
            }
            Err(error) => match Refusal::of(&error) {
                Some(refusal) => {
                    self.remember(path, refusal);
                    Ok(None)
                }
                None => self.lost(path, error).map(|()| None),
            },
        }
    }

    /// A collection with members that do not lie below it is asked for plainly as well: its own links are
    /// right, whatever the members say that they are.
    async fn with_own_links(&mut self, path: &str, value: Value) -> Value {
        let foreign = expand::foreign_members(path, &value);
        if foreign.is_empty() || path.contains('?') {
            return value;
        }
        let Some(Ok(own)) = self.send(path).await else { return value };
        if !own.value.get("Members").is_some_and(Value::is_array) {
            return value;
        }
        let right = expand::foreign_members(path, &own.value);
        for link in foreign.iter().filter(|link| !right.contains(link)) {
            if let Ok(path) = self.source.resolve(link) {
                self.stock.take(&path);
            }
        }
        own.value
    }

    fn remember(&mut self, path: &str, refusal: Refusal) {
        match refusal {
            Refusal::Now => {}
            Refusal::Here => self.habits.refused(path, false),
            Refusal::Flatly => self.habits.refused(path, true),
        }
    }

    /// Takes an expanded answer apart; none if it is not what was asked for.
    fn accept(&mut self, path: &str, document: Document) -> Option<Value> {
        let mut value = document.value;
        let is_error = value.get("error").is_some_and(Value::is_object) && value.get("@odata.id").is_none();
        let members = value.get("Members").map(|members| members.as_array().map(Vec::len));
        let cut = match members {
            None => false,
            Some(None) => true,
            Some(Some(there)) => {
                let count = value.get("Members@odata.count").and_then(Value::as_u64);
                super::walk::next_page(&value).is_none()
                    && count.is_some_and(|count| count > u64::try_from(there).unwrap_or(u64::MAX))
            }
        };
        if is_error || cut || value.get("@odata.id").is_none() {
            return None;
        }
        let wanted = members.flatten().unwrap_or(1) > 0;
        match (self.take_apart(&mut value), self.habits.expand) {
            // Whether it works is known when the first of these was held against itself.
            (true, QueryUse::Works | QueryUse::Untried) => {}
            (false, _) if wanted => self.habits.ignored(path),
            _ => {}
        }
        Some(value)
    }

    /// Puts into stock what stands inside of an answer; whether there was anything.
    fn take_apart(&mut self, value: &mut Value) -> bool {
        let source = &*self.source;
        let parts = expand::take_apart(value, &|link| source.resolve(link).ok());
        let any = !parts.is_empty();
        let mut unsure: HashSet<String> = HashSet::new();
        for (path, part) in &parts {
            let foreign = expand::foreign_members(path, part);
            if !foreign.is_empty() {
                unsure.insert(path.clone());
                unsure.extend(foreign);
            }
        }
        // These are asked for with the collection that they are in.
        for (path, part) in parts.into_iter().filter(|(path, _)| !unsure.contains(path)) {
            if self.habits.trusts() && !self.seen.contains(links::identity(&path)) {
                self.stock.put(&path, part);
            }
        }
        any
    }

    /// What came of asking plainly. Some controllers say 200 and mean an error.
    fn plain(
        &mut self,
        path: String,
        answer: Result<Document, Error>,
    ) -> Result<Option<(String, Value)>, Error> {
        let mut value = match answer {
            Ok(document) => document.value,
            Err(error) => return self.lost(&path, error).map(|()| None),
        };
        if value.get("error").is_some_and(Value::is_object) && value.get("@odata.id").is_none() {
            let said = messages(&value).join(" ");
            self.fault(&path, "", FaultKind::Refused, format!("an error with a status of success: {said}"));
            return Ok(None);
        }
        self.take_apart(&mut value);
        Ok(Some((path, value)))
    }

    /// Sends one request, within the bounds; none where they are reached, which is then a fault.
    async fn send(&mut self, path: &str) -> Option<Result<Document, Error>> {
        if let Some(bound) = self.exceeded() {
            self.exhaust(path, || {
                format!("not asked for, nor anything after it: the reading has reached its bound of {bound}")
            });
            return None;
        }
        self.requests += 1;
        let answer = tokio::time::timeout(self.time_left(), self.source.get(path)).await;
        let Ok(answer) = answer else {
            let bound = self.bounds.time.as_secs();
            self.exhaust(path, || format!("no answer before the reading reached its bound of {bound} s"));
            return None;
        };
        if let Ok(document) = &answer {
            self.failed_connections = 0;
            self.bytes = self.bytes.saturating_add(document.bytes);
        }
        Some(answer)
    }
}

/// What the failure of an expanded request means.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// For now: it is busy.
    Now,
    /// For this kind of path.
    Here,
    /// For all, unless it worked elsewhere: the query is not known.
    Flatly,
}

impl Refusal {
    /// None if the same request without the query would fare no better.
    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Answered { status: 400 | 404 | 405 | 501, .. } => Some(Self::Flatly),
            Error::Answered { status: 401, .. } => None,
            Error::Answered { status: 403 | 429 | 503, .. } => Some(Self::Now),
            Error::Answered { .. }
            | Error::BadDocument { .. }
            | Error::BadAnswer { .. }
            | Error::BadLink { .. }
            | Error::Exchange { .. }
            | Error::TimedOut { awaited: "answer" | "whole answer", .. } => Some(Self::Here),
            _ => None,
        }
    }
}
