//! The lab driven by clients that we did not write: Python's `sushy` and `redfish`, and curl.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in tests, also in their helpers, this is how they fail"
)]

use lab::{BmcInfo, Kind, Lab, LabConfig, Mix, RackLayout};
use serde_json::Value;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::Command;

/// A lab with one BMC of each maker, every server ten times a second or so through its changes.
async fn lab(first_addr: Ipv4Addr) -> Lab {
    let config = LabConfig {
        count: Kind::ALL.len(),
        mix: every_maker(),
        first_addr,
        port: 0,
        time_scale: 0.02,
        racks: RackLayout { servers: 4, ..RackLayout::default() },
        ..LabConfig::default()
    };
    Lab::start(config).await.expect("the lab starts")
}

fn every_maker() -> Mix {
    let words: Vec<String> = Kind::ALL.iter().map(ToString::to_string).collect();
    words.join(",").parse().expect("the makers' words are known")
}

fn python_knows(library: &str) -> bool {
    let known = python().args(["-c", &format!("import {library}")]).output();
    known.is_ok_and(|output| output.status.success())
}

/// Python without the variables that make its clients check certificates although told not to.
fn python() -> Command {
    let mut command = Command::new("python3");
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command
}

async fn driven(library: &'static str, bmc: &BmcInfo) -> Value {
    let mut password = tempfile::NamedTempFile::new().unwrap();
    write!(password, "{}", bmc.credential.password.expose()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/drive.py");
    let mut command = python();
    command.arg(script).arg(library).arg(format!("https://{}", bmc.addr)).arg(&bmc.credential.username);
    command.arg(password.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{} of {}: {}",
        library,
        bmc.flavour,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sushy_signs_in_lists_switches_off_and_leaves_no_session() {
    if !python_knows("sushy") {
        println!("SKIPPED sushy: `python3 -c 'import sushy'` fails; pip install sushy==5.14.0");
        return;
    }
    let lab = lab(Ipv4Addr::new(127, 21, 1, 10)).await;
    for bmc in lab.bmcs() {
        let seen = driven("sushy", &bmc).await;
        let systems = if bmc.flavour == Kind::Nvidia { 2 } else { 1 };
        assert_eq!(seen["systems"], systems, "{}", bmc.flavour);
        assert_eq!(seen["model"], bmc.model);
        assert_eq!(seen["serial"], bmc.serial);
        assert_eq!(seen["boot"], "Pxe");
        assert!(seen["processors"].as_u64().is_some_and(|count| count >= 2), "{}: {seen}", bmc.flavour);
        assert_eq!(seen["managers"][0], "BMC");
        assert!(seen["drives"].as_u64().is_some_and(|drives| drives >= 4), "{}: {seen}", bmc.flavour);
        assert!(seen["firmware"].as_u64().is_some_and(|items| items >= 9), "{}: {seen}", bmc.flavour);
        assert_eq!(lab.power_state(bmc.addr).unwrap(), "Off");
        assert_eq!(lab.open_sessions(bmc.addr).unwrap(), 0, "{}", bmc.flavour);
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redfish_signs_in_switches_off_and_signs_out() {
    if !python_knows("redfish") {
        println!("SKIPPED redfish: `python3 -c 'import redfish'` fails; pip install redfish==3.4.2");
        return;
    }
    let lab = lab(Ipv4Addr::new(127, 21, 2, 10)).await;
    for bmc in lab.bmcs() {
        let seen = driven("redfish", &bmc).await;
        assert_eq!(seen["model"], bmc.model, "{}", bmc.flavour);
        assert_eq!(seen["serial"], bmc.serial);
        assert_eq!(seen["reset"], 204);
        assert_eq!(seen["sessions"], 1);
        assert_eq!(lab.power_state(bmc.addr).unwrap(), "Off");
        assert_eq!(lab.open_sessions(bmc.addr).unwrap(), 0, "{}", bmc.flavour);
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_takes_an_adoption_over_certificates_of_the_lab_ca() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("SKIPPED curl: not installed");
        return;
    }
    let config = LabConfig {
        count: 2,
        first_addr: Ipv4Addr::new(127, 21, 3, 10),
        port: 0,
        ca_signed: 1.0,
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.expect("the lab starts");
    let mut ca = tempfile::NamedTempFile::new().unwrap();
    write!(ca, "{}", lab.ca_pem().unwrap()).unwrap();
    for bmc in lab.bmcs() {
        let mut command = Command::new("curl");
        command
            .args(["-sS", "--cacert"])
            .arg(ca.path())
            .arg(format!("https://{}/redfish/v1/Systems", bmc.addr));
        command.arg("-u").arg(format!("{}:{}", bmc.credential.username, bmc.credential.password.expose()));
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let doc: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(doc["Members@odata.count"], 1, "{}", bmc.flavour);
    }
    lab.stop().await;
}
