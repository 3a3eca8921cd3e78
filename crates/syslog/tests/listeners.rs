//! The listeners against senders that are not ours: util-linux's `logger`, rsyslog over TLS; and against those that misbehave.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

use model::SystemClock;
use model::firewall_log::{Entry, Verdict};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use syslog::{Config, Given, Listeners, Sink};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What a machine that does ten things at once gets.
const PATIENCE: Duration = Duration::from_secs(60);
const PACKET: &str = "[UFW BLOCK] IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.4 LEN=60 TTL=57 ID=1 PROTO=TCP SPT=40112 DPT=22 SYN";

/// Gives what is kept to the test.
struct Kept(mpsc::Sender<Vec<Entry>>);

impl Sink for Kept {
    fn keep(&self, entries: Vec<Entry>) {
        self.0.try_send(entries).unwrap();
    }

    fn lose(&self, _: jiff::Timestamp, _: jiff::Timestamp, count: u64) {
        panic!("{count} messages were lost");
    }
}

/// Listeners at work.
struct Running {
    addresses: Vec<(&'static str, SocketAddr)>,
    kept: mpsc::Receiver<Vec<Entry>>,
    waiting: Vec<Entry>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    place: tempfile::TempDir,
}

fn written(path: &Path, text: &str) -> PathBuf {
    std::fs::write(path, text).unwrap();
    path.to_owned()
}

/// An authority and what it signed for `localhost`, as PEM files of these names in a folder.
fn certificates(folder: &Path) -> Arc<dyn ResolvesServerCert> {
    let mut params = CertificateParams::new(Vec::default()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    written(&folder.join("ca.pem"), &ca.pem());
    for name in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &ca).unwrap();
        written(&folder.join(format!("{name}.pem")), &leaf.pem());
        written(&folder.join(format!("{name}.key")), &key.serialize_pem());
    }
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    Arc::new(SingleCertAndKey::from(
        CertifiedKey::from_der(vec![certificate], key, &default_provider()).unwrap(),
    ))
}

impl Running {
    fn new(change: impl FnOnce(&mut Config, &Path)) -> Self {
        let place = tempfile::tempdir().unwrap();
        let any = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let from = vec!["127.0.0.0/8".parse().unwrap()];
        let mut config = Config { udp: any, tcp: any, tls: any, from, ..Config::default() };
        let certificate = certificates(place.path());
        change(&mut config, place.path());
        let listeners = Listeners::bind(&config, Given::default(), certificate).unwrap();
        let addresses = listeners.addresses();
        let (sender, kept) = mpsc::channel(10_000); // More than a test makes.
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(listeners.run(Arc::new(SystemClock), Arc::new(Kept(sender)), stop.clone()));
        Self { addresses, kept, waiting: Vec::new(), stop, tasks, place }
    }

    fn port(&self, transport: &str) -> u16 {
        self.addresses.iter().find(|(name, _)| *name == transport).unwrap().1.port()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port("tcp"))).await.unwrap()
    }

    /// The next line that is kept.
    async fn next(&mut self) -> Entry {
        if self.waiting.is_empty() {
            self.waiting = tokio::time::timeout(PATIENCE, self.kept.recv()).await.unwrap().unwrap();
        }
        self.waiting.remove(0)
    }

    async fn message(&mut self) -> String {
        self.next().await.message.unwrap().into_string()
    }

    async fn ended(mut self) -> Vec<Entry> {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.tasks.join_next()).await.unwrap().unwrap().unwrap();
        let mut left = self.waiting;
        while let Some(more) = self.kept.recv().await {
            left.extend(more);
        }
        left
    }
}

