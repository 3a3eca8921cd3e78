//! One request for each endpoint that an administrator could send.

use crate::harness::{DEVICE, Harness, SEEN, operator};
use model::DeviceId;
use model::command::bmc::Refresh;
use serde_json::{Value, json};

/// The documents that ship with the product.
pub const SCENARIO: &str = include_str!("../../../policy/shipped/out_of_band_management.yaml");
pub const SITE: &str = include_str!("../../../policy/shipped/site.yaml");

/// A request.
pub struct Example {
    /// As the document names it.
    pub method: &'static str,
    /// As the document names it, with its placeholders.
    pub template: &'static str,
    /// What is asked for.
    pub path: String,
    pub body: Option<Value>,
}

/// The endpoints that anybody with a token may ask, and that then show nothing which is not theirs.
pub const EMPTY_WITHOUT_RIGHTS: &[&str] = &[
    "GET /api/v1/devices",
    "GET /api/v1/find",
    "GET /api/v1/inventory/components",
    "GET /api/v1/inventory/components/export",
    "GET /api/v1/inventory/changes",
    "GET /api/v1/jobs",
    "GET /api/v1/findings",
    "GET /api/v1/pinholes",
    "GET /api/v1/quarantine",
];

/// The endpoints that are about the token's holder alone.
pub const ABOUT_ONESELF: &[&str] = &["GET /api/v1/whoami", "GET /api/v1/tokens"];

impl Example {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    /// Whether it changes something.
    pub fn acts(&self) -> bool {
        self.method != "GET"
    }
}

/// All of them. `victim` is a user with the grant numbered `grant`.
pub async fn all(harness: &Harness) -> Vec<Example> {
    let finding = harness.finding(Some(DEVICE)).await;
    // Somebody else's, over nothing: nobody can stop or resume what has ended, and only some may try.
    let none = Vec::<(DeviceId, Refresh)>::new();
    let job = harness
        .app
        .jobs
        .start_once(&operator(), "nothing".into(), harness.app.controllers.clone(), none)
        .await;
    harness.app.jobs.close().await;
    let mut all = kept();
    all.extend(policy());
    let mut add = |method, template: &'static str, path: String, body| {
        all.push(Example { method, template, path, body });
    };
    let device = |rest: &str| format!("/devices/{DEVICE}{rest}");
    add("GET", "/api/v1/whoami", "/whoami".into(), None);
    add("GET", "/api/v1/devices", "/devices?q=zone:management&limit=5".into(), None);
    add("GET", "/api/v1/devices/{key}", device(""), None);
    add("PATCH", "/api/v1/devices/{key}", device(""), Some(json!({ "labels": { "rack": "r9" } })));
    add("DELETE", "/api/v1/devices/{key}", format!("/devices/{SEEN}"), None);
    add("GET", "/api/v1/devices/{key}/inventory", device("/inventory"), None);
    add("GET", "/api/v1/find", format!("/find?q={DEVICE}"), None);
    let by_hand = json!({ "username": "root", "password": "calvin", "fingerprint": "0".repeat(64) });
    add("POST", "/api/v1/devices/{key}/adopt", device("/adopt"), Some(by_hand));
    add("POST", "/api/v1/devices/{key}/power", device("/power"), Some(json!({ "reset": "force_off" })));
    add("POST", "/api/v1/devices/{key}/refresh", device("/refresh"), None);
    add("PUT", "/api/v1/devices/{key}/stage", device("/stage"), Some(json!({ "stage": "maintenance" })));
    let seen = json!({ "fingerprint": "0".repeat(64) });
    add("PUT", "/api/v1/devices/{key}/certificate", device("/certificate"), Some(seen));
    add("GET", "/api/v1/sweeps", "/sweeps".into(), None);
    add("POST", "/api/v1/sweeps", "/sweeps".into(), Some(json!({ "range": "10.0.0.0/24" })));
    add("DELETE", "/api/v1/sweeps/{sweep}", "/sweeps/1".into(), None);
    let shared = json!([{ "trusted": true, "username": "svc", "password": "geheim" }]);
    add("POST", "/api/v1/credentials", "/credentials".into(), Some(shared));
    let switch = json!({ "devices": [DEVICE], "act": { "act": "power", "reset": "on" } });
    add("POST", "/api/v1/jobs", "/jobs".into(), Some(switch));
    add("GET", "/api/v1/jobs", "/jobs".into(), None);
    add("GET", "/api/v1/jobs/{job}", format!("/jobs/{job}"), None);
    add("POST", "/api/v1/jobs/{job}/stop", format!("/jobs/{job}/stop"), None);
    add("POST", "/api/v1/jobs/{job}/resume", format!("/jobs/{job}/resume"), None);
    add("GET", "/api/v1/users", "/users".into(), None);
    add("POST", "/api/v1/users", "/users".into(), Some(json!({ "name": "newcomer" })));
    add("POST", "/api/v1/users/{name}/reset", "/users/root/reset".into(), None);
    add(
        "PUT",
        "/api/v1/users/{name}/enabled",
        "/users/root/enabled".into(),
        Some(json!({ "enabled": false })),
    );
    let grant = json!({ "role": "administrator", "scope": "all" });
    add("POST", "/api/v1/users/{name}/grants", "/users/root/grants".into(), Some(grant));
    add("DELETE", "/api/v1/users/{name}/grants/{grant}", "/users/root/grants/1".into(), None);
    add("GET", "/api/v1/tokens", "/tokens".into(), None);
    let token = json!({ "label": "x", "role": "viewer", "scope": "all", "days": 1 });
    add("POST", "/api/v1/tokens", "/tokens".into(), Some(token));
    add("DELETE", "/api/v1/tokens/{id}", "/tokens/00000000".into(), None);
    let question = "/access/explain?user=root&action=device.power";
    add("GET", "/api/v1/access/explain", question.into(), None);
    add("GET", "/api/v1/audit", "/audit?limit=5".into(), None);
    add("GET", "/api/v1/audit/export", "/audit/export".into(), None);
    add("GET", "/api/v1/audit/state", "/audit/state".into(), None);
    add("GET", "/api/v1/findings", "/findings".into(), None);
    let acknowledge = format!("/findings/{finding}/acknowledge");
    add("POST", "/api/v1/findings/{finding}/acknowledge", acknowledge, None);
    add("GET", "/api/v1/events", "/events".into(), None);
    add("POST", "/api/v1/backup", "/backup".into(), None);
    all
}

