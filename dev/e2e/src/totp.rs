//! Codes of an authenticator (RFC 6238: SHA-1, 30 s, six digits), written again here so that the
//! appliance is not checked against itself.

use anyhow::Context as _;
use model::{Clock as _, SystemClock};
use ring::hmac;

const PERIOD: i64 = 30;

/// The code of the Base32 key `key`, `steps` periods from now. The appliance takes each code once, and
/// one of the next period too; so whoever has just used one takes the next.
///
/// # Errors
/// If the key is no Base32.
pub fn code(key: &str, steps: i64) -> anyhow::Result<String> {
    at(key, SystemClock.now().as_second().div_euclid(PERIOD) + steps)
}

fn at(key: &str, counter: i64) -> anyhow::Result<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(key)?);
    let tag = hmac::sign(&key, &counter.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().context("an empty digest")? & 15);
    let four: [u8; 4] = tag.get(offset..offset + 4).context("a short digest")?.try_into()?;
    Ok(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

fn base32(text: &str) -> anyhow::Result<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| !letter.is_ascii_whitespace() && *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            other => anyhow::bail!("{:?} is no Base32", char::from(other)),
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(held >> bits & 0xff));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238_appendix_b() {
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(at(key, seconds / PERIOD).unwrap(), code);
        }
    }
}
