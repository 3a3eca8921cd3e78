//! Promises about what the vault reads: key files, passphrase records, sealed secrets.

use std::path::Path;
use vault::{Key, Sealed, Stretch, Vault};

/// The one sealed secret among the seeds, and the key that opens it.
const SEALED: &[u8] = include_bytes!("../../../fuzz/seeds/vault_sealed/device-7");
const KEY: &[u8] = include_bytes!("../../../fuzz/seeds/vault_key/key");

/// A key that is read is the same key with another end of line.
pub fn key(bytes: &[u8]) {
    let Ok(key) = Key::parse(bytes) else { return };
    let mut ended = bytes.trim_ascii().to_vec();
    ended.extend(b"\r\n");
    assert!(
        Key::parse(&ended).is_ok_and(|again| again.id() == key.id()),
        "another end of line makes another key"
    );
}

/// A passphrase record that is read is written and read again as itself.
pub fn stretch(bytes: &[u8]) {
    let path = Path::new("record");
    let Ok(record) = Stretch::parse(bytes, path) else { return };
    let written = serde_json::to_vec(&record).unwrap_or_default();
    let again = Stretch::parse(&written, path);
    assert!(
        again.is_ok_and(|again| again == record),
        "written and read again, it is another record: {record:?}"
    );
}

/// Sealed bytes that are read are kept as they are, and nothing opens but what was sealed, where it was sealed.
pub fn sealed(bytes: &[u8]) {
    let Ok(sealed) = Sealed::parse(bytes) else { return };
    assert!(sealed.as_bytes() == bytes, "sealed bytes were changed by reading them");
    let Ok(vault) = Key::parse(KEY).map(Vault::new) else { return };
    if vault.open("device:7", &sealed).is_ok() {
        assert!(bytes == SEALED, "something opens that was never sealed");
    }
    assert!(vault.open("device:8", &sealed).is_err(), "a secret opens in another place than its own");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_opens_with_the_seeds_key() {
        let vault = Vault::new(Key::parse(KEY).unwrap());
        let secret = vault.open_bytes("device:7", SEALED).unwrap();
        assert_eq!(secret.expose(), b"calvin");
    }
}
