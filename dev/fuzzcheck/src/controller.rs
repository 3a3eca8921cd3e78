//! Promises about what a BMC answers.

use bmc::client::document::{MAX_DEPTH, parse_document};
use bmc::client::{Document, Get, Target, Trust, link};
use bmc::read::{Bounds, How, TelemetryPlan, expand, reading_within, still, telemetry, tree};
use bmc::{Error, sweep};
use jiff::Timestamp;
use model::Endpoint;
use model::device::Power;
use model::inventory::table::tables;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Small enough for thousands of readings in a second.
const BOUNDS: Bounds =
    Bounds { requests: 200, bytes: 1024 * 1024, time: Duration::from_secs(5), members: 50 };

/// A document that is read is an object within the bounds, and is read the same once it was written again.
pub fn document(bytes: &[u8]) {
    let Ok(value) = parse_document(bytes) else { return };
    assert!(value.is_object(), "a document is an object, this is {value}");
    assert!(depth(&value) <= MAX_DEPTH, "nested {} deep, at most {MAX_DEPTH} was promised", depth(&value));
    let written = value.to_string();
    if let Ok(again) = parse_document(written.as_bytes()) {
        let rewritten = again.to_string();
        assert!(rewritten == written, "written and read again, {written} became {rewritten}");
    }
}

/// A link that is followed is a path on the same controller, in letters that a request line may hold.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(path) = link::resolve(&target(), text) else { return };
    assert!(path.starts_with('/'), "{text:?} leads to {path:?}, which is no path");
    assert!(
        path.bytes().all(|byte| byte.is_ascii_graphic()),
        "{text:?} leads to {path:?}, which breaks a request line"
    );
    let elsewhere = text.contains("://") && !text.to_ascii_lowercase().starts_with("https://127.0.0.1");
    assert!(
        !elsewhere || text.starts_with('/'),
        "{text:?} leads off the controller, and was taken as {path:?}"
    );
}

/// What is not a service root claims nothing, and a claim is of bounded length.
pub fn claim(bytes: &[u8]) {
    let Ok(root) = parse_document(bytes) else { return };
    let Some(claim) = sweep::claim::of_root(&root) else { return };
    let texts = [claim.service_uuid, claim.vendor, claim.product, claim.redfish_version, claim.serial];
    for text in texts.into_iter().flatten() {
        assert!(
            text.chars().count() <= 1024,
            "a claim of {} characters was taken over",
            text.chars().count()
        );
    }
}

/// A whole service, given as an object of documents by path, is read within its bounds; nothing is asked for twice,
/// and a server is off only if something said so.
pub fn inventory(bytes: &[u8]) {
    let Ok(documents) = parse_document(bytes) else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let mut service = Service { documents, asked: BTreeSet::new() };
    let how = How { bounds: BOUNDS, keep: true, ..How::default() };
    let read = runtime.block_on(reading_within(&mut service, how, Timestamp::UNIX_EPOCH));
    canonical(&service.documents);
    let Ok(reading) = read else { return };
    let inventory = reading.inventory;
    let snapshot = reading.snapshot.unwrap_or_default();
    assert!(snapshot.tree == tree(&snapshot.documents), "the tree's hash is not that of its documents");
    let asked = u32::try_from(service.asked.len()).unwrap_or(u32::MAX);
    assert!(asked <= BOUNDS.requests + 1, "{asked} requests, at most {} were promised", BOUNDS.requests);
    let off = inventory.systems.iter().any(|system| system.power.0 == Power::Off);
    assert!(!off || says_off(&service.documents), "a server is called off, and nothing said so");
    for table in tables(&inventory, Timestamp::UNIX_EPOCH) {
        let width = table.columns.len();
        assert!(
            table.all().all(|row| row.cells.len() == width),
            "a row of {} has not {width} cells",
            table.id
        );
    }
    service.asked.clear();
    let plan = TelemetryPlan::of(&inventory);
    if let Ok(read) = runtime.block_on(telemetry(&mut service, &plan, Timestamp::UNIX_EPOCH)) {
        let keys: BTreeSet<_> = read.readings.iter().map(|it| (it.quantity, &it.place, &it.name)).collect();
        assert!(keys.len() == read.readings.len(), "two sensors cannot be told from each other");
    }
}

/// What is kept of a document is JSON, and of that the same is kept; an answer taken apart has nothing left to
/// take apart.
fn canonical(document: &Value) {
    let once = still::canonical(document);
    let again: Value = serde_json::from_slice(&once).unwrap_or_default();
    assert!(again.is_object(), "what is kept of {document} is no object");
    assert!(still::canonical(&again) == once, "what is kept of {again} is something else again");
    let mut apart = document.clone();
    let resolve = |link: &str| link::resolve(&target(), link).ok();
    drop(expand::take_apart(&mut apart, &resolve));
    let more = expand::take_apart(&mut apart, &resolve);
    assert!(more.is_empty(), "taken apart, {apart} still holds {more:?}");
}

/// Whether any text in the value has `off` in it.
fn says_off(value: &Value) -> bool {
    match value {
        Value::String(text) => text.to_ascii_lowercase().contains("off"),
        Value::Array(items) => items.iter().any(says_off),
        Value::Object(members) => members.values().any(says_off),
        _ => false,
    }
}

/// A controller in memory that remembers what it was asked for.
struct Service {
    documents: Value,
    asked: BTreeSet<String>,
}

impl Service {
    /// A document; with the query, with its members put in.
    fn answer(&self, path: &str) -> Option<Value> {
        let plain = expand::plain(path);
        let mut found =
            self.documents.get(link::identity(plain)).filter(|value| value.is_object()).cloned()?;
        if plain != path
            && let Some(Value::Array(members)) = found.get_mut("Members")
        {
            for member in members {
                let inside = member.get("@odata.id").and_then(Value::as_str);
                let inside = inside.and_then(|link| self.documents.get(link::identity(link)));
                if let Some(inside) = inside.filter(|value| value.is_object()) {
                    *member = inside.clone();
                }
            }
        }
        Some(found)
    }
}

impl Get for Service {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        assert!(self.asked.insert(path.to_owned()), "{path} was asked for twice");
        match self.answer(path) {
            Some(value) => Ok(Document { path: path.into(), etag: None, bytes: 1000, value }),
            None => Err(Error::Answered {
                operation: "GET".into(),
                endpoint: target().endpoint,
                status: 404,
                messages: Vec::new(),
                retry_after: None,
            }),
        }
    }

    fn resolve(&self, to: &str) -> Result<String, String> {
        link::resolve(&target(), to)
    }
}

fn target() -> Target {
    let endpoint = Endpoint { addr: [127, 0, 0, 1].into(), port: 443 };
    Target::https(endpoint, Trust::Look { authorities: None })
}

/// How deep lists and objects are nested; bounded by the parser, so that this may recurse.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
