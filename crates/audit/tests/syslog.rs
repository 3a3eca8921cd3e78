//! Every record reaches a collector, whatever the connection does: our own that misbehaves, and rsyslog.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod common;

use audit::config::Syslog;
use audit::{Config, Log, Note};
use common::{Place, act};
use evidence::Hash;
use model::Actor;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The name in the collector's certificate.
const NAME: &str = "collector.example";

/// An authority and a collector's certificate, as PEM files.
struct Certificates {
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    fn new(dir: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::default()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![NAME.into()]).unwrap().signed_by(&key, &ca).unwrap();
        let made =
            Self { ca: dir.join("ca.pem"), certificate: dir.join("cert.pem"), key: dir.join("key.pem") };
        std::fs::write(&made.ca, ca.pem()).unwrap();
        std::fs::write(&made.certificate, leaf.pem()).unwrap();
        std::fs::write(&made.key, key.serialize_pem()).unwrap();
        made
    }

    fn acceptor(&self) -> TlsAcceptor {
        use rustls::pki_types::pem::PemObject as _;
        let certificate = rustls::pki_types::CertificateDer::from_pem_file(&self.certificate).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::from_pem_file(&self.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn config(&self, port: u16) -> Syslog {
        Syslog {
            address: format!("127.0.0.1:{port}"),
            server_name: NAME.into(),
            ca_file: self.ca.clone(),
            certificate_file: None,
            key_file: None,
            hostname: "door.example".into(),
        }
    }
}

/// One frame of RFC 5425: a length in decimal, a space, and as many bytes.
async fn frame(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<String> {
    let mut length = 0;
    loop {
        match stream.read_u8().await.ok()? {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(String::from_utf8(message).unwrap())
}

/// The sequence number, hash and JSON in a message.
fn cut(message: &str) -> (u64, Hash, String) {
    let field = |name: &str| {
        message.split_once(&format!(" {name}=\"")).unwrap().1.split('"').next().unwrap().to_owned()
    };
    let json = message.split_once("] \u{feff}").unwrap().1.to_owned();
    (field("seq").parse().unwrap(), field("hash").parse().unwrap(), json)
}

/// The messages of a collector prove the log by themselves.
fn assert_chained(messages: &[(u64, Hash, String)], last: u64) {
    let mut by_seq: Vec<_> = messages.to_vec();
    by_seq.sort();
    by_seq.dedup();
    assert_eq!(by_seq.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    let genesis: Value = serde_json::from_str(&by_seq[0].2).unwrap();
    let mut prev = Hash::before_first(genesis["body"]["log"].as_str().unwrap());
    for (_, hash, json) in &by_seq {
        assert_eq!(prev.then(json.as_bytes()), *hash);
        prev = *hash;
    }
}

async fn some_records(log: &Log, count: usize) -> u64 {
    let mut last = 0;
    for number in 0..count {
        let detail = json!({"text": "quote \" backslash \\ bracket ] Grüße\nnext line"});
        last = log.begin(audit::Begin { detail, ..act("ada", &format!("r{number}"), false) }).await.unwrap();
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_goes_away_gets_everything_in_the_end() {
    let place = Place::new();
    let certificates = Certificates::new(place.root());
    let acceptor = certificates.acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = place.open(Config { segment_bytes: 10_000, reserve_bytes: 65_536, ..Config::default() });
    let (got, mut received) = mpsc::channel(10_000); // More than the test writes.
    let mut tasks = JoinSet::new();
    tasks.spawn(audit::export::syslog(log.clone(), certificates.config(port)));
    let mut server = JoinSet::new();
    server.spawn(async move {
        // Closes after 7 messages, then after 20, then never; the first connection is not even TLS.
        drop(listener.accept().await.unwrap());
        for patience in [7, 20, usize::MAX] {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(tcp).await.unwrap();
            for _ in 0..patience {
                let Some(message) = frame(&mut stream).await else { break };
                got.send(message).await.unwrap();
            }
        }
    });
    some_records(&log, 60).await;
    let mut messages = Vec::new();
    let mut add = |message: String| {
        assert!(
            message.starts_with("<1")
                && message.contains(">1 ")
                && message.contains(" door.example portcullis - ")
        );
        messages.push(cut(&message));
        messages.len()
    };
    while let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(30), received.recv()).await {
        if add(message) >= 7 + 20 + 60 {
            break;
        }
    }
    some_records(&log, 10).await;
    log.stop().await;
    tasks.join_all().await;
    server.join_all().await;
    while let Some(message) = received.recv().await {
        add(message);
    }
    let last = place.verify(None).last;
    assert_chained(&messages, last);
    // The collector closed after the last message, so nothing is sent a second time after a restart.
    let cursor = std::fs::read_to_string(place.dir.join("syslog.cursor")).unwrap();
    assert_eq!(cursor, format!("{{\"seq\":{last}}}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_to_a_collector_of_an_unknown_authority() {
    let place = Place::new();
    let (ours, theirs) = (place.root().join("ours"), place.root().join("theirs"));
    std::fs::create_dir(&ours).unwrap();
    std::fs::create_dir(&theirs).unwrap();
    let (ours, theirs) = (Certificates::new(&ours), Certificates::new(&theirs));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let log = place.open(Config::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(audit::export::syslog(log.clone(), ours.config(listener.local_addr().unwrap().port())));
    let (tcp, _) = listener.accept().await.unwrap();
    assert!(theirs.acceptor().accept(tcp).await.is_err(), "the exporter shook hands with a stranger");
    // The log is not held up by it.
    tokio::time::timeout(Duration::from_secs(10), some_records(&log, 20)).await.unwrap();
    log.stop().await;
    tokio::time::timeout(Duration::from_secs(10), tasks.join_all()).await.unwrap();
}

/// rsyslog's daemon, ended when dropped.
struct Rsyslog {
    child: Child,
    out: PathBuf,
    port: u16,
}

impl Rsyslog {
    fn start(dir: &Path, certificates: &Certificates) -> Result<Self, String> {
        let show = |path: &Path| path.display().to_string();
        let (out, port_file) = (dir.join("out.log"), dir.join("port"));
        let config = format!(
            r#"global(workDirectory="{dir}" maxMessageSize="128k" defaultNetstreamDriver="gtls"
       defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{port}")
template(name="fields" type="string" string="%syslogfacility-text% %syslogseverity-text% %timestamp:::date-rfc3339% %hostname% %app-name% %procid% %msgid% %structured-data%|%msg%\n")
action(type="omfile" file="{out}" template="fields" asyncWriting="off")
"#,
            dir = show(dir),
            ca = show(&certificates.ca),
            cert = show(&certificates.certificate),
            key = show(&certificates.key),
            port = show(&port_file),
            out = show(&out),
        );
        let file = dir.join("rsyslog.conf");
        std::fs::write(&file, config).unwrap();
        if !Path::new("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so").exists() {
            return Err("install rsyslog-gnutls".into());
        }
        let mut command = Command::new("rsyslogd");
        command.args(["-n", "-i"]).arg(dir.join("pid")).arg("-f").arg(&file).stdout(Stdio::null());
        let child = command.spawn().map_err(|why| format!("install rsyslog: {why}"))?;
        let mut started = Self { child, out, port: 0 };
        for _ in 0..100 {
            let text = std::fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = text.trim().parse() {
                started.port = port;
                return Ok(started);
            }
            std::thread::sleep(Duration::from_millis(50)); // Its port file is the only event that it gives.
        }
        panic!("rsyslogd did not begin to listen");
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.out).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rsyslog_takes_every_record_and_reads_every_field() {
    let place = Place::new();
    let certificates = Certificates::new(place.root());
    let rsyslog = match Rsyslog::start(place.root(), &certificates) {
        Ok(rsyslog) => rsyslog,
        Err(why) => return println!("SKIPPED rsyslog_takes_every_record_and_reads_every_field: {why}"),
    };
    let log = place.open(Config { checkpoint_records: 10, ..Config::default() });
    let mut tasks = JoinSet::new();
    tasks.spawn(audit::export::syslog(log.clone(), certificates.config(rsyslog.port)));
    some_records(&log, 50).await;
    log.note(Note::SignInFailed, Actor::user("e\"v\\e]", "web", None), Value::Null).await.unwrap();
    let large = audit::Begin { detail: json!("x".repeat(60_000)), ..act("ada", "large", false) };
    log.begin(large).await.unwrap();
    log.stop().await;
    tasks.join_all().await;
    let last = place.verify(None).last;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while (rsyslog.lines().len() as u64) < last && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await; // Another process writes the file.
    }
    let lines = rsyslog.lines();
    let messages: Vec<_> = lines
        .iter()
        .map(|line| {
            let (head, json) = line.split_once("]|").unwrap();
            cut(&format!("{head}] \u{feff}{}", json.trim_start_matches('\u{feff}')))
        })
        .collect();
    assert_chained(&messages, last);
    let failed = lines.iter().find(|line| line.contains("sign_in_failed")).unwrap();
    assert!(failed.contains("warning"), "{failed}");
    assert!(failed.contains(" door.example portcullis - note [audit@32473 seq="), "{failed}");
    assert!(failed.contains(r#"actor="e\"v\\e\]""#), "{failed}");
}
