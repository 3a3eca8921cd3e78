//! Puts requests to a controller's line and waits for the answers.
//!
//! A [`Caller`] is cheap: whoever reads or switches has one of their own. It asks in one lane, may ask ahead for
//! what it will want soon, and counts what it cost.

use super::retry::Verb;
use crate::Error;
use crate::client::{Answer, Document, Get, Target, link};
use crate::fleet::Trouble;
use jiff::Timestamp;
use model::traffic::{Cost, Lane};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// So many answers are asked for ahead, or kept until they are asked for.
pub const AHEAD: usize = 32;
/// So many of them need no share of what the whole fleet may keep.
const FREE_AHEAD: usize = 4;
/// So many paths that will be asked for are remembered; those beyond are asked for when their time comes.
const HINTS: usize = 1024;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it does.
    pub verb: Verb,
    /// The path on the controller, with its query.
    pub path: String,
    /// What is sent with it.
    pub body: Option<Value>,
    /// Of a GET: answered in full only if this is no longer the entity tag. Of the others: carried out only if it is.
    pub etag: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A document.
    Document(Document),
    /// The entity tag is still the one that was sent.
    Unchanged,
    /// The answer to a change.
    Done(Answer),
}

/// How a request ended.
pub type Outcome = Result<Reply, Trouble>;

/// A request on its way to the line.
#[derive(Debug)]
pub struct Asked {
    /// In which lane.
    pub lane: Lane,
    /// Whether a person waits for it.
    pub urgent: bool,
    /// Whether nobody waits for its answer yet.
    pub ahead: bool,
    /// Until when its asker waits.
    pub deadline: Option<Instant>,
    /// The request.
    pub request: Arc<Request>,
    /// Where the outcome goes; closed when nobody waits any more.
    pub reply: oneshot::Sender<Outcome>,
}

/// The way to one controller's line, which all its callers share.
#[derive(Clone, Debug)]
pub struct Wire {
    asks: mpsc::Sender<Box<Asked>>,
    generation: Arc<AtomicU64>,
    ahead: Arc<Semaphore>,
}

impl Wire {
    /// `generation` is counted up by the line whenever something changes on the controller; `ahead` has a permit for
    /// each answer that the whole fleet may keep before it is asked for.
    #[must_use]
    pub const fn new(
        asks: mpsc::Sender<Box<Asked>>,
        generation: Arc<AtomicU64>,
        ahead: Arc<Semaphore>,
    ) -> Self {
        Self { asks, generation, ahead }
    }
}

/// An answer that was asked for ahead.
#[derive(Debug)]
struct Ahead {
    answer: oneshot::Receiver<Outcome>,
    generation: u64,
    _share: Option<OwnedSemaphorePermit>,
}

/// Asks one controller, in one lane.
#[derive(Debug)]
pub struct Caller {
    wire: Wire,
    target: Arc<Target>,
    lane: Lane,
    urgent: bool,
    deadline: Option<Instant>,
    hints: VecDeque<String>,
    ahead: HashMap<String, Ahead>,
    trouble: Option<Trouble>,
    started: Instant,
    requests: u32,
    bytes: u64,
}

impl Caller {
    /// Asks in `lane`, for as long as it takes.
    #[must_use]
    pub fn new(wire: Wire, target: Arc<Target>, lane: Lane) -> Self {
        Self {
            wire,
            target,
            lane,
            urgent: false,
            deadline: None,
            hints: VecDeque::new(),
            ahead: HashMap::new(),
            trouble: None,
            started: Instant::now(),
            requests: 0,
            bytes: 0,
        }
    }

    /// Asks for a person, so also a controller that is left alone.
    #[must_use]
    pub const fn urgent(mut self, urgent: bool) -> Self {
        self.urgent = urgent;
        self
    }

