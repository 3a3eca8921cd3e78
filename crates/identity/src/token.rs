//! API tokens and one-time links: random texts with a public identifier, kept as a hash only, which end.
//!
//! Written `pct_<id>_<secret>` (token) or `pcl_<id>_<secret>` (link). The identifier is 40 random bits, shown in lists and
//! records; the secret is 256 random bits and four check symbols, so a token cut in copying is told from a wrong one
//! without a look-up, and scanners for leaked secrets can recognise it. Both are Crockford's base 32.

use crate::error::Error;
use crate::hash;
use jiff::{SignedDuration, Timestamp};
use model::Secret;

/// How long a one-time link for a first sign-in or a reset works.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long a token works when nobody says otherwise.
pub const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a token may work at most.
pub const LONGEST_LIFETIME: SignedDuration = SignedDuration::from_hours(366 * 24);

const ID_SYMBOLS: usize = 8;
const SECRET_SYMBOLS: usize = 52;
const CHECK_SYMBOLS: usize = 4;

/// What a text is for; one kind is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A token for programs; works until it ends.
    Api,
    /// A link for a first sign-in or a reset; works once.
    Link,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Api => "pct",
            Self::Link => "pcl",
        }
    }
}

/// A fresh token: the text is shown once, identifier and hash are kept.
pub struct Minted {
    /// Its public identifier, eight symbols.
    pub id: String,
    /// The whole text, for its holder.
    pub text: Secret<String>,
    /// For the store: SHA-256 of the whole text, in hexadecimal.
    pub hash: String,
}

/// A text that has the right shape; whether it is known is yet to be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    /// Which token it says it is.
    pub id: String,
    hash: String,
}

impl Presented {
    /// SHA-256 of the whole text, in hexadecimal: what [`mint`] gave to the store, to look a link up by.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// What the store knows of a token or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The hash that [`mint`] made.
    pub hash: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Whether it was revoked or, being a link, used.
    pub ended: bool,
}

/// Why a token or link is refused. To the one who presents it, all of these are the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not the shape of a token, or cut or changed in copying.
    #[error("this is no token of this kind: check that it was copied wholly")]
    Malformed,
    /// No such token, or a wrong secret.
    #[error("the token is not known")]
    Unknown,
    /// Revoked, or used.
    #[error("the token was revoked or used")]
    Ended,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// A new token that would end before it begins, or live too long.
    #[error("a token must expire in the future and within 366 days")]
    Lifetime,
}

/// Makes a fresh token or link.
///
/// # Errors
/// If there is no randomness.
pub fn mint(kind: Kind) -> Result<Minted, Error> {
    let id = hash::symbols(crate::random::bytes::<5>()?.as_slice(), ID_SYMBOLS);
    let secret = Secret::new(hash::symbols(crate::random::bytes::<33>()?.as_slice(), SECRET_SYMBOLS));
    let body = Secret::new(format!("{}_{id}_{}", kind.prefix(), secret.expose()));
    let text = Secret::new(format!("{}{}", body.expose(), check_symbols(body.expose())));
    let hash = hash::of(kind.prefix(), text.expose());
    Ok(Minted { id, text, hash })
}

