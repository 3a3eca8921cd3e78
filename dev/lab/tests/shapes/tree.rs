//! What the tests of the documents share: a machine of each maker, and its tree walked link by link.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests this is how they fail"
)]

use jiff::Timestamp;
use lab::answer::{Body, Fate, Request, Response};
use lab::machine::Machine;
use lab::unit::{Unit, plan};
use lab::{Kind, LabConfig, Latency, Mix};
use model::Credential;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The moment at which all of it happens.
pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// The first unit of a lab of one maker.
pub fn unit(kind: Kind) -> Unit {
    plan(&LabConfig { count: 1, mix: Mix::only(kind), ..LabConfig::default() }).remove(0)
}

/// Its machine.
pub fn machine(kind: Kind) -> Machine {
    let credential = Credential { username: "root".into(), password: "right".into() };
    Machine::new(Arc::new(unit(kind)), credential, Latency::None, 1.0, now())
}

/// One request that is answered.
pub fn ask(machine: &mut Machine, request: &Request<'_>, now: Timestamp) -> Response {
    match machine.handle(request, now).fate {
        Fate::Answer(response) => response,
        other => panic!("{} {}: {other:?}", request.method, request.path),
    }
}

/// The document of an answer.
pub fn json_of(response: &Response) -> &Value {
    match &response.body {
        Body::Json(doc) => doc,
        other => panic!("no document: {other:?}"),
    }
}

/// A session's token.
pub fn log_in(machine: &mut Machine) -> String {
    let body = json!({ "UserName": "root", "Password": "right" }).to_string();
    let path = "/redfish/v1/SessionService/Sessions";
    let response =
        ask(machine, &Request { method: "POST", path, body: body.as_bytes(), ..Request::default() }, now());
    assert_eq!(response.status, 201);
    header(&response, "X-Auth-Token").unwrap()
}

/// A header of an answer.
pub fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

/// One document.
pub fn get(machine: &mut Machine, token: &str, path: &str, query: Option<&str>) -> Response {
    ask(machine, &Request { method: "GET", path, query, token: Some(token), ..Request::default() }, now())
}

/// Every link in a document.
pub fn links(doc: &Value, found: &mut BTreeSet<String>) {
    match doc {
        Value::Array(items) => items.iter().for_each(|item| links(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(next) if name == "Members@odata.nextLink" => {
                        found.insert(next.to_owned());
                    }
                    Some(path) if name == "Uri" => {
                        found.insert(path.to_owned());
                    }
                    Some(path) if name == "@odata.id" || name == "@Redfish.ActionInfo" => {
                        found.insert(path.split('#').next().unwrap().to_owned());
                    }
                    _ => links(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Every document that links lead to, from the root.
pub fn walk(kind: Kind) -> BTreeMap<String, Value> {
    let mut machine = machine(kind);
    let token = log_in(&mut machine);
    let mut found = BTreeMap::new();
    let mut due = VecDeque::from(["/redfish/v1".to_owned()]);
    while let Some(path) = due.pop_front() {
        if found.contains_key(&path) {
            continue;
        }
        let (plain, query) =
            path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        let response = get(&mut machine, &token, plain, query);
        assert_eq!(response.status, 200, "{kind}: {path}");
        let doc = json_of(&response).clone();
        // A registry is a file, and no resource.
        let file = plain.ends_with(".json");
        assert!(file || doc["@odata.id"] == json!(plain), "{kind}: {path} says where it is");
        let mut next = BTreeSet::new();
        links(&doc, &mut next);
        due.extend(next);
        found.insert(path, doc);
    }
    found
}
