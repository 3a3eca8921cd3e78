//! The server's side of TLS.

use crate::error::Error;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::Arc;

/// TLS 1.2 and 1.3 with the appliance's certificate; with `client_ca`, senders need a certificate of those authorities.
///
/// # Errors
/// If the authorities cannot be read, or the TLS library refuses.
pub fn server(
    certificate: Arc<dyn ResolvesServerCert>,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let authorities = Arc::new(read(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider).build();
            let refused =
                |error: rustls::server::VerifierBuilderError| no_authority(path, &error.to_string());
            builder.with_client_cert_verifier(verifier.map_err(refused)?)
        }
    };
    Ok(Arc::new(builder.with_cert_resolver(certificate)))
}

fn read(path: &Path) -> Result<RootCertStore, Error> {
    let at = |source| Error::ClientCa { path: path.into(), source };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(at)? {
        store.add(certificate.map_err(at)?).map_err(|error| no_authority(path, &error.to_string()))?;
    }
    Ok(store)
}

fn no_authority(path: &Path, cause: &str) -> Error {
    Error::NoAuthority { path: path.into(), cause: cause.into() }
}
