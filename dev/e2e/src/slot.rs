//! A port and addresses that no other test has, in this process or in another one.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// How many tests can run at the same time on one machine; each holds one slot, or two.
const SLOTS: u16 = 4000;
/// Below the range that kernels hand out by themselves.
const FIRST_PORT: u16 = 21_000;
/// Where on its own address a slot is held. A socket and not a file: two runs that share a network but no files, as one
/// in a chroot does, see each other.
const HELD_AT: u16 = 20_999;

/// A number that is held until this is dropped, or the process has ended in whatever way.
#[derive(Debug)]
pub struct Slot {
    number: u16,
    _held: UdpSocket,
}

impl Slot {
    /// Takes the lowest free number whose port nobody listens at.
    ///
    /// # Errors
    /// If all are taken.
    pub fn take() -> anyhow::Result<Self> {
        for number in 0..SLOTS {
            let [high, low] = number.to_be_bytes();
            let Ok(held) = UdpSocket::bind((Ipv4Addr::new(127, 100 + high, low, 1), HELD_AT)) else {
                continue;
            };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, FIRST_PORT + number)).is_ok() {
                return Ok(Self { number, _held: held });
            }
        }
        anyhow::bail!("all {SLOTS} slots of this machine are taken")
    }

    /// The port of 127.0.0.1 that belongs to it.
    #[must_use]
    pub const fn port(&self) -> u16 {
        FIRST_PORT + self.number
    }

    /// The first of 240 addresses that belong to it, 127.x.y.10.
    #[must_use]
    pub fn first_addr(&self) -> Ipv4Addr {
        let [high, low] = self.number.to_be_bytes();
        Ipv4Addr::new(127, 100 + high, low, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_slots_have_nothing_in_common_and_a_dropped_one_is_free_again() {
        let (first, second) = (Slot::take().unwrap(), Slot::take().unwrap());
        assert_ne!(first.port(), second.port());
        assert_ne!(first.first_addr(), second.first_addr());
        assert!(u32::from(FIRST_PORT) + u32::from(SLOTS) < 32_768);
    }
}
