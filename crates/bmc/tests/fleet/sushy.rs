//! Against `sushy-emulator --fake` of sushy-tools, which is not ours: discover, adopt, read, switch.

use crate::book::TestBook;
use crate::{Running, config, permit};
use model::book::Observation;
use model::command::Part;
use model::command::bmc::{Adopt, AdoptBy, Discover, Refresh, SwitchPower};
use model::device::{Certificate, DeviceId, Endpoint, Power, Reset};
use model::event::What;
use model::{Action, Credential, Kind, Stage};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Emulator {
    child: Child,
    endpoint: Endpoint,
    _dir: tempfile::TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// bcrypt of `sushy`, as htpasswd writes it.
const PASSWORD_FILE: &str = "admin:$2b$04$lTELHJ9beTY5onrhrYw.jepzbFoo4mU7nUOXZlL/zupjZ3uI9YUc6\n";

fn write_certificate(dir: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["sushy.example".into()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

/// Starts it on an address of its own; `None` if it is not installed.
async fn start(addr: [u8; 4]) -> Option<Emulator> {
    let found =
        Command::new("sushy-emulator").arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED sushy: sushy-emulator is not installed (pip install sushy-tools==2.2.0)");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    write_certificate(dir.path());
    std::fs::write(dir.path().join("htpasswd"), PASSWORD_FILE).unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::from(addr), 0)).unwrap();
    let endpoint = Endpoint::from(listener.local_addr().unwrap());
    drop(listener);
    let conf = format!(
        "SUSHY_EMULATOR_AUTH_FILE = {:?}\nSUSHY_EMULATOR_STATE_DIR = {:?}\n",
        at("htpasswd"),
        at(".")
    );
    std::fs::write(dir.path().join("emu.conf"), conf).unwrap();
    let child = Command::new("sushy-emulator")
        .args([
            "--fake",
            "--config",
            &at("emu.conf"),
            "-i",
            &endpoint.addr.to_string(),
            "-p",
            &endpoint.port.to_string(),
        ])
        .args(["--ssl-certificate", &at("cert.pem"), "--ssl-key", &at("key.pem")])
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE")
        .env_remove("SSL_CERT_FILE")
        .env("TMPDIR", dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let emulator = Emulator { child, endpoint, _dir: dir };
    let up = async {
        while tokio::net::TcpStream::connect(std::net::SocketAddr::from(endpoint)).await.is_err() {
            tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>()).await.unwrap_err();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), up).await.expect("sushy-emulator does not listen");
    Some(emulator)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_found_adopted_read_and_switched() {
    let Some(emulator) = start([127, 77, 9, 6]).await else { return };
    let config = bmc::Config {
        request_timeout: 15,
        power_forced_deadline: 30,
        power_graceful_deadline: 30,
        ..config()
    };
    let running = Running::start(TestBook::with(vec![]), config);
    let (endpoint, certificate) = discover(&running, emulator.endpoint).await;
    let id = DeviceId("sushy".into());
    let seen = crate::book::device("sushy", endpoint, Some(certificate.clone()), Stage::Seen);
    running.book.records.lock().unwrap().devices.insert(id.clone(), seen);

    let adopt = |password: &str| {
        let credential = Credential { username: "admin".into(), password: password.into() };
        let by = AdoptBy::Hand { credential, fingerprint: Some(certificate.fingerprint) };
        running.fleet.perform(permit(Action::DeviceAdopt), Adopt { device: id.clone(), by })
    };
    assert_eq!(adopt("wrong").await.unwrap_err().kind, Kind::CredentialRefused);
    adopt("sushy").await.unwrap();
    {
        let records = running.book.records.lock().unwrap();
        let identity = &records.devices[&id].identity;
        assert_eq!(identity.vendor.as_deref(), Some("Sushy Emulator"));
        assert_eq!(identity.macs, ["00:5c:52:31:3a:9c"]);
        assert!(records.sessions.is_empty(), "it has no session service");
    }
    let switch =
        |reset| running.fleet.perform(permit(Action::DevicePower), SwitchPower { device: id.clone(), reset });
    assert_eq!(switch(Reset::On).await.unwrap(), Power::On);
    assert_eq!(switch(Reset::PowerCycle).await.unwrap(), Power::On);
    assert_eq!(switch(Reset::ForceOff).await.unwrap(), Power::Off);
    assert_eq!(switch(Reset::ForceRestart).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(switch(Reset::PushPowerButton).await.unwrap_err().kind, Kind::Unsupported);
    running.fleet.perform(permit(Action::DeviceRefresh), Refresh { device: id.clone() }).await.unwrap();
    running
        .book
        .until("a poll that says off", |records| {
            records
                .observed
                .iter()
                .any(|it| matches!(it, Observation::StateRead { power: Power::Off, .. }))
                .then_some(())
        })
        .await;
    running.stop().await;
}

async fn discover(running: &Running, at: Endpoint) -> (Endpoint, Certificate) {
    let range = ipnet::IpNet::new(at.addr, 29).unwrap();
    let command = Discover { range, port: at.port, rate: 100, near_only: false };
    running.fleet.perform(permit(Action::DeviceDiscover), command).await.unwrap();
    running
        .book
        .until("the sweep's end", |records| {
            records
                .events
                .iter()
                .any(|event| matches!(event, What::SweepProgress { ended: true, found: 1, .. }))
                .then_some(())
        })
        .await;
    running
        .book
        .until("the emulator", |records| {
            records.observed.iter().find_map(|it| match it {
                Observation::Answered { endpoint, certificate, .. } => {
                    Some((*endpoint, certificate.clone().unwrap()))
                }
                _ => None,
            })
        })
        .await
}
