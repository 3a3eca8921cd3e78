//! Certificates of the simulated BMCs: self-signed as the makers do it, or issued by the lab's own CA.
//!
//! A few keys are shared by all, since making one for each of thousands would take long; every
//! certificate is another one all the same.

use crate::error::Error;
use crate::hardware;
use crate::random::{Dice, hash};
use crate::unit::Unit;
use model::{Clock, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::Ticketer;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keys shared by all BMCs.
const KEYS: usize = 4;

/// Makes certificates.
pub struct Forge {
    keys: Vec<KeyPair>,
    issuer: CertifiedIssuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
    state: Option<PathBuf>,
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forge").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Forge {
    /// With new keys, or with those in the folder `state`, which is made if it is not there.
    ///
    /// # Errors
    /// If a key cannot be made, or the folder cannot be read or written.
    pub fn new(state: Option<PathBuf>) -> Result<Self, Error> {
        if let Some(folder) = &state {
            std::fs::create_dir_all(folder)
                .map_err(|source| Error::State { path: folder.clone(), source })?;
        }
        let keep = |name: &str| state.as_ref().map(|folder| folder.join(name));
        let keys =
            (0..KEYS).map(|number| key(keep(&format!("key{number}.pem")))).collect::<Result<_, _>>()?;
        let (ca_key, ca_path) = (key(keep("ca-key.pem"))?, keep("ca.pem"));
        let issuer = CertifiedIssuer::self_signed(ca_params(), ca_key).map_err(failed("lab CA"))?;
        if let Some(path) = ca_path {
            write(&path, issuer.pem().as_bytes())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(Self { keys, issuer, provider, state })
    }

    /// The CA's certificate in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate of `unit`: the kept one, or the first; with `renew`, always another one.
    ///
    /// # Errors
    /// If it cannot be made or kept.
    pub fn server(&self, unit: &Unit, renew: bool) -> Result<Arc<ServerConfig>, Error> {
        let kept = self.state.as_ref().map(|folder| folder.join(format!("{}.der", unit.addr.ip())));
        let number = usize::try_from(unit.seed).unwrap_or(unit.index) % KEYS;
        let subject = || unit.addr.to_string();
        let key = self.keys.get(number).ok_or_else(|| Error::Certificate {
            subject: subject(),
            source: rcgen::Error::KeyGenerationUnavailable,
        })?;
        let old = kept.as_deref().filter(|path| !renew && path.exists());
        let der = match (old, &kept) {
            (Some(path), _) => {
                let bytes =
                    std::fs::read(path).map_err(|source| Error::State { path: path.to_owned(), source })?;
                CertificateDer::from(bytes)
            }
            (None, path) => {
                let der = self.issue(unit, key)?;
                path.as_deref().map_or(Ok(()), |path| write(path, &der))?;
                der
            }
        };
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![der], private))
            .map_err(|source| Error::Tls { subject: subject(), source })?;
        // Sessions are resumed by tickets: nothing is kept for them here, where thousands of BMCs live. Each
        // certificate has tickets of its own, so that a changed one is seen by whoever comes back.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(|source| Error::Tls { subject: subject(), source })?;
        config.send_tls13_tickets = 1;
        Ok(Arc::new(config))
    }

    fn issue(&self, unit: &Unit, key: &KeyPair) -> Result<CertificateDer<'static>, Error> {
        let subject = || unit.addr.to_string();
        let params = params(unit).map_err(failed(&subject()))?;
        let issued =
            if unit.ca_signed { params.signed_by(key, &self.issuer) } else { params.self_signed(key) };
        issued.map(|certificate| certificate.der().clone()).map_err(failed(&subject()))
    }
}

fn failed(subject: &str) -> impl FnOnce(rcgen::Error) -> Error {
    let subject = subject.to_owned();
    move |source| Error::Certificate { subject, source }
}

fn key(path: Option<PathBuf>) -> Result<KeyPair, Error> {
    let Some(path) = path else { return KeyPair::generate().map_err(failed("lab key")) };
    if path.exists() {
        let pem =
            std::fs::read_to_string(&path).map_err(|source| Error::State { path: path.clone(), source })?;
        return KeyPair::from_pem(&pem).map_err(failed(&path.display().to_string()));
    }
    let key = KeyPair::generate().map_err(failed("lab key"))?;
    write(&path, key.serialize_pem().as_bytes())?;
    Ok(key)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_private(path, bytes).map_err(|source| Error::State { path: path.to_owned(), source })
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name =
        name(&[("O", "Portcullis lab".to_owned()), ("CN", "Lab management CA".to_owned())]);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2044, 1, 1);
    params
}

/// Year and month of the beginning of a certificate.
fn first_day(dice: &mut Dice) -> (i32, u8) {
    (2021 + i32::try_from(dice.below(4)).unwrap_or(0), 1 + u8::try_from(dice.below(12)).unwrap_or(0))
}

/// From when until when the certificate of `unit` is valid, as Redfish writes it.
pub(crate) fn validity(unit: &Unit) -> (String, String) {
    let (year, month) = first_day(&mut Dice::new(unit.seed, "certificate"));
    (format!("{year}-{month:02}-07T00:00:00+00:00"), format!("{}-01-07T00:00:00+00:00", year + 10))
}

fn params(unit: &Unit) -> Result<CertificateParams, rcgen::Error> {
    let subject = (unit.flavour().subject)(unit, &hardware::of(unit));
    let common = subject.iter().find(|(kind, _)| *kind == "CN").map(|(_, value)| value.clone());
    let mut dice = Dice::new(unit.seed, "certificate");
    let (year, month) = first_day(&mut dice);
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(year, month, 7);
    params.not_after = date_time_ymd(year + 10, 1, 7);
    params.distinguished_name = name(&subject);
    // A CA gives each serial number once (RFC 5280, section 4.1.2.2), also to the same BMC.
    let moment = SystemClock.now().as_nanosecond().to_be_bytes();
    params.serial_number = Some(SerialNumber::from((dice.next() ^ hash(&moment)) >> 1));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if let Some(common) = common {
        params.subject_alt_names.push(SanType::DnsName(common.try_into()?));
    }
    if unit.ca_signed {
        params.subject_alt_names.push(SanType::IpAddress(unit.addr.ip()));
    }
    Ok(params)
}

fn name(fields: &[(&str, String)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in fields {
        let kind = match *kind {
            "C" => DnType::CountryName,
            "ST" => DnType::StateOrProvinceName,
            "L" => DnType::LocalityName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            _ => DnType::CommonName,
        };
        name.push(kind, value.as_str());
    }
    name
}
