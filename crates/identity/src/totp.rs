//! Time-based one-time passwords: RFC 6238 over RFC 4226, with SHA-1, six digits and steps of 30 seconds,
//! which is what every authenticator app speaks.
//!
//! A step is accepted once. The caller keeps the step that [`verify`] returns and hands it in next time; it must
//! be written down in the same transaction that lets the person in.

use crate::error::Error;
use jiff::Timestamp;
use model::Secret;
use qrcode::{Color, EcLevel, QrCode};
use ring::hmac;
use std::fmt::Write as _;
use subtle::ConstantTimeEq;

/// Seconds in a step (RFC 6238, section 5.2).
pub const STEP_SECONDS: i64 = 30;
/// Digits in a code.
pub const DIGITS: usize = 6;
/// Steps that a code may be early or late, for clocks that differ and people who type slowly.
pub const DRIFT: i64 = 1;
/// Bytes of a secret: as long as the hash (RFC 4226, section 4, R6).
const SECRET_BYTES: usize = 20;
/// Modules of white around a QR code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// A fresh secret of 20 bytes.
///
/// # Errors
/// If there is no randomness.
pub fn generate_secret() -> Result<Secret<Vec<u8>>, Error> {
    Ok(Secret::new(crate::random::bytes::<SECRET_BYTES>()?.to_vec()))
}

/// The step that `now` lies in; before 1970 it is negative.
#[must_use]
pub fn step_at(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_SECONDS)
}

/// The code of a step: what an authenticator app shows.
#[must_use]
pub fn code(secret: &Secret<Vec<u8>>, step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let byte = |index: usize| u32::from(tag.as_ref().get(index).copied().unwrap_or(0));
    // Dynamic truncation (RFC 4226, section 5.3): the last nibble says where the 31 bits are.
    let offset = (byte(19) & 0xf) as usize;
    let number =
        (byte(offset) & 0x7f) << 24 | byte(offset + 1) << 16 | byte(offset + 2) << 8 | byte(offset + 3);
    format!("{:06}", number % 1_000_000)
}

/// The step whose code was typed, if it is now's or a neighbour's and later than `last_used`.
///
/// Spaces in the typed code are ignored. `None` is a refusal: a wrong code, a code of another time, or one that
/// was used before.
#[must_use]
pub fn verify(secret: &Secret<Vec<u8>>, typed: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
    let typed = normalise(typed)?;
    let current = step_at(now);
    let mut found = None;
    for step in current - DRIFT..=current + DRIFT {
        let matches: bool = code(secret, step).as_bytes().ct_eq(typed.as_bytes()).into();
        if matches && last_used.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

fn normalise(typed: &str) -> Option<String> {
    if typed.len() > 4 * DIGITS {
        return None;
    }
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// The secret as people type it into an app: RFC 4648 base 32 in capitals, without padding.
#[must_use]
pub fn text(secret: &Secret<Vec<u8>>) -> Secret<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let symbol = |chunk: &[u8]| {
        let value =
            chunk.iter().fold(0, |value: usize, bit| value << 1 | usize::from(*bit)) << (5 - chunk.len());
        ALPHABET.get(value).map(|byte| char::from(*byte))
    };
    let bits: zeroize::Zeroizing<Vec<u8>> = zeroize::Zeroizing::new(
        secret.expose().iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1)).collect(),
    );
    Secret::new(bits.chunks(5).filter_map(symbol).collect())
}

/// The `otpauth://totp/` address that an authenticator app reads (the Key URI format of Google Authenticator).
#[must_use]
pub fn uri(issuer: &str, account: &str, secret: &Secret<Vec<u8>>) -> Secret<String> {
    let (issuer, account) = (escape(issuer), escape(account));
    let text = text(secret);
    Secret::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        text.expose()
    ))
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            other => {
                let _infallible = write!(escaped, "%{other:02X}");
            }
        }
        escaped
    })
}

