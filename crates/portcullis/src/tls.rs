//! The appliance's own certificate, where the site has none.

use anyhow::Context as _;
use std::net::SocketAddr;

/// A self-signed certificate for the name that people type and the addresses that are listened at, and its
/// key (ECDSA P-256), both in PEM.
pub fn self_signed(name: &str, listen: &[SocketAddr]) -> anyhow::Result<(String, String)> {
    let mut names = vec![name.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names
        .extend(listen.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.sort();
    names.dedup();
    let mut params = rcgen::CertificateParams::new(names).context("make a certificate")?;
    params.distinguished_name.push(rcgen::DnType::CommonName, format!("Portcullis at {name}"));
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Portcullis");
    let key = rcgen::KeyPair::generate().context("make the certificate's key")?;
    let certificate = params.self_signed(&key).context("sign the certificate")?;
    Ok((certificate.pem(), key.serialize_pem()))
}
