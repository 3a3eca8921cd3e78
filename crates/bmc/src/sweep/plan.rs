//! Which address is asked when: walks a range without writing it out, at a steady rate; pure.

use ipnet::IpNet;
use model::{Failure, Kind};
use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The largest IPv6 range that is walked: /112, 65,536 addresses.
const MIN_PREFIX_V6: u8 = 112;

/// The largest IPv4 range that is walked: /8.
const MIN_PREFIX_V4: u8 = 8;

/// The addresses of a range, by position: nothing is written out, so a /8 costs as little as a /30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    first: u128,
    total: u64,
    v4: bool,
}

impl Walk {
    /// The hosts of `range`: for IPv4 prefixes shorter than /31 without its network and broadcast
    /// addresses (RFC 3021 keeps both of a /31); for IPv6 without the subnet-router anycast address
    /// (RFC 4291, section 2.6.1), which answers for a router, except in a /127 (RFC 6164) and a /128.
    ///
    /// # Errors
    /// If the range holds too many addresses to be asked one by one.
    pub fn over(range: IpNet) -> Result<Self, Failure> {
        let refuse = |most: u8| {
            let cause = format!(
                "a range of this family may have at most {} addresses (/{most})",
                1_u64 << (range.max_prefix_len() - most)
            );
            Failure::new(Kind::Invalid, "sweep", range.to_string(), cause)
        };
        match range.trunc() {
            IpNet::V4(net) if net.prefix_len() < MIN_PREFIX_V4 => {
                Err(refuse(MIN_PREFIX_V4).hint("sweep the subnets that hold controllers one by one"))
            }
            IpNet::V4(net) => {
                let all = 1_u64 << (32 - net.prefix_len());
                let first = u128::from(u32::from(net.network()));
                let whole = net.prefix_len() >= 31;
                Ok(Self {
                    first: first + u128::from(!whole),
                    total: if whole { all } else { all - 2 },
                    v4: true,
                })
            }
            IpNet::V6(net) if net.prefix_len() < MIN_PREFIX_V6 => Err(refuse(MIN_PREFIX_V6)
                .hint("an IPv6 subnet cannot be walked; give the /112 or longer that holds the controllers")),
            IpNet::V6(net) => {
                let all = 1_u64 << (128 - net.prefix_len());
                let first = u128::from(net.network());
                let whole = net.prefix_len() >= 127;
                Ok(Self {
                    first: first + u128::from(!whole),
                    total: if whole { all } else { all - 1 },
                    v4: false,
                })
            }
        }
    }

    /// How many addresses there are.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The position of `addr`; none if it is not among them.
    #[must_use]
    pub fn position(&self, addr: IpAddr) -> Option<u64> {
        let bits = match (addr, self.v4) {
            (IpAddr::V4(addr), true) => u128::from(u32::from(addr)),
            (IpAddr::V6(addr), false) => u128::from(addr),
            _ => return None,
        };
        let position = u64::try_from(bits.checked_sub(self.first)?).ok()?;
        (position < self.total).then_some(position)
    }

    /// The address at `position`, counted from zero; none past the end.
    #[must_use]
    pub fn at(&self, position: u64) -> Option<IpAddr> {
        if position >= self.total {
            return None;
        }
        let bits = self.first + u128::from(position);
        if self.v4 {
            u32::try_from(bits).ok().map(|bits| IpAddr::V4(Ipv4Addr::from(bits)))
        } else {
            Some(IpAddr::V6(Ipv6Addr::from(bits)))
        }
    }
}

/// How far a sweep is: which positions were asked and which are answered for, however they overtake
/// each other. Everything below [`Cursor::settled`] is done; a sweep resumed there asks nothing of it again.
#[derive(Clone, Debug)]
pub struct Cursor {
    next: u64,
    waiting: BTreeSet<u64>,
    /// Those of `waiting` that were put back, or come before their turn.
    again: VecDeque<u64>,
    /// Those from `next` on that came before their turn.
    ahead: BTreeSet<u64>,
}

impl Cursor {
    /// Starts at `position`.
    #[must_use]
    pub const fn at(position: u64) -> Self {
        Self { next: position, waiting: BTreeSet::new(), again: VecDeque::new(), ahead: BTreeSet::new() }
    }

    /// Takes the next position below `total`; its answer is now waited for. Those that were put back come first.
    pub fn take(&mut self, total: u64) -> Option<u64> {
        if let Some(position) = self.again.pop_front() {
            return Some(position);
        }
        let position = self.next;
        (position < total).then(|| {
            self.waiting.insert(position);
            self.next += 1;
            self.skip();
            position
        })
    }

    /// The position that [`Cursor::take`] gives next.
    #[must_use]
    pub fn peek(&self, total: u64) -> Option<u64> {
        self.again.front().copied().or_else(|| (self.next < total).then_some(self.next))
    }

    /// Starts at `position`, and asks those of `early` first that are still to come; or those alone.
    #[must_use]
    pub fn with(position: u64, alone: bool, early: &[u64]) -> Self {
        let mut cursor = Self::at(position);
        for early in early {
            if alone {
                cursor.waiting.insert(*early);
                cursor.again.push_back(*early);
            } else {
                cursor.bring_forward(*early);
            }
        }
        cursor
    }

    /// Lets a position come before its turn, once.
    fn bring_forward(&mut self, position: u64) {
        if position >= self.next && self.ahead.insert(position) {
            self.waiting.insert(position);
            self.again.push_back(position);
            self.skip();
        }
    }

    fn skip(&mut self) {
        while self.ahead.remove(&self.next) {
            self.next += 1;
        }
    }

    /// The address at `position` could not be asked: it comes again.
    pub fn put_back(&mut self, position: u64) {
        if self.waiting.contains(&position) {
            self.again.push_back(position);
        }
    }