/// util-linux's own sender.
async fn logger(options: &[&str], port: u16, text: &str) {
    let port = port.to_string();
    let mut command = Command::new("logger");
    command.args(["--server", "127.0.0.1", "--port", &port]).args(options).arg(text);
    let status = tokio::task::spawn_blocking(move || command.status()).await.unwrap();
    assert!(status.unwrap().success(), "{options:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn util_linuxs_logger_over_every_transport_and_in_both_formats() {
    let mut running = Running::new(|_, _| {});
    let (udp, tcp) = (running.port("udp"), running.port("tcp"));
    for (transport, port) in [(&["--udp"][..], udp), (&["--tcp"], tcp), (&["--tcp", "--octet-count"], tcp)] {
        for format in ["--rfc3164", "--rfc5424"] {
            let options = [transport, &[format, "--tag", "kernel", "--priority", "local0.warning"]].concat();
            let before =
                jiff::Timestamp::from_second(model::Clock::now(&SystemClock).as_second() - 1).unwrap();
            logger(&options, port, PACKET).await;
            let entry = running.next().await;
            let after = model::Clock::now(&SystemClock);
            assert_eq!(
                (entry.verdict, entry.rule.as_deref()),
                (Verdict::Drop, Some("UFW BLOCK")),
                "{options:?}"
            );
            assert_eq!((entry.protocol, entry.source_port, entry.port), (Some(6), Some(40112), Some(22)));
            assert_eq!(entry.to, Some("192.0.2.4".parse().unwrap()));
            assert!((before..=after).contains(&entry.at), "{} at {before}", entry.at);
            let message = entry.message.unwrap();
            assert!(message.starts_with("<132>") && message.ends_with("SYN"), "{message}");
            // By its own name, which the sender knows best.
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
            assert_eq!(entry.source.as_deref(), host.trim().split('.').next());
        }
    }
    assert!(running.ended().await.is_empty());
}

/// rsyslog, sending over TLS what is written into a file.
struct Rsyslog(Child);

impl Rsyslog {
    fn new(running: &Running, certificate: bool) -> Option<Self> {
        if Command::new("rsyslogd").arg("-v").stdout(Stdio::null()).status().is_err() {
            println!("SKIPPED rsyslog over TLS: there is no rsyslogd (dev/scripts/setup.sh test)");
            return None;
        }
        let folder = running.place.path().display().to_string();
        let own = format!(
            "defaultNetstreamDriverCertFile=\"{folder}/client.pem\" defaultNetstreamDriverKeyFile=\"{folder}/client.key\""
        );
        let own = if certificate { own.as_str() } else { "" };
        let port = running.port("tls");
        let config = format!(
            "global(workDirectory=\"{folder}\" maxMessageSize=\"64k\" defaultNetstreamDriverCAFile=\"{folder}/ca.pem\" {own})\n\
             module(load=\"imfile\")\n\
             input(type=\"imfile\" file=\"{folder}/input.log\" tag=\"kernel:\" facility=\"kern\" severity=\"warning\")\n\
             action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{port}\" protocol=\"tcp\" tcp_framing=\"octet-counted\"\n\
                    template=\"RSYSLOG_SyslogProtocol23Format\" streamDriver=\"gtls\" streamDriverMode=\"1\"\n\
                    streamDriverAuthMode=\"x509/name\" streamDriverPermittedPeers=\"localhost\" action.resumeInterval=\"1\")\n"
        );
        let config = written(&running.place.path().join("rsyslog.conf"), &config);
        let mut command = Command::new("rsyslogd");
        command.arg("-n").arg("-f").arg(config).arg("-i").arg(format!("{folder}/rsyslog.pid"));
        Some(Self(command.stdout(Stdio::null()).spawn().unwrap()))
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rsyslog_over_tls_with_a_certificate_of_its_own() {
    let mut running = Running::new(|config, folder| config.client_ca = Some(folder.join("ca.pem")));
    let lines: Vec<String> = (0..200).map(|number| format!("{PACKET} ID={number}")).collect();
    written(&running.place.path().join("input.log"), &format!("{}\n", lines.join("\n")));
    let Some(_rsyslog) = Rsyslog::new(&running, true) else { return };
    for line in &lines {
        let entry = running.next().await;
        assert_eq!((entry.verdict, entry.port), (Verdict::Drop, Some(22)));
        let message = entry.message.unwrap();
        assert!(message.starts_with("<4>1 ") && message.ends_with(line), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_over_tls_without_the_certificate_that_is_asked_for() {
    let running = Running::new(|config, folder| config.client_ca = Some(folder.join("ca.pem")));
    written(&running.place.path().join("input.log"), &format!("{PACKET}\n"));
    let mut client = Command::new("openssl");
    client.args([
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-connect",
        &format!("127.0.0.1:{}", running.port("tls")),
    ]);
    client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut client = client.spawn().unwrap();
    let said = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        // It may be refused before it has written.
        let mut stdin = client.stdin.take().unwrap();
        let _refused = stdin.write_all(b"9 <13>x: yy");
        let mut said = String::new();
        client.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        client.wait().unwrap();
        said
    })
    .await
    .unwrap();
    assert!(said.contains("certificate required"), "{said}");
    assert!(running.ended().await.is_empty());
}

#[tokio::test]
async fn who_is_in_no_network_is_not_heard() {
    let running = Running::new(|config, _| config.from = vec!["192.0.2.0/24".parse().unwrap()]);
    let mut refused = running.connect().await;
    let _reset_or_not = refused.write_all(b"<13>x: y\n").await;
    assert!(!matches!(refused.read(&mut [0; 1]).await, Ok(length) if length > 0));
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<13>x: y", ("127.0.0.1", running.port("udp"))).await.unwrap();
    assert!(running.ended().await.is_empty());
}

#[tokio::test]
async fn one_sender_takes_no_more_than_its_connections() {
    let mut running = Running::new(|config, _| config.connections_per_source = 2);
    let (mut first, _second) = (running.connect().await, running.connect().await);
    first.write_all(b"<13>x: 1\n").await.unwrap();
    assert_eq!(running.message().await, "<13>x: 1");
    let mut third = running.connect().await;
    assert!(!matches!(third.read(&mut [0; 1]).await, Ok(length) if length > 0));
    drop(first);
    // Its place is free once its end was seen.
    loop {
        let mut next = running.connect().await;
        next.write_all(b"<13>x: 4\n").await.unwrap();
        next.shutdown().await.unwrap();
        let _reset_or_not = next.read(&mut [0; 1]).await;
        if let Ok(entries) = running.kept.try_recv() {
            assert_eq!(entries.first().unwrap().message.as_deref(), Some("<13>x: 4"));
            break;
        }
    }
}

#[tokio::test]
async fn what_is_half_sent_at_the_end_is_kept() {
    let mut running = Running::new(|_, _| {});
    let mut sender = running.connect().await;
    sender.write_all(b"<13>x: 1\n<13>x: half").await.unwrap();
    assert_eq!(running.message().await, "<13>x: 1");
    sender.shutdown().await.unwrap();
    assert_eq!(running.message().await, "<13>x: half");
    let mut sender = running.connect().await;
    sender.write_all(b"<13>x: 2\n<13>x: stopped").await.unwrap();
    assert_eq!(running.message().await, "<13>x: 2");
    let left = running.ended().await;
    assert_eq!(left.first().unwrap().message.as_deref(), Some("<13>x: stopped"));
}

#[tokio::test]
async fn a_sender_that_announces_too_much_is_put_out() {
    let mut running = Running::new(|_, _| {});
    let mut sender = running.connect().await;
    sender.write_all(b"9 <13>x: 1x999999999 <13>").await.unwrap();
    assert_eq!(running.message().await, "<13>x: 1x");
    assert!(!matches!(sender.read(&mut [0; 1]).await, Ok(length) if length > 0));
}
