//! What a lab consists of, with defaults, and the same as options on a command line.

use crate::fault::FaultRule;
use crate::flavour::Kind;
use crate::replay::{Expand, Tree};
use model::Secret;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// What a lab consists of.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// How many BMCs. 24.
    pub count: usize,
    /// The first address; the others follow, without those that end in 0 or 255. 127.20.0.10.
    pub first_addr: Ipv4Addr,
    /// The TCP port of all of them. 443.
    pub port: u16,
    /// Which makers, in turn. Dell, HPE, Lenovo, Supermicro and OpenBMC.
    pub mix: Mix,
    /// Captured trees that take their turn after the makers, each as often as it is in the list. None.
    pub replays: Vec<Arc<Tree>>,
    /// How long an answer takes. None.
    pub latency: Latency,
    /// The seed of all serial numbers, MACs, UUIDs, passwords and faults of hardware. 1.
    pub seed: u64,
    /// HTTPS, or plain HTTP for clients that cannot. true.
    pub tls: bool,
    /// How many of the certificates, 0 to 1, are issued by the lab's own CA instead of self-signed. 0.
    pub ca_signed: f64,
    /// Where the racks stand.
    pub racks: RackLayout,
    /// The administrator's name on every BMC; absent, each maker's usual one.
    pub username: Option<String>,
    /// The administrator's password on every BMC; absent, each has its own.
    pub password: Option<Secret<String>>,
    /// How much slower than real (1.0) power changes and controller restarts are. 1.0; tests take 0.01.
    pub time_scale: f64,
    /// A folder in which keys and certificates outlive the process; absent, each start makes new ones.
    pub state: Option<PathBuf>,
    /// What is broken from the start.
    pub faults: Vec<FaultRule>,
    /// Sessions at once on every BMC; absent, as many as each maker allows.
    pub sessions: Option<usize>,
    /// Seconds after which an unused session ends; absent, each maker's own.
    pub session_timeout: Option<u32>,
    /// How many of the last requests each BMC remembers, for [`crate::Lab::log`]. 0.
    pub log: usize,
    /// A loopback address at which the lab is told things over HTTP while it runs: [`crate::control`]. None.
    pub control: Option<SocketAddr>,
}

impl Default for LabConfig {
    fn default() -> Self {
        Self {
            count: 24,
            first_addr: Ipv4Addr::new(127, 20, 0, 10),
            port: 443,
            mix: Mix::default(),
            replays: Vec::new(),
            latency: Latency::None,
            seed: 1,
            tls: true,
            ca_signed: 0.0,
            racks: RackLayout::default(),
            username: None,
            password: None,
            time_scale: 1.0,
            state: None,
            faults: Vec::new(),
            sessions: None,
            session_timeout: None,
            log: 0,
            control: None,
        }
    }
}

impl LabConfig {
    /// After how many BMCs makers and trees begin anew.
    #[must_use]
    pub fn turn(&self) -> usize {
        (self.mix.0.len() + self.replays.len()).max(1)
    }

    /// The tree that number `index` serves, if it is not a maker's turn.
    #[must_use]
    pub fn replay(&self, index: usize) -> Option<Arc<Tree>> {
        self.replays.get((index % self.turn()).checked_sub(self.mix.0.len())?).cloned()
    }
}

/// Where the servers stand.
#[derive(Clone, Debug)]
pub struct RackLayout {
    /// What a rack's name begins with. `r`.
    pub prefix: String,
    /// Servers in a rack. 12.
    pub servers: usize,
    /// Rack units that each takes. 2.
    pub height_units: u32,
}

impl Default for RackLayout {
    fn default() -> Self {
        Self { prefix: "r".to_owned(), servers: 12, height_units: 2 }
    }
}

/// Which makers, in turn: with `dell=2,hpe=1` every third BMC is HPE's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix(Vec<Kind>);

