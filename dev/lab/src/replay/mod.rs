//! A Redfish tree that was captured off a real controller, served by any number of simulated ones.
//!
//! The documents are kept once, marked where one server differs from the next; each BMC puts its own serial
//! numbers, UUIDs and MAC addresses there when it is asked.
//!
//! | module | what is in it |
//! |---|---|
//! | `learn` | what the documents say of the service: sessions, resets, abilities, times |
//! | `mark` | where one server differs from the next |
//! | `persona` | what stands there |
//! | `read` | archives and folders |
//! | `serve` | requests |

mod learn;
mod mark;
mod persona;
mod read;
mod serve;

use crate::answer::Response;
use crate::document::query::{self, Abilities};
use crate::error::Error;
use crate::flavour::{Kind, PowerRow};
use learn::{Action, Known, Pace};
use mark::{Marker, Token};
pub(crate) use persona::Persona;
use serde_json::Value;
pub(crate) use serve::session_doc;
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// A captured tree.
pub struct Tree {
    name: String,
    docs: HashMap<String, Doc>,
    /// Paths in lower case, for a controller that takes them so.
    lower: HashMap<String, String>,
    tokens: Vec<Token>,
    macs: u32,
    known: Known,
    expand: Expand,
    /// Answers to queries, marked, by path and query.
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    answers: HashMap<String, Arc<str>>,
    bytes: usize,
}

/// The most that answers to queries may take, in bytes.
const MOST_ASKED: usize = 64 << 20;

/// What was captured at a path.
enum Doc {
    /// A document, marked, and its ETag.
    Json { text: Box<str>, etag: Option<Box<str>> },
    /// What should have been one.
    Invalid(Box<str>),
    /// A schema.
    Xml(Box<str>),
    /// An error.
    Status(u16, Box<str>),
}

/// What a replay makes of `$expand`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expand {
    /// What the captured root says.
    #[default]
    AsAdvertised,
    /// It is taken and ignored, whatever the root says.
    None,
    /// All of it, six levels deep, and the root says so.
    All,
}

impl FromStr for Expand {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "as-advertised" => Ok(Self::AsAdvertised),
            "none" => Ok(Self::None),
            "all" => Ok(Self::All),
            other => Err(format!("{other:?} is none of as-advertised, none, all")),
        }
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("name", &self.name)
            .field("docs", &self.docs.len())
            .finish_non_exhaustive()
    }
}

