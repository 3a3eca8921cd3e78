//! What the endpoints do for those who may.

use crate::examples;
use crate::harness::{DEVICE, Harness, SEEN};
use api::access::{ExplainQuery, NewGrant, NewToken, NewUser};
use api::device::{DeviceQuery, EditDevice, MoveDevice, NewJob, NewSweep};
use api::record::AuditQuery;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use model::device::{Power, Reset};
use model::event::What;
use model::job::Act;
use model::{Credential, Kind, Role, Scope, Secret, Stage};
use serde_json::{Value, json};
use std::io::Read as _;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn every_example_is_something_that_an_administrator_can_ask() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    // The examples of these are about the wrong thing on purpose: the last administrator, another certificate, a job
    // that has ended, a connection of unknown age, a repair where nothing is confirmed.
    let conflicts = [
        "POST /api/v1/policy/versions/{version}/confirm",
        "POST /api/v1/policy/repair",
        "PUT /api/v1/devices/{key}/certificate",
        "PUT /api/v1/users/{name}/enabled",
        "DELETE /api/v1/users/{name}/grants/{grant}",
        "POST /api/v1/jobs/{job}/stop",
        "POST /api/v1/jobs/{job}/resume",
    ];
    for example in examples::all(&harness).await {
        if example.template == "/api/v1/events" {
            continue;
        }
        let got = harness.ask(Some(&token), example.method, &example.path, example.body.as_ref()).await;
        let name = example.name();
        if conflicts.contains(&name.as_str()) {
            assert_eq!(got.status, StatusCode::CONFLICT, "{name}: {}", got.text());
        } else if ["DELETE /api/v1/tokens/{id}", "DELETE /api/v1/pinholes/{id}"].contains(&name.as_str()) {
            assert_eq!(got.status, StatusCode::NOT_FOUND, "{name}: {}", got.text());
        } else if name == "POST /api/v1/devices/{key}/adopt" {
            assert_eq!(got.status, StatusCode::BAD_GATEWAY, "{name}: {}", got.text());
        } else {
            assert!(got.status.is_success(), "{name}: {} {}", got.status, got.text());
        }
    }
}

#[tokio::test]
async fn devices_are_filtered_and_paged() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let page =
        async |query: &str| harness.ask(Some(&token), "GET", &format!("/devices?{query}"), None).await.json();
    let all = page("").await;
    assert_eq!(all["total"], 48);
    assert_eq!(all["devices"].as_array().unwrap().len(), 48);
    let second = page("limit=10&offset=10").await;
    assert_eq!(second["total"], 48);
    assert_eq!(second["devices"].as_array().unwrap()[0], all["devices"][10]);
    assert_eq!(page("offset=100").await["devices"], json!([]));
    let off = page("q=power:off+rack:r1").await;
    assert!(off["total"].as_u64().unwrap() > 0);
    for device in off["devices"].as_array().unwrap() {
        assert_eq!((&device["state"]["power"], &device["labels"]["rack"]), (&json!("off"), &json!("r1")));
    }
}

#[tokio::test]
async fn a_backup_is_handed_out_and_leaves_nothing_behind() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let left_over = harness.folder.path().join(".handed-out-1");
    std::fs::write(&left_over, "of an earlier life").unwrap();
    let got = harness.ask(Some(&token), "POST", "/backup", None).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text());
    assert!(got.bytes.starts_with(b"SQLite format 3\0"), "{:?}", got.bytes.get(..16));
    assert_eq!(got.headers[header::CONTENT_LENGTH], got.bytes.len().to_string().as_str());
    let names = std::fs::read_dir(harness.folder.path()).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(!name.starts_with(".handed-out-"), "{name} was left behind");
    }
}

