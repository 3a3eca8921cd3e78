//! A fault and the BMCs that have it, written `KIND@WHERE`.

use super::FaultKind;
use crate::random::Dice;
use crate::unit::Unit;
use std::net::IpAddr;
use std::str::FromStr;

/// A fault and the BMCs that have it, written `KIND@WHERE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// The fault.
    pub kind: FaultKind,
    /// Whose.
    pub at: Whose,
}

/// Some BMCs of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Every one.
    All,
    /// So many of a hundred, always the same ones of a seed.
    Percent(u64),
    /// The one at an address.
    Addr(IpAddr),
    /// The one at a rack and unit, such as `r1-u05`, or with a serial number.
    Name(String),
}

impl Whose {
    /// Whether `unit` is one of them.
    #[must_use]
    pub fn covers(&self, unit: &Unit) -> bool {
        match self {
            Self::All => true,
            Self::Percent(share) => Dice::new(unit.seed, "fault").below(100) < *share,
            Self::Addr(addr) => unit.addr.ip() == *addr,
            Self::Name(name) => unit.name() == *name || unit.serial == *name,
        }
    }
}

impl FromStr for FaultRule {
    type Err = String;

    /// `KIND@WHERE`: one of [`super::FAULTS`]; where is all, 5%, an address, rack and unit such as r1-u05, or
    /// a serial number.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, at) = text.split_once('@').ok_or("a fault is written KIND@WHERE, such as hang@r1-u05")?;
        Ok(Self { kind: kind.parse()?, at: at.parse()? })
    }
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Percent(share) => write!(f, "{share}%"),
            Self::Addr(addr) => addr.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl FromStr for Whose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(share) = text.strip_suffix('%') {
            let share = share.parse().ok().filter(|share| *share <= 100);
            return share
                .map(Self::Percent)
                .ok_or_else(|| format!("{text:?} is not a percentage from 0% to 100%"));
        }
        match text.parse() {
            Ok(addr) => Ok(Self::Addr(addr)),
            Err(_) if text.is_empty() => Err("it is not said where".to_owned()),
            Err(_) => Ok(Self::Name(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LabConfig;

    #[test]
    fn a_rule_finds_its_bmc() {
        let units = crate::unit::plan(&LabConfig::default());
        let hit = |rule: &str| {
            let rule: FaultRule = rule.parse().unwrap();
            units.iter().filter(|unit| rule.at.covers(unit)).count()
        };
        assert_eq!(hit("hang@r1-u05"), 1);
        assert_eq!(hit("503@127.20.0.12"), 1);
        assert_eq!(hit("slow=500ms@all"), 24);
        assert_eq!(hit("reset@0%"), 0);
        assert_eq!(hit("reset@100%"), 24);
        assert_eq!(hit("reset@r9-u01"), 0);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for bad in ["hang", "melt@all", "hang@", "reset@101%", "slow=x@all"] {
            assert!(bad.parse::<FaultRule>().is_err(), "{bad}");
        }
    }
}