impl Tree {
    /// Reads a tree: a folder or a tar archive (gzipped or not) that holds `redfish/v1/index.json` and so on,
    /// as DMTF's Mockup Creator writes it.
    ///
    /// # Errors
    /// If it cannot be read, is larger than 512 MiB or 100,000 files, or has no service root.
    pub fn load(path: &Path, expand: Expand) -> Result<Arc<Self>, Error> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.trim_end_matches(".gz").trim_end_matches(".tar").to_owned();
        Self::from_files(name, read::read(path)?, expand)
            .map(Arc::new)
            .ok_or_else(|| Error::NoRoot(path.to_owned()))
    }

    fn from_files(name: String, files: read::Files, expand: Expand) -> Option<Self> {
        let mut parsed: HashMap<String, Value> = HashMap::new();
        let mut docs = HashMap::new();
        let mut pace = Pace::default();
        for (file, bytes) in files {
            let (folder, leaf) = file.rsplit_once('/').unwrap_or(("", &file));
            let path = format!("/{folder}");
            match leaf {
                "index.json" => match serde_json::from_slice(&bytes) {
                    Ok(doc) => drop(parsed.insert(path, doc)),
                    Err(_) => drop(docs.insert(path, Doc::Invalid(text(&bytes)))),
                },
                "index.xml" => drop(docs.insert(path, Doc::Xml(text(&bytes)))),
                "custom.json" | "error.txt" => drop(docs.insert(path, learn::status(&bytes))),
                "README" => pace = Pace::of(&text(&bytes)),
                _ => {}
            }
        }
        let mut known = Known::of(&parsed, pace)?;
        if expand == Expand::All {
            known.can = Abilities::plain(6, true, true, true);
            parsed.get_mut(learn::ROOT).into_iter().for_each(learn::advertise_all);
        }
        let lower = match known.kind {
            // iLO takes its own links in any case, and writes some in the wrong one.
            Kind::Hpe => parsed.keys().map(|path| (path.to_ascii_lowercase(), path.clone())).collect(),
            _ => HashMap::new(),
        };
        let (tokens, macs) = finish(parsed, &mut known, &mut docs);
        Some(Self { name, docs, lower, tokens, macs, known, expand, asked: Mutex::default() })
    }

    /// The name of the archive or folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The maker whose manner it is nearest to.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.known.kind
    }

    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.docs.len()
    }

    /// The server's model, as it was captured.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.known.model
    }

    pub(crate) const fn power(&self) -> &PowerRow {
        &self.known.power
    }

    pub(crate) const fn starts_on(&self) -> bool {
        self.known.on
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.known.pace
    }

    /// The server's serial number, as one BMC tells it.
    pub(crate) fn serial(&self, persona: &Persona) -> String {
        self.tell(&self.known.serial, persona)
    }

    /// The controller's MAC address in lower case, as one BMC tells it.
    pub(crate) fn mac(&self, persona: &Persona) -> String {
        self.tell(&self.known.mac, persona).to_lowercase()
    }

    pub(crate) fn sessions(&self) -> &str {
        &self.known.sessions
    }

    fn tell(&self, text: &str, persona: &Persona) -> String {
        persona::tell(text, &self.tokens, self.macs, persona)
    }

    fn doc(&self, path: &str) -> Option<&Doc> {
        let exact = || self.docs.get(path);
        exact().or_else(|| self.docs.get(self.lower.get(&path.to_ascii_lowercase())?))
    }

    fn action(&self, path: &str) -> Option<&Action> {
        self.known.actions.get(path)
    }

    /// A document without the marks resolved, for expansion.
    fn marked(&self, path: &str) -> Option<Value> {
        match self.doc(path.trim_end_matches('/'))? {
            Doc::Json { text, .. } => serde_json::from_str(text).ok(),
            Doc::Invalid(_) | Doc::Xml(_) | Doc::Status(..) => None,
        }
    }

    /// The document `text` at `path` with a query applied to it, marked; kept for the next one who asks.
    fn queried(&self, path: &str, text: &str, asked: &str) -> Result<Arc<str>, Response> {
        let key = format!("{path}?{asked}");
        let lock = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lock().answers.get(&key) {
            return Ok(Arc::clone(answer));
        }
        let doc = serde_json::from_str(text).unwrap_or_default();
        let doc = query::apply(self.known.can, &|target| self.marked(target), doc, Some(asked))?;
        let answer: Arc<str> = doc.to_string().into();
        let mut kept = lock();
        if kept.bytes + answer.len() + key.len() <= MOST_ASKED {
            kept.bytes += answer.len() + key.len();
            kept.answers.insert(key, Arc::clone(&answer));
        }
        Ok(answer)
    }
}

/// Marks the documents and writes them down.
fn finish(
    mut parsed: HashMap<String, Value>,
    known: &mut Known,
    docs: &mut HashMap<String, Doc>,
) -> (Vec<Token>, u32) {
    let own = |path: &str| !learn::is_schema(path);
    let mut marker = Marker::new(parsed.iter().filter(|(path, _)| own(path)).map(|(_, doc)| doc));
    for (path, doc) in &mut parsed {
        if own(path) {
            marker.document(doc);
            learn::mark_volatile(doc);
        }
    }
    known.name(&parsed);
    for (path, doc) in parsed {
        let etag = doc.get("@odata.etag").and_then(Value::as_str).map(Box::from);
        docs.insert(path, Doc::Json { text: doc.to_string().into(), etag });
    }
    marker.finish()
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}
