//! What makes one server this one: serial numbers, UUIDs, MAC addresses. Found by the names of fields, and
//! marked wherever their values stand, so that each BMC of a replay puts its own there.
//!
//! A mark is one character of a private-use plane, its number the index of a [`Token`].

use serde_json::Value;
use std::collections::HashMap;

/// What stands in the place of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `PowerState` of the server.
    Power,
    /// The time of day.
    Clock,
    /// When the server was last switched on or reset.
    LastReset,
    /// What makes an ETag another one when the power changes.
    Revision,
    /// A serial number, UUID, or the like: as it was captured, and a number that all its spellings share.
    Code { text: Box<str>, root: u64 },
    /// A MAC address: as it was captured, and its rank in the tree.
    Mac { text: Box<str>, rank: u32 },
}

/// The first mark.
const FIRST: u32 = 0xF_0000;
/// How many there are: the plane without its last two, which are no characters.
const MOST: usize = 0xFFFD;

/// The mark of a token.
pub(super) fn mark(number: usize) -> char {
    u32::try_from(number).ok().and_then(|number| char::from_u32(FIRST + number)).unwrap_or(' ')
}

/// The number of the token that a character marks.
pub(super) fn number(mark: char) -> Option<usize> {
    let number = usize::try_from(u32::from(mark).checked_sub(FIRST)?).ok()?;
    (number < MOST).then_some(number)
}

/// The marks that every tree has.
pub(super) const POWER: usize = 0;
pub(super) const CLOCK: usize = 1;
pub(super) const LAST_RESET: usize = 2;
pub(super) const REVISION: usize = 3;

/// A value to look for.
struct Pattern {
    /// In lower case.
    text: Vec<u8>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Code(u64),
    Mac(u32),
}

/// Finds values and marks them.
pub(super) struct Marker {
    patterns: Vec<Pattern>,
    /// Patterns by their first bytes.
    begin: HashMap<[u8; BEGIN], Vec<usize>>,
    /// Whether a pattern begins with these two bytes, as a quick no.
    hint: Vec<bool>,
    tokens: Vec<Token>,
    known: HashMap<(usize, Box<str>), usize>,
    macs: u32,
}

/// How many bytes patterns are found by, and the fewest that one has.
const BEGIN: usize = 5;
/// Shorter ones count only as words of their own.
const LONG: usize = 8;