    /// Waits for no answer longer than until then.
    #[must_use]
    pub const fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The controller.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How often something was changed on the controller: an answer from before it grew is of the past.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.wire.generation.load(Ordering::Relaxed)
    }

    /// From now on the time counts: what it waited for before cost nothing.
    pub fn begin(&mut self) {
        self.started = Instant::now();
    }

    /// What was asked for since it was made, or since [`Caller::cost`] was last called; `at` is the time now.
    pub fn cost(&mut self, at: Timestamp) -> Cost {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started = Instant::now();
        let (requests, bytes) = (std::mem::take(&mut self.requests), std::mem::take(&mut self.bytes));
        Cost { at: Some(at), requests, bytes, elapsed_ms }
    }

    /// What kept the last request from being sent, where that was not the request's own failure.
    pub const fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    /// The trouble that an error of this caller stands for.
    pub fn trouble(&mut self, error: Error) -> Trouble {
        match (error, self.trouble.take()) {
            (Error::NotAsked { .. }, Some(trouble)) => trouble,
            (error, _) => Trouble::Request(error),
        }
    }

    /// Gets a document.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn document(&mut self, path: &str) -> Result<Document, Trouble> {
        let path = self.own_path("GET", path)?;
        let kept = self.take_ahead(&path);
        self.hints.retain(|hint| *hint != path);
        self.ask_ahead();
        let outcome = match kept {
            Some(kept) => match self.wait(Verb::Get, &path, kept.answer).await {
                // The line let go of it; asked for in earnest it may have more luck.
                Err(Trouble::Gone) => self.put(Verb::Get, path.clone(), None, None).await,
                outcome => outcome,
            },
            None => self.put(Verb::Get, path.clone(), None, None).await,
        };
        self.ask_ahead();
        match outcome? {
            Reply::Document(document) => {
                self.bytes = self.bytes.saturating_add(u64::try_from(document.bytes).unwrap_or(u64::MAX));
                Ok(document)
            }
            Reply::Unchanged | Reply::Done(_) => Err(self.unfit("GET", &path)),
        }
    }

    /// Gets a document unless its entity tag is still `etag`: then `None`.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn document_unless(&mut self, path: &str, etag: String) -> Result<Option<Document>, Trouble> {
        let path = self.own_path("GET", path)?;
        match self.put(Verb::Get, path.clone(), None, Some(etag)).await? {
            Reply::Document(document) => {
                self.bytes = self.bytes.saturating_add(u64::try_from(document.bytes).unwrap_or(u64::MAX));
                Ok(Some(document))
            }
            Reply::Unchanged => Ok(None),
            Reply::Done(_) => Err(self.unfit("GET", &path)),
        }
    }

    /// Posts a body. It is sent once, or not at all.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn post(&mut self, path: &str, body: Value) -> Result<Answer, Trouble> {
        self.change(Verb::Post, path, Some(body), None).await
    }

    /// Changes something: a POST, PATCH or DELETE. It is sent once, or not at all.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn change(
        &mut self,
        verb: Verb,
        path: &str,
        body: Option<Value>,
        etag: Option<String>,
    ) -> Result<Answer, Trouble> {
        let path = self.own_path(verb.name(), path)?;
        match self.put(verb, path.clone(), body, etag).await? {
            Reply::Done(answer) => Ok(answer),
            Reply::Document(_) | Reply::Unchanged => Err(self.unfit(verb.name(), &path)),
        }
    }

    async fn put(&mut self, verb: Verb, path: String, body: Option<Value>, etag: Option<String>) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let request = Arc::new(Request { verb, path, body, etag });
        let asked = Asked {
            lane: self.lane,
            urgent: self.urgent,
            ahead: false,
            deadline: self.deadline,
            request: request.clone(),
            reply,
        };
        self.requests = self.requests.saturating_add(1);
        self.wire.asks.send(Box::new(asked)).await.map_err(|_| Trouble::Gone)?;
        self.wait(verb, &request.path, answer).await
    }

    async fn wait(&self, verb: Verb, path: &str, answer: oneshot::Receiver<Outcome>) -> Outcome {
        let begun = Instant::now();
        let outcome = match self.deadline {
            Some(deadline) => timeout_at(deadline, answer).await.map_err(|_| {
                Trouble::Request(Error::TimedOut {
                    operation: operation(verb.name(), path),
                    endpoint: self.target.endpoint,
                    awaited: "answer",
                    limit: begun.elapsed(),
                })
            })?,
            None => answer.await,
        };
        outcome.unwrap_or(Err(Trouble::Gone))
    }

    /// The answer that was asked for ahead, unless something was changed on the controller since.
    fn take_ahead(&mut self, path: &str) -> Option<Ahead> {
        let kept = self.ahead.remove(path)?;
        (kept.generation == self.wire.generation.load(Ordering::Relaxed)).then_some(kept)
    }

    /// Asks for what will be wanted, as far as there is room for the answers.
    fn ask_ahead(&mut self) {
        while self.ahead.len() < AHEAD {
            let Some(path) = self.hints.front() else { return };
            if self.ahead.contains_key(path) {
                self.hints.pop_front();
                continue;
            }
            let share = self.wire.ahead.clone().try_acquire_owned().ok();
            if share.is_none() && self.ahead.len() >= FREE_AHEAD {
                return;
            }
            let Ok(slot) = self.wire.asks.try_reserve() else { return };
            let Some(path) = self.hints.pop_front() else { return };
            let generation = self.wire.generation.load(Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            let request = Request { verb: Verb::Get, path: path.clone(), body: None, etag: None };
            self.requests = self.requests.saturating_add(1);
            slot.send(Box::new(Asked {
                lane: self.lane,
                urgent: self.urgent,
                ahead: true,
                deadline: self.deadline,
                request: Arc::new(request),
                reply,
            }));
            self.ahead.insert(path, Ahead { answer, generation, _share: share });
        }
    }

    fn own_path(&self, verb: &str, path: &str) -> Result<String, Trouble> {
        link::resolve(&self.target, path).map_err(|problem| {
            Trouble::Request(Error::BadLink {
                operation: operation(verb, path),
                endpoint: self.target.endpoint,
                link: path.into(),
                problem,
            })
        })
    }

    fn unfit(&self, verb: &str, path: &str) -> Trouble {
        Trouble::Request(Error::BadAnswer {
            operation: operation(verb, path),
            endpoint: self.target.endpoint,
            problem: "answered something else than was asked for".into(),
        })
    }
}

impl Get for Caller {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        self.document(path).await.map_err(|trouble| match trouble {
            Trouble::Request(error) => error,
            other => {
                let cause = other.to_string();
                self.trouble = Some(other);
                Error::NotAsked { operation: operation("GET", path), endpoint: self.target.endpoint, cause }
            }
        })
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        link::resolve(&self.target, link)
    }

    /// What is said last is wanted first: a reading goes into the depth.
    fn soon(&mut self, paths: &[String]) {
        for path in paths.iter().rev() {
            let Ok(path) = link::resolve(&self.target, path) else { continue };
            if !self.ahead.contains_key(&path) {
                self.hints.push_front(path);
            }
        }
        self.hints.truncate(HINTS);
        self.ask_ahead();
    }
}

fn operation(verb: &str, path: &str) -> String {
    let preposition = if verb == "GET" { "from" } else { "at" };
    format!("{verb} {path} {preposition}")
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
