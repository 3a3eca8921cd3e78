//! Reads documents from every BMC of a lab that runs, to measure the lab: one connection each, without a session, so
//! only the service root is read. `cargo run --release -p lab --example visit -- FIRST_ADDR PORT COUNT REQUESTS`
#![expect(clippy::unwrap_used, reason = "a tool for measuring: whatever goes wrong ends it")]

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use lab::LabConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// How many are visited at once.
const AT_ONCE: usize = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(visit());
}

async fn visit() {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().expect("FIRST_ADDR PORT COUNT REQUESTS");
    let first_addr = next().parse().unwrap();
    let port = next().parse().unwrap();
    let (count, requests): (usize, usize) = (next().parse().unwrap(), next().parse().unwrap());
    let units = lab::unit::plan(&LabConfig { count, first_addr, port, ..LabConfig::default() });
    let client = client();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let begun = Instant::now();
    let mut visits = JoinSet::new();
    for unit in units {
        let (client, places) = (Arc::clone(&client), Arc::clone(&places));
        visits.spawn(async move {
            let _place = places.acquire().await.unwrap();
            one(unit.addr, client, requests).await
        });
    }
    let bytes: usize = visits.join_all().await.into_iter().sum();
    let took = begun.elapsed().as_secs_f64();
    let all = count * requests;
    println!("{all} requests at {count} BMCs in {took:.1} s, {bytes} bytes of documents");
}

async fn one(addr: SocketAddr, client: Arc<ClientConfig>, requests: usize) -> usize {
    let stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = TlsConnector::from(client).connect(addr.ip().into(), stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let asking = async {
        let mut bytes = 0;
        for _ in 0..requests {
            let request = hyper::Request::get("/redfish/v1").header("host", addr.to_string());
            let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
            bytes += answer.into_body().collect().await.unwrap().to_bytes().len();
        }
        drop(sender);
        bytes
    };
    let (bytes, _closed) = tokio::join!(asking, connection);
    bytes
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
