//! Fields that several formats share.

use model::firewall_log::Verdict;
use std::net::IpAddr;

/// Fields of a list that are looked at; the longest that is known, PAN-OS's, has some 120.
const MOST: usize = 160;

/// The fields of a line of comma-separated values; one in quotes is given without them.
pub fn csv(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = text;
    while fields.len() < MOST {
        let quoted = rest.strip_prefix('"').and_then(|inside| {
            let (field, behind) = inside.split_once('"')?;
            Some((field, behind.split_once(',').map(|(_, next)| next)))
        });
        let (field, next) = quoted.unwrap_or_else(|| match rest.split_once(',') {
            Some((field, next)) => (field, Some(next)),
            None => (rest, None),
        });
        fields.push(field);
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    fields
}

/// The `name=value` words of a text, in order; a value in quotes may hold spaces. Other words are passed over.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return None;
            }
            let end = rest.find([' ', '\t', '=']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end)?;
            let Some(value) = behind.strip_prefix('=') else {
                rest = behind;
                continue;
            };
            let (value, behind) = match value.strip_prefix('"').and_then(|inside| inside.split_once('"')) {
                Some(quoted) => quoted,
                None => value.split_at_checked(value.find([' ', '\t']).unwrap_or(value.len()))?,
            };
            rest = behind;
            return Some((name, value));
        }
    })
}

/// An address. One of IPv4 that is written as IPv6 is one of IPv4.
pub fn ip(text: &str) -> Option<IpAddr> {
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A word that is not empty and does not stand for nothing.
pub fn some(text: &str) -> Option<&str> {
    (!matches!(text, "" | "-" | "N/A" | "UNKNOWN")).then_some(text)
}

/// A protocol by its number or name (IANA's protocol numbers, in any case).
pub fn protocol(text: &str) -> Option<u8> {
    const NAMES: [(&str, u8); 19] = [
        ("icmp", 1),
        ("igmp", 2),
        ("ipip", 4),
        ("tcp", 6),
        ("egp", 8),
        ("udp", 17),
        ("ipv6", 41),
        ("rsvp", 46),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("icmpv6", 58),
        ("ipv6-icmp", 58),
        ("icmp6", 58),
        ("eigrp", 88),
        ("ospf", 89),
        ("pim", 103),
        ("carp", 112),
        ("sctp", 132),
    ];
    text.parse()
        .ok()
        .or_else(|| NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| *number))
}

/// What a word says of what became of a packet.
pub fn verdict(word: &str) -> Verdict {
    const WORDS: [(&str, Verdict); 24] = [
        ("accept", Verdict::Accept),
        ("accepted", Verdict::Accept),
        ("allow", Verdict::Accept),
        ("allowed", Verdict::Accept),
        ("pass", Verdict::Accept),
        ("passed", Verdict::Accept),
        ("permit", Verdict::Accept),
        ("permitted", Verdict::Accept),
        ("block", Verdict::Drop),
        ("blocked", Verdict::Drop),
        ("denied", Verdict::Drop),
        ("deny", Verdict::Drop),
        ("discard", Verdict::Drop),
        ("discarded", Verdict::Drop),
        ("drop", Verdict::Drop),
        ("dropped", Verdict::Drop),
        ("drop-icmp", Verdict::Drop),
        ("refuse", Verdict::Reject),
        ("refused", Verdict::Reject),
        ("reject", Verdict::Reject),
        ("rejected", Verdict::Reject),
        ("reset-both", Verdict::Reject),
        ("reset-client", Verdict::Reject),
        ("reset-server", Verdict::Reject),
    ];
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map_or(Verdict::Unknown, |(_, is)| *is)
}

/// What the words of a log prefix say, which people choose: `UFW BLOCK`, `drop-in`, `FW_ACCEPT`.
pub fn verdict_within(prefix: &str) -> Verdict {
    let words = prefix.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.map(verdict).find(|verdict| *verdict != Verdict::Unknown).unwrap_or_default()
}

/// The sum of two counts of bytes, if it can be told.
pub fn sum(one: Option<&str>, other: Option<&str>) -> Option<u32> {
    let count = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
    match (count(one), count(other)) {
        (None, None) => None,
        (one, other) => one.unwrap_or(0).checked_add(other.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_where_they_are_not_quoted() {
        assert_eq!(csv("a,,\"b,c\",d"), ["a", "", "b,c", "d"]);
        assert_eq!(csv(""), [""]);
        assert_eq!(csv("\"open,x"), ["\"open", "x"]);
        assert_eq!(csv(&",".repeat(1000)).len(), MOST);
    }

    #[test]
    fn pairs_are_found_between_other_words() {
        let found: Vec<_> = pairs("word a=1 b=\"two words\" =x c= d=\"open end").collect();
        assert_eq!(found, [("a", "1"), ("b", "two words"), ("", "x"), ("c", ""), ("d", "\"open"),]);
    }

    #[test]
    fn words_of_prefixes_are_verdicts() {
        assert_eq!(verdict_within("[UFW BLOCK] "), Verdict::Drop);
        assert_eq!(verdict_within("FW_ACCEPT-in:"), Verdict::Accept);
        assert_eq!(verdict_within("dropbear"), Verdict::Unknown);
    }
}
