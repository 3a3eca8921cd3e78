//! Walks through the documents of every BMC of a lab that runs, to measure the lab: one connection each, by name and password.
//!
//! `portcullis lab --count 5000 --credentials lab.csv`, then `cargo run --release -p lab --example visit -- lab.csv 20 5000`:
//! twenty documents of each, all 5,000 at once.
#![expect(clippy::unwrap_used, reason = "a tool for measuring: whatever goes wrong ends it")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(visit());
}

async fn visit() {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().unwrap_or_default();
    let list = std::fs::read_to_string(next()).unwrap();
    let (most, at_once) = (next().parse().unwrap(), next().parse().unwrap());
    let client = client();
    let places = Arc::new(Semaphore::new(at_once));
    let begun = Instant::now();
    let mut visits = JoinSet::new();
    for line in list.lines().skip(1) {
        let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        let [_, addr, _, _, _, username, password] = fields.try_into().unwrap();
        let (client, places) = (Arc::clone(&client), Arc::clone(&places));
        visits.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let basic = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
            one(addr.parse().unwrap(), client, &basic, most).await
        });
    }
    let seen = visits.join_all().await;
    let (requests, bytes): (Vec<usize>, Vec<usize>) = seen.iter().copied().unzip();
    println!(
        "{} requests at {} BMCs in {:.1} s, {} bytes of documents",
        requests.iter().sum::<usize>(),
        seen.len(),
        begun.elapsed().as_secs_f64(),
        bytes.iter().sum::<usize>()
    );
}

/// How many documents, and how many bytes.
async fn one(addr: SocketAddr, client: Arc<ClientConfig>, basic: &str, most: usize) -> (usize, usize) {
    let stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = TlsConnector::from(client).connect(addr.ip().into(), stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let asking = async {
        let (mut known, mut next) = (BTreeSet::new(), VecDeque::from(["/redfish/v1".to_owned()]));
        let mut bytes = 0;
        while let Some(path) = next.pop_front().filter(|_| known.len() < most) {
            if path.contains("Schema") || path.contains("Regist") || !known.insert(path.clone()) {
                continue;
            }
            let request =
                hyper::Request::get(path).header("host", addr.to_string()).header("authorization", basic);
            let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            bytes += body.len();
            links(&serde_json::from_slice(&body).unwrap_or_default(), &mut next);
        }
        drop(sender);
        (known.len(), bytes)
    };
    tokio::join!(asking, connection).0
}

fn links(node: &Value, into: &mut VecDeque<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(path) if name == "@odata.id" && !path.contains('#') => into.push_back(path.clone()),
            value => links(value, into),
        }),
        _ => {}
    }
}

fn client() -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything))
        .with_no_client_auth();
    Arc::new(config)
}

/// The certificates of a lab prove nothing.
#[derive(Debug)]
struct Anything;

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519]
    }
}
