//! The key that signs checkpoints: an Ed25519 key pair in PKCS#8 DER, in a file that only its owner can read.

use crate::Error;
use evidence::Signer;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// An Ed25519 key pair in PKCS#8 takes 83 to 85 bytes; nothing that long is one.
const MOST_BYTES: u64 = 4096;

/// Makes a new key in a new file of mode 0600.
///
/// # Errors
/// When the file exists already, or cannot be written.
pub fn create(path: &Path) -> Result<Signer, Error> {
    let pkcs8 = Signer::generate()?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("create the audit key", path))?;
    let written = file.write_all(pkcs8.as_ref()).and_then(|()| file.sync_all());
    written.map_err(Error::io("write the audit key", path))?;
    Ok(Signer::from_pkcs8(pkcs8.as_ref())?)
}

/// Reads the key.
///
/// # Errors
/// When the file is missing, readable by others, or no key.
pub fn load(path: &Path) -> Result<Signer, Error> {
    let wrong = |problem: String| Error::Key { path: path.into(), problem };
    let file = File::open(path).map_err(Error::io("open the audit key", path))?;
    let mode = file.metadata().map_err(Error::io("look at the audit key", path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(wrong(format!("mode {:04o} lets others read it: chmod 0600", mode & 0o7777)));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(Error::io("read the audit key", path))?;
    Signer::from_pkcs8(&bytes).map_err(|why| wrong(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        let made = create(&path).unwrap();
        assert_eq!(load(&path).unwrap().public(), made.public());
        assert!(matches!(create(&path), Err(Error::Io { .. })), "a key was overwritten");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("0640"));
    }
}
