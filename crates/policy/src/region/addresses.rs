//! Ranges of addresses, and how they are written.

use crate::evaluate::Family;
use crate::evaluate::merge;
use crate::evaluate::places::number;
use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// Addresses from the first to the last, of one family; written `10.0.0.0/24` where that says it, or `10.0.0.1-10.0.0.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// The first of them.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// The last of them.
    #[must_use]
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether an address is one of them.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        Family::of(address) == Family::of(self.first) && self.first <= address && address <= self.last
    }

    fn prefix(&self) -> Option<u32> {
        let (first, last) = (number(self.first), number(self.last));
        let differing = first ^ last;
        let is_network = differing & differing.wrapping_add(1) == 0 && first & differing == 0;
        let bits = if self.first.is_ipv4() { 32 } else { 128 };
        is_network.then(|| bits - (u128::BITS - differing.leading_zeros()))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        match self.prefix() {
            Some(prefix) => write!(f, "{}/{prefix}", self.first),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl Serialize for AddressRange {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Any addresses, of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addresses {
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Addresses {
    pub(crate) fn push(&mut self, family: Family, first: u128, last: u128) {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
        .push((first, last));
    }

    /// These and those.
    #[must_use]
    pub(crate) fn and(&self, other: &Self) -> Self {
        let both = |mine: &[(u128, u128)], theirs: &[(u128, u128)]| merge([mine, theirs].concat());
        Self { v4: both(&self.v4, &other.v4), v6: both(&self.v6, &other.v6) }
    }

    pub(crate) fn of_family(&self, family: Family) -> Self {
        match family {
            Family::V4 => Self { v4: self.v4.clone(), v6: Vec::new() },
            Family::V6 => Self { v4: Vec::new(), v6: self.v6.clone() },
        }
    }

    /// As ranges, disjoint and rising, IPv4 first.
    #[must_use]
    pub fn ranges(&self) -> Vec<AddressRange> {
        let of = |family: Family, ranges: &[(u128, u128)]| -> Vec<AddressRange> {
            let merged = merge(ranges.to_vec()).into_iter();
            merged
                .map(|(first, last)| AddressRange {
                    first: family.address(first),
                    last: family.address(last),
                })
                .collect()
        };
        [of(Family::V4, &self.v4), of(Family::V6, &self.v6)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_as_networks_where_they_are_ones() {
        for (first, last, text) in [
            ("10.0.0.0", "10.0.0.255", "10.0.0.0/24"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.2", "10.0.0.1-10.0.0.2"),
            ("0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
            ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
            ("fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00::/64"),
            ("10.0.0.128", "10.0.1.127", "10.0.0.128-10.0.1.127"),
        ] {
            let range = AddressRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
            assert_eq!(range.to_string(), text);
        }
    }
}