/// What is kept of readings.
fn kept() -> Vec<Example> {
    let device = |template, rest: &str| (template, format!("/devices/{DEVICE}{rest}"));
    let part = "part_number=HMAA8GR7AJR4N-XN";
    let all = [
        device("/api/v1/devices/{key}/readings", "/readings"),
        device("/api/v1/devices/{key}/traffic", "/traffic"),
        device("/api/v1/devices/{key}/history", "/history"),
        device("/api/v1/devices/{key}/history/diff", "/history/diff"),
        device("/api/v1/devices/{key}/history/{version}", "/history/1"),
        device("/api/v1/devices/{key}/documents", "/documents"),
        ("/api/v1/inventory/components", format!("/inventory/components?{part}")),
        ("/api/v1/inventory/components/export", format!("/inventory/components/export?{part}&format=json")),
        ("/api/v1/inventory/changes", "/inventory/changes?since=2020-01-01".into()),
        ("/api/v1/models", "/models".into()),
    ];
    all.map(|(template, path)| Example { method: "GET", template, path, body: None }).into()
}

/// The policy, openings, quarantines.
fn policy() -> Vec<Example> {
    let seen = [
        ("/api/v1/policy", "/policy"),
        ("/api/v1/policy/versions", "/policy/versions"),
        ("/api/v1/policy/versions/{version}", "/policy/versions/current"),
        ("/api/v1/policy/versions/{version}/check", "/policy/versions/current/check"),
        ("/api/v1/policy/versions/{version}/plan", "/policy/versions/shipped/plan"),
        ("/api/v1/policy/versions/{version}/rules", "/policy/versions/shipped/rules"),
        ("/api/v1/policy/explain", "/policy/explain?from=10.1.5.10&to=appliance&service=tcp/443"),
        ("/api/v1/policy/reach", "/policy/reach?from=appliance"),
        ("/api/v1/policy/zones", "/policy/zones?version=shipped"),
        ("/api/v1/policy/diff", "/policy/diff?old=shipped&new=current"),
        ("/api/v1/policy/schemas", "/policy/schemas"),
        ("/api/v1/firewall/log", "/firewall/log?since=2h&verdict=drop,reject&address=10.20.0.0/16&limit=5"),
        ("/api/v1/firewall/log/export", "/firewall/log/export?since=2h&format=json"),
        ("/api/v1/pinholes", "/pinholes"),
        ("/api/v1/quarantine", "/quarantine"),
    ];
    let seen = seen.into_iter().map(|(template, path)| ("GET", template, path.to_owned(), None));
    let of_device = format!("/devices/{DEVICE}/quarantine");
    let new = json!({ "scenario": SCENARIO, "site": SITE, "note": "x" });
    let hole = json!({ "device": DEVICE, "application": "bmc_management", "seconds": 60, "why": "x" });
    let cut_off = Some(json!({ "on": true, "why": "x" }));
    let version = |rest: &str| format!("/policy/versions/1/{rest}");
    let acts = [
        ("POST", "/api/v1/policy/versions", "/policy/versions".to_owned(), Some(new.clone())),
        ("POST", "/api/v1/policy/check", "/policy/check".into(), Some(new)),
        ("POST", "/api/v1/policy/versions/{version}/apply", version("apply"), Some(json!({ "seconds": 60 }))),
        ("POST", "/api/v1/policy/versions/{version}/confirm", version("confirm"), None),
        ("POST", "/api/v1/pinholes", "/pinholes".into(), Some(hole)),
        ("DELETE", "/api/v1/pinholes/{id}", "/pinholes/p-0123456789".into(), None),
        ("GET", "/api/v1/devices/{key}/quarantine", of_device.clone(), None),
        ("PUT", "/api/v1/devices/{key}/quarantine", of_device, cut_off),
        ("POST", "/api/v1/policy/revert", "/policy/revert".into(), None),
        ("POST", "/api/v1/policy/repair", "/policy/repair".into(), None),
    ];
    let example = |(method, template, path, body)| Example { method, template, path, body };
    seen.chain(acts).map(example).collect()
}
