//! What is sealed opens again, and only as what, where and with what it was sealed.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

use model::{Credential, Secret};
use proptest::prelude::*;
use vault::{Error, Key, Sealed, Vault, reseal, seal::LONGEST};

fn vault() -> Vault {
    Vault::new(Key::generate().unwrap())
}

fn root() -> Credential {
    Credential { username: "root".into(), password: "cälvin\0 and hobbes".into() }
}

#[test]
fn bytes_texts_and_credentials_come_back() {
    let vault = vault();
    let bytes = vault.seal("device:7", b"\x00\xff secret").unwrap();
    assert_eq!(vault.open("device:7", &bytes).unwrap().expose(), b"\x00\xff secret");
    let text = vault.seal_text("user:alice/totp", &"a text".into()).unwrap();
    assert_eq!(vault.open_text("user:alice/totp", &text).unwrap().expose(), "a text");
    let credential = vault.seal_credential("device:7", &root()).unwrap();
    assert!(vault.open_credential("device:7", &credential).unwrap() == root());
    let stored = vault.seal_bytes("device:7", b"secret").unwrap();
    assert_eq!(vault.open_bytes("device:7", &stored).unwrap().expose(), b"secret");
    let empty = Credential { username: String::new(), password: Secret::new(String::new()) };
    let sealed = vault.seal_credential("device:8", &empty).unwrap();
    assert!(vault.open_credential("device:8", &sealed).unwrap() == empty);
}

#[test]
fn the_same_secret_is_never_sealed_alike_and_never_seen() {
    let vault = vault();
    let (one, other) =
        (vault.seal("c", b"calvin-hobbes").unwrap(), vault.seal("c", b"calvin-hobbes").unwrap());
    assert_ne!(one, other);
    assert!(!one.as_bytes().windows(6).any(|window| window == b"calvin"));
}

#[test]
fn every_changed_byte_every_cut_and_every_addition_is_found() {
    let vault = vault();
    let sealed = vault.seal_credential("device:7", &root()).unwrap();
    let opens = |bytes: &[u8]| vault.open_credential("device:7", bytes).is_ok();
    assert!(opens(&sealed));
    for at in 0..sealed.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = sealed.clone();
            changed[at] ^= flip;
            assert!(!opens(&changed), "byte {at} ^ {flip:#x}");
        }
        assert!(!opens(&sealed[..at]), "cut to {at}");
        assert!(!opens(&sealed[at..]) || at == 0, "begun at {at}");
    }
    assert!(!opens(&[sealed, vec![0]].concat()));
}

#[test]
fn a_secret_moved_to_another_row_does_not_open() {
    let vault = vault();
    let sealed = vault.seal("device:7", b"secret").unwrap();
    for context in ["device:8", "device:70", "device:", "", "user:7", "DEVICE:7"] {
        let error = vault.open(context, &sealed).unwrap_err();
        assert!(matches!(&error, Error::Changed { context: told } if told == context), "{error}");
    }
}

#[test]
fn one_kind_is_not_taken_for_another() {
    let vault = vault();
    let text = vault.seal_text("c", &"text".into()).unwrap();
    assert!(matches!(vault.open_bytes("c", &text), Err(Error::Kind { .. })));
    assert!(matches!(vault.open_credential("c", &text), Err(Error::Kind { wanted: "credential", .. })));
    let bytes = vault.seal_bytes("c", b"text").unwrap();
    assert!(matches!(vault.open_text("c", &bytes), Err(Error::Kind { .. })));
}

#[test]
fn a_wrong_key_is_named() {
    let (right, wrong) = (vault(), vault());
    let sealed = right.seal("device:7", b"secret").unwrap();
    let told = wrong.open("device:7", &sealed).unwrap_err().to_string();
    assert!(
        told.contains(&right.key_id().to_string()) && told.contains(&wrong.key_id().to_string()),
        "{told}"
    );
    assert_eq!(right.key_id().to_string().len(), 16);
}

#[test]
fn rotation_keeps_secret_kind_and_context() {
    let (old, new) = (vault(), vault());
    let sealed = Sealed::parse(&old.seal_credential("device:7", &root()).unwrap()).unwrap();
    let moved = reseal(&old, &new, "device:7", &sealed).unwrap();
    assert_eq!(moved.key_id(), new.key_id());
    assert!(new.open_credential("device:7", moved.as_bytes()).unwrap() == root());
    assert!(matches!(old.open_credential("device:7", moved.as_bytes()), Err(Error::WrongKey { .. })));
    assert!(reseal(&old, &new, "device:8", &sealed).is_err());
    assert!(reseal(&new, &old, "device:7", &sealed).is_err());
}

#[test]
fn what_is_too_long_is_refused() {
    let vault = vault();
    let longest = vec![7; LONGEST];
    let sealed = vault.seal("c", &longest).unwrap();
    assert_eq!(vault.open("c", &Sealed::parse(sealed.as_bytes()).unwrap()).unwrap().expose(), &longest);
    assert!(matches!(vault.seal("c", &[7; LONGEST + 1]), Err(Error::TooLong { .. })));
}

#[test]
fn errors_and_debug_do_not_show_secrets() {
    let vault = vault();
    let sealed = vault.seal_text("c", &"hunter2hunter2".into()).unwrap();
    let shown =
        format!("{sealed:?} {:?} {:?}", vault.open_text("c", &sealed), vault.open_credential("c", &sealed));
    assert!(!shown.contains("hunter2"), "{shown}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), led in any::<bool>()) {
        let vault = vault();
        let mut stored = if led { [b"PCV1", &vault.seal("c", b"").unwrap().as_bytes()[4..12]].concat() } else { vec![] };
        stored.extend(bytes);
        if let Ok(sealed) = Sealed::parse(&stored) {
            prop_assert_eq!(sealed.as_bytes(), &stored);
            prop_assert!(vault.open("c", &sealed).is_err());
            prop_assert!(vault.open_text("c", &stored).is_err());
            prop_assert!(vault.open_credential("c", &stored).is_err());
        }
    }

    #[test]
    fn any_credential_comes_back(username in ".*", password in ".*", context in ".*") {
        let vault = vault();
        let credential = Credential { username, password: Secret::new(password) };
        let sealed = vault.seal_credential(&context, &credential).unwrap();
        prop_assert!(vault.open_credential(&context, &sealed).unwrap() == credential);
    }
}
