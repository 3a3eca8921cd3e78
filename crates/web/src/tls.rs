//! TLS for browsers and programs: one certificate, read again when its files change.

use crate::config::Web;
use crate::error::Error;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What a file looked like when it was read: length and time of change.
type Stamp = Option<(u64, std::time::SystemTime)>;

/// The certificate in use, and the files that it comes from.
#[derive(Debug)]
pub struct LiveCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files looked like just before they were read first.
    read: [Stamp; 2],
}

impl LiveCertificate {
    /// Reads the files.
    ///
    /// # Errors
    /// If one cannot be read, or they do not belong together.
    pub fn load(config: &Web) -> Result<Self, Error> {
        let (certificate, key) = (config.certificate.clone(), config.key.clone());
        let stamps = [stamp(&certificate), stamp(&key)];
        let current = RwLock::new(Arc::new(read(&certificate, &key)?));
        Ok(Self { certificate, key, current, read: stamps })
    }

    /// Reads the files again; what is in use stays if they are not right.
    ///
    /// # Errors
    /// As [`LiveCertificate::load`].
    pub fn reload(&self) -> Result<(), Error> {
        let fresh = Arc::new(read(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The server's side of TLS 1.2 and 1.3 with this certificate, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// If the TLS library refuses.
    pub fn server(self: &Arc<Self>) -> Result<Arc<ServerConfig>, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut server = versions.map_err(Error::Tls)?.with_no_client_auth().with_cert_resolver(resolver);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(server))
    }

    /// Looks at the files until cancelled. A key that was written before its certificate is tried
    /// again at the next look, since a failed read leaves the stamp as it was.
    pub(crate) async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        let mut read = self.read;
        while cancel.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            let seen = [stamp(&self.certificate), stamp(&self.key)];
            if seen == read {
                continue;
            }
            match self.reload() {
                Ok(()) => {
                    read = seen;
                    tracing::info!(certificate = %self.certificate.display(), "TLS certificate read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "TLS certificate changed but cannot be used; the old one stays")
                }
            }
        }
    }
}

impl ResolvesServerCert for LiveCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// One look at a file's entry: cheap enough for an async task.
fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

fn read(certificate: &PathBuf, key: &PathBuf) -> Result<CertifiedKey, Error> {
    let at = |path: &PathBuf| {
        let path = path.clone();
        move |source| Error::Read { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(at(certificate))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(at(certificate))?;
    if chain.is_empty() {
        return Err(Error::NoCertificate { path: certificate.clone() });
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(at(key))?;
    let fit = CertifiedKey::from_der(chain, secret, &rustls::crypto::ring::default_provider());
    fit.map_err(|source| Error::KeyDoesNotFit { certificate: certificate.clone(), key: key.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_pair(folder: &std::path::Path, name: &str) {
        let made = rcgen::generate_simple_self_signed(vec![name.into()]).unwrap();
        std::fs::write(folder.join("c.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("k.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn config(folder: &std::path::Path) -> Web {
        Web { certificate: folder.join("c.pem"), key: folder.join("k.pem"), ..Web::default() }
    }

    #[test]
    fn a_new_pair_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(folder.path(), "one");
        let live = LiveCertificate::load(&config(folder.path())).unwrap();
        let first = live.current.read().unwrap().end_entity_cert().unwrap().to_vec();
        write_pair(folder.path(), "two");
        live.reload().unwrap();
        let second = live.current.read().unwrap().end_entity_cert().unwrap().to_vec();
        assert_ne!(first, second);
        std::fs::write(folder.path().join("k.pem"), "nonsense").unwrap();
        assert!(matches!(live.reload(), Err(Error::Read { .. })));
        assert_eq!(live.current.read().unwrap().end_entity_cert().unwrap().to_vec(), second);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(folder.path(), "one");
        let other = rcgen::generate_simple_self_signed(vec!["two".into()]).unwrap();
        std::fs::write(folder.path().join("k.pem"), other.signing_key.serialize_pem()).unwrap();
        assert!(matches!(LiveCertificate::load(&config(folder.path())), Err(Error::KeyDoesNotFit { .. })));
    }
}