#[tokio::test]
async fn the_audit_log_is_exported_whole_and_verified() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    for n in 0..40 {
        let body = json!({ "labels": { "round": n.to_string() } });
        let got = harness.ask(Some(&token), "PATCH", &format!("/devices/{DEVICE}"), Some(&body)).await;
        assert_eq!(got.status, StatusCode::NO_CONTENT, "{}", got.text());
    }
    let got = harness.ask(Some(&token), "GET", "/audit/export", None).await;
    assert_eq!(got.headers[header::CONTENT_TYPE], "application/jsonl");
    let lines: Vec<Value> = got.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = lines.iter().map(|line| line["record"]["seq"].as_u64().unwrap()).collect();
    let last = *harness.door.audit().durable().borrow();
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
    let state = harness.ask(Some(&token), "GET", "/audit/state", None).await.json();
    assert_eq!((&state["sound"], &state["records"]), (&json!(true), &json!(last)));
    assert!(state["signed"].as_u64().unwrap() > 0, "{state}");
    let first = harness.ask(Some(&token), "GET", "/audit?limit=3&action=device.edit", None).await.json();
    let before = &first[2]["record"];
    let second = harness
        .ask(Some(&token), "GET", &format!("/audit?limit=3&action=device.edit&before={before}"), None)
        .await
        .json();
    assert!(second[0]["record"].as_u64() < before.as_u64());
    assert_eq!((&second[0]["outcome"], &second[0]["actor"]), (&json!("done"), &first[0]["actor"]));
}

