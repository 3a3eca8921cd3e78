//! What can be broken at a BMC, from the start or while it runs.

use crate::unit::Unit;
use model::Secret;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// What is broken at one BMC now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// It takes requests and never answers.
    pub hang: bool,
    /// It answers 503 to everything.
    pub unavailable: bool,
    /// It resets every connection.
    pub reset: bool,
    /// It refuses every login, right or wrong, and every session that it had.
    pub refuse_logins: bool,
    /// It says that all its sessions are taken.
    pub sessions_full: bool,
    /// It takes this much longer than it should.
    pub slow: Option<Duration>,
}

/// What can be told to a BMC while it runs.
#[derive(Clone, Debug)]
pub enum Change {
    /// Its server is on, or off, from now on, without the time that takes.
    Power(bool),
    /// It makes itself a new certificate; connections that are open stay.
    Certificate,
    /// How long an answer takes.
    Latency(crate::config::Latency),
    /// It takes requests and never answers; `false` ends it, for requests made after that.
    Hang(bool),
    /// It answers 503 to everything.
    Unavailable(bool),
    /// It resets every connection.
    Reset(bool),
    /// It refuses every login and every session.
    RefuseLogins(bool),
    /// It says that all its sessions are taken.
    SessionsFull(bool),
    /// It takes this much longer than it should.
    Slow(Option<Duration>),
    /// Its administrator has another password; sessions stay.
    Password(Secret<String>),
    /// It forgets its sessions and is not to be reached for a while, as after a firmware update.
    Restart,
    /// Everything works again.
    Repair,
}

/// A fault and the BMCs that have it from the start, written `KIND@WHERE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    kind: FaultKind,
    at: Whose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    Hang,
    Unavailable,
    Reset,
    RefuseLogins,
    SessionsFull,
    Slow(Duration),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    All,
    Percent(u64),
    Addr(IpAddr),
    Name(String),
}

impl FaultRule {
    /// Adds the fault to `faults` if the rule is about `unit`.
    pub fn apply(&self, unit: &Unit, faults: &mut Faults) {
        if !self.at.covers(unit) {
            return;
        }
        match self.kind {
            FaultKind::Hang => faults.hang = true,
            FaultKind::Unavailable => faults.unavailable = true,
            FaultKind::Reset => faults.reset = true,
            FaultKind::RefuseLogins => faults.refuse_logins = true,
            FaultKind::SessionsFull => faults.sessions_full = true,
            FaultKind::Slow(by) => faults.slow = Some(by),
        }
    }
}

impl Whose {
    fn covers(&self, unit: &Unit) -> bool {
        match self {
            Self::All => true,
            Self::Percent(share) => crate::random::Dice::new(unit.seed, "fault").below(100) < *share,
            Self::Addr(addr) => unit.addr.ip() == *addr,
            Self::Name(name) => unit.name() == *name || unit.serial == *name,
        }
    }
}

impl FromStr for FaultRule {
    type Err = String;

    /// `KIND@WHERE`: the kind is hang, unavailable, reset, refuse-logins, sessions-full or
    /// slow=MILLISECONDS; where is all, 5%, an address, rack and unit such as r1-u05, or a serial number.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, at) = text.split_once('@').ok_or("a fault is written KIND@WHERE, such as hang@r1-u05")?;
        let kind = match kind {
            "hang" => FaultKind::Hang,
            "unavailable" | "503" => FaultKind::Unavailable,
            "reset" => FaultKind::Reset,
            "refuse-logins" => FaultKind::RefuseLogins,
            "sessions-full" => FaultKind::SessionsFull,
            other => {
                match other.strip_prefix("slow=").and_then(|ms| ms.trim_end_matches("ms").parse().ok()) {
                    Some(ms) => FaultKind::Slow(Duration::from_millis(ms)),
                    None => {
                        return Err(format!(
                            "fault {other:?} is none of: hang, unavailable, reset, refuse-logins, sessions-full, slow=MILLISECONDS"
                        ));
                    }
                }
            }
        };
        Ok(Self { kind, at: whose(at)? })
    }
}

fn whose(text: &str) -> Result<Whose, String> {
    if text == "all" {
        return Ok(Whose::All);
    }
    if let Some(share) = text.strip_suffix('%') {
        let share = share.parse().ok().filter(|share| *share <= 100);
        return share
            .map(Whose::Percent)
            .ok_or_else(|| format!("{text:?} is not a percentage from 0% to 100%"));
    }
    match text.parse() {
        Ok(addr) => Ok(Whose::Addr(addr)),
        Err(_) if text.is_empty() => Err("the fault does not say where".to_owned()),
        Err(_) => Ok(Whose::Name(text.to_owned())),
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
            units
                .iter()
                .filter(|unit| {
                    let mut faults = Faults::default();
                    rule.apply(unit, &mut faults);
                    faults != Faults::default()
                })
                .count()
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
