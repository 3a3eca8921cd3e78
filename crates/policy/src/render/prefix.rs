//! What stands in front of a record in the firewall's log: `pc:<i|o|f>:<rule|reason>:<app>:<verdict>`.

use std::fmt;
use std::str::FromStr;

/// The kernel keeps 64 bytes of a prefix, its end among them.
const MOST_BYTES: usize = 63;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// `i`, `o` or `f`: to the appliance, from it, or through it.
    pub path: char,
    /// The rule, or why none decided.
    pub reason: Reason,
    /// The application; `-` where no rule decided. Long names are cut.
    pub app_id: String,
    /// What happened.
    pub said: Said,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rule with this place in the scenario.
    Rule(usize),
    /// No rule matched.
    Default,
    /// The interface does not lead to the address's zone.
    Spoofed,
    /// One end is isolated.
    Quarantined,
}

/// What happened to the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It passed.
    Allow,
    /// It vanished.
    Drop,
    /// It was refused.
    Reject,
    /// It went on; a rule on trial would have dropped it.
    WouldDrop,
    /// It went on; a rule on trial would have refused it.
    WouldReject,
}

const SAID: [(Said, &str); 5] = [
    (Said::Allow, "allow"),
    (Said::Drop, "drop"),
    (Said::Reject, "reject"),
    (Said::WouldDrop, "would_drop"),
    (Said::WouldReject, "would_reject"),
];

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(index) => write!(f, "{index}"),
            Self::Default => f.write_str("default"),
            Self::Spoofed => f.write_str("spoofed"),
            Self::Quarantined => f.write_str("quarantined"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SAID.iter().find(|(said, _)| said == self).map_or("", |(_, word)| word))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = format!("pc:{}:{}:", self.path, self.reason);
        let after = format!(":{}", self.said);
        let room = MOST_BYTES.saturating_sub(before.len() + after.len());
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
        let app: String = self.app_id.chars().map(plain).take(room).collect();
        write!(f, "{before}{app}{after}")
    }
}

/// A prefix that is not ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log prefix {0:?} is not one of the firewall's")]
pub struct NoPrefix(String);

impl FromStr for Prefix {
    type Err = NoPrefix;

    fn from_str(text: &str) -> Result<Self, NoPrefix> {
        parse(text).ok_or_else(|| NoPrefix(text.chars().take(64).collect()))
    }
}

fn parse(text: &str) -> Option<Prefix> {
    let mut parts = text.trim_end().split(':');
    let mut next = || parts.next();
    let path = match (next()?, next()?) {
        ("pc", "i") => 'i',
        ("pc", "o") => 'o',
        ("pc", "f") => 'f',
        _ => return None,
    };
    let reason = match next()? {
        "default" => Reason::Default,
        "spoofed" => Reason::Spoofed,
        "quarantined" => Reason::Quarantined,
        index => Reason::Rule(index.parse().ok()?),
    };
    let app_id = next()?.to_owned();
    let word = next()?;
    let said = SAID.iter().find(|(_, known)| *known == word)?.0;
    next().is_none().then_some(Prefix { path, reason, app_id, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(app_id: &str, reason: Reason, said: Said) -> Prefix {
        Prefix { path: 'f', reason, app_id: app_id.into(), said }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for reason in [Reason::Rule(65_535), Reason::Default, Reason::Spoofed, Reason::Quarantined] {
            for (said, _) in SAID {
                let prefix = prefix("clear_text_mgmt", reason, said);
                assert_eq!(prefix.to_string().parse(), Ok(prefix));
            }
        }
        let dropped = prefix("bmc_management", Reason::Rule(1), Said::Drop);
        assert_eq!(dropped.to_string(), "pc:f:1:bmc_management:drop");
    }

    #[test]
    fn a_long_or_strange_name_leaves_it_readable() {
        let strange = prefix(&"a:b\"c é".repeat(30), Reason::Rule(100_000), Said::WouldReject);
        let text = strange.to_string();
        assert_eq!(text.len(), MOST_BYTES);
        let read: Prefix = text.parse().unwrap();
        assert_eq!((read.reason, read.said), (strange.reason, strange.said));
        assert!(read.app_id.starts_with("a_b_c__"));
    }

    #[test]
    fn others_are_refused() {
        for text in
            ["", "pc", "pc:i:1:a", "pc:x:1:a:drop", "pc:i:-1:a:drop", "pc:i:1:a:drop:b", "pc:i:1:a:pass"]
        {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