/// The address as a QR code: one `<svg>` element to be put into a page, black on white in every theme.
///
/// It has no style, script, link or identifier, so a strict content security policy accepts it.
///
/// # Errors
/// If the text is too long for a QR code.
pub fn qr_svg(uri: &Secret<String>) -> Result<Secret<String>, Error> {
    let length = uri.expose().len();
    let drawn = QrCode::with_error_correction_level(uri.expose(), EcLevel::M);
    let drawn = drawn.map_err(|source| Error::QrCode { length, source })?;
    let (width, side) = (drawn.width(), drawn.width() + 2 * QUIET);
    let mut path = String::new();
    for (index, _) in drawn.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let _infallible = write!(path, "M{} {}h1v1h-1z", index % width + QUIET, index / width + QUIET);
    }
    Ok(Secret::new(format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{px}" height="{px}" "#,
            r#"role="img" aria-label="QR code for an authenticator app" shape-rendering="crispEdges">"#,
            r##"<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>"##
        ),
        side = side,
        px = side * 5,
        path = path
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rfc() -> Secret<Vec<u8>> {
        Secret::new(b"12345678901234567890".to_vec())
    }

    #[test]
    fn the_vectors_of_rfc_6238_appendix_b() {
        // The table has eight digits; six-digit codes are their last six.
        for (second, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(Some(code(&rfc(), step_at(at(second))).as_str()), expected.get(2..), "at {second}");
        }
    }

    #[test]
    fn the_vectors_of_rfc_4226_appendix_d() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, expected) in (0..).zip(expected) {
            assert_eq!(code(&rfc(), step), expected);
        }
    }

    #[test]
    fn one_step_of_drift_and_no_more() {
        let now = at(1_800_000_000);
        let current = step_at(now);
        for (step, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let typed = code(&rfc(), current + step);
            assert_eq!(verify(&rfc(), &typed, now, None).is_some(), accepted, "{step}");
        }
    }

    #[test]
    fn a_step_is_accepted_once_and_never_an_earlier_one() {
        let now = at(1_800_000_000);
        let typed = code(&rfc(), step_at(now));
        let used = verify(&rfc(), &typed, now, None);
        assert_eq!(used, Some(step_at(now)));
        assert_eq!(verify(&rfc(), &typed, now, used), None, "replayed");
        assert_eq!(
            verify(&rfc(), &code(&rfc(), step_at(now) - 1), now, used),
            None,
            "an older code after it"
        );
        let next = at(1_800_000_030);
        assert!(verify(&rfc(), &code(&rfc(), step_at(next)), next, used).is_some());
    }

    #[test]
    fn what_is_typed_is_read_kindly_but_strictly() {
        let now = at(1_800_000_000);
        let right = code(&rfc(), step_at(now));
        let (first, last) = right.split_at(3);
        let spaced = format!(" {first} {last} ");
        assert!(verify(&rfc(), &spaced, now, None).is_some());
        for bad in ["", "12345", "1234567", "abcdef", "-12345", "１２３４５６", &" ".repeat(100_000)] {
            assert_eq!(verify(&rfc(), bad, now, None), None, "{bad:.10}");
        }
    }

    #[test]
    fn the_secret_as_text_is_base_32() {
        let text_of = |bytes: &[u8]| text(&Secret::new(bytes.to_vec())).expose().clone();
        // RFC 4648, section 10, without padding.
        assert_eq!(text_of(b""), "");
        assert_eq!(text_of(b"f"), "MY");
        assert_eq!(text_of(b"fo"), "MZXQ");
        assert_eq!(text_of(b"foobar"), "MZXW6YTBOI");
        assert_eq!(generate_secret().unwrap().expose().len(), SECRET_BYTES);
    }

    #[test]
    fn the_uri_escapes_names() {
        let uri = uri("Portcullis gate 1", "al:ice", &rfc());
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Portcullis%20gate%201:al%3Aice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Portcullis%20gate%201&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_qr_code_is_plain_svg() {
        let svg = qr_svg(&uri("Portcullis", "alice", &rfc())).unwrap();
        let svg = svg.expose();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        for banned in ["style", "script", "href", "<?xml", "onload", " id="] {
            assert!(!svg.contains(banned), "{banned}");
        }
        assert!(!svg.contains("GEZDGNBV"), "the secret stands in the picture only");
        assert!(qr_svg(&Secret::new("x".repeat(5000))).is_err());
    }
}
