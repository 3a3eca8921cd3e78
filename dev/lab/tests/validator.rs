//! The lab judged by DMTF's protocol validator. One maker by default, since it takes a while; every one of
//! them with `PORTCULLIS_PROVE_VALIDATOR=all`, or those named in it.
#![expect(clippy::unwrap_used, reason = "in tests this is how they fail")]

use lab::{BmcInfo, Kind, Lab, LabConfig, Mix};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the validator objects to and stays as it is: the assertion, whose, and why.
const AGREED: &[(&str, &[Kind], &str)] = &[
    (
        "PROTO_ETAG_HEADER_AND_PROPERTY",
        &[Kind::Dell, Kind::Openbmc, Kind::Nvidia],
        "the real ones tell an account's ETag in the header only",
    ),
    ("RESP_HEADERS_X_AUTH_TOKEN", Kind::ALL, "it takes about one in fifty random tokens for too regular"),
];

/// Fewer assertions that hold than this mean that it looked at little.
const LEAST: usize = 300;

fn program() -> Option<PathBuf> {
    let name = "rf_protocol_validator";
    let told = std::env::var_os("PORTCULLIS_PEERS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = told.into_iter().chain(std::env::split_paths(&path).collect::<Vec<_>>());
    places.map(|place| place.join(name)).find(|program| program.exists())
}

fn kinds() -> Vec<Kind> {
    match std::env::var("PORTCULLIS_PROVE_VALIDATOR") {
        Ok(word) if word == "all" => Kind::ALL.to_vec(),
        Ok(words) => words.split(',').map(|word| word.parse().unwrap()).collect(),
        Err(_) => vec![Kind::Lenovo],
    }
}

/// What it said: how many assertions hold, and what is to be answered for.
fn judged(program: &Path, bmc: &BmcInfo) -> (usize, Vec<String>) {
    let reports = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    // The tool takes the password on its command line or from a file; a file it is.
    let config = reports.path().join("config.ini");
    let (user, password) = (&bmc.credential.username, bmc.credential.password.expose());
    let text = format!(
        "[Authentication]\nuser = {user}\npassword = {password}\n\
         [Connection]\nrhost = https://{}\nno-cert-check = true\navoid-http-redirect = true\n\
         [Reporting]\nreport-type = tsv\nreport-dir = {}\n",
        bmc.addr,
        reports.path().display()
    );
    std::fs::write(&config, text).unwrap();
    let output = command.arg("--config").arg(&config).current_dir(reports.path()).output().unwrap();
    let report = std::fs::read_dir(reports.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tsv"));
    let Some(report) = report else { return (0, vec![String::from_utf8_lossy(&output.stderr).into_owned()]) };
    let text = std::fs::read_to_string(report).unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [assertion, method, status, path, result, message, ..] = cells.as_slice() else { continue };
        *counts.entry((*result).to_owned()).or_default() += 1;
        let agreed = AGREED.iter().any(|(known, of, _)| known == assertion && of.contains(&bmc.flavour));
        if matches!(*result, "FAIL" | "WARN") && !agreed {
            wrong.push(format!("{}: {result} {assertion} {method} {path} {status}: {message}", bmc.flavour));
        }
    }
    println!("{}: {counts:?}", bmc.flavour);
    (counts.get("PASS").copied().unwrap_or(0), wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dmtf_finds_nothing_wrong_with_the_protocol() {
    let Some(program) = program() else {
        println!(
            "SKIPPED dmtf validator: rf_protocol_validator is not there; pip install redfish-protocol-validator==1.3.2"
        );
        return;
    };
    let mut judging = tokio::task::JoinSet::new();
    let mut labs = Vec::new();
    for (number, kind) in (1_u8..).zip(kinds()) {
        let config = LabConfig {
            count: 1,
            first_addr: Ipv4Addr::new(127, 21, 4, number),
            port: 0,
            mix: Mix::only(kind),
            password: Some("Lab-Password-1".into()),
            ..LabConfig::default()
        };
        let lab = Lab::start(config).await.expect("the lab starts");
        let (program, bmc) = (program.clone(), lab.bmcs().remove(0));
        judging.spawn_blocking(move || judged(&program, &bmc));
        labs.push(lab);
    }
    let mut all = Vec::new();
    while let Some(done) = judging.join_next().await {
        let (passed, wrong) = done.unwrap();
        assert!(passed >= LEAST, "only {passed} assertions hold: {wrong:#?}");
        all.extend(wrong);
    }
    assert!(all.is_empty(), "{all:#?}");
    for lab in labs {
        lab.stop().await;
    }
}
