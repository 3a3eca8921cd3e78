//! The server as clients meet it: TLS, HTTP/1.1 and HTTP/2, a certificate that changes, an end that waits.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use axum::Router;
use axum::routing::get;
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use web::{Server, Web};

fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(folder.join("c.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("k.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn config(folder: &Path) -> Web {
    Web {
        listen: vec![([127, 0, 0, 1], 0).into()],
        certificate: folder.join("c.pem"),
        key: folder.join("k.pem"),
        connections: 8,
        ..Web::default()
    }
}

struct Running {
    at: SocketAddr,
    cancel: CancellationToken,
    server: JoinHandle<()>,
    folder: tempfile::TempDir,
    certificate: CertificateDer<'static>,
}

#[expect(clippy::disallowed_methods, reason = "the test holds the handle and awaits it")]
fn start() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_pair(folder.path());
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(400)).await;
        "slow"
    };
    let router = Router::new().route("/", get(async || "here")).route("/slow", get(slow));
    let server = Server::bind(&config(folder.path()), Vec::new(), router).unwrap();
    let at = server.addresses().into_iter().next().unwrap();
    let cancel = CancellationToken::new();
    let server = tokio::spawn(server.run(cancel.clone()));
    Running { at, cancel, server, folder, certificate }
}

async fn connect(
    at: SocketAddr,
    trusted: &CertificateDer<'static>,
    alpn: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.to_vec()];
    let socket = TcpStream::connect(at).await?;
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, socket).await
}

#[expect(clippy::disallowed_methods, reason = "the connection ends with its sender, which the test holds")]
async fn fetch(at: SocketAddr, trusted: &CertificateDer<'static>, version: &[u8], path: &str) -> String {
    let io = TokioIo::new(connect(at, trusted, version).await.unwrap());
    let request = |full: bool| {
        let uri = if full { format!("https://localhost{path}") } else { path.to_owned() };
        Request::get(uri).header("host", "localhost").body(axum::body::Body::empty()).unwrap()
    };
    let response = if version == b"h2" {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request(true)).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request(false)).await.unwrap()
    };
    let bytes = axum::body::to_bytes(axum::body::Body::new(response.into_body()), 1024).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_served_over_tls_only() {
    let running = start();
    assert_eq!(fetch(running.at, &running.certificate, b"http/1.1", "/").await, "here");
    assert_eq!(fetch(running.at, &running.certificate, b"h2", "/").await, "here");
    let mut plain = TcpStream::connect(running.at).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _reset_or_closed = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "plain HTTP was answered");
    running.cancel.cancel();
    running.server.await.unwrap();
}

#[tokio::test]
async fn who_does_not_shake_hands_holds_nobody_up() {
    let running = start();
    let idle: Vec<TcpStream> = futures_util::future::join_all((0..6).map(|_| TcpStream::connect(running.at)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let answer = tokio::time::timeout(
        Duration::from_secs(5),
        fetch(running.at, &running.certificate, b"http/1.1", "/"),
    );
    assert_eq!(answer.await.unwrap(), "here");
    drop(idle);
    running.cancel.cancel();
    running.server.await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let running = start();
    let fresh = write_pair(running.folder.path());
    let turned = async {
        while connect(running.at, &fresh, b"h2").await.is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), turned).await.expect("the old certificate is still served");
    running.cancel.cancel();
    running.server.await.unwrap();
}

#[tokio::test]
async fn the_end_waits_for_a_running_request_and_takes_no_new_one() {
    let running = start();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        running.cancel.cancel();
    };
    let (answer, ()) = tokio::join!(fetch(running.at, &running.certificate, b"http/1.1", "/slow"), stop);
    assert_eq!(answer, "slow");
    running.server.await.unwrap();
    assert!(TcpStream::connect(running.at).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_bound_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Server::bind(&config(folder.path()), Vec::new(), Router::new()).err().unwrap();
    assert!(missing.to_string().contains("c.pem"), "{missing}");
    write_pair(folder.path());
    let first = Server::bind(&config(folder.path()), Vec::new(), Router::new()).unwrap();
    let taken = Web { listen: first.addresses(), ..config(folder.path()) };
    let error = Server::bind(&taken, Vec::new(), Router::new()).err().unwrap();
    assert!(error.to_string().contains(&first.addresses()[0].to_string()), "{error}");
    let nowhere = Web { listen: Vec::new(), ..config(folder.path()) };
    assert!(Server::bind(&nowhere, Vec::new(), Router::new()).is_err());
    // A socket that was opened by somebody else, as systemd does.
    let given = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = given.local_addr().unwrap();
    let server = Server::bind(&nowhere, vec![given], Router::new()).unwrap();
    assert_eq!(server.addresses(), [at]);
}