    /// Whether every position below `total` is answered for.
    #[must_use]
    pub fn is_done(&self, total: u64) -> bool {
        self.next >= total && self.waiting.is_empty()
    }

    /// The address at `position` has answered or was given up.
    pub fn settle(&mut self, position: u64) {
        self.waiting.remove(&position);
    }

    /// The first position that is not answered for yet: where a stopped sweep is resumed.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.waiting.first().map_or(self.next, |first| self.next.min(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walked(range: &str) -> Vec<String> {
        let walk = Walk::over(range.parse().unwrap()).unwrap();
        (0..).map_while(|position| walk.at(position)).map(|addr| addr.to_string()).collect()
    }

    #[test]
    fn network_and_broadcast_are_skipped_in_prefixes_shorter_than_31() {
        assert_eq!(walked("10.0.3.0/30"), ["10.0.3.1", "10.0.3.2"]);
        assert_eq!(walked("10.0.3.6/31"), ["10.0.3.6", "10.0.3.7"]);
        assert_eq!(walked("10.0.3.7/32"), ["10.0.3.7"]);
        assert_eq!(walked("10.0.3.77/24").len(), 254);
        assert_eq!(walked("10.0.3.77/24").first().unwrap(), "10.0.3.1");
        assert_eq!(walked("255.255.255.252/30"), ["255.255.255.253", "255.255.255.254"]);
    }

    #[test]
    fn who_comes_early_comes_once() {
        let mut cursor = Cursor::with(5, false, &[7, 3, 9, 7]);
        assert_eq!((cursor.peek(10), cursor.settled()), (Some(7), 5));
        let order: Vec<u64> = std::iter::from_fn(|| cursor.take(10)).collect();
        assert_eq!(order, [7, 9, 5, 6, 8], "3 was done before");
        cursor.settle(7);
        assert_eq!(cursor.settled(), 5);
        let mut alone = Cursor::with(10, true, &[7, 3]);
        let order: Vec<u64> = std::iter::from_fn(|| alone.take(10)).collect();
        assert_eq!(order, [7, 3]);
        assert!(!alone.is_done(10));
        order.into_iter().for_each(|position| alone.settle(position));
        assert!(alone.is_done(10));
    }

    #[test]
    fn ipv6_is_walked_up_to_112() {
        assert_eq!(walked("fd00::/126"), ["fd00::1", "fd00::2", "fd00::3"]);
        assert_eq!(walked("fd00::2/127"), ["fd00::2", "fd00::3"]);
        assert_eq!(walked("fd00::9/128"), ["fd00::9"]);
        assert_eq!(Walk::over("fd00::/112".parse().unwrap()).unwrap().total(), 65_535);
        let refused = Walk::over("fd00::/111".parse().unwrap()).unwrap_err();
        assert_eq!(refused.kind, Kind::Invalid);
        assert!(
            refused.to_string().contains("fd00::/111") && refused.to_string().contains("65536"),
            "{refused}"
        );
        assert_eq!(Walk::over("0.0.0.0/7".parse().unwrap()).unwrap_err().kind, Kind::Invalid);
    }

    fn range_end(range: IpNet) -> Ipv4Addr {
        match range {
            IpNet::V4(net) => net.broadcast(),
            IpNet::V6(_) => unreachable!(),
        }
    }

    proptest! {
        #[test]
        fn every_host_comes_exactly_once_and_lies_in_the_range(addr: u32, prefix in 20_u8..=32) {
            let range: IpNet = format!("{}/{prefix}", Ipv4Addr::from(addr)).parse().unwrap();
            let walk = Walk::over(range).unwrap();
            let walked: Vec<IpAddr> = (0..).map_while(|position| walk.at(position)).collect();
            let expected: Vec<IpAddr> = range.hosts().collect();
            prop_assert_eq!(walked.len() as u64, walk.total());
            for (position, addr) in (0..).zip(&walked) {
                prop_assert_eq!(walk.position(*addr), Some(position));
            }
            prop_assert_eq!(walk.position(IpAddr::V4(Ipv4Addr::from(u32::from(range_end(range)).wrapping_add(1)))), None);
            prop_assert_eq!(walked, expected);
        }

        #[test]
        fn a_resumed_sweep_misses_nothing(
            order in prop::collection::vec(0_u8..4, 1..200),
            start in 0_u64..1000,
            early in prop::collection::vec(0_u64..100, 0..30),
        ) {
            let early: Vec<u64> = early.iter().map(|early| start + early).collect();
            let mut cursor = Cursor::with(start, false, &early);
            let mut settled = BTreeSet::new();
            let mut asked = Vec::new();
            for step in order {
                match (step, asked.pop()) {
                    (0, Some(last)) => {
                        cursor.settle(last);
                        prop_assert!(settled.insert(last), "{} was asked twice", last);
                    }
                    (1, Some(last)) => cursor.put_back(last),
                    (_, last) => {
                        asked.extend(last);
                        asked.extend(cursor.take(start + 100));
                    }
                }
            }
            for position in start..cursor.settled() {
                prop_assert!(settled.contains(&position), "position {} would be skipped", position);
            }
            // To the end, whatever was put back.
            let mut settle = |cursor: &mut Cursor, position| {
                cursor.settle(position);
                settled.insert(position)
            };
            for position in asked {
                prop_assert!(settle(&mut cursor, position));
            }
            while let Some(position) = cursor.take(start + 100) {
                prop_assert!(settle(&mut cursor, position), "{} was asked twice", position);
            }
            prop_assert_eq!(settled.len(), 100);
            prop_assert!(cursor.is_done(start + 100) && cursor.settled() == start + 100);
        }
    }
}
