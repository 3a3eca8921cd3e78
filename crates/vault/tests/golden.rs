//! Bytes made by other implementations (libsodium's XChaCha20-Poly1305, the reference argon2, Python's hmac) from what the
//! manual says: the format on disk is what is written down, and stays so.

use model::Secret;
use std::path::Path;
use vault::{Key, Stretch, Vault};

const KEY_FILE: &[u8] = b"portcullis-vault-key-v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
const KEY_ID: &str = "14f034b1ac680481";
/// The credential `root` / `calvin` for `device:7`; the nonce is 100, 101, … 123.
const SEALED: &str = "5043563114f034b1ac6804816465666768696a6b6c6d6e6f707172737475767778797a7b\
                      7e73f9b0fb5ce6edf353fc53d006d3f74ae2092944169b9b9ce864d5dd7c1c";
const STRETCH: &str = r#"{
  "version": 1, "algorithm": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 4,
  "salt": "AAECAwQFBgcICQoLDA0ODw", "key_id": "01cd4eae927d526b",
  "check": "LVtCptmqOsCP0yfbkZO4vlyYIOC/Fp9xRLAkXIYuYtA"
}"#;

#[test]
fn a_sealed_credential_made_elsewhere_opens() {
    let vault = Vault::new(Key::parse(KEY_FILE).ok().unwrap());
    assert_eq!(vault.key_id().to_string(), KEY_ID);
    let pairs = SEALED.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let stored: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    let credential = vault.open_credential("device:7", &stored).unwrap();
    assert_eq!((credential.username.as_str(), credential.password.expose().as_str()), ("root", "calvin"));
}

#[test]
fn a_passphrase_record_made_elsewhere_gives_its_key() {
    let path = Path::new("vault-passphrase.json");
    let record = Stretch::parse(STRETCH.as_bytes(), path).unwrap();
    let key = record.key(&Secret::from("a sluice above the old mill"), path).ok().unwrap();
    assert_eq!(key.id().to_string(), "01cd4eae927d526b");
}