#[tokio::test]
async fn events_come_as_they_happen_and_only_what_one_may_see() {
    let harness = Harness::start().await;
    let lab = Scope::Zone("lab".into());
    let token = harness.user("lab", &[(Role::Viewer, lab.clone())], (Role::Viewer, lab)).await;
    let request =
        Request::builder().uri("/api/v1/events").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let response = TowerToHyperService::new(harness.router.clone())
        .call(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut lines = response.into_body().into_data_stream();
    let changed = |id: &str| What::DeviceChanged {
        id: model::DeviceId(id.into()),
        stage: Stage::InService,
        power: Power::On,
        health: model::device::Health::Ok,
        online: true,
    };
    let events = harness.door.events();
    events.tell(changed(DEVICE));
    events.tell(What::DeviceRemoved { id: model::DeviceId(DEVICE.into()) });
    events.tell(What::Audited { record: 7 });
    events.tell(What::JobProgress { job: 1, done: 1, failed: 0, total: 1 });
    events.tell(changed(crate::harness::LAB_DEVICE));
    let first = lines.next().await.unwrap().unwrap();
    let text = String::from_utf8(first.to_vec()).unwrap();
    let event: model::Event = serde_json::from_str(text.trim().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(event.what, changed(crate::harness::LAB_DEVICE));
    harness.closing.cancel();
    assert!(lines.next().await.is_none(), "the stream outlives the appliance");
}

#[tokio::test]
async fn a_device_that_is_named_twice_counts_once_in_a_job() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let name = harness.door.book().named(DEVICE).unwrap().name.clone();
    let body = json!({ "devices": [DEVICE, name, DEVICE], "act": { "act": "power", "reset": "on" } });
    let started = harness.ask(Some(&token), "POST", "/jobs", Some(&body)).await;
    assert_eq!(started.status, StatusCode::ACCEPTED);
    harness.app.jobs.close().await;
    let job =
        harness.ask(Some(&token), "GET", &format!("/jobs/{}", started.json()["job"]), None).await.json();
    assert_eq!((&job["total"], &job["done"]), (&json!(1), &json!(1)));
    assert_eq!(harness.controllers.performed(), 1);
}

/// Serves the harness over TLS on loopback; comes back with its address and certificate.
async fn serve(harness: &Harness, stop: CancellationToken) -> (String, Vec<u8>, tokio::task::JoinHandle<()>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let at = |name: &str| harness.folder.path().join(name);
    std::fs::write(at("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(at("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let config = web::Web {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        certificate: at("certificate.pem"),
        key: at("key.pem"),
        ..web::Web::default()
    };
    let server = web::Server::bind(&config, Vec::new(), harness.router.clone()).unwrap();
    let url = format!("https://localhost:{}", server.addresses()[0].port());
    #[expect(clippy::disallowed_methods, reason = "the test waits for it at its end")]
    let running = tokio::spawn(server.run(stop));
    (url, made.cert.pem().into_bytes(), running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typed_client_reaches_every_endpoint() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let finding = harness.finding(Some(DEVICE)).await;
    let fingerprint = harness.door.book().named(SEEN).unwrap().presented.clone().unwrap().fingerprint;
    let stop = CancellationToken::new();
    let (url, authority, running) = serve(&harness, stop.clone()).await;
    let client = move || api::Client::new(&url, Some(&authority), Some(Secret::new(token.clone()))).unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        let client = client();
        drive(&client, finding, fingerprint);
    });
    asked.await.unwrap();
    stop.cancel();
    running.await.unwrap();
}

fn drive(client: &api::Client, finding: i64, fingerprint: model::Fingerprint) {
    assert_eq!(client.who_am_i().unwrap().user.as_deref(), Some("root"));
    let query = DeviceQuery { q: Some("zone:lab".into()), ..DeviceQuery::default() };
    assert_eq!(client.devices(&query).unwrap().total, 1);
    let device = client.device(DEVICE).unwrap();
    assert_eq!(client.inventory(DEVICE).unwrap().unwrap().systems.len(), 1);
    assert_eq!(client.inventory(SEEN).unwrap(), None);
    assert_eq!(client.find(device.identity.serial.as_deref().unwrap()).unwrap().devices[0].id.0, DEVICE);
    client.edit(DEVICE, &EditDevice { name: Some("Web 1".into()), labels: None }).unwrap();
    assert_eq!(client.device("web-1").unwrap().id.0, DEVICE);
    client.set_stage(DEVICE, &MoveDevice { stage: Stage::Maintenance }).unwrap();
    assert_eq!(client.switch(DEVICE, Reset::ForceOff).unwrap().power, Power::Off);
    client.refresh(DEVICE).unwrap();
    let credential = Credential { username: "root".into(), password: "calvin".into() };
    client.adopt(SEEN, &credential, Some(fingerprint)).unwrap();
    assert_eq!(client.device(SEEN).unwrap().stage, Stage::InService);
    assert_eq!(client.adopt_by_rule(DEVICE).unwrap_err().kind, Kind::NotFound);
    assert_eq!(client.approve(SEEN, fingerprint).unwrap_err().kind, Kind::Conflict);
    client.forget(SEEN).unwrap();
    let sweep = client
        .sweep(&NewSweep { range: "10.0.0.0/24".into(), port: None, rate: None, near_only: false })
        .unwrap()
        .sweep;
    assert_eq!(client.sweeps().unwrap()[0].sweep, sweep);
    client.stop_sweep(sweep).unwrap();
    let entries = json!([{ "mac": "aa-bb-cc-00-11-22", "username": "root", "password": "x" }]);
    assert_eq!(client.import_credentials(&entries).unwrap().imported, 1);
    let job = client
        .start_job(&NewJob {
            devices: vec![DEVICE.into()],
            act: Act::Power { reset: Reset::On },
            pacing: None,
        })
        .unwrap()
        .job;
    assert_eq!(client.job(job).unwrap().summary.total, 1);
    assert_eq!(client.resume_job(job).unwrap_err().kind, Kind::Conflict);
    assert_eq!(client.jobs().unwrap().len(), 1);
    people(client);
    let query = AuditQuery { action: Some("device.power".into()), ..AuditQuery::default() };
    assert!(!client.audit(&query).unwrap().is_empty());
    assert!(client.audit_state().unwrap().sound);
    let mut text = String::new();
    client.audit_export().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.lines().count() > 20);
    let mut bytes = Vec::new();
    client.backup().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    client.acknowledge(finding).unwrap();
    assert_eq!(client.acknowledge(finding).unwrap_err().kind, Kind::Conflict);
    let kept = client.findings().unwrap();
    let kept = kept.iter().find(|it| it.id == finding).unwrap();
    assert!(kept.acknowledged && kept.acknowledged_by.as_deref().unwrap().starts_with("root"));
}

fn people(client: &api::Client) {
    let user = NewUser { name: "Mia".into(), full_name: "Mia".into() };
    assert!(client.create_user(&user).unwrap().path.starts_with("/enrol/pcl_"));
    assert_eq!(client.create_user(&user).unwrap_err().kind, Kind::Conflict);
    let grant = NewGrant { role: Role::Operator, scope: Scope::Zone("lab".into()) };
    let number = client.grant("mia", &grant).unwrap().grant;
    let mia = client.users().unwrap().into_iter().find(|user| user.name == "mia").unwrap();
    assert!(mia.enabled && !mia.enrolled && mia.grants[0].id == number);
    let mut query =
        ExplainQuery { user: "mia".into(), action: "device.power".into(), device: Some(DEVICE.into()) };
    assert!(!client.explain(&query).unwrap().allowed);
    query.device = Some(crate::harness::LAB_DEVICE.into());
    assert_eq!(client.explain(&query).unwrap().grant.unwrap().id, number);
    client.revoke_grant("mia", number).unwrap();
    assert!(client.reset_user("mia").unwrap().path.starts_with("/enrol/pcl_"));
    client.set_enabled("mia", false).unwrap();
    let token = NewToken { label: "ci".into(), role: Role::Viewer, scope: Scope::All, days: 30 };
    let made = client.create_token(&token).unwrap();
    assert!(made.token.expose().starts_with("pct_"));
    let id = made.token.expose().split('_').nth(1).unwrap().to_owned();
    client.revoke_token(&id).unwrap();
    let kept = client.tokens().unwrap();
    assert!(kept.iter().find(|it| it.id == id).unwrap().revoked);
}

#[tokio::test]
async fn parts_are_found_and_written_out_for_those_who_may_see_their_devices() {
    let harness = Harness::start().await;
    let root = harness.administrator().await;
    let lab = Scope::Zone("lab".into());
    let lab = harness.user("lab", &[(Role::Viewer, lab.clone())], (Role::Viewer, lab)).await;
    let get = async |token: &str, path: &str| harness.ask(Some(token), "GET", path, None).await;
    let all = get(&root, "/inventory/components?part_number=HMAA8*&limit=3").await.json();
    let own = get(&lab, "/inventory/components?part_number=HMAA8*&limit=3").await.json();
    assert_eq!(all["components"].as_array().unwrap().len(), 3);
    assert_eq!((&own["total"], &own["in_devices"]), (&json!(16), &json!(1)));
    assert_eq!(own["components"][0]["device"], crate::harness::LAB_DEVICE);
    assert!(all["total"].as_u64().unwrap() > 500, "{}", all["total"]);
    let exported = get(&lab, "/inventory/components/export?format=json").await.json();
    assert!(exported.as_array().unwrap().iter().all(|part| part["device"] == crate::harness::LAB_DEVICE));
    let changes = get(&lab, "/inventory/changes?since=2020-01-01").await.json();
    assert_eq!((&changes["changed"], changes["first_read"].as_array().unwrap().len()), (&json!(1), 1));
    for wrong in [
        "/inventory/changes?since=monday",
        "/inventory/components?limit=5001",
        "/inventory/components?mac=xyz",
    ] {
        assert_eq!(get(&root, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let device = crate::harness::DEVICE;
    let diff = get(&root, &format!("/devices/{device}/history/diff")).await.json();
    let texts: Vec<&str> =
        diff["changes"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "memory module DIMM.16 in A16: added (HMAA8GR7AJR4N-XN)",
            "system System: BIOS version 2.18.0 → 2.19.1"
        ]
    );
    assert_eq!(diff["changes"][1]["change"], "changed");
    assert_eq!(get(&root, &format!("/devices/{device}/history/7")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&root, &format!("/devices/{device}/traffic")).await.json()["limit"], 3);
}