impl Marker {
    /// With every value that these documents name.
    pub(super) fn new<'a>(docs: impl Iterator<Item = &'a Value>) -> Self {
        let (mut codes, mut macs) = (Vec::new(), Vec::new());
        docs.for_each(|doc| collect("", doc, &mut codes, &mut macs));
        macs.sort_unstable();
        macs.dedup();
        let mut marker = Self {
            patterns: Vec::new(),
            begin: HashMap::new(),
            hint: vec![false; 1 << 16],
            tokens: vec![Token::Power, Token::Clock, Token::LastReset, Token::Revision],
            known: HashMap::new(),
            macs: u32::try_from(macs.len()).unwrap_or(u32::MAX),
        };
        for (rank, mac) in macs.iter().enumerate() {
            let what = What::Mac(u32::try_from(rank).unwrap_or(0));
            let pairs: Vec<&str> =
                mac.as_bytes().chunks(2).filter_map(|p| std::str::from_utf8(p).ok()).collect();
            for spelling in [mac.clone(), pairs.join(":"), pairs.join("-")] {
                marker.add(&spelling, what);
            }
        }
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            // A UUID that ends in a MAC address goes on doing so.
            let own = match code.get(code.len().saturating_sub(12)..) {
                Some(end) if macs.iter().any(|mac| mac == end) => code.strip_suffix(end).unwrap_or(&code),
                _ => &code,
            };
            marker.add(own, What::Code(crate::random::hash(code.as_bytes())));
        }
        marker
    }

    fn add(&mut self, text: &str, what: What) {
        let text = text.as_bytes().to_vec();
        let Some(begin) = text.first_chunk::<BEGIN>() else { return };
        if let Some(hint) = self.hint.get_mut(two(&text)) {
            *hint = true;
        }
        self.begin.entry(*begin).or_default().push(self.patterns.len());
        self.patterns.push(Pattern { text, what });
    }

    /// The tokens, and how many MAC addresses there are.
    pub(super) fn finish(self) -> (Vec<Token>, u32) {
        (self.tokens, self.macs)
    }

    /// Marks a document.
    pub(super) fn document(&mut self, node: &mut Value) {
        match node {
            Value::Array(items) => items.iter_mut().for_each(|item| self.document(item)),
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    match value {
                        // Names and links stay: they are how documents find each other.
                        Value::String(_) if matches!(name.as_str(), "Id" | "@odata.id" | "@odata.type") => {}
                        value => self.document(value),
                    }
                }
            }
            Value::String(text) if !text.starts_with('/') => {
                if let Some(marked) = self.text(text) {
                    *text = marked;
                }
            }
            _ => {}
        }
    }

    /// The text with its values marked; `None` if it has none.
    fn text(&mut self, text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase().into_bytes();
        let mut out: Option<String> = None;
        let (mut at, mut done) = (0, 0);
        while at + BEGIN <= lower.len() {
            let Some((pattern, end)) = self.longest(&lower, at) else {
                at += 1;
                continue;
            };
            let (Some(before), Some(found)) = (text.get(done..at), text.get(at..end)) else { return out };
            let Some(token) = self.token(pattern, found) else { return out };
            let out = out.get_or_insert_default();
            out.push_str(before);
            out.push(mark(token));
            (at, done) = (end, end);
        }
        if let (Some(out), Some(rest)) = (&mut out, text.get(done..)) {
            out.push_str(rest);
        }
        out
    }

    fn longest(&self, lower: &[u8], at: usize) -> Option<(usize, usize)> {
        let rest = lower.get(at..)?;
        if !self.hint.get(two(rest)).copied().unwrap_or(false) {
            return None;
        }
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let fits = |index: &&usize| {
            self.patterns.get(**index).is_some_and(|pattern| {
                let (length, before) = (pattern.text.len(), at.checked_sub(1).and_then(|at| lower.get(at)));
                let apart = length >= LONG || !word(before) && !word(rest.get(length));
                rest.starts_with(&pattern.text) && apart
            })
        };
        let length = |index: &usize| self.patterns.get(*index).map_or(0, |pattern| pattern.text.len());
        let found =
            self.begin.get(rest.first_chunk::<BEGIN>()?)?.iter().filter(fits).max_by_key(|i| length(i))?;
        Some((*found, at + length(found)))
    }

    fn token(&mut self, pattern: usize, text: &str) -> Option<usize> {
        let key = (pattern, Box::from(text));
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        let number = self.tokens.len();
        let text = Box::from(text);
        let token = match self.patterns.get(pattern)?.what {
            What::Code(root) => Token::Code { text, root },
            What::Mac(rank) => Token::Mac { text, rank },
        };
        if number >= MOST {
            return None;
        }
        self.tokens.push(token);
        self.known.insert(key, number);
        Some(number)
    }
}

/// The first two bytes as a number.
fn two(text: &[u8]) -> usize {
    text.first_chunk::<2>().map_or(0, |first| usize::from(u16::from_be_bytes(*first)))
}

/// Values in lower case: codes as they are, MAC addresses as twelve digits.
fn collect(name: &str, node: &Value, codes: &mut Vec<String>, macs: &mut Vec<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, codes, macs)),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| collect(name, item, codes, macs)),
        Value::String(text) if !text.contains('/') => {
            let name = name.to_ascii_lowercase();
            if let Some(mac) = mac_digits(text) {
                macs.push(mac);
            } else if is_code(&name) && is_one_of_a_kind(text) {
                codes.push(text.to_ascii_lowercase());
            }
        }
        _ => {}
    }
}

