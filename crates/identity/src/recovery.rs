//! Recovery codes: ten one-time codes that stand in for a lost second factor.
//!
//! A code is sixteen symbols of Crockford's base 32, 80 random bits. That is beyond any guessing, so it is kept as
//! a plain SHA-256: a slow hash protects secrets that people chose, and nobody chose these.

use crate::error::Error;
use crate::hash;
use model::Secret;

/// How many codes a set has.
pub const CODES: usize = 10;
/// Symbols in a code; each carries five bits.
const SYMBOLS: usize = 16;
const PURPOSE: &str = "portcullis recovery code";

/// A fresh set: the codes are shown once, the hashes are kept. Both are in the same order.
pub struct Codes {
    /// `k7qd-9w2m-xr4h-05zt`, for the person.
    pub codes: Vec<Secret<String>>,
    /// For the store.
    pub hashes: Vec<String>,
}

/// Makes a fresh set; the old one must be dropped with it.
///
/// # Errors
/// If there is no randomness.
pub fn generate() -> Result<Codes, Error> {
    let mut made = Codes { codes: Vec::with_capacity(CODES), hashes: Vec::with_capacity(CODES) };
    for _ in 0..CODES {
        let random = crate::random::bytes::<10>()?;
        let symbols = Secret::new(hash::symbols(random.as_slice(), SYMBOLS));
        made.hashes.push(hash::of(PURPOSE, symbols.expose()));
        made.codes.push(Secret::new(grouped(symbols.expose())));
    }
    Ok(made)
}

/// Which of the kept hashes belongs to the typed code, as its place in `hashes`.
///
/// The caller removes that hash in the same transaction that lets the person in, so the code works once. All hashes are
/// compared, whichever matches. Capitals, spaces and hyphens do not matter; `o` is read as 0, `i` and `l` as 1.
#[must_use]
pub fn find<T: AsRef<str>>(typed: &str, hashes: &[T]) -> Option<usize> {
    let typed = hash::of(PURPOSE, normalise(typed)?.expose());
    let compare = |(index, kept): (usize, &T)| hash::equal(&typed, kept.as_ref()).then_some(index);
    hashes.iter().enumerate().filter_map(compare).fold(None, |_, index| Some(index))
}

fn grouped(symbols: &str) -> String {
    let chars: Vec<char> = symbols.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-")
}

fn normalise(typed: &str) -> Option<Secret<String>> {
    if typed.len() > 4 * SYMBOLS {
        return None;
    }
    let read = |c: char| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(read).collect();
    (plain.len() == SYMBOLS && hash::is_symbols(&plain)).then(|| Secret::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_a_set_is_found_and_works_once() {
        let Codes { codes, mut hashes } = generate().unwrap();
        assert_eq!((codes.len(), hashes.len()), (CODES, CODES));
        for code in &codes {
            let index = find(code.expose(), &hashes).unwrap();
            hashes.remove(index);
            assert_eq!(find(code.expose(), &hashes), None, "used twice");
        }
        assert!(hashes.is_empty());
    }

    #[test]
    fn codes_are_random_and_easy_to_type() {
        let made = generate().unwrap();
        let distinct: std::collections::BTreeSet<_> = made.hashes.iter().collect();
        assert_eq!(distinct.len(), CODES);
        for code in &made.codes {
            let code = code.expose();
            assert_eq!(code.len(), 19);
            assert!(code.split('-').all(|group| group.len() == 4 && hash::is_symbols(group)), "{code}");
        }
    }

    #[test]
    fn typing_is_forgiven() {
        let hashes = [hash::of(PURPOSE, "00112233445566zz")];
        for typed in ["0011-2233-4455-66zz", "00112233445566ZZ", " oOiL 2233 4455 66zz "] {
            assert_eq!(find(typed, &hashes), Some(0), "{typed}");
        }
        for typed in [
            "",
            "0011",
            "0011-2233-4455-66zy",
            "0011-2233-4455-66zzz",
            "uuuu-uuuu-uuuu-uuuu",
            &"0".repeat(9999),
        ] {
            assert_eq!(find(typed, &hashes), None, "{typed:.20}");
        }
    }

    #[test]
    fn the_hash_does_not_show_the_code() {
        let made = generate().unwrap();
        for (code, hash) in made.codes.iter().zip(&made.hashes) {
            assert!(!hash.contains(&code.expose().replace('-', "")));
        }
    }
}
