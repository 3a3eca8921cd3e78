//! Passwords: kept as argon2id hashes, refused when weak, and the same work for an account that does not exist.

use crate::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use model::Secret;
use zeroize::Zeroizing;

/// Memory in KiB for one hash: 19 MiB, the first choice of OWASP's Password Storage Cheat Sheet for argon2id.
/// Two cores and 1 GB carry a dozen sign-ins at once.
pub const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
pub const PASSES: u32 = 2;
/// Lanes.
pub const LANES: u32 = 1;
/// The shortest password accepted, in characters.
pub const SHORTEST: usize = 12;
/// The longest password accepted, in bytes; longer ones are never hashed.
pub const LONGEST: usize = 1024;

/// What an account that does not exist is verified against: the same parameters, and the result is thrown away.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cG9ydGN1bGxpc25vYm9keQ$aSmNzR2uBBtx0UoxHFCmnO0UZTbSQsX6vlmGJaFf0Wg";

/// Passwords of twelve characters and more that every guesser tries first, in lower case; those
/// without digits also stand for themselves with look-alikes, signs, and digits at the end.
const NOTORIOUS: &[&str] = &[
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "zaq12wsxcde3",
    "abcdefghijkl",
    "abcdefghijklm",
    "administrator",
    "administratoradmin",
    "adminadminadmin",
    "changeme",
    "changemechangeme",
    "changemeplease",
    "correcthorsebatterystaple",
    "iloveyouiloveyou",
    "letmein",
    "letmeinletmein",
    "letmeinplease",
    "mypassword",
    "mysecretpassword",
    "passwordpassword",
    "password",
    "portcullis",
    "portcullisadmin",
    "qazwsxedcrfv",
    "qwertyqwerty",
    "qwertyuiop",
    "qwertyuiopas",
    "qwertyuiopasdfghjkl",
    "rootrootroot",
    "secretsecret",
    "superuser",
    "supersecret",
    "thisisapassword",
    "trustno",
    "welcome",
    "welcomewelcome",
];

/// Why a new password is refused; the sentences are for the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer than [`SHORTEST`] characters.
    #[error("the password is too short: use at least {SHORTEST} characters")]
    TooShort,
    /// More than [`LONGEST`] bytes.
    #[error("the password is too long: use at most {LONGEST} bytes")]
    TooLong,
    /// It is the account's name, with little around it.
    #[error("the password is made of the user name: choose another")]
    UserName,
    /// It is one that every guesser tries.
    #[error("the password is one that is guessed first: choose another")]
    Notorious,
    /// It uses fewer than five different characters.
    #[error("the password repeats too few characters: use at least five different ones")]
    Repetitive,
}

/// Whether a new password may be used by `user`.
///
/// # Errors
/// With the first reason found against it.
pub fn check_policy(user: &str, password: &Secret<String>) -> Result<(), Weakness> {
    let text = password.expose();
    if text.len() > LONGEST {
        return Err(Weakness::TooLong);
    }
    if text.chars().count() < SHORTEST {
        return Err(Weakness::TooShort);
    }
    let lower = Zeroizing::new(text.to_lowercase());
    if is_mostly(&lower, &user.to_lowercase()) {
        return Err(Weakness::UserName);
    }
    let letters = Zeroizing::new(unadorned(&lower));
    if letters.is_empty() || NOTORIOUS.contains(&letters.as_str()) || NOTORIOUS.contains(&lower.as_str()) {
        return Err(Weakness::Notorious);
    }
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    if different.len() < 5 {
        return Err(Weakness::Repetitive);
    }
    Ok(())
}

/// Whether the name is in the text, with fewer than four other letters around it.
fn is_mostly(text: &str, name: &str) -> bool {
    let rest = Zeroizing::new(text.replace(name, ""));
    !name.is_empty() && text.contains(name) && rest.chars().filter(|c| c.is_alphabetic()).count() < 4
}

/// The text with common look-alikes read as letters, and then without what is no letter.
fn unadorned(text: &str) -> String {
    let stripped = text.trim_end_matches(|c: char| !c.is_alphabetic());
    let letter = |c| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        other => other,
    };
    stripped.chars().map(letter).filter(|c| c.is_alphabetic()).collect()
}

/// Hashes a password with a fresh salt, as a PHC string.
///
/// # Errors
/// If there is no randomness or no memory.
pub fn hash(password: &Secret<String>) -> Result<String, Error> {
    let salt = crate::random::bytes::<16>()?;
    let hasher = hasher()?;
    let hashed = hasher.hash_password_with_salt(password.expose().as_bytes(), salt.as_slice());
    Ok(hashed.map_err(Error::HashPassword)?.to_string())
}

/// Whether the password is the one that `stored` was made of.
///
/// `None` stands for an account that does not exist or has no password yet: the same work is done, and the answer is no.
///
/// # Errors
/// If `stored` is no hash of argon2id, or there is no memory.
pub fn verify(password: &Secret<String>, stored: Option<&str>) -> Result<bool, Error> {
    let known = stored.is_some();
    let parsed = parse(stored.unwrap_or(NOBODY))?;
    let text = password.expose();
    let too_long = text.len() > LONGEST;
    let tried = if too_long { &[][..] } else { text.as_bytes() };
    match hasher()?.verify_password(tried, &parsed) {
        Ok(()) => Ok(known && !too_long),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(source) => Err(Error::HashPassword(source)),
    }
}