/// The digits of a MAC address with colons or dashes that is not empty or for all.
fn mac_digits(text: &str) -> Option<String> {
    let mut parts = text.split([':', '-']);
    let right = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = text.len() == 17 && parts.clone().count() == 6 && parts.all(right);
    let digits = text.replace([':', '-'], "").to_ascii_lowercase();
    (fits && is_one_of_a_kind(&digits)).then_some(digits)
}

fn is_code(name: &str) -> bool {
    const ENDS: [&str; 8] = ["serialnumber", "serial", "servicetag", "uuid", "guid", "wwn", "wwnn", "wwpn"];
    const NAMES: [&str; 6] =
        ["durablename", "nodeid", "permanentaddress", "expressservicecode", "ppin", "eui"];
    ENDS.iter().any(|end| name.ends_with(end)) || NAMES.contains(&name)
}

/// Not `N/A`, `None`, `Not Specified` or `00000000`.
fn is_one_of_a_kind(text: &str) -> bool {
    let characters: std::collections::BTreeSet<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    text.is_ascii()
        && (BEGIN..=64).contains(&text.len())
        && characters.len() >= 3
        && characters.iter().any(u8::is_ascii_digit)
        && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_marked_wherever_it_stands_but_in_links() {
        let mut docs = [
            json!({ "SerialNumber": "MXQ302099S", "MACAddress": "3C:EC:EF:01:02:03", "AssetTag": "N/A" }),
            json!({
                "UUID": "00112233-4455-6677-8899-3cecef010203",
                "HostName": "ILOMXQ302099S",
                "@odata.id": "/redfish/v1/Systems/MXQ302099S",
                "Id": "MXQ302099S",
                "Path": "PciRoot(0)/MAC(3CECEF010203)",
                "Model": "R750",
            }),
        ];
        let mut marker = Marker::new(docs.iter());
        docs.iter_mut().for_each(|doc| marker.document(doc));
        let (tokens, macs) = marker.finish();
        let plain = |value: &Value| value.as_str().unwrap().chars().all(|c| number(c).is_none());
        assert_eq!(macs, 1);
        assert!(!plain(&docs[0]["SerialNumber"]) && !plain(&docs[0]["MACAddress"]));
        assert!(docs[1]["HostName"].as_str().unwrap().starts_with("ILO") && !plain(&docs[1]["HostName"]));
        assert!(plain(&docs[1]["@odata.id"]) && plain(&docs[1]["Id"]) && plain(&docs[1]["Model"]));
        let uuid: Vec<usize> = docs[1]["UUID"].as_str().unwrap().chars().filter_map(number).collect();
        assert!(matches!(tokens[uuid[0]], Token::Code { .. }));
        assert!(matches!(tokens[uuid[1]], Token::Mac { rank: 0, .. }), "it ends in the MAC");
        assert!(docs[1]["Path"].as_str().unwrap().ends_with(')') && !plain(&docs[1]["Path"]));
    }

    #[test]
    fn what_many_have_is_nobodys() {
        for text in ["N/A", "None", "Not Specified", "00000000", "NA", "1234", "DELL", "To be filled"] {
            assert!(!is_one_of_a_kind(text), "{text}");
        }
        assert_eq!(mac_digits("00:00:00:00:00:00"), None);
        assert_eq!(mac_digits("3C-EC-EF-01-02-03").as_deref(), Some("3cecef010203"));
    }

    #[test]
    fn short_values_count_as_words_only() {
        let mut docs = [json!({ "ServiceTag": "7H2K9", "A": "idrac-7H2K9", "B": "X7H2K9Y" })];
        let mut marker = Marker::new(docs.iter());
        marker.document(&mut docs[0]);
        assert_ne!(docs[0]["A"], "idrac-7H2K9");
        assert_eq!(docs[0]["B"], "X7H2K9Y");
    }
}
