//! Who is on the same wire, as the kernel knows it. Pure, but for [`Table`], which reads the kernel's tables.
//!
//! An address of a directly attached network is resolved before anything is sent to it (ARP, RFC 826). While it is not,
//! it takes an entry of the neighbour table, for three seconds, whatever the sweep's own time-out is; and when the
//! table is full, packets to everybody are dropped without a word. So a sweep of such a network goes in waves.
//!
//! Read from `/proc`, which needs no right and no system call that the unit's filter would have to let through. It
//! tells of IPv4 only; IPv6 ranges are swept as if they were behind a router.

use ipnet::{IpNet, Ipv4Net};
use model::device::canonical_mac;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Of this process, so that it is there in a mount of `/proc` that shows processes alone.
const ARP: &str = "/proc/self/net/arp";
const ROUTES: &str = "/proc/self/net/route";
/// How many entries the neighbour table may have (arp(7)); hidden from the unit and from containers.
const MOST: &str = "/proc/sys/net/ipv4/neigh/default/gc_thresh3";
/// What the kernel sets unless somebody changed it.
const USUAL_MOST: usize = 1024;
/// So many rows of a table are read at most.
const MOST_ROWS: usize = 1 << 20;
/// An address that does not answer is tried three times, a second each (arp(7): `mcast_solicit`, `retrans_time_ms`), and
/// the kernel's timers are late rather than early.
const UNRESOLVED: Duration = Duration::from_millis(3500);
/// Entries that a sweep leaves to others, and the fewest that it takes.
const FEWEST: usize = 16;

/// The neighbours of a moment.
#[derive(Clone, Debug, Default)]
pub struct Neighbours(HashMap<Ipv4Addr, Option<String>>);

/// Reads the text of `/proc/net/arp`.
#[must_use]
pub fn parse_arp(table: &str) -> Neighbours {
    let row = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let addr = fields.next()?.parse().ok()?;
        let (flags, mac) = (fields.nth(1)?, fields.next()?);
        // 0x2 is a complete entry, 0x4 one that was put in by hand (net/if_arp.h).
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        let mac = canonical_mac(mac).filter(|mac| flags & 0x6 != 0 && mac != "00:00:00:00:00:00");
        Some((addr, mac))
    };
    Neighbours(table.lines().skip(1).take(MOST_ROWS).filter_map(row).collect())
}

impl Neighbours {
    /// The MAC address, if the kernel has resolved it.
    #[must_use]
    pub fn mac(&self, addr: IpAddr) -> Option<&str> {
        match addr {
            IpAddr::V4(addr) => self.0.get(&addr)?.as_deref(),
            IpAddr::V6(_) => None,
        }
    }

    /// Whether the kernel has asked for this address and nobody has answered.
    #[must_use]
    pub fn is_silent(&self, addr: IpAddr) -> bool {
        matches!(addr, IpAddr::V4(addr) if self.0.get(&addr).is_some_and(Option::is_none))
    }

    /// Those who have answered, in no order.
    pub fn resolved(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.0.iter().filter(|(_, mac)| mac.is_some()).map(|(addr, _)| *addr)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Which networks are attached directly, and which lie behind a router.
#[derive(Clone, Debug, Default)]
pub struct Links(Vec<(Ipv4Net, bool)>);

/// Reads the text of `/proc/net/route`: the main table, IPv4.
#[must_use]
pub fn parse_routes(table: &str) -> Links {
    // The kernel prints the address as the number that its bytes are in this machine's memory.
    let addr = |hex: &str| Some(Ipv4Addr::from(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes()));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, destination, _, flags, _, _, _, mask, ..] = fields.as_slice() else { return None };
        let net = Ipv4Net::with_netmask(addr(destination)?, addr(mask)?).ok()?;
        // RTF_UP and RTF_GATEWAY (net/route.h).
        let flags = u32::from_str_radix(flags, 16).ok()?;
        (flags & 1 != 0).then_some((net, flags & 2 == 0))
    };
    Links(table.lines().skip(1).take(MOST_ROWS).filter_map(row).collect())
}