/// Whether the hash was made with weaker parameters than today's, so that it is renewed at the next sign-in.
#[must_use]
pub fn needs_rehash(stored: &str) -> bool {
    let params = parse(stored).ok().and_then(|parsed| Params::try_from(&parsed).ok());
    params.is_none_or(|params| {
        params.m_cost() < MEMORY_KIB
            || params.t_cost() < PASSES
            || params.output_len().is_none_or(|len| len < 32)
    })
}

fn parse(stored: &str) -> Result<PasswordHash, Error> {
    let parsed = PasswordHash::new(stored).map_err(|_| Error::StoredHash)?;
    let whole = parsed.salt.is_some() && parsed.hash.is_some();
    if whole && parsed.algorithm.as_str() == "argon2id" { Ok(parsed) } else { Err(Error::StoredHash) }
}

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
        .map_err(|source| Error::HashPassword(source.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let right = Secret::from("a sluice above the mill");
        let stored = hash(&right).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(&right, Some(&stored)).unwrap());
        assert!(!verify(&"a sluice above the mall".into(), Some(&stored)).unwrap());
        assert_ne!(stored, hash(&right).unwrap(), "the salt is fresh");
        assert!(!needs_rehash(&stored));
    }

    #[test]
    fn a_hash_of_the_reference_implementation_verifies() {
        // Made with the C library through argon2-cffi.
        let stored = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$P3McKWiUCoKm08xolN8hhMN8AskX6pmILZrgu3NxfEU";
        assert!(verify(&"a sluice above the mill".into(), Some(stored)).unwrap());
        assert!(!verify(&"a sluice above the mall".into(), Some(stored)).unwrap());
    }

    #[test]
    fn an_unknown_account_costs_the_same_parameters_and_is_refused() {
        let nobody = Params::try_from(&parse(NOBODY).unwrap()).unwrap();
        assert_eq!((nobody.m_cost(), nobody.t_cost(), nobody.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(nobody.output_len(), Some(32));
        assert!(!verify(&"anything at all".into(), None).unwrap());
    }

    #[test]
    fn an_unknown_account_takes_as_long_as_a_wrong_password() {
        let time = |stored: Option<&str>| {
            let start = std::time::Instant::now();
            assert!(!verify(&"wrong wrong wrong".into(), stored).unwrap());
            start.elapsed().as_secs_f64()
        };
        let stored = hash(&"right right right".into()).unwrap();
        // The fastest of many, in turns, so that a busy machine slows neither more than the other.
        let rounds = (0..15).map(|_| (time(Some(&stored)), time(None)));
        let (known, unknown) =
            rounds.fold((f64::MAX, f64::MAX), |(known, unknown), (k, u)| (known.min(k), unknown.min(u)));
        // Without the dummy hash this ratio would be below one in a thousand.
        assert!((0.5..2.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
    }

    #[test]
    fn weaker_hashes_are_renewed() {
        let weak = NOBODY.replace("m=19456", "m=4096");
        assert!(needs_rehash(&weak));
        assert!(needs_rehash("no hash"));
        assert!(!needs_rehash(NOBODY));
    }

    #[test]
    fn what_is_no_hash_is_an_error_and_not_a_no() {
        for bad in ["", "x", "$argon2id$", "$argon2i$v=19$m=19456,t=2,p=1$cG9ydGN1bGxpc25vYm9keQ", "$5$abc"] {
            assert!(matches!(verify(&"x".into(), Some(bad)), Err(Error::StoredHash)), "{bad:?}");
        }
    }

    #[test]
    fn an_endless_password_is_refused_without_being_hashed() {
        let long = Secret::new("x".repeat(LONGEST + 1));
        let stored = hash(&long).unwrap();
        assert!(!verify(&long, Some(&stored)).unwrap());
        assert_eq!(check_policy("alice", &long), Err(Weakness::TooLong));
    }

    #[test]
    fn the_policy_refuses_what_is_guessed_first() {
        let weak = |password: &str| check_policy("alice", &password.into()).err();
        assert_eq!(weak("short"), Some(Weakness::TooShort));
        assert_eq!(weak("elevenchars"), Some(Weakness::TooShort));
        assert_eq!(weak("Alice2026!!!"), Some(Weakness::UserName));
        assert_eq!(weak("alicealicealice"), Some(Weakness::UserName));
        assert_eq!(weak("Password1234"), Some(Weakness::Notorious));
        assert_eq!(weak("P@ssw0rd1234!"), Some(Weakness::Notorious));
        assert_eq!(weak("123456789012"), Some(Weakness::Notorious));
        assert_eq!(weak("Administrator1!"), Some(Weakness::Notorious));
        assert_eq!(weak("1q2w3e4r5t6y"), Some(Weakness::Notorious));
        assert_eq!(weak("aaaaaaabbbbbbb"), Some(Weakness::Repetitive));
        assert_eq!(weak("a sluice above the mill"), None);
        assert_eq!(weak("alice walks to the mill"), None);
        assert_eq!(weak("tü:rm-übér-dem-fluß"), None);
    }
}
