//! Adoption by rule: which credential may be sent to which controller without a person looking.
//!
//! Only one that was imported for exactly this serial number or MAC address; or the shared one, and
//! then only to a certificate that leads to a configured authority. Handing a credential out counts as
//! its one try, and that is written down before it is handed out: a refused password tried again and
//! again locks accounts.
//!
//! A serial number is a claim. One that another record carries too is worth nothing: whoever made it up
//! would be sent the password of the controller that it belongs to. And what was handed out for one device
//! goes to no other, as long as the first is in the book and nobody imports the credential anew.

use crate::book::{Book, unavailable};
use model::book::DeviceBook;
use model::command::records::MeantFor;
use model::device::{Certificate, Device, DeviceId, Stage, canonical_mac};
use model::{Credential, Failure};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// For which imported credentials a device's record speaks, most exact first, to the certificate `shown`.
#[must_use]
pub fn allowed(device: &Device, shown: Option<&Certificate>) -> Vec<MeantFor> {
    let trusted = shown.is_some_and(|certificate| certificate.trusted);
    own(device).chain(trusted.then_some(MeantFor::TrustedCertificate)).collect()
}

/// What a device's record says it is.
fn own(device: &Device) -> impl Iterator<Item = MeantFor> {
    let serial = device.identity.serial.iter().map(|serial| MeantFor::Serial(serial.trim().to_uppercase()));
    let macs = device.identity.macs.iter().filter_map(|mac| canonical_mac(mac)).map(MeantFor::Mac);
    serial.chain(macs)
}