impl Links {
    /// Whether any address of a range may be on the same wire.
    #[must_use]
    pub fn touches(&self, range: IpNet) -> bool {
        let IpNet::V4(range) = range else { return false };
        let meets = |net: &Ipv4Net| net.contains(&range.network()) || range.contains(&net.network());
        self.0.iter().any(|(net, attached)| *attached && meets(net))
    }

    /// Whether an address is on the same wire, by the longest prefix that holds it.
    #[must_use]
    pub fn is_attached(&self, addr: IpAddr) -> bool {
        let IpAddr::V4(addr) = addr else { return false };
        let holding = self.0.iter().filter(|(net, _)| net.contains(&addr));
        holding.max_by_key(|(net, _)| net.prefix_len()).is_some_and(|(_, attached)| *attached)
    }
}

/// How many addresses on the wire may be unresolved at the same time; a function of time alone.
#[derive(Clone, Debug)]
pub struct Wave {
    most: usize,
    open: VecDeque<(Duration, u64)>,
}

impl Wave {
    /// Half of what is free in a table of `most` entries of which `taken` are in use.
    #[must_use]
    pub fn new(most: usize, taken: usize) -> Self {
        Self { most: (most.saturating_sub(taken) / 2).max(FEWEST), open: VecDeque::new() }
    }

    /// Whether one more may be asked.
    ///
    /// # Errors
    /// The pause until one may.
    pub fn room(&mut self, elapsed: Duration) -> Result<(), Duration> {
        while self.open.front().is_some_and(|(until, _)| *until <= elapsed) {
            self.open.pop_front();
        }
        match self.open.front() {
            Some((until, _)) if self.open.len() >= self.most => Err(*until - elapsed),
            _ => Ok(()),
        }
    }

    /// The address at this position is asked now.
    pub fn asked(&mut self, position: u64, elapsed: Duration) {
        self.open.push_back((elapsed + UNRESOLVED, position));
    }

    /// Whether this position is among those that may be unresolved.
    #[must_use]
    pub fn holds(&self, position: u64) -> bool {
        self.open.iter().any(|(_, open)| *open == position)
    }

    /// Somebody is there.
    pub fn resolved(&mut self, position: u64) {
        if let Some(at) = self.open.iter().rposition(|(_, open)| *open == position) {
            self.open.remove(at);
        }
    }
}

/// The kernel's table, read anew when it is older than a moment.
#[derive(Debug, Default)]
pub struct Table {
    kept: Mutex<Option<(Instant, Duration, Neighbours)>>,
}

impl Table {
    /// Whether nobody has answered for this address, as of now.
    pub fn is_silent(&self, addr: IpAddr) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // A large table takes a while: no more than a twentieth of the time goes into it.
        let is_fresh = |(at, cost, _): &(Instant, Duration, Neighbours)| {
            at.elapsed() < Duration::from_millis(50).max(*cost * 20)
        };
        if !kept.as_ref().is_some_and(is_fresh) {
            let began = std::time::Instant::now();
            let neighbours = neighbours();
            *kept = Some((Instant::now(), began.elapsed(), neighbours));
        }
        kept.as_ref().is_some_and(|(_, _, neighbours)| neighbours.is_silent(addr))
    }
}

/// The neighbours now. The kernel writes this table from memory; there is no disk to wait for.
pub fn neighbours() -> Neighbours {
    parse_arp(&std::fs::read_to_string(ARP).unwrap_or_default())
}

/// The attached networks now.
pub fn links() -> Links {
    parse_routes(&std::fs::read_to_string(ROUTES).unwrap_or_default())
}

