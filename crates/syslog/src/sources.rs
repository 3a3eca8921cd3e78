//! Who may send, and how many connections at once.

use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Networks and limits; shared by all listeners.
#[derive(Debug)]
pub struct Sources {
    networks: Vec<IpNet>,
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

/// The connections that are open, by the address that they come from.
#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a sender was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is in none of the networks.
    Source,
    /// There are as many connections as there may be.
    Connections,
}

impl Sources {
    /// Senders of these networks, with so many connections altogether and from one address.
    #[must_use]
    pub fn new(networks: &[IpNet], most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { networks: networks.to_vec(), most, most_of_one, open: Mutex::default() })
    }

    /// Whether this address may send.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// A connection's place, kept until it is dropped.
    ///
    /// # Errors
    /// If the address may not send, or there are too many connections.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let address = address.to_canonical();
        if !self.has(address) {
            return Err(Refusal::Source);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = open.by_address.get(&address).copied().unwrap_or(0);
        if open.all >= self.most || of_one >= self.most_of_one {
            return Err(Refusal::Connections);
        }
        open.all += 1;
        open.by_address.insert(address, of_one + 1);
        Ok(Place { sources: Arc::clone(self), address })
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

/// A connection that counts.
#[derive(Debug)]
pub struct Place {
    sources: Arc<Sources>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sources.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        match open.by_address.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_networks_send_and_each_address_has_its_share() {
        let sources = Sources::new(&["192.0.2.0/24".parse().unwrap()], 3, 2);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(sources.has(at("::ffff:192.0.2.1")) && !sources.has(at("2001:db8::1")));
        assert_eq!(sources.admit(at("198.51.100.1")).unwrap_err(), Refusal::Source);
        let first = sources.admit(at("192.0.2.1")).unwrap();
        let _second = sources.admit(at("::ffff:192.0.2.1")).unwrap();
        assert_eq!(sources.admit(at("192.0.2.1")).unwrap_err(), Refusal::Connections);
        let _third = sources.admit(at("192.0.2.2")).unwrap();
        assert_eq!(sources.admit(at("192.0.2.3")).unwrap_err(), Refusal::Connections);
        drop(first);
        assert_eq!(sources.open(), 2);
        assert!(sources.admit(at("192.0.2.1")).is_ok());
    }

    #[test]
    fn nobody_may_send_by_default() {
        assert!(!Sources::new(&[], 1, 1).has(IpAddr::from([127, 0, 0, 1])));
    }
}
