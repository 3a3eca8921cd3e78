//! A document as one BMC of a replay tells it: its own serial numbers, addresses and power in the place of marks. Pure.

use super::mark::{Token, number};
use crate::random::{Dice, hash};
use jiff::Timestamp;

/// Who tells it, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Persona {
    /// The seed of the lab.
    pub(crate) seed: u64,
    /// The number of the BMC in it.
    pub(crate) index: usize,
    /// `PowerState`.
    pub(crate) power: &'static str,
    /// When the server was last switched on or reset.
    pub(crate) last_reset: Timestamp,
    /// Now.
    pub(crate) now: Timestamp,
}

/// The first byte of every mark in UTF-8.
const MARK_BYTE: u8 = 0xF3;
/// A prime that shares no factor with the numbers of letters and digits: as many BMCs as there are values get
/// different ones.
const STRIDE: u128 = 1_000_003;
/// How many characters of a value differ between BMCs, at most: so many letters fit into 128 bits.
const MOST_VARIED: usize = 20;

/// A marked text as `persona` tells it; `macs` is how many MAC addresses the tree has.
pub(super) fn tell(text: &str, tokens: &[Token], macs: u32, persona: &Persona) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte == MARK_BYTE) {
        let (Some(before), Some(after)) = (rest.get(..at), rest.get(at..)) else { break };
        out.push_str(before);
        let mut characters = after.chars();
        if let Some(mark) = characters.next() {
            match number(mark).and_then(|number| tokens.get(number)) {
                Some(token) => put(token, macs, persona, &mut out),
                None => out.push(mark),
            }
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

fn put(token: &Token, macs: u32, persona: &Persona, out: &mut String) {
    let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    match token {
        Token::Power => out.push_str(persona.power),
        Token::Clock => out.push_str(&time(persona.now)),
        Token::LastReset => out.push_str(&time(persona.last_reset)),
        Token::Revision => {
            let state = hash(persona.power.as_bytes()) ^ persona.last_reset.as_second().cast_unsigned();
            out.push_str(&format!("{:04x}", state & 0xffff));
        }
        Token::Code { text, root } => code(text, *root, persona, out),
        Token::Mac { text, rank } => mac(text, *rank, macs, persona, out),
    }
}

/// The maker's half of the address stays; the other half counts through the fleet.
fn mac(text: &str, rank: u32, macs: u32, persona: &Persona, out: &mut String) {
    let first = Dice::new(persona.seed, "replayed MACs").next();
    let index = u64::try_from(persona.index).unwrap_or_default();
    let own = first.wrapping_add(index * u64::from(macs.max(1)) + u64::from(rank)) & 0xff_ffff;
    let digits = format!("{own:06x}");
    let mut own = digits.chars();
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let mut seen = 0;
    for character in text.chars() {
        seen += usize::from(character.is_ascii_hexdigit());
        let character = match character {
            digit if digit.is_ascii_hexdigit() && seen > 6 => own.next().unwrap_or(digit),
            other => other,
        };
        out.push(if upper { character.to_ascii_uppercase() } else { character });
    }
}

/// Another value of the same shape: letters for letters, digits for digits, and for long hexadecimal numbers
/// digits of those. What is told in two spellings stays the same in both.
fn code(text: &str, root: u64, persona: &Persona, out: &mut String) {
    let count = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    let hexadecimal = count >= 8 && text.bytes().all(|b| !b.is_ascii_alphanumeric() || b.is_ascii_hexdigit());
    let long = hexadecimal && count >= 16;
    // A UUID's version and variant stay, and the head of a world-wide name with its maker's number.
    let kept = |at: usize| (count == 32 && matches!(at, 12 | 16)) || (count == 16 && long && at < 6);
    let skip = count.saturating_sub(MOST_VARIED);
    let alphabet = |at: usize, byte: u8| -> &'static [u8] {
        match byte {
            byte if !byte.is_ascii_alphanumeric() || at < skip || kept(at) => b"",
            _ if long => b"0123456789abcdef",
            byte if byte.is_ascii_digit() => b"0123456789",
            _ if hexadecimal => b"abcdef",
            _ => b"abcdefghijklmnopqrstuvwxyz",
        }
    };
    let index = u128::try_from(persona.index).unwrap_or_default();
    let mut value = u128::from(Dice::new(persona.seed ^ root, "replayed code").next()) + index * STRIDE;
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    // From the end, so that neighbours differ where people look.
    let mut told: Vec<u8> = Vec::with_capacity(text.len());
    let mut at = count;
    for byte in text.bytes().rev() {
        at -= usize::from(byte.is_ascii_alphanumeric());
        let from = alphabet(at, byte);
        let radix = u128::try_from(from.len()).unwrap_or(0);
        let digit = value.checked_rem(radix).and_then(|digit| from.get(usize::try_from(digit).ok()?));
        value = value.checked_div(radix).unwrap_or(value);
        told.push(match digit {
            Some(digit) if upper => digit.to_ascii_uppercase(),
            Some(digit) => *digit,
            None => byte,
        });
    }
    told.iter().rev().for_each(|byte| out.push(char::from(*byte)));
}

#[cfg(test)]
mod tests {
    use super::super::mark::mark;
    use super::*;
    use std::collections::BTreeSet;

    fn persona(index: usize) -> Persona {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        Persona { seed: 1, index, power: "On", last_reset: now, now }
    }

    fn told(token: Token, index: usize) -> String {
        tell(&format!("a {} z", mark(0)), &[token], 3, &persona(index))
    }

    fn code(text: &str) -> Token {
        Token::Code { text: text.into(), root: 99 }
    }

    #[test]
    fn five_thousand_have_five_thousand_values_of_the_same_shape() {
        for text in
            ["7H2K9X1", "MXQ302099S", "4c4c4544-0048-3210-804b-b7c04f395831", "5002538B12345678", "S4EMNX0R"]
        {
            let values: BTreeSet<String> = (0..5_000).map(|index| told(code(text), index)).collect();
            assert_eq!(values.len(), 5_000, "{text}");
            let shape = |text: &str| -> Vec<char> {
                text.chars().map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c }).collect()
            };
            assert!(values.iter().all(|value| shape(value) == shape(&format!("a {text} z"))), "{text}");
        }
        let uuid = told(code("4C4C4544-0048-3210-804B-B7C04F395831"), 7);
        assert_eq!((uuid.chars().nth(16), uuid.chars().nth(21)), (Some('3'), Some('8')), "{uuid}");
    }

    #[test]
    fn spellings_stay_of_one_value() {
        let (upper, lower) = (told(code("MXQ302099S"), 5), told(code("mxq302099s"), 5));
        assert_eq!(upper.to_lowercase(), lower);
        assert_ne!(upper, lower);
        let mac = |text: &str| told(Token::Mac { text: text.into(), rank: 1 }, 5);
        let plain = mac("3cecef010203");
        assert_eq!(mac("3C:EC:EF:01:02:03").replace(':', "").to_lowercase(), plain);
        assert!(plain.starts_with("a 3cecef"));
    }

    #[test]
    fn no_two_macs_of_a_fleet_are_the_same() {
        let all: BTreeSet<String> = (0..5_000)
            .flat_map(|index| {
                (0..3).map(move |rank| told(Token::Mac { text: "3c:ec:ef:01:02:03".into(), rank }, index))
            })
            .collect();
        assert_eq!(all.len(), 15_000);
    }

    #[test]
    fn what_is_no_mark_stays() {
        let text = "größe \u{E0041} \u{1F600}";
        assert_eq!(tell(text, &[], 0, &persona(0)), text);
    }
}
