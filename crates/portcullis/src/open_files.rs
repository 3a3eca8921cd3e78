//! How many files the process may have open: each controller in service, each page and each address that a sweep
//! waits for is one.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Raised no further than this, whatever is allowed.
const ENOUGH: u64 = 1 << 20;

/// Raises the limit as far as the system allows, and holds sweeps to half of it.
pub fn allow(bmc: &mut bmc::Config) {
    // Read from here and not asked by a system call: the unit's filter lets few of those through.
    let Some((soft, hard)) = std::fs::read_to_string("/proc/self/limits").ok().and_then(|text| parse(&text))
    else {
        return tracing::warn!("how many files may be open is not known: /proc/self/limits tells nothing");
    };
    let wanted = hard.min(ENOUGH).max(soft);
    let allowed = if wanted == soft || raise(wanted, hard) { wanted } else { soft };
    let places = usize::try_from(allowed / 2).unwrap_or(usize::MAX).max(1);
    if bmc.sweep_sockets > places {
        tracing::warn!(
            "bmc.sweep_sockets is {}, and only {allowed} files may be open (`LimitNOFILE=` of the unit, `ulimit -Hn`): \
             sweeps wait for at most {places} addresses at the same time",
            bmc.sweep_sockets
        );
        bmc.sweep_sockets = places;
    }
}

fn raise(soft: u64, hard: u64) -> bool {
    let limit = Rlimit { current: Some(soft), maximum: Some(hard).filter(|hard| *hard != u64::MAX) };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised to {soft}");
            false
        }
    }
}

/// The soft and the hard limit of open files in the text of `/proc/PID/limits`.
fn parse(limits: &str) -> Option<(u64, u64)> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let mut numbers = line.split_ascii_whitespace().map(|word| match word {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let of = |row: &str| {
            parse(&format!("Limit    Soft Limit  Hard Limit  Units\n{row}\nMax locked memory 1 2 bytes\n"))
        };
        assert_eq!(
            of("Max open files            1024                 524288               files     "),
            Some((1024, 524_288))
        );
        assert_eq!(
            of("Max open files            1024                 unlimited            files     "),
            Some((1024, u64::MAX))
        );
        assert_eq!(of("Max processes 1 1 processes"), None);
        let here = std::fs::read_to_string("/proc/self/limits").unwrap();
        assert!(parse(&here).is_some_and(|(soft, hard)| soft <= hard));
    }

    #[test]
    fn sweeps_take_at_most_half() {
        let mut config = bmc::Config { sweep_sockets: usize::MAX, ..bmc::Config::default() };
        allow(&mut config);
        let (soft, hard) = parse(&std::fs::read_to_string("/proc/self/limits").unwrap()).unwrap();
        assert_eq!(soft, hard.min(ENOUGH).max(soft));
        assert_eq!(config.sweep_sockets as u64, soft / 2);
        let mut modest = bmc::Config::default();
        allow(&mut modest);
        assert_eq!(modest, bmc::Config { sweep_sockets: modest.sweep_sockets, ..bmc::Config::default() });
    }
}
