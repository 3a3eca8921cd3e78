//! A port and addresses that no other test has, in this process or in another one.

use anyhow::Context as _;
use std::fs::{File, OpenOptions};
use std::net::Ipv4Addr;

/// How many tests can run at the same time on one machine; each holds one slot, or two.
const SLOTS: u16 = 4000;
/// Below the range that kernels hand out by themselves.
const FIRST_PORT: u16 = 21_000;

/// A number that is held until this is dropped, or the process has ended in whatever way.
#[derive(Debug)]
pub struct Slot {
    number: u16,
    _lock: File,
}

impl Slot {
    /// Takes the lowest free number.
    ///
    /// # Errors
    /// If the folder for locks cannot be made, or all are taken.
    pub fn take() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("portcullis-e2e-slots");
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        for number in 0..SLOTS {
            let path = folder.join(number.to_string());
            let Ok(file) = OpenOptions::new().create(true).append(true).open(&path) else { continue };
            if file.try_lock().is_ok() {
                return Ok(Self { number, _lock: file });
            }
        }
        anyhow::bail!("all {SLOTS} slots in {} are taken", folder.display())
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