impl Mix {
    /// Only one maker.
    #[must_use]
    pub fn only(kind: Kind) -> Self {
        Self(vec![kind])
    }

    /// No maker: captured trees only.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The maker of number `index`.
    #[must_use]
    pub fn kind(&self, index: usize) -> Kind {
        self.0.get(index % self.0.len().max(1)).copied().unwrap_or(Kind::Dell)
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self(Kind::USUAL.to_vec())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut turn = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (word, share) = item.split_once('=').unwrap_or((item, "1"));
            let share: usize = share
                .parse()
                .ok()
                .filter(|share| (1..=100).contains(share))
                .ok_or_else(|| format!("share {share:?} of {word} is not a number from 1 to 100"))?;
            turn.extend(std::iter::repeat_n(word.parse::<Kind>()?, share));
        }
        if turn.is_empty() { Err("no maker is named".to_owned()) } else { Ok(Self(turn)) }
    }
}

/// How long an answer takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Latency {
    /// As quick as the machine is.
    #[default]
    None,
    /// As the real controllers of each maker: 190 to 380 ms, now and then seconds.
    Real,
    /// A fixed time, and up to as much again by chance as `jitter` says.
    Fixed {
        /// At least.
        least: Duration,
        /// And up to this much more.
        jitter: Duration,
    },
}

impl FromStr for Latency {
    type Err = String;

    /// `none`, `real`, `200` or `200+-50` (milliseconds; the second number is the spread).
    fn from_str(text: &str) -> Result<Self, String> {
        let millis = |text: &str| {
            text.trim_end_matches("ms").trim().parse::<u64>().ok().filter(|ms| *ms <= 600_000).ok_or_else(|| {
                format!("latency {text:?} is none of: none, real, a number of milliseconds such as 200, or 200+-50")
            })
        };
        match text {
            "none" => Ok(Self::None),
            "real" => Ok(Self::Real),
            other => {
                let (middle, spread) = other.split_once("+-").unwrap_or((other, "0"));
                let (middle, spread) = (millis(middle)?, millis(spread)?);
                Ok(Self::Fixed {
                    least: Duration::from_millis(middle.saturating_sub(spread)),
                    jitter: Duration::from_millis(spread * 2),
                })
            }
        }
    }
}

/// The options of `portcullis lab`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many BMCs to simulate
    #[arg(long, default_value_t = 24, value_name = "N")]
    pub count: usize,
    /// The first address; the others follow it
    #[arg(long, default_value = "127.20.0.10", value_name = "ADDR")]
    pub first_addr: Ipv4Addr,
    /// The TCP port of all of them (below 1024 needs the right to bind it)
    #[arg(long, default_value_t = 8443)]
    pub port: u16,
    /// Which makers, in turn, such as `dell=2,hpe=1`; of dell, hpe, lenovo, supermicro, openbmc,
    /// nvidia, ami (one of each of the first five; none if --replay is given)
    #[arg(long, value_name = "MIX")]
    pub mix: Option<Mix>,
    /// A captured Redfish tree to serve: a folder, or a tar archive of one, gzipped or not; it takes its turn after the
    /// makers. May be repeated
    #[arg(long = "replay", value_name = "FILE|DIR")]
    pub replays: Vec<PathBuf>,
    /// What replayed trees make of `$expand`: as-advertised, none (taken and ignored), or all
    #[arg(long, default_value = "as-advertised", value_name = "HOW")]
    pub replay_expand: Expand,
    /// How long an answer takes: none, real, or milliseconds such as 200 or 200+-50
    #[arg(long, default_value = "none")]
    pub latency: Latency,
    /// The seed of serial numbers, MAC addresses, passwords and hardware faults
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Plain HTTP instead of HTTPS
    #[arg(long)]
    pub plain_http: bool,
    /// The share of certificates, 0 to 1, that the lab's own CA issues instead of self-signed ones
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub ca_signed: f64,
    /// Servers in a rack
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub per_rack: usize,
    /// The administrator's name on every BMC, instead of each maker's usual one
    #[arg(long)]
    pub username: Option<String>,
    /// A file with the administrator's password on every BMC, instead of one of its own for each
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// How much slower than real power changes are; 0.1 is ten times as fast
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub time_scale: f64,
    /// A folder in which keys and certificates outlive the process
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Write name, address, maker, serial number, user name and password of each BMC to this file as CSV
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Sessions at once on every BMC, instead of each maker's own limit
    #[arg(long, value_name = "N")]
    pub sessions: Option<usize>,
    /// Seconds after which an unused session ends, instead of each maker's own
    #[arg(long, value_name = "SECONDS")]
    pub session_timeout: Option<u32>,
    /// Remember so many of the last requests of each BMC
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub log: usize,
    /// Take faults and tell counts over HTTP at this loopback address while the lab runs (`portcullis lab fault`)
    #[arg(long, value_name = "ADDR:PORT", value_parser = crate::control::parse_control)]
    pub control: Option<SocketAddr>,
    /// Something broken from the start, such as `hang@r1-u05`, `slow=20000@127.20.0.12` or `reset@5%`; may be repeated.
    /// Of hang, drop, reset, unavailable, slow=MS, flaky=P%, refuse-logins, sessions-full, lies, null-members, invalid-json,
    /// endless-json, deep-nesting, cut, redirect[=ADDR:PORT], moved, conflict[=S], wrong-clock, reboot, restart, certificate
    #[arg(long = "fault", value_name = "KIND@WHERE")]
    pub faults: Vec<FaultRule>,
}