/// A wave that suits the kernel's table as it is now.
pub fn wave(taken: usize) -> Wave {
    let most = std::fs::read_to_string(MOST).ok().and_then(|text| text.trim().parse().ok());
    Wave::new(most.unwrap_or(USUAL_MOST), taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
        10.0.3.7         0x1         0x2         D0:94:66:01:02:03     *        eth1\n\
        10.0.3.8         0x1         0x0         00:00:00:00:00:00     *        eth1\n\
        10.0.3.9         0x1         0x6         d0:94:66:01:02:04     *        eth1\n\
        10.0.3.10        0x1         0x0         d0:94:66:01:02:05     *        eth1\n";

    #[test]
    fn the_neighbour_table_is_read() {
        let table = parse_arp(TABLE);
        let addr = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(table.mac(addr("10.0.3.7")), Some("d0:94:66:01:02:03"));
        assert_eq!(table.mac(addr("10.0.3.9")), Some("d0:94:66:01:02:04"));
        assert_eq!((table.mac(addr("10.0.3.8")), table.mac(addr("10.0.3.70"))), (None, None));
        assert!(table.is_silent(addr("10.0.3.8")) && table.is_silent(addr("10.0.3.10")));
        assert!(!table.is_silent(addr("10.0.3.7")) && !table.is_silent(addr("10.0.3.70")));
        assert_eq!((table.resolved().count(), table.len()), (2, 4));
        for odd in ["", "x", "a\n1.2.3.4", "a\n1.2.3.4 0x1 zz 00:00:00:00:00:01 * e", "a\n::1 0x1 0x2 x"] {
            assert!(parse_arp(odd).is_empty(), "{odd:?}");
        }
    }

    #[test]
    fn the_longest_prefix_says_what_is_attached() {
        let hex = |addr: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(addr));
        let row = |net: [u8; 4], mask: [u8; 4], flags: &str| {
            format!("eth1\t{}\t00000000\t{flags}\t0\t0\t0\t{}\t0\t0\t0\n", hex(net), hex(mask))
        };
        let table = [
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n".to_owned(),
            row([0, 0, 0, 0], [0, 0, 0, 0], "0003"),
            row([10, 0, 0, 0], [255, 255, 0, 0], "0001"),
            row([10, 0, 9, 0], [255, 255, 255, 0], "0003"),
            row([10, 1, 0, 0], [255, 255, 0, 0], "0000"),
        ];
        let links = parse_routes(&table.concat());
        for (addr, attached) in [
            ("10.0.3.7", true),
            ("10.0.9.7", false),
            ("10.1.3.7", false),
            ("192.0.2.1", false),
            ("fd00::1", false),
        ] {
            assert_eq!(links.is_attached(addr.parse().unwrap()), attached, "{addr}");
        }
        for (range, touches) in
            [("10.0.0.0/8", true), ("10.0.3.0/24", true), ("10.1.0.0/16", false), ("fd00::/112", false)]
        {
            assert_eq!(links.touches(range.parse().unwrap()), touches, "{range}");
        }
        assert!(!parse_routes("").is_attached("10.0.3.7".parse().unwrap()));
    }

    #[test]
    fn a_wave_never_has_more_open_than_half_of_the_table() {
        let ms = Duration::from_millis;
        let mut wave = Wave::new(100, 20);
        for position in 0..40 {
            assert_eq!(wave.room(ms(position)), Ok(()));
            wave.asked(position, ms(position));
        }
        assert_eq!(wave.room(ms(1000)), Err(ms(2500)));
        // One that answers makes room at once; the others after three seconds and a half each.
        wave.resolved(7);
        assert_eq!(wave.room(ms(1000)), Ok(()));
        wave.asked(40, ms(1000));
        assert_eq!(wave.room(ms(3499)), Err(ms(1)));
        assert_eq!(wave.room(ms(3500)), Ok(()));
        // A table that is full leaves a little all the same.
        assert_eq!(Wave::new(10, 99).most, FEWEST);
    }
}
