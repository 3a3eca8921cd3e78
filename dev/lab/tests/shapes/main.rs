//! Every maker's tree, walked link by link through the pure machine, and held against its golden shape.
#![expect(clippy::unwrap_used, reason = "in tests, also in their helpers, this is how they fail")]

mod captured;
mod tree;

use lab::Kind;
use lab::answer::Request;
use lab::flavour::Expand;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tree::{ask, get, header, json_of, log_in, machine, now, walk};

#[test]
fn no_link_leads_to_nothing_and_every_document_is_identified() {
    for kind in Kind::ALL {
        let tree = walk(*kind);
        assert!(tree.len() > 60, "{kind}: {} documents", tree.len());
        for (path, doc) in &tree {
            assert!(doc["@odata.type"].as_str().is_some_and(|kind| kind.starts_with('#')), "{kind}: {path}");
            assert!(doc["Name"].is_string(), "{kind}: {path} has a name");
            if let Some(members) = doc.get("Members") {
                let count = members.as_array().map_or(0, Vec::len);
                let told = doc["Members@odata.count"].as_u64().unwrap();
                let paged = path.contains('?') || doc.get("Members@odata.nextLink").is_some();
                assert!(
                    paged || told == u64::try_from(count).unwrap(),
                    "{kind}: {path} has {count} of {told}"
                );
                assert!(count <= kind.row().layout.page || kind.row().layout.page == 0, "{kind}: {path}");
            } else if path != "/redfish/v1" && !path.ends_with(".json") {
                assert_eq!(doc["Id"].as_str(), path.rsplit('/').next(), "{kind}: {path}");
            }
        }
    }
}

/// The names of the fields of a document, with those of objects inside it; members and numbers left out.
fn shape(doc: &Value, prefix: &str, into: &mut BTreeSet<String>) {
    let Some(fields) = doc.as_object() else { return };
    for (name, value) in fields {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "",
        };
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        // What a BIOS can be set to is no shape.
        if name == "Attributes" {
            into.insert(format!("{path}: object"));
        } else if value.is_object() && value.get("@odata.id").is_none() {
            shape(value, &path, into);
        } else {
            into.insert(if kind.is_empty() { format!("{path}: link") } else { format!("{path}: {kind}") });
        }
    }
}

