//! Hashes of random tokens, their comparison, and the alphabet that they are written in.

use ring::digest;
use subtle::ConstantTimeEq;

/// Crockford's base 32 in lower case: without i, l, o and u, so that it can be read aloud and typed.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// SHA-256 of `text` in lower-case hexadecimal, separated by `purpose` from hashes for another use.
///
/// A plain hash is enough where `text` holds 80 random bits or more: there is no dictionary to slow down.
/// It is never used for passwords.
pub(crate) fn of(purpose: &str, text: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(purpose.as_bytes());
    context.update(&[0]);
    context.update(text.as_bytes());
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without telling by time how much was equal; the lengths are no secret.
pub(crate) fn equal(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Writes the first `length` symbols of the bytes, five bits each, most significant first.
pub(crate) fn symbols(bytes: &[u8], length: usize) -> String {
    let bit = |index: usize| {
        let byte = bytes.get(index / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - index % 8) & 1)
    };
    let symbol = |at: usize| (at * 5..at * 5 + 5).fold(0, |value, index| value << 1 | bit(index));
    (0..length).filter_map(|at| ALPHABET.get(symbol(at)).map(|byte| char::from(*byte))).collect()
}

/// Whether the text is made of the alphabet's symbols only.
pub(crate) fn is_symbols(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_sha_256_and_differ_by_purpose() {
        assert_ne!(of("a", "x"), of("b", "x"));
        assert_eq!(of("a", "x").len(), 64);
        // printf 'a\0x' | sha256sum
        assert_eq!(of("a", "x"), "8b86bced10290476e3cbf7ec75ec99dc5afd02120997525be1c62db47aa5c524");
    }

    #[test]
    fn symbols_take_five_bits_each() {
        assert_eq!(symbols(&[0xff; 5], 8), "zzzzzzzz");
        assert_eq!(symbols(&[0b0000_0000, 0b0100_0000], 2), "01");
        assert_eq!(symbols(&[0x08, 0x42, 0x10, 0x84, 0x21], 8), "11111111");
    }

    #[test]
    fn comparison_is_by_content() {
        assert!(equal("abc", "abc"));
        assert!(!equal("abc", "abd"));
        assert!(!equal("abc", "ab"));
    }
}
