//! The key: 32 bytes, wiped when dropped, known to people by an identifier that tells nothing of it.

use crate::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::hmac;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes in a key.
pub const KEY_BYTES: usize = 32;
/// Bytes in a key's identifier.
pub const KEY_ID_BYTES: usize = 8;
/// What a key file begins with.
const HEADER: &str = "portcullis-vault-key-v1:";
/// A key file has 68 bytes; more than this is something else.
const FILE_LIMIT: u64 = 1024;

/// Names a key without telling anything of it: eight bytes of HMAC-SHA-256 under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key. It has no `Debug`, no `Clone` and no way out of this crate.
pub struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: KeyId,
}

impl Key {
    pub(crate) fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let tag =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()), b"portcullis vault key id v1");
        let mut id = [0; KEY_ID_BYTES];
        id.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        Self { bytes, id: KeyId(id) }
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(Error::Random)?;
        Ok(Self::new(bytes))
    }

    /// The key's identifier, which every sealed secret carries.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// Reads a key file that nobody but its owner can read.
    ///
    /// # Errors
    /// If it cannot be read, can be read by others, or holds no key.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::read(path, true)
    }

    /// Reads a systemd credential. Its mode is systemd's business: the directory is private to the service.
    ///
    /// # Errors
    /// If it cannot be read or holds no key.
    pub fn from_credential(directory: &Path, name: &str) -> Result<Self, Error> {
        Self::read(&directory.join(name), false)
    }

    fn read(path: &Path, private: bool) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.into(), source };
        let file = File::open(path).map_err(failed)?;
        // Of the open file, so that nothing can be swapped in between.
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::KeyFile { path: path.into(), problem: "it is not a regular file" });
        }
        let mode = metadata.mode() & 0o7777;
        if private && mode & 0o077 != 0 {
            return Err(Error::Mode { path: path.into(), mode });
        }
        // As large as it can become, so that it is never moved and leaves no copy behind.
        let mut content = Zeroizing::new(Vec::with_capacity(FILE_LIMIT as usize + 64));
        file.take(FILE_LIMIT + 1).read_to_end(&mut content).map_err(failed)?;
        Self::parse(&content).map_err(|problem| Error::KeyFile { path: path.into(), problem })
    }

    /// Reads what stands in a key file: `portcullis-vault-key-v1:` and 32 bytes in base64 without padding.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn parse(content: &[u8]) -> Result<Self, &'static str> {
        if content.len() as u64 > FILE_LIMIT {
            return Err("it is too large");
        }
        let text = content.trim_ascii();
        let encoded =
            text.strip_prefix(HEADER.as_bytes()).ok_or("it does not begin with portcullis-vault-key-v1:")?;
        // The decoder may write a little more than it keeps.
        let mut bytes = Zeroizing::new([0; KEY_BYTES + 8]);
        let length = STANDARD_NO_PAD.decode_slice(encoded, bytes.as_mut_slice());
        let bytes = bytes.first_chunk::<KEY_BYTES>().filter(|_| length == Ok(KEY_BYTES));
        Ok(Self::new(Zeroizing::new(*bytes.ok_or("what follows the header is not 32 bytes in base64")?)))
    }

    fn to_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        text.push_str(HEADER);
        STANDARD_NO_PAD.encode_string(self.bytes.as_slice(), &mut text);
        text.push('\n');
        text
    }
}

/// Makes a file with a fresh key, readable by its owner only. An existing file is never touched.
///
/// # Errors
/// If the file exists or cannot be written.
pub fn generate_key_file(path: &Path) -> Result<KeyId, Error> {
    let key = Key::generate()?;
    write_new(path, key.to_file_text().as_bytes())?;
    Ok(key.id())
}

/// Writes a new file with mode 0600 and brings it and its name to the disk.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| Error::Write { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_file_is_private_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        let id = generate_key_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert!(Key::from_file(&path).ok().unwrap().id() == id);
        let again = generate_key_file(&path).err().unwrap();
        assert!(matches!(again, Error::Write { .. }), "an existing key was overwritten");
        assert!(Key::from_file(&path).ok().unwrap().id() == id);
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_and_the_cure_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        generate_key_file(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644, 0o610, 0o666, 0o777] {
            chmod(&path, mode);
            let told = Key::from_file(&path).err().unwrap().to_string();
            assert!(told.contains(&format!("{mode:04o}")) && told.contains("chmod 600 /"), "{told}");
        }
        for mode in [0o600, 0o400] {
            chmod(&path, mode);
            assert!(Key::from_file(&path).is_ok());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        let good = Key::generate().unwrap().to_file_text();
        let short = good.get(..good.len() - 2).unwrap();
        for bad in [
            "",
            "secret",
            HEADER,
            short,
            &format!("{}AAAA", good.trim()),
            &good.replace("v1", "v2"),
            &"x".repeat(5000),
        ] {
            assert!(Key::parse(bad.as_bytes()).is_err(), "{bad:.40}");
            std::fs::write(&path, bad).unwrap();
            chmod(&path, 0o600);
            assert!(matches!(Key::from_file(&path), Err(Error::KeyFile { .. })));
        }
        assert!(matches!(Key::from_file(directory.path()), Err(Error::KeyFile { .. } | Error::Mode { .. })));
        assert!(matches!(Key::from_file(&directory.path().join("none")), Err(Error::Read { .. })));
    }

    #[test]
    fn an_error_does_not_show_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        std::fs::write(&path, "hunter2hunter2").unwrap();
        chmod(&path, 0o600);
        let error = Key::from_file(&path).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _either = Key::parse(&bytes);
        }
    }
}