/// What more than one record says of itself: who is meant by it is not known.
fn ambiguous(book: &Book) -> BTreeSet<MeantFor> {
    let mut first: BTreeMap<MeantFor, DeviceId> = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for device in book.devices() {
        for meant in own(&device) {
            match first.get(&meant) {
                Some(id) if *id != device.id => drop(twice.insert(meant)),
                Some(_) => {}
                None => drop(first.insert(meant, device.id.clone())),
            }
        }
    }
    twice
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

/// Whether a credential that is meant for one controller was handed out for another record already.
fn is_spent(book: &Book, tried: &HashSet<(String, DeviceId)>, meant: &MeantFor, id: &DeviceId) -> bool {
    let key = key(meant);
    let elsewhere = |(of, on): &(String, DeviceId)| *of == key && on != id && book.device(on).is_some();
    *meant != MeantFor::TrustedCertificate && tried.iter().any(elsewhere)
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
    let ambiguous = ambiguous(book);
    let is_open = |device: &Device| {
        let allowed = allowed(device, device.presented.as_ref()).into_iter();
        let mut open = allowed.filter(|meant| imported.contains(&key(meant)) && !ambiguous.contains(meant));
        open.any(|meant| {
            !is_spent(book, &tried, &meant, &device.id) && !tried.contains(&(key(&meant), device.id.clone()))
        })
    };
    let seen = book.devices().into_iter().filter(|device| device.stage == Stage::Seen);
    Ok(seen.filter(|device| is_open(device)).map(|device| device.id.clone()).collect())
}

/// Destroys the imported credentials that were handed out for a device and are meant for it alone.
pub(crate) async fn destroy(book: &Book, id: &DeviceId) -> Result<(), store::Error> {
    let shared = key(&MeantFor::TrustedCertificate);
    for (key, on) in book.store().tried().await? {
        if on == *id && key != shared {
            book.store().delete_imported(&key).await?;
        }
    }
    Ok(())
}

/// Hands out each allowed credential that was not tried on this device yet, for a connection on which it
/// shows `shown`: what a sweep saw since then does not count.
pub(crate) async fn credentials(
    book: &Book,
    id: &DeviceId,
    shown: &Certificate,
) -> Result<Vec<Credential>, Failure> {
    let device = book.device(id).ok_or_else(|| crate::book::no_such(&id.0))?;
    let failed = |error: &dyn std::error::Error| unavailable(device.subject(), error);
    let tried = book.store().tried().await.map_err(|error| failed(&error))?.into_iter().collect();
    let ambiguous = ambiguous(book);
    let mut credentials = Vec::new();
    for meant in allowed(&device, Some(shown)) {
        if ambiguous.contains(&meant) || is_spent(book, &tried, &meant, id) {
            tracing::warn!(%id, ?meant, "another record says, or said, the same of itself; it gets no credential for it");
            continue;
        }
        let key = key(&meant);
        let untried = book.store().take_untried(&key, id).await.map_err(|error| failed(&error))?;
        let Some(sealed) = untried else { continue };
        let opened = book.vault().open_credential(&key, &sealed);
        credentials.push(opened.map_err(|error| failed(&error))?);
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Events;
    use crate::zones::Zones;
    use model::book::{Claim, Observation};
    use model::command::Part as _;
    use model::command::records::Forget;
    use model::device::{Endpoint, Fingerprint};
    use model::{Clock, SystemClock};
    use std::sync::Arc;

    fn certificate(byte: u8, trusted: bool) -> Certificate {
        let fingerprint = Fingerprint([byte; 32]);
        Certificate {
            fingerprint,
            subject: "CN=bmc".into(),
            issuer: "CN=bmc".into(),
            not_after: None,
            trusted,
        }
    }

    async fn book(folder: &std::path::Path) -> Book {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let key = folder.join("vault.key");
        let around = vault::Surroundings::default();
        let vault = vault::KeySource::File(key).establish(&around).ok().unwrap();
        let store = store::Store::open(&format!("sqlite:{}", folder.join("db").display())).unwrap();
        let events = Events::new(Arc::clone(&clock));
        Book::open(store, Arc::new(vault), Zones::default(), events, clock).await.unwrap()
    }

    /// A controller answers a sweep; comes back with its device, written down.
    async fn answers(book: &Book, host: u8, serial: &str, shown: Certificate) -> DeviceId {
        let endpoint = Endpoint { addr: std::net::IpAddr::from([10, 0, 0, host]), port: 443 };
        let claim = Claim {
            service_uuid: Some(format!("00000000-0000-4000-8000-0000000000{host:02}")),
            serial: Some(serial.into()),
            ..Claim::default()
        };
        let seen = book.observe(Observation::Answered { endpoint, certificate: Some(shown), claim }).unwrap();
        book.flush().await;
        seen
    }

    async fn import(book: &Book, meant: MeantFor, password: &str) {
        let key = key(&meant);
        let credential = Credential { username: "root".into(), password: password.into() };
        let sealed = book.vault().seal_credential(&key, &credential).ok().unwrap();
        book.store().import_credentials(vec![(key, sealed)]).await.unwrap();
    }

    #[tokio::test]
    async fn a_serial_number_that_two_records_claim_gives_neither_a_credential() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path()).await;
        import(&book, MeantFor::Serial("7CX4K53".into()), "its own").await;
        let own = certificate(1, false);
        let first = answers(&book, 1, "7CX4K53", own.clone()).await;
        assert_eq!(adoptable(&book).await.unwrap(), std::slice::from_ref(&first));

        let impostor = certificate(2, false);
        let second = answers(&book, 2, "7cx4k53", impostor.clone()).await;
        assert_eq!(adoptable(&book).await.unwrap(), []);
        assert_eq!(credentials(&book, &second, &impostor).await.unwrap(), []);
        assert_eq!(credentials(&book, &first, &own).await.unwrap(), []);
        // The true one was adopted meanwhile: the impostor gets nothing all the same.
        book.change(&first, |device| device.stage = Stage::InService).unwrap();
        assert_eq!(adoptable(&book).await.unwrap(), []);
        assert_eq!(credentials(&book, &second, &impostor).await.unwrap(), []);
        // Once the impostor is gone from the book, the serial number means one controller again, with its one try.
        let outputs = book.registry().remove(&second);
        book.carry_out(outputs);
        let handed = credentials(&book, &first, &own).await.unwrap();
        assert_eq!(handed.len(), 1);
        assert_eq!(credentials(&book, &first, &own).await.unwrap(), [], "one try");
    }

    #[tokio::test]
    async fn what_one_device_was_given_goes_to_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path()).await;
        import(&book, MeantFor::Serial("7CX4K53".into()), "its own").await;
        let first = answers(&book, 1, "7CX4K53", certificate(1, false)).await;
        assert_eq!(credentials(&book, &first, &certificate(1, false)).await.unwrap().len(), 1);
        // Read in full it turns out to call itself otherwise inside.
        let inside = |device: &mut Device| device.identity.serial = Some("CN0123".into());
        book.change(&first, inside).unwrap();
        let second = answers(&book, 2, "7CX4K53", certificate(2, false)).await;
        assert_eq!(adoptable(&book).await.unwrap(), []);
        assert_eq!(credentials(&book, &second, &certificate(2, false)).await.unwrap(), []);
        // A person who imports it anew means it.
        import(&book, MeantFor::Serial("7CX4K53".into()), "its own").await;
        assert_eq!(adoptable(&book).await.unwrap(), std::slice::from_ref(&second));
    }

    #[tokio::test]
    async fn what_was_imported_for_a_device_is_destroyed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path()).await;
        import(&book, MeantFor::Serial("7CX4K53".into()), "its own").await;
        import(&book, MeantFor::Serial("OTHER1".into()), "another's").await;
        import(&book, MeantFor::TrustedCertificate, "shared").await;
        let id = answers(&book, 1, "7CX4K53", certificate(1, true)).await;
        assert_eq!(credentials(&book, &id, &certificate(1, true)).await.unwrap().len(), 2);
        let (actor, action) = (model::Actor::system("operator"), model::Action::DeviceForget);
        let object = book.device(&id).unwrap().object();
        let permit = model::Permit::issue(mint::Mint::new(), 1, actor, action, object);
        let records = crate::Records::new(book.clone());
        records.perform(permit, Forget { device: id }).await.unwrap();
        let left = book.store().imported().await.unwrap().into_iter().map(|(key, _sealed)| key);
        assert_eq!(left.collect::<Vec<_>>(), ["imported:serial:OTHER1", "imported:trusted_certificate"]);
    }

    #[tokio::test]
    async fn the_shared_credential_goes_by_the_certificate_of_the_connection() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path()).await;
        import(&book, MeantFor::TrustedCertificate, "shared").await;
        // The sweep saw a trusted certificate; the connection that asks shows another one.
        let id = answers(&book, 1, "A1", certificate(1, true)).await;
        assert_eq!(credentials(&book, &id, &certificate(2, false)).await.unwrap(), []);
        assert_eq!(credentials(&book, &id, &certificate(1, true)).await.unwrap().len(), 1);
    }
}
