//! Adoption by rule: which credential may be sent to which controller without a person looking.
//!
//! Only one that was imported for exactly this serial number or MAC address; or the shared one, and
//! then only to a certificate that leads to a configured authority. Handing a credential out counts as
//! its one try, and that is written down before it is handed out: a refused password tried again and
//! again locks accounts.

use crate::book::{Book, unavailable};
use model::book::DeviceBook;
use model::command::records::MeantFor;
use model::device::{Device, DeviceId, canonical_mac};
use model::{Credential, Failure};

/// The keys of the imported credentials that the rules allow for a device, most exact first.
#[must_use]
pub fn allowed(device: &Device) -> Vec<MeantFor> {
    let serial = device.identity.serial.iter().map(|serial| MeantFor::Serial(serial.to_uppercase()));
    let macs = device.identity.macs.iter().filter_map(|mac| canonical_mac(mac)).map(MeantFor::Mac);
    let trusted = device.presented.as_ref().is_some_and(|certificate| certificate.trusted);
    serial.chain(macs).chain(trusted.then_some(MeantFor::TrustedCertificate)).collect()
}

/// One spelling for each controller that a credential can be meant for.
#[must_use]
pub fn normal(meant: &MeantFor) -> MeantFor {
    match meant {
        MeantFor::Serial(serial) => MeantFor::Serial(serial.trim().to_uppercase()),
        MeantFor::Mac(mac) => MeantFor::Mac(canonical_mac(mac).unwrap_or_else(|| mac.to_lowercase())),
        MeantFor::TrustedCertificate => MeantFor::TrustedCertificate,
    }
}

/// What an imported credential's seal is bound to.
#[must_use]
pub fn context(meant: &MeantFor) -> String {
    match normal(meant) {
        MeantFor::Serial(serial) => format!("imported:serial:{serial}"),
        MeantFor::Mac(mac) => format!("imported:mac:{mac}"),
        MeantFor::TrustedCertificate => "imported:trusted_certificate".to_owned(),
    }
}

/// Names one import: a seal's last bytes are its tag, which no other seal has, and says nothing of the content.
fn mark(sealed: &[u8]) -> String {
    sealed.iter().rev().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Hands out each allowed credential that was not tried on this device yet.
pub(crate) async fn credentials(book: &Book, id: &DeviceId) -> Result<Vec<Credential>, Failure> {
    let device = book.device(id).ok_or_else(|| crate::book::no_such(&id.0))?;
    let failed = |error: &dyn std::error::Error| unavailable(device.subject(), error);
    let setting = format!("tried:{id}");
    let mut tried: Vec<String> = book.store().setting(&setting).await.map_err(|error| failed(&error))?.unwrap_or_default();
    let mut credentials = Vec::new();
    for meant in allowed(&device) {
        let Some(sealed) = book.store().imported(&meant).await.map_err(|error| failed(&error))? else { continue };
        if tried.contains(&mark(&sealed)) {
            continue;
        }
        tried.push(mark(&sealed));
        credentials.push(book.vault().open_credential(&context(&meant), &sealed).map_err(|error| failed(&error))?);
    }
    if !credentials.is_empty() {
        book.store().put_setting(&setting, &tried).await.map_err(|error| failed(&error))?;
    }
    Ok(credentials)
}
