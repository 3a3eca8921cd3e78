//! Which registries of BIOS settings are known: each is read once over the whole fleet, by whichever of its owners
//! comes first.

use super::lock;
use model::inventory::{Inventory, RegistryKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// So many are read; a registry is some hundred kilobytes in memory, and a site has a few dozen BIOS versions.
const MOST: usize = 128;
/// After one that could not be read another device's owner may try so much later.
const AGAIN: Duration = Duration::from_secs(3600);

/// Those that are known or are being read (`None`), and those that may be tried again then.
#[derive(Clone, Default)]
pub struct Registries(Arc<Mutex<HashMap<RegistryKey, Option<Instant>>>>);

/// The right to read one: whoever holds it is the only one. Given up, it may be tried again later.
pub struct Claim {
    registries: Registries,
    /// Which.
    pub key: RegistryKey,
    is_read: bool,
}

impl Registries {
    /// The right to read this one, if nobody has read it or is about to.
    pub fn claim(&self, key: &RegistryKey, now: Instant) -> Option<Claim> {
        let mut all = lock(&self.0);
        let may = match all.get(key) {
            Some(Some(at)) => *at <= now,
            Some(None) => false,
            None => all.len() < MOST,
        };
        may.then(|| all.insert(key.clone(), None));
        may.then(|| Claim { registries: self.clone(), key: key.clone(), is_read: false })
    }
}

impl Claim {
    /// It was read, or there is none: nobody need try again.
    pub fn done(mut self) {
        self.is_read = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_read {
            lock(&self.registries.0).insert(self.key.clone(), Some(Instant::now() + AGAIN));
        }
    }
}

/// Which registries explain the servers of a controller, with the place of one such server.
pub fn wanted(inventory: &Inventory) -> Vec<(RegistryKey, usize)> {
    let mut wanted: Vec<(RegistryKey, usize)> = Vec::new();
    for (at, system) in inventory.systems.iter().enumerate() {
        if let Some(key) = system.registry()
            && !wanted.iter().any(|(known, _)| *known == key)
        {
            wanted.push((key, at));
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::inventory::{Bios, System};

    fn key(bios: &str) -> RegistryKey {
        RegistryKey { registry: "R.v1".into(), bios: bios.into() }
    }

    #[tokio::test]
    async fn each_is_read_by_one_and_a_failed_one_later_by_another() {
        let (all, now) = (Registries::default(), Instant::now());
        let claim = all.claim(&key("1"), now).unwrap();
        assert!(all.claim(&key("1"), now).is_none(), "it is being read");
        all.claim(&key("2"), now).unwrap().done();
        drop(claim);
        assert!(all.claim(&key("1"), now).is_none(), "not at once");
        let later = now + AGAIN * 2;
        all.claim(&key("1"), later).unwrap().done();
        assert!(all.claim(&key("1"), later + AGAIN).is_none() && all.claim(&key("2"), later).is_none());
        let most = (0..MOST * 2).filter_map(|at| all.claim(&key(&format!("v{at}")), now)).map(Claim::done);
        assert_eq!(most.count(), MOST - 2);
    }

    #[test]
    fn servers_with_one_bios_want_one_registry() {
        let system = |registry: Option<&str>, bios: &str| System {
            bios_version: Some(bios.into()),
            bios: Some(Bios { registry: registry.map(Into::into), ..Bios::default() }),
            ..System::default()
        };
        let systems =
            vec![System::default(), system(Some("R.v1"), "1"), system(Some("R.v1"), "1"), system(None, "1")];
        let inventory = Inventory { systems, ..Inventory::default() };
        assert_eq!(wanted(&inventory), [(key("1"), 1)]);
    }
}
