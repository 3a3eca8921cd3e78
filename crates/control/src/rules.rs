//! Adoption by rule: which credential may be sent to which controller without a person looking.
//!
//! Only one that was imported for exactly this serial number or MAC address; or the shared one, and
//! then only to a certificate that leads to a configured authority. Handing a credential out counts as
//! its one try, and that is written down before it is handed out: a refused password tried again and
//! again locks accounts.

use crate::book::{Book, unavailable};
use model::book::DeviceBook;
use model::command::records::MeantFor;
use model::device::{Device, DeviceId, Stage, canonical_mac};
use model::{Credential, Failure};
use std::collections::HashSet;

/// The keys of the imported credentials that the rules allow for a device, most exact first.
#[must_use]
pub fn allowed(device: &Device) -> Vec<MeantFor> {
    let serial = device.identity.serial.iter().map(|serial| MeantFor::Serial(serial.to_uppercase()));
    let macs = device.identity.macs.iter().filter_map(|mac| canonical_mac(mac)).map(MeantFor::Mac);
    let trusted = device.presented.as_ref().is_some_and(|certificate| certificate.trusted);
    serial.chain(macs).chain(trusted.then_some(MeantFor::TrustedCertificate)).collect()
}

/// How an imported credential is named in the store, and what its seal is bound to.
#[must_use]
pub fn key(meant: &MeantFor) -> String {
    match meant {
        MeantFor::Serial(serial) => format!("imported:serial:{}", serial.trim().to_uppercase()),
        MeantFor::Mac(mac) => {
            format!("imported:mac:{}", canonical_mac(mac).unwrap_or_else(|| mac.trim().to_lowercase()))
        }
        MeantFor::TrustedCertificate => "imported:trusted_certificate".to_owned(),
    }
}

/// The seen devices for which an imported credential is allowed that was not tried on them yet.
pub(crate) async fn adoptable(book: &Book) -> Result<Vec<DeviceId>, Failure> {
    let failed = |error: store::Error| unavailable("imported credentials", &error);
    let imported: HashSet<String> =
        book.store().imported().await.map_err(failed)?.into_iter().map(|(key, _sealed)| key).collect();
    if imported.is_empty() {
        return Ok(Vec::new());
    }
    let tried: HashSet<(String, DeviceId)> =
        book.store().tried().await.map_err(failed)?.into_iter().collect();
    let is_open = |device: &Device| {
        let keys = allowed(device).into_iter().map(|meant| key(&meant));
        keys.filter(|key| imported.contains(key)).any(|key| !tried.contains(&(key, device.id.clone())))
    };
    let seen = book.devices().into_iter().filter(|device| device.stage == Stage::Seen);
    Ok(seen.filter(|device| is_open(device)).map(|device| device.id.clone()).collect())
}

/// Hands out each allowed credential that was not tried on this device yet.
pub(crate) async fn credentials(book: &Book, id: &DeviceId) -> Result<Vec<Credential>, Failure> {
    let device = book.device(id).ok_or_else(|| crate::book::no_such(&id.0))?;
    let failed = |error: &dyn std::error::Error| unavailable(device.subject(), error);
    let mut credentials = Vec::new();
    for meant in allowed(&device) {
        let key = key(&meant);
        let untried = book.store().take_untried(&key, id).await.map_err(|error| failed(&error))?;
        let Some(sealed) = untried else { continue };
        let opened = book.vault().open_credential(&key, &sealed);
        credentials.push(opened.map_err(|error| failed(&error))?);
    }
    Ok(credentials)
}
