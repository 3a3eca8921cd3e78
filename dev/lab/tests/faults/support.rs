//! A lab with one BMC, and a client that says exactly what it wants to.

use lab::{BmcInfo, Kind, Lab, LabConfig, Mix};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A lab with one BMC of a maker, in plain HTTP and quick.
pub async fn plain(first_addr: Ipv4Addr, kind: Kind) -> (Lab, BmcInfo) {
    with(LabConfig { first_addr, mix: Mix::only(kind), ..LabConfig::default() }).await
}

/// The same of one's own making.
pub async fn with(config: LabConfig) -> (Lab, BmcInfo) {
    let config = LabConfig { count: 1, port: 0, tls: false, time_scale: 0.01, ..config };
    let lab = Lab::start(config).await.expect("the lab starts");
    let bmc = lab.bmcs().remove(0);
    (lab, bmc)
}

/// One request on a connection of its own; the status and the whole answer.
pub async fn ask(addr: SocketAddr, head: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(addr).await?;
    let text = format!(
        "{head}\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.map(|status| (status, answer)).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

pub async fn root(addr: SocketAddr) -> io::Result<u16> {
    ask(addr, "GET /redfish/v1 HTTP/1.1", "").await.map(|(status, _)| status)
}

pub async fn log_in(bmc: &BmcInfo, password: &str) -> u16 {
    let body = format!("{{\"UserName\":\"{}\",\"Password\":\"{password}\"}}", bmc.credential.username);
    ask(bmc.addr, "POST /redfish/v1/SessionService/Sessions HTTP/1.1", &body).await.unwrap().0
}

/// Takes every certificate; what it is, is looked at afterwards.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

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
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A client that takes every certificate and keeps its TLS sessions.
pub fn client() -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider)))
        .with_no_client_auth();
    Arc::new(config)
}

/// The certificate that is shown to a client that was never there.
pub async fn certificate(addr: SocketAddr) -> Vec<u8> {
    handshake(&client(), addr).await
}

/// The certificate that is shown, or was when the session that is resumed began.
pub async fn handshake(client: &Arc<ClientConfig>, addr: SocketAddr) -> Vec<u8> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let mut stream = TlsConnector::from(Arc::clone(client)).connect(addr.ip().into(), stream).await.unwrap();
    // The ticket comes after the handshake, with the first answer at the latest.
    let head = format!("GET /redfish/v1 HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let _answer = stream.read_to_end(&mut Vec::new()).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// The body of an answer.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// A document, by name and password.
pub async fn read(bmc: &BmcInfo, path: &str) -> io::Result<(u16, String)> {
    ask(bmc.addr, &format!("GET {path} HTTP/1.1\r\nAuthorization: {}", basic(bmc)), "").await
}

/// The same as JSON.
pub async fn json(bmc: &BmcInfo, path: &str) -> Value {
    let (status, answer) = read(bmc, path).await.unwrap();
    assert_eq!(status, 200, "{path}: {answer}");
    serde_json::from_str(body(&answer)).unwrap()
}

/// A reset of the server; the status.
pub async fn reset(bmc: &BmcInfo, target: &str, kind: &str) -> u16 {
    let head = format!("POST {target} HTTP/1.1\r\nAuthorization: {}", basic(bmc));
    ask(bmc.addr, &head, &format!("{{\"ResetType\":\"{kind}\"}}")).await.unwrap().0
}

fn basic(bmc: &BmcInfo) -> String {
    use base64::Engine;
    let pair = format!("{}:{}", bmc.credential.username, bmc.credential.password.expose());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
