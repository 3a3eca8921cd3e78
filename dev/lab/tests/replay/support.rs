//! Trees, and one BMC of a replay as a pure machine.

use jiff::{SignedDuration, Timestamp};
use lab::answer::{Body, Fate, Outcome, Request, Response};
use lab::machine::Machine;
use lab::replay::{Expand, Tree};
use lab::{LabConfig, Latency, Mix};
use model::{Credential, Secret};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A tree of the third-party data; `None`, and said so, where that is absent.
pub fn captured(name: &str) -> Option<Arc<Tree>> {
    let shared = std::env::var_os("PORTCULLIS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join(format!("cases/redfish-{name}.tar.gz"));
    if !path.exists() {
        println!("SKIPPED {name}: no {}", path.display());
        return None;
    }
    // Read once for all tests: in a build without optimisation each takes seconds.
    static READ: Mutex<BTreeMap<String, Arc<Tree>>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let tree =
        read.entry(name.to_owned()).or_insert_with(|| Tree::load(&path, Expand::AsAdvertised).unwrap());
    Some(Arc::clone(tree))
}

/// A tree of our own, small and always there, read from a folder.
pub fn small(expand: Expand) -> Arc<Tree> {
    let folder = tempfile::tempdir().unwrap();
    for (path, doc) in documents() {
        let folder = folder.path().join("tree/redfish/v1").join(path);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.json"), doc.to_string()).unwrap();
    }
    let readme = "Average response time: 0.1\nMinimum response time: 0.05, /redfish\n\
                  Maximum response time: 2, /redfish/v1/Managers/1\n";
    std::fs::write(folder.path().join("tree/README"), readme).unwrap();
    Tree::load(folder.path(), expand).unwrap()
}

fn documents() -> Vec<(&'static str, Value)> {
    let link = |path: &str| json!({ "@odata.id": format!("/redfish/v1{path}") });
    let members = |path: &str| json!({ "@odata.id": format!("/redfish/v1{path}"), "Members": [link(&format!("{path}/1"))] });
    vec![
        (
            "",
            json!({
                "@odata.id": "/redfish/v1", "Vendor": "Supermicro", "Systems": link("/Systems"), "Chassis": link("/Chassis"),
                "Managers": link("/Managers"), "Links": { "Sessions": link("/SessionService/Sessions") },
                "ProtocolFeaturesSupported": { "ExpandQuery": { "NoLinks": true, "MaxLevels": 2 }, "SelectQuery": true },
            }),
        ),
        ("Systems", members("/Systems")),
        (
            "Systems/1",
            json!({
                "@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_5_0.ComputerSystem",
                "@odata.etag": "W/\"4FFF768E\"", "Id": "1", "PowerState": "On", "SerialNumber": "S4EMNX0R123",
                "UUID": "4c4c4544-0048-3210-804b-b7c04f395831", "Model": "SYS-1", "Memory": link("/Systems/1/Memory"),
                "Actions": { "#ComputerSystem.Reset": {
                    "target": "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
                    "@Redfish.ActionInfo": "/redfish/v1/Systems/1/ResetActionInfo" } },
            }),
        ),
        (
            "Systems/1/ResetActionInfo",
            json!({ "Parameters": [{ "Name": "ResetType", "AllowableValues": ["On", "ForceOff"] }] }),
        ),
        ("Systems/1/Memory", members("/Systems/1/Memory")),
        (
            "Systems/1/Memory/1",
            json!({ "@odata.id": "/redfish/v1/Systems/1/Memory/1", "SerialNumber": "80AD0123B4" }),
        ),
        ("Chassis", members("/Chassis")),
        (
            "Chassis/1",
            json!({ "@odata.id": "/redfish/v1/Chassis/1", "@odata.type": "#Chassis.v1_5_0.Chassis", "PowerState": "On",
                "SerialNumber": "S4EMNX0R123" }),
        ),
        ("Managers", members("/Managers")),
        (
            "Managers/1",
            json!({ "@odata.id": "/redfish/v1/Managers/1", "@odata.type": "#Manager.v1_5_0.Manager",
                "DateTime": "2020-01-01T00:00:00Z",
                "Actions": { "#Manager.Reset": { "target": "/redfish/v1/Managers/1/Actions/Manager.Reset" } } }),
        ),
        (
            "Managers/1/EthernetInterfaces/1",
            json!({ "@odata.id": "/redfish/v1/Managers/1/EthernetInterfaces/1", "MACAddress": "3C:EC:EF:01:02:03" }),
        ),
        (
            "SessionService/Sessions",
            json!({ "@odata.id": "/redfish/v1/SessionService/Sessions", "Members": [link("/SessionService/Sessions/old")] }),
        ),
    ]
}

/// One BMC of a replay.
pub struct Bmc {
    machine: Machine,
    now: Timestamp,
    token: String,
}

impl Bmc {
    /// Number `index` of a lab, signed in.
    pub fn new(tree: &Arc<Tree>, index: usize) -> Self {
        Self::with_latency(tree, index, Latency::None)
    }

    pub fn with_latency(tree: &Arc<Tree>, index: usize, latency: Latency) -> Self {
        let config = LabConfig {
            count: index + 1,
            mix: Mix::none(),
            replays: vec![Arc::clone(tree)],
            ..LabConfig::default()
        };
        let unit = lab::unit::plan(&config).pop().unwrap();
        let credential =
            Credential { username: "root".to_owned(), password: Secret::new("right".to_owned()) };
        let now = Timestamp::from_second(1_750_000_000).unwrap();
        let machine = Machine::new(Arc::new(unit), credential, latency, 1.0, now);
        let mut bmc = Self { machine, now, token: String::new() };
        bmc.sign_in();
        bmc
    }

    pub fn sign_in(&mut self) {
        let answer = self.ask(
            "POST",
            "/redfish/v1/SessionService/Sessions",
            None,
            r#"{"UserName":"root","Password":"right"}"#,
        );
        assert_eq!(answer.status, 201);
        self.token = header(&answer, "X-Auth-Token").unwrap();
    }

    fn handle(&mut self, method: &str, path: &str, query: Option<&str>, body: &str) -> Outcome {
        let token = Some(self.token.as_str());
        let request = Request { method, path, query, token, body: body.as_bytes(), ..Request::default() };
        self.machine.handle(&request, self.now)
    }

    pub fn ask(&mut self, method: &str, path: &str, query: Option<&str>, body: &str) -> Response {
        match self.handle(method, path, query, body).fate {
            Fate::Answer(response) => response,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    pub fn get(&mut self, path: &str, query: Option<&str>) -> Response {
        self.ask("GET", path, query, "")
    }

    pub fn post(&mut self, path: &str, body: Value) -> Response {
        self.ask("POST", path, None, &body.to_string())
    }

    pub fn json(&mut self, path: &str) -> Value {
        self.json_with(path, None)
    }

    pub fn json_with(&mut self, path: &str, query: Option<&str>) -> Value {
        let answer = self.get(path, query);
        assert_eq!(answer.status, 200, "{path}");
        parsed(&answer).unwrap_or_else(|| panic!("{path} is no JSON"))
    }

    pub fn wait(&mut self, path: &str) -> Duration {
        self.handle("GET", path, None, "").wait
    }

    pub fn later(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub fn is_away(&mut self) -> bool {
        self.machine.advance(self.now);
        self.machine.is_deaf()
    }

    /// Follows links from the root, to so many documents.
    pub fn walk(&mut self, most: usize) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        let mut next = vec!["/redfish/v1".to_owned()];
        while let Some(path) = next.pop().filter(|_| seen.len() < most) {
            if seen.contains_key(&path) || path.contains("Schema") || path.contains("Regist") {
                continue;
            }
            if let Some(doc) =
                Some(self.get(&path, None)).filter(|a| a.status == 200).as_ref().and_then(parsed)
            {
                links(&doc, &mut next);
                seen.insert(path, doc);
            }
        }
        seen
    }
}

fn links(node: &Value, into: &mut Vec<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(path) if name == "@odata.id" && !path.contains('#') => into.push(path.clone()),
            value => links(value, into),
        }),
        _ => {}
    }
}

pub fn parsed(answer: &Response) -> Option<Value> {
    match &answer.body {
        Body::Json(doc) => Some(doc.clone()),
        Body::Written(text) => serde_json::from_str(text).ok(),
        Body::None | Body::Xml(_) => None,
    }
}

pub fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}