impl Args {
    /// The configuration that the options mean.
    ///
    /// # Errors
    /// If the password file cannot be read or is empty, or a captured tree cannot be read.
    pub fn config(&self) -> Result<LabConfig, crate::Error> {
        let password = self.password_file.as_deref().map(read_password).transpose()?;
        Ok(LabConfig {
            count: self.count,
            first_addr: self.first_addr,
            port: self.port,
            mix: match &self.mix {
                Some(mix) => mix.clone(),
                None if self.replays.is_empty() => Mix::default(),
                None => Mix::none(),
            },
            replays: self
                .replays
                .iter()
                .map(|path| Tree::load(path, self.replay_expand))
                .collect::<Result<_, _>>()?,
            latency: self.latency,
            seed: self.seed,
            tls: !self.plain_http,
            ca_signed: self.ca_signed,
            racks: RackLayout { servers: self.per_rack, ..RackLayout::default() },
            username: self.username.clone(),
            password,
            time_scale: self.time_scale,
            state: self.state.clone(),
            faults: self.faults.clone(),
            sessions: self.sessions,
            session_timeout: self.session_timeout,
            log: self.log,
            control: self.control,
        })
    }
}

fn read_password(path: &std::path::Path) -> Result<Secret<String>, crate::Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| crate::Error::ReadPassword { path: path.to_owned(), source })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err(crate::Error::EmptyPassword(path.to_owned()))
    } else {
        Ok(Secret::new(line.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_says_who_comes_when() {
        let mix: Mix = "dell=2, hpe".parse().unwrap();
        let kinds: Vec<Kind> = (0..4).map(|index| mix.kind(index)).collect();
        assert_eq!(kinds, [Kind::Dell, Kind::Dell, Kind::Hpe, Kind::Dell]);
        for bad in ["", "dell=0", "dell=x", "sun"] {
            assert!(bad.parse::<Mix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn latency_has_a_middle_and_a_spread() {
        let spread = Latency::Fixed { least: Duration::from_millis(150), jitter: Duration::from_millis(100) };
        assert_eq!("200+-50".parse::<Latency>().unwrap(), spread);
        assert_eq!("real".parse::<Latency>().unwrap(), Latency::Real);
        assert!("soon".parse::<Latency>().is_err());
        assert!("99999999".parse::<Latency>().is_err());
    }
}
