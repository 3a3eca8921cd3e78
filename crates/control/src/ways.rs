//! How sessions are closed without their device's record, sealed for the store and unsealed again.

use crate::book::in_full;
use jiff::Timestamp;
use model::book::{OpenSession, Proof, WayIn};
use model::device::{DeviceId, Endpoint, Fingerprint};
use model::{Credential, Secret};
use serde::{Deserialize, Serialize};
use store::OpenSessionRow;
use vault::Vault;

/// What is sealed, with the secret lent.
#[derive(Serialize)]
struct Written<'a> {
    endpoint: Endpoint,
    pin: Option<Fingerprint>,
    #[serde(flatten)]
    proof: WrittenProof<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum WrittenProof<'a> {
    Account { username: &'a str, password: &'a str },
    Token(&'a str),
}

/// The same, read back.
#[derive(Deserialize)]
struct Read {
    endpoint: Endpoint,
    pin: Option<Fingerprint>,
    #[serde(flatten)]
    proof: ReadProof,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReadProof {
    Account(Credential),
    Token(Secret<String>),
}

/// What a way in is sealed for: it opens in no other entry.
fn context(device: &DeviceId, asked_at: Timestamp) -> String {
    format!("session:{device}:{}", asked_at.as_nanosecond())
}

/// The row of a session, its way in sealed.
pub(crate) fn seal(
    vault: &Vault,
    session: OpenSession,
) -> Result<OpenSessionRow, Box<dyn std::error::Error>> {
    let OpenSession { device, path, asked_at, way_in } = session;
    let seal = |way: WayIn| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let plain = Secret::new(serde_json::to_vec(&written(&way))?);
        Ok(vault.seal_bytes(&context(&device, asked_at), plain.expose())?)
    };
    let way_in = way_in.map(seal).transpose()?;
    Ok(OpenSessionRow { device, asked_at, path, way_in })
}

/// The session of a row. One whose seal does not open (a database restored beside another key) has no way in.
pub(crate) fn open(vault: &Vault, row: OpenSessionRow) -> OpenSession {
    let OpenSessionRow { device, asked_at, path, way_in } = row;
    let way_in = way_in.and_then(|sealed| match unseal(vault, &context(&device, asked_at), &sealed) {
        Ok(way) => Some(way),
        Err(error) => {
            tracing::warn!(%device, error = in_full(&*error), "how a session that was left open is closed cannot be unsealed");
            None
        }
    });
    OpenSession { device, path, asked_at, way_in }
}

fn unseal(vault: &Vault, context: &str, sealed: &[u8]) -> Result<WayIn, Box<dyn std::error::Error>> {
    let plain = vault.open_bytes(context, sealed)?;
    let Read { endpoint, pin, proof } = serde_json::from_slice(plain.expose())?;
    let proof = match proof {
        ReadProof::Account(credential) => Proof::Account(credential),
        ReadProof::Token(token) => Proof::Token(token),
    };
    Ok(WayIn { endpoint, pin, proof })
}

fn written(way: &WayIn) -> Written<'_> {
    let proof = match &way.proof {
        Proof::Account(account) => {
            WrittenProof::Account { username: &account.username, password: account.password.expose() }
        }
        Proof::Token(token) => WrittenProof::Token(token.expose()),
    };
    Written { endpoint: way.endpoint, pin: way.pin, proof }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(folder: &std::path::Path) -> Vault {
        vault::KeySource::File(folder.join("key")).establish(&vault::Surroundings::default()).ok().unwrap()
    }

    fn session(proof: Proof, pin: Option<Fingerprint>) -> OpenSession {
        let endpoint = Endpoint { addr: "10.0.3.7".parse().unwrap(), port: 443 };
        OpenSession {
            device: DeviceId("d1".into()),
            path: None,
            asked_at: Timestamp::from_nanosecond(1_800_000_000_123_456_789).unwrap(),
            way_in: Some(WayIn { endpoint, pin, proof }),
        }
    }

    #[test]
    fn what_is_sealed_is_read_back_and_shows_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let account = Credential { username: "root".into(), password: "calvin".into() };
        for proof in [Proof::Account(account), Proof::Token("t0ken-calvin".into())] {
            for pin in [None, Some(Fingerprint([7; 32]))] {
                let session = session(proof.clone(), pin);
                assert!(!format!("{session:?}").contains("calvin"));
                let row = seal(&vault, session.clone()).ok().unwrap();
                let sealed = row.way_in.clone().unwrap();
                assert!(!sealed.windows(6).any(|bytes| bytes == b"calvin"));
                assert_eq!(open(&vault, row), session);
            }
        }
    }

    #[test]
    fn in_another_entry_or_with_another_key_it_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let row = seal(&vault, session(Proof::Token("token".into()), None)).ok().unwrap();
        let device = OpenSessionRow { device: DeviceId("d2".into()), ..row.clone() };
        let time = OpenSessionRow { asked_at: Timestamp::UNIX_EPOCH, ..row.clone() };
        for moved in [device, time] {
            assert_eq!(open(&vault, moved).way_in, None);
        }
        let other = tempfile::tempdir().unwrap();
        let other =
            vault::KeySource::File(other.path().join("key")).establish(&vault::Surroundings::default());
        assert_eq!(open(&other.ok().unwrap(), row).way_in, None);
    }
}