/// Set PORTCULLIS_BLESS=1 to write the golden files anew, and read the difference before committing it.
#[test]
fn the_shape_of_each_maker_is_as_it_was() {
    for kind in Kind::ALL {
        let mut seen = BTreeSet::new();
        let mut text = String::new();
        for (path, doc) in walk(*kind) {
            let schema = doc["@odata.type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
            // One of each schema, by the first path; the root counts as its own.
            if !seen.insert(schema) {
                continue;
            }
            let mut fields = BTreeSet::new();
            shape(&doc, "", &mut fields);
            text.push_str(&format!("{path} {}\n", doc["@odata.type"].as_str().unwrap()));
            fields.iter().for_each(|field| text.push_str(&format!("  {field}\n")));
        }
        let file = format!("{}/tests/golden/{kind}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("PORTCULLIS_BLESS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap();
        let first = golden.lines().zip(text.lines()).find(|(old, new)| old != new);
        assert!(golden == text, "{kind}: first difference {first:?}");
    }
}

#[test]
fn without_a_session_only_the_root_is_shown() {
    for kind in Kind::ALL {
        let tree = walk(*kind);
        let mut machine = machine(*kind);
        for path in tree.keys() {
            let answer = ask(&mut machine, &Request { method: "GET", path, ..Request::default() }, now());
            if path == "/redfish/v1" {
                assert_eq!(answer.status, 200);
                continue;
            }
            assert_eq!(answer.status, 401, "{kind}: {path}");
            let info = &json_of(&answer)["error"]["@Message.ExtendedInfo"][0];
            assert!(info["MessageId"].as_str().is_some_and(|id| id.starts_with("Base.")), "{kind}: {path}");
            assert!(header(&answer, "WWW-Authenticate").is_some());
        }
        for path in ["/redfish", "/redfish/", "/redfish/v1/", "/redfish/v1/odata", "/redfish/v1/$metadata"] {
            let answer = ask(&mut machine, &Request { method: "GET", path, ..Request::default() }, now());
            assert_eq!(answer.status, 200, "{kind}: {path}");
        }
    }
}

#[test]
fn what_makes_each_maker_peculiar_is_there() {
    let tree = |kind| walk(kind);
    let dell = tree(Kind::Dell);
    let tag = &dell["/redfish/v1/Systems/System.Embedded.1"]["SKU"];
    assert_eq!(&dell["/redfish/v1"]["Oem"]["Dell"]["ServiceTag"], tag);
    assert_eq!(dell["/redfish/v1/Chassis/System.Embedded.1"]["Location"]["Placement"]["Rack"], json!("r1"));

    let hpe = tree(Kind::Hpe);
    let resets = &hpe["/redfish/v1/Systems/1"]["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"];
    assert!(!resets.as_array().unwrap().contains(&json!("PowerCycle")));
    assert!(hpe["/redfish/v1/Systems/1"]["@odata.etag"].as_str().unwrap().starts_with("W/"));

    let supermicro = tree(Kind::Supermicro);
    assert!(supermicro["/redfish/v1"].get("Vendor").is_none());
    let action = &supermicro["/redfish/v1/Systems/1"]["Actions"]["#ComputerSystem.Reset"];
    assert!(action.get("ResetType@Redfish.AllowableValues").is_none());
    assert!(supermicro.contains_key(action["@Redfish.ActionInfo"].as_str().unwrap()));

    let openbmc = tree(Kind::Openbmc);
    assert_eq!(openbmc["/redfish/v1/Systems/system/EthernetInterfaces"]["Members"], Value::Null);
    assert!(openbmc.values().all(|doc| doc.get("@odata.etag").is_none()));
    assert!(openbmc["/redfish/v1"]["Links"]["ManagerProvidingService"].is_object());

    let lenovo = tree(Kind::Lenovo);
    let uuid = lenovo["/redfish/v1/Systems/1"]["UUID"].as_str().unwrap();
    assert_eq!(uuid, uuid.to_uppercase());
}

#[test]
fn expand_brings_members_as_far_as_the_maker_can() {
    for kind in Kind::ALL {
        let row = kind.row();
        let mut machine = machine(*kind);
        let token = log_in(&mut machine);
        let memory = format!("/redfish/v1/Systems/{}/Memory", row.ids.system);
        let answer = get(&mut machine, &token, &memory, Some("$expand=.($levels=1)"));
        let members = json_of(&answer)["Members"].as_array().unwrap().clone();
        let Expand::Works(beyond) = row.root.expand else {
            assert!(members.iter().all(|member| member.get("SerialNumber").is_none()), "{kind}");
            assert_eq!(
                get(&mut machine, &token, &memory, Some("$expand=*($levels=99)")).status,
                200,
                "{kind}"
            );
            continue;
        };
        assert!(members.iter().all(|member| member["SerialNumber"].is_string()), "{kind}");
        let all = get(&mut machine, &token, &memory, Some("%24expand=*"));
        assert_eq!(all.status, if row.root.expand_all { 200 } else { 400 }, "{kind}");
        let deep = format!("$expand=.($levels={})", row.root.expand_levels + 1);
        assert_eq!(get(&mut machine, &token, &memory, Some(&deep)).status, beyond, "{kind}");
        let picked = get(
            &mut machine,
            &token,
            &format!("/redfish/v1/Systems/{}", row.ids.system),
            Some("$select=PowerState"),
        );
        let fields: Vec<&String> =
            json_of(&picked).as_object().unwrap().keys().filter(|key| !key.starts_with('@')).collect();
        assert_eq!(fields, ["PowerState"], "{kind}");
        assert_eq!(get(&mut machine, &token, &memory, Some("$filter=Id eq 'x'")).status, 501, "{kind}");
    }
}

#[test]
fn a_reset_is_carried_out_in_time_and_by_administrators_only() {
    for kind in Kind::ALL {
        let row = kind.row();
        let mut machine = machine(*kind);
        let token = log_in(&mut machine);
        let path = format!("/redfish/v1/Systems/{}/Actions/ComputerSystem.Reset", row.ids.system);
        let post = |body: &'static str| Request {
            method: "POST",
            path: &path,
            body: body.as_bytes(),
            ..Request::default()
        };
        let monitor = "Basic bW9uaXRvcjpyaWdodA==";
        let off = r#"{"ResetType":"ForceOff"}"#;
        let refused = ask(&mut machine, &Request { authorization: Some(monitor), ..post(off) }, now());
        assert_eq!(refused.status, 403, "{kind}");
        assert_eq!(ask(&mut machine, &post(off), now()).status, 401, "{kind}");
        for (body, status) in
            [("{", 400), ("[]", 400), ("{}", 400), (r#"{"ResetType":"Melt"}"#, 400), (off, 204)]
        {
            let answer = ask(&mut machine, &Request { token: Some(&token), ..post(body) }, now());
            assert_eq!(answer.status, status, "{kind}: {body}");
        }
        assert_eq!(
            machine.power_state(now()),
            if row.power.shows_change { "PoweringOff" } else { "On" },
            "{kind}"
        );
        let due = machine.next_deadline().unwrap();
        assert_eq!(machine.power_state(due), "Off", "{kind}");
    }
}

#[test]
fn the_protocol_is_kept_where_clients_look() {
    for kind in Kind::ALL {
        let mut machine = machine(*kind);
        let token = log_in(&mut machine);
        let signed_in = token.as_str();
        let token = Some(signed_in);
        let system = format!("/redfish/v1/Systems/{}", kind.row().ids.system);
        for (method, path, status) in [
            ("GET", "/redfish/v1/Nothing", 404),
            ("GET", "/elsewhere", 404),
            ("DELETE", system.as_str(), 405),
            ("POST", "/redfish/v1/Systems", 405),
            ("PUT", system.as_str(), 405),
            ("GET", "/redfish/v1/Systems/other/Processors", 404),
            ("TRACE", system.as_str(), 501),
        ] {
            let answer = ask(&mut machine, &Request { method, path, token, ..Request::default() }, now());
            assert_eq!(answer.status, status, "{kind}: {method} {path}");
        }
        let patch = |body: &'static str| Request {
            method: "PATCH",
            path: &system,
            token,
            body: body.as_bytes(),
            ..Request::default()
        };
        assert_eq!(ask(&mut machine, &patch(r#"{"IndicatorLED":"Lit"}"#), now()).status, 200);
        assert_eq!(json_of(&get(&mut machine, signed_in, &system, None))["IndicatorLED"], json!("Lit"));
        assert_eq!(ask(&mut machine, &patch(r#"{"UUID":"x"}"#), now()).status, 400);
        if let Some(etag) = json_of(&get(&mut machine, signed_in, &system, None))["@odata.etag"].as_str() {
            let stale = Request { if_match: Some("\"stale\""), ..patch(r#"{"IndicatorLED":"Off"}"#) };
            assert_eq!(ask(&mut machine, &stale, now()).status, 412, "{kind}");
            let known = Request {
                method: "GET",
                path: &system,
                token,
                if_none_match: Some(etag),
                ..Request::default()
            };
            assert_eq!(ask(&mut machine, &known, now()).status, 304, "{kind}");
        }
    }
}

/// What a full inventory reads: everything but logs, sensors one by one, registries and services that say nothing of
/// the hardware.
fn is_inventory(path: &str) -> bool {
    let beside = [
        "/LogServices",
        "/Sensors/",
        "/Registries/",
        "/SessionService",
        "/TaskService",
        "/JsonSchemas",
        "ActionInfo",
    ];
    !beside.iter().any(|part| path.contains(part))
}

#[test]
fn a_full_inventory_takes_about_as_many_requests_as_of_the_real_ones() {
    for kind in Kind::ALL {
        let tree = walk(*kind);
        let inventory = tree.iter().filter(|(path, _)| is_inventory(path));
        let (mut count, mut bytes) = (0, 0);
        for (_, doc) in inventory {
            count += 1;
            bytes += doc.to_string().len();
        }
        // A small server of each; the captured ones, with up to 32 modules and 18 drives, take 195 to 316.
        let least = if *kind == Kind::Openbmc { 140 } else { 170 };
        assert!((least..450).contains(&count), "{kind}: {count}");
        assert!(bytes / count > 400, "{kind}: {bytes} bytes in {count}");
        println!("{kind}: {} documents, {count} of them for an inventory, {bytes} bytes", tree.len());
    }
}
