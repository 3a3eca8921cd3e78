//! Which certificate a controller may show, and what it did show.

use super::Trust;
use model::device::{Certificate, Fingerprint};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, PeerIncompatible, SignatureScheme};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Where the verifier leaves what was shown; there is one verifier for each handshake.
#[derive(Clone, Debug, Default)]
pub struct Shown(Arc<Mutex<Option<Certificate>>>);

impl Shown {
    /// The certificate that was shown, once.
    pub fn take(&self) -> Option<Certificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, certificate: Certificate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }
}

/// What is known of the certificate before the handshake.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Any other ends the handshake.
    pub must_show: Option<Fingerprint>,
    /// It was read before and is not read again.
    pub known: Option<Fingerprint>,
}

/// One for all connections: each keeps its configuration for as long as it is open.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// The configuration for one handshake: TLS 1.2 and 1.3, ring, and no resumption, since a resumed
/// session would skip the look at the certificate.
///
/// # Errors
/// When rustls cannot be set up.
pub fn config(
    trust: &Trust,
    expected: Expected,
    names: Vec<ServerName<'static>>,
    shown: Shown,
) -> Result<ClientConfig, rustls::Error> {
    let provider = PROVIDER.clone();
    let authorities = match trust {
        Trust::Look { authorities: Some(roots) } if !roots.is_empty() => {
            let builder = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone());
            Some(builder.build().map_err(|error| rustls::Error::General(error.to_string()))?)
        }
        _ => None,
    };
    let verifier = Verifier { expected, authorities, names, shown, provider: provider.clone() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
struct Verifier {
    expected: Expected,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    names: Vec<ServerName<'static>>,
    shown: Shown,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = fingerprint(end_entity);
        if self.expected.must_show == Some(fingerprint) && self.expected.known == Some(fingerprint) {
            return Ok(ServerCertVerified::assertion());
        }
        let vouched = |verifier: &Arc<WebPkiServerVerifier>| {
            self.names.iter().any(|name| {
                verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now).is_ok()
            })
        };
        let trusted = self.authorities.as_ref().is_some_and(vouched);
        self.shown.put(describe(end_entity, trusted));
        match self.expected.must_show {
            Some(pinned) if pinned != fingerprint => {
                Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
            .or_else(|error| self.verify_by_key(message, cert, dss, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms).or_else(|error| {
            if matches!(
                dss.scheme,
                SignatureScheme::RSA_PKCS1_SHA256
                    | SignatureScheme::RSA_PKCS1_SHA384
                    | SignatureScheme::RSA_PKCS1_SHA512
            ) {
                return Err(error);
            }
            self.verify_by_key(message, cert, dss, error)
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Verifier {
    /// Checks the handshake's signature with the key of a certificate that webpki does not read:
    /// controllers ship version 1 certificates and odd extensions, and a pinned key is a key all the same.
    fn verify_by_key(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
        error: rustls::Error,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if !matches!(&error, rustls::Error::InvalidCertificate(cause) if *cause != CertificateError::BadSignature)
        {
            return Err(error);
        }
        let Ok((_, parsed)) = X509Certificate::from_der(cert) else { return Err(error) };
        let spki = parsed.public_key();
        let Some(algorithm_id) = sequence_content(spki.raw) else { return Err(error) };
        let mapping = self.provider.signature_verification_algorithms.mapping;
        let of_scheme =
            mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme).flat_map(|(_, found)| found.iter());
        let valid = of_scheme.filter(|algorithm| algorithm.public_key_alg_id().as_ref() == algorithm_id).any(
            |algorithm| {
                algorithm.verify_signature(&spki.subject_public_key.data, message, dss.signature()).is_ok()
            },
        );
        if valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(error) }
    }
}

/// The content of the first SEQUENCE inside a DER SEQUENCE: a SubjectPublicKeyInfo's algorithm (RFC 5280, 4.1).
fn sequence_content(spki: &[u8]) -> Option<&[u8]> {
    let inner = der_content(spki)?;
    der_content(inner)
}

fn der_content(der: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    if *tag == 0x30 { rest.get(..length) } else { None }
}

fn fingerprint(der: &[u8]) -> Fingerprint {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest.as_ref());
    Fingerprint(fingerprint)
}

/// What a certificate says. One that cannot be read still has its fingerprint.
pub fn describe(der: &[u8], trusted: bool) -> Certificate {
    let parsed = X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed);
    let text =
        |name: Option<String>| name.map(|name| name.chars().filter(|c| !c.is_control()).take(500).collect());
    Certificate {
        fingerprint: fingerprint(der),
        subject: text(parsed.as_ref().map(|cert| cert.subject().to_string())).unwrap_or_default(),
        issuer: text(parsed.as_ref().map(|cert| cert.issuer().to_string())).unwrap_or_default(),
        not_after: parsed
            .and_then(|cert| jiff::Timestamp::from_second(cert.validity().not_after.timestamp()).ok()),
        trusted,
    }
}

/// What to do about a failed handshake, where that is known.
pub fn hint(error: &std::io::Error) -> Option<&'static str> {
    use rustls::{AlertDescription, Error, InvalidMessage};
    const OLD: &str = "it offers no TLS 1.2 with forward secrecy: update its firmware, or switch TLS 1.2 on in its settings";
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => Some(
            "it speaks only TLS older than 1.2: update its firmware, or switch TLS 1.2 on in its settings",
        ),
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity)
        | Error::PeerIncompatible(_) => Some(OLD),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("it does not speak TLS on this port: it may be plain HTTP, or no web service at all")
        }
        Error::InvalidCertificate(_) => Some(
            "its certificate's key is too weak or broken: have it make a new one with at least RSA 2048 or P-256",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_lengths() {
        assert_eq!(sequence_content(&[0x30, 0x04, 0x30, 0x02, 1, 2]), Some([1, 2].as_slice()));
        assert_eq!(sequence_content(&[0x30, 0x81, 0x04, 0x30, 0x02, 1, 2]), Some([1, 2].as_slice()));
        assert_eq!(sequence_content(&[0x30, 0x04, 0x31, 0x02, 1, 2]), None);
        assert_eq!(sequence_content(&[0x30, 0x05, 0x30]), None);
        assert_eq!(sequence_content(&[]), None);
    }

    #[test]
    fn an_unreadable_certificate_has_a_fingerprint() {
        let certificate = describe(b"nothing", false);
        assert!(certificate.subject.is_empty());
        assert!(
            certificate
                .fingerprint
                .to_string()
                .starts_with("1785cfc3bc6ac7738e8b38cdccd1af12563c2b9070e07af336a1bf8c0f772b6a")
        );
    }
}
