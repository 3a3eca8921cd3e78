//! New identifiers: random, short, easy to read aloud.

use model::device::DeviceId;

/// Crockford's base 32: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new device's identifier: `d-` and ten characters (50 random bits).
#[must_use]
pub fn device() -> DeviceId {
    DeviceId(format!("d-{}", random()))
}

/// A new opening's identifier: `p-` and ten characters. The kernel's rules carry it.
#[must_use]
pub fn pinhole() -> String {
    format!("p-{}", random())
}

/// Ten characters: 50 random bits.
fn random() -> String {
    let mut bytes = [0; 10];
    // Without randomness nothing here is safe to run; the operating system gives it or the start fails long before.
    if getrandom::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|character| char::from(*character))
        .collect()
}
