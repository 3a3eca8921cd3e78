//! New identifiers: random, short, easy to read aloud.

use model::device::DeviceId;

/// Crockford's base 32: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new device's identifier: `d-` and ten characters (50 random bits).
#[must_use]
pub fn device() -> DeviceId {
    let mut bytes = [0; 10];
    // Without randomness nothing here is safe to run; the operating system gives it or the start fails long before.
    if getrandom::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    let text: String = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|character| char::from(*character))
        .collect();
    DeviceId(format!("d-{text}"))
}