/// Reads what somebody presents.
///
/// # Errors
/// If it has not the shape of the kind, or its check symbols are wrong.
pub fn parse(kind: Kind, text: &str) -> Result<Presented, Refusal> {
    let text = text.trim();
    let mut parts = text.split('_');
    let (Some(prefix), Some(id), Some(secret), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    let shaped = prefix == kind.prefix()
        && id.len() == ID_SYMBOLS
        && secret.len() == SECRET_SYMBOLS + CHECK_SYMBOLS
        && hash::is_symbols(id)
        && hash::is_symbols(secret);
    let (body, check) =
        text.split_at_checked(text.len().saturating_sub(CHECK_SYMBOLS)).ok_or(Refusal::Malformed)?;
    if !shaped || check_symbols(body) != check {
        return Err(Refusal::Malformed);
    }
    Ok(Presented { id: id.to_owned(), hash: hash::of(kind.prefix(), text) })
}

/// Whether a presented token is good now; `kept` is what the store has under its identifier.
///
/// # Errors
/// With the reason why not. Whether it ended or expired is told only to who holds the right secret.
pub fn check(presented: &Presented, kept: Option<&Kept>, now: Timestamp) -> Result<(), Refusal> {
    let kept = kept.ok_or(Refusal::Unknown)?;
    if !hash::equal(&presented.hash, &kept.hash) {
        return Err(Refusal::Unknown);
    }
    if kept.ended {
        return Err(Refusal::Ended);
    }
    if now >= kept.expires_at {
        return Err(Refusal::Expired);
    }
    Ok(())
}

/// Whether a new token may be given this end.
///
/// # Errors
/// If it lies in the past or more than [`LONGEST_LIFETIME`] ahead.
pub fn check_lifetime(expires_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let lifetime = expires_at.duration_since(now);
    if lifetime <= SignedDuration::ZERO || lifetime > LONGEST_LIFETIME {
        return Err(Refusal::Lifetime);
    }
    Ok(())
}

/// Four symbols that a typing or copying fault changes, but for one chance in a million.
fn check_symbols(body: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
    hash::symbols(digest.as_ref(), CHECK_SYMBOLS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn kept(minted: &Minted) -> Kept {
        Kept { hash: minted.hash.clone(), expires_at: at(1000), ended: false }
    }

    #[test]
    fn a_token_works_until_it_expires_or_is_ended() {
        let minted = mint(Kind::Api).unwrap();
        let text = minted.text.expose();
        assert!(text.starts_with(&format!("pct_{}_", minted.id)) && text.len() == 69, "{text}");
        let presented = parse(Kind::Api, &format!(" {text}\n")).unwrap();
        assert_eq!(presented.id, minted.id);
        assert_eq!(check(&presented, Some(&kept(&minted)), at(999)), Ok(()));
        assert_eq!(check(&presented, Some(&kept(&minted)), at(1000)), Err(Refusal::Expired));
        let ended = Kept { ended: true, ..kept(&minted) };
        assert_eq!(check(&presented, Some(&ended), at(0)), Err(Refusal::Ended));
        assert_eq!(check(&presented, None, at(0)), Err(Refusal::Unknown));
    }

    #[test]
    fn a_wrong_secret_learns_nothing_of_the_token() {
        let (mine, other) = (mint(Kind::Api).unwrap(), mint(Kind::Api).unwrap());
        let presented = parse(Kind::Api, other.text.expose()).unwrap();
        let ended = Kept { ended: true, expires_at: at(0), ..kept(&mine) };
        assert_eq!(check(&presented, Some(&ended), at(5)), Err(Refusal::Unknown));
    }

    #[test]
    fn a_link_is_no_token_and_a_token_no_link() {
        let (token, link) = (mint(Kind::Api).unwrap(), mint(Kind::Link).unwrap());
        assert!(parse(Kind::Link, token.text.expose()).is_err());
        assert!(parse(Kind::Api, link.text.expose()).is_err());
        let renamed = link.text.expose().replacen("pcl", "pct", 1);
        assert!(parse(Kind::Api, &renamed).is_err(), "the check symbols cover the prefix");
    }

    #[test]
    fn the_hash_does_not_show_the_token() {
        let minted = mint(Kind::Api).unwrap();
        assert_eq!(minted.hash.len(), 64);
        assert!(!minted.text.expose().contains(&minted.hash));
    }

    #[test]
    fn a_token_lives_at_most_a_year() {
        assert_eq!(check_lifetime(at(1), at(1)), Err(Refusal::Lifetime));
        assert_eq!(check_lifetime(at(0), at(1)), Err(Refusal::Lifetime));
        assert_eq!(check_lifetime(at(0) + LONGEST_LIFETIME, at(0)), Ok(()));
        assert_eq!(check_lifetime(at(1) + LONGEST_LIFETIME, at(0)), Err(Refusal::Lifetime));
        assert_eq!(check_lifetime(at(0) + DEFAULT_LIFETIME, at(0)), Ok(()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _either = parse(Kind::Api, &text);
        }

        #[test]
        fn any_text_of_the_right_letters_is_refused(text in "pct_[0-9a-z]{8}_[0-9a-z]{56}") {
            let (body, check) = text.split_at(text.len() - CHECK_SYMBOLS);
            prop_assume!(check_symbols(body) != check);
            prop_assert!(parse(Kind::Api, &text).is_err());
        }

        #[test]
        fn one_changed_symbol_is_noticed(at in 0_usize..69, to in "[0-9a-z]") {
            let text = mint(Kind::Api).unwrap().text.expose().clone();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != text);
            // One in 2^20 changes goes unnoticed here, and is then refused by its hash.
            prop_assert!(parse(Kind::Api, &changed).is_err());
        }
    }
}
