//! sushy-emulator, which has no sessions: found, taken over, read and switched by the verbs, seen in the browser.

use crate::support::{Peer, Verbs, needed};
use e2e::appliance::Appliance;
use e2e::browser::Browser;
use e2e::operator::Operator;
use e2e::slot::Slot;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// bcrypt of `sushy`, as htpasswd writes it.
const PASSWORD_FILE: &str = "admin:$2b$04$lTELHJ9beTY5onrhrYw.jepzbFoo4mU7nUOXZlL/zupjZ3uI9YUc6\n";
const PORT: u16 = 8443;

/// Starts it on the first address of a slot, over TLS, with a password.
pub fn start(
    program: &Path,
    openssl: &Path,
    folder: &Path,
    slot: &Slot,
    driver: &[&str],
) -> (Peer, SocketAddr) {
    let at = SocketAddr::from((slot.first_addr(), PORT));
    let file = |name: &str| folder.join(name).display().to_string();
    let made = Command::new(openssl)
        .args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-days", "2", "-subj", "/CN=emulator", "-keyout", &file("key.pem"), "-out", &file("cert.pem")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    std::fs::write(folder.join("htpasswd"), PASSWORD_FILE).unwrap();
    std::fs::write(folder.join("password"), "sushy\n").unwrap();
    std::fs::write(folder.join("wrong"), "wrong\n").unwrap();
    let config = format!(
        "SUSHY_EMULATOR_AUTH_FILE = {:?}\nSUSHY_EMULATOR_STATE_DIR = {:?}\n",
        file("htpasswd"),
        file("")
    );
    std::fs::write(folder.join("emulator.conf"), config).unwrap();
    let mut command = Command::new(program);
    command.args(driver).args(["--config", &file("emulator.conf")]);
    command.args(["-i", &at.ip().to_string(), "-p", &at.port().to_string()]);
    command.args(["--ssl-certificate", &file("cert.pem"), "--ssl-key", &file("key.pem")]);
    command.env("TMPDIR", folder);
    (Peer::start(&mut command, &folder.join("emulator.log"), at), at)
}

/// Finds the only controller at an address and takes it over by hand; its identifier.
pub fn adopt(verbs: &Verbs<'_>, at: SocketAddr) -> String {
    let (range, port) = (format!("{}/32", at.ip()), at.port().to_string());
    let sweep = verbs.json(&["device", "discover", &range, "--port", &port]);
    assert_eq!((&sweep["asked"], &sweep["found"], &sweep["ended"]), (&json!(1), &json!(1), &json!(true)));
    let device = verbs.json(&["device", "list", "stage:seen"])["devices"][0].clone();
    let id = device["id"].as_str().unwrap().to_owned();
    let fingerprint = device["presented"]["fingerprint"].as_str().unwrap().to_owned();
    let adopt = |file: &str, fingerprint: &str| {
        let file = verbs.appliance.scratch().join(file).display().to_string();
        let by_hand = [
            "device",
            "adopt",
            &id,
            "--user",
            "admin",
            "--password-file",
            &file,
            "--fingerprint",
            fingerprint,
        ];
        by_hand.map(str::to_owned).to_vec()
    };
    let as_texts = |arguments: &[String]| arguments.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let refused = as_texts(&adopt("wrong", &fingerprint));
    let error = verbs.fails(1, &refused.split('\n').collect::<Vec<_>>());
    assert_eq!(error["error"]["kind"], "credential_refused", "{error}");
    let other = as_texts(&adopt("password", &"0".repeat(64)));
    let error = verbs.fails(1, &other.split('\n').collect::<Vec<_>>());
    assert_eq!(error["error"]["kind"], "conflict", "another certificate than the one compared: {error}");
    let right = as_texts(&adopt("password", &fingerprint));
    verbs.json(&right.split('\n').collect::<Vec<_>>());
    id
}

fn power(verbs: &Verbs<'_>, id: &str) -> Value {
    verbs.json(&["device", "show", id])["device"]["state"]["power"].clone()
}

#[test]
fn an_emulated_machine_from_discovery_to_audit() {
    let test = "an_emulated_machine_from_discovery_to_audit";
    let (Some(program), Some(openssl)) = (needed(test, "sushy-emulator"), needed(test, "openssl")) else {
        return;
    };
    let appliance = Appliance::fresh().unwrap();
    let mut admin = Operator::enrol(&appliance).unwrap();
    let slot = Slot::take().unwrap();
    let (_peer, at) = start(&program, &openssl, appliance.scratch(), &slot, &["--fake"]);
    let verbs = Verbs::of(&appliance, &mut admin);
    let id = adopt(&verbs, at);

    let both = verbs.json(&["device", "show", &id]);
    assert_eq!(both["device"]["stage"], "in_service", "{both}");
    let inventory: model::Inventory = serde_json::from_value(both["inventory"].clone()).unwrap();
    assert_eq!(inventory.systems.len(), 1, "{both}");
    assert_eq!(both["device"]["identity"]["vendor"], "Sushy Emulator");
    for needle in ["00:5c:52:31:3a:9c", "005c.5231.3a9c", &at.ip().to_string()] {
        let found = verbs.json(&["device", "find", needle]);
        assert_eq!(found["devices"][0]["id"], json!(id), "{needle}: {found}");
    }
    assert_eq!(verbs.fails(4, &["device", "find", "no-such-server"])["error"]["kind"], "not_found");

    for (act, after) in [("on", "on"), ("power_cycle", "on"), ("force_off", "off"), ("on", "on")] {
        let switched = verbs.json(&["device", "power", act, &id]);
        assert_eq!(switched["power"], after, "{act}: {switched}");
        assert_eq!(power(&verbs, &id), after, "{act}");
    }
    let acts = verbs.json(&["audit", "list", "--action", "device.power"]);
    let acts = acts.as_array().unwrap();
    assert_eq!(acts.len(), 4, "{acts:?}");
    let by_admin =
        |act: &Value| act["actor"].as_str().is_some_and(|actor| actor.starts_with("admin (token "));
    assert!(acts.iter().all(|act| act["outcome"] == "done" && by_admin(act)), "{acts:?}");
    let adoptions = verbs.json(&["audit", "list", "--action", "device.adopt"]);
    let outcomes: Vec<&Value> = adoptions.as_array().unwrap().iter().map(|act| &act["outcome"]).collect();
    assert_eq!(outcomes, ["done", "failed", "failed"], "newest first, the refused ones too");
    seen_in_the_browser(test, &verbs, &mut admin, &id, at);
}

/// The badge of the fleet page follows what the verbs do, without a reload.
fn seen_in_the_browser(test: &str, verbs: &Verbs<'_>, admin: &mut Operator, id: &str, at: SocketAddr) {
    let Some(browser) = Browser::find(test).unwrap() else { return };
    let session = admin.sign_in(verbs.appliance).unwrap();
    let cookie = session.cookie.split_once('=').unwrap().1;
    let input = json!({ "url": verbs.appliance.url(), "session": cookie, "address": at.ip().to_string() });
    let done = browser.run("peer.mjs", &input, |said| {
        let act = said["do"].as_str().unwrap_or_default();
        Ok(verbs.json(&["device", "power", act, id])["power"].clone())
    });
    done.unwrap();
}
