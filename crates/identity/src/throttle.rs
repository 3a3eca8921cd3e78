//! Guessing is slowed, then locked, and seen.
//!
//! Three counts are kept, and each try is charged to all of them when it is let through, not when it fails: so
//! tries in parallel and tries that are broken off count too. A success takes its charge back.
//!
//! | count of | slowed | locked at | first lock | forgets one try in | guards against |
//! |---|---|---|---|---|---|
//! | an account from one address | from the 3rd: 1, 2, 4 … 30 s | 10 | 15 min | 10 min | somebody guessing a password |
//! | an address | no | 30 | 15 min | 2 min | one machine trying many accounts |
//! | an account from everywhere | no | 50 | 15 min | 1 min | many machines guessing one password |
//!
//! A lock ends by itself. The next one comes after half as many tries and lasts twice as long, up to an hour. Tries
//! while something is locked are refused without being looked at, and do not lengthen the lock.
//!
//! Nobody can lock an owner out for good from elsewhere. One address is locked itself long before it could lock an
//! account everywhere (10 tries against 50). A crowd of addresses can do that, but such a lock does not hold for an
//! address from which the owner signed in during the last 30 days. What is left: the owner shares the attacker's
//! address (NAT), or comes from a new one while a crowd attacks; they wait, or an operator has the account unlocked
//! or restarts the appliance.
//!
//! Accounts that do not exist are counted like others, so a lock tells nothing. An IPv6 address stands for its /64,
//! which is what one customer gets. The counts live in memory, at most [`CAPACITY`] of each kind (some 4 MB in all):
//! past that, the one unused for longest goes, locked ones last. A restart forgets them.

mod count;

use count::{Count, Rule, Table};
use jiff::{SignedDuration, Timestamp};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Entries of each kind that are kept.
pub const CAPACITY: usize = 4096;
/// A name is cut to so many bytes; no account has a longer one.
const NAME_BYTES: usize = 64;
/// For so long an address counts as the owner's after a sign-in.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

const PAIR: Rule = Rule { slow_from: Some(3), lock_at: 10, forget_one_in: SignedDuration::from_mins(10) };
const ADDRESS: Rule = Rule { slow_from: None, lock_at: 30, forget_one_in: SignedDuration::from_mins(2) };
const ACCOUNT: Rule = Rule { slow_from: None, lock_at: 50, forget_one_in: SignedDuration::from_mins(1) };

/// Whether a try may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; it is charged. Follow with [`Throttle::succeeded`], [`Throttle::passed`] or [`Throttle::failed`].
    Go,
    /// Not before so long; nothing was charged.
    Wait(Duration),
    /// Not before then; nothing was charged.
    Locked(Timestamp),
}

/// What a failed try led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Escalation {
    /// Nothing yet.
    None,
    /// The next try from there has to wait so long.
    Slowed(Duration),
    /// Something is locked from now on. Told once per lock: raise a finding.
    Locked(Lock),
}

/// A lock, for findings and pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The account, unless an address is locked for all accounts.
    pub account: Option<String>,
    /// The address, unless an account is locked for all unknown addresses.
    pub from: Option<IpAddr>,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// The state of all counts. One owner; not shared between appliances.
#[derive(Default)]
pub struct Throttle {
    pairs: Table<(String, IpAddr)>,
    addresses: Table<IpAddr>,
    accounts: Table<String>,
    known: Table<(String, IpAddr)>,
}

impl Throttle {
    /// Without any memory of tries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether somebody at `from` may try to sign in to `account` now. To be asked before any password is hashed.
    pub fn check(&mut self, account: &str, from: IpAddr, now: Timestamp) -> Verdict {
        let (account, from) = (account_key(account), address_key(from));
        let pair = (account.clone(), from);
        let known = self.is_known(&pair, now);
        let (pairs, addresses) = (self.pairs.at(pair, now, PAIR), self.addresses.at(from, now, ADDRESS));
        let accounts = self.accounts.at(account, now, ACCOUNT);
        let everywhere = if known { None } else { accounts.lock_when_full(now, ACCOUNT) };
        let locks = [pairs.lock_when_full(now, PAIR), addresses.lock_when_full(now, ADDRESS), everywhere];
        if let Some(until) = locks.into_iter().flatten().max() {
            return Verdict::Locked(until);
        }
        if let Some(wait) = pairs.wait(now, PAIR) {
            return Verdict::Wait(wait);
        }
        for count in [pairs, addresses, accounts] {
            count.charge(now);
        }
        Verdict::Go
    }

    /// The try was wrong: password, second factor or recovery code. Charges nothing; it may also be asked after
    /// a [`Verdict::Locked`], since tries that were broken off lock too, and nobody was told then.
    pub fn failed(&mut self, account: &str, from: IpAddr, now: Timestamp) -> Escalation {
        let (account, from) = (account_key(account), address_key(from));
        let pair = self.pairs.at((account.clone(), from), now, PAIR);
        let by_pair = pair.newly_locked(now, PAIR);
        let wait = pair.wait(now, PAIR);
        let by_address = self.addresses.at(from, now, ADDRESS).newly_locked(now, ADDRESS);
        let by_account = self.accounts.at(account.clone(), now, ACCOUNT).newly_locked(now, ACCOUNT);
        // The widest lock is told.
        if let Some(until) = by_account {
            return Escalation::Locked(Lock { account: Some(account), from: None, until });
        }
        if let Some(until) = by_address {
            return Escalation::Locked(Lock { account: None, from: Some(from), until });
        }
        if let Some(until) = by_pair {
            return Escalation::Locked(Lock { account: Some(account), from: Some(from), until });
        }
        wait.map_or(Escalation::None, Escalation::Slowed)
    }

    /// The first step was right and a second is to come: its charge is taken back, the failures before it stay.
    pub fn passed(&mut self, account: &str, from: IpAddr, now: Timestamp) {
        let (account, from) = (account_key(account), address_key(from));
        self.pairs.at((account.clone(), from), now, PAIR).refund();
        self.addresses.at(from, now, ADDRESS).refund();
        self.accounts.at(account, now, ACCOUNT).refund();
    }

    /// Somebody signed in wholly: their failures from there are forgotten, those from elsewhere are not.
    pub fn succeeded(&mut self, account: &str, from: IpAddr, now: Timestamp) {
        self.passed(account, from, now);
        let pair = (account_key(account), address_key(from));
        self.pairs.remove(&pair);
        self.known.put(pair, Count::new(now));
    }

    /// Ends all locks of an account and forgets its failures; for an operator.
    pub fn unlock(&mut self, account: &str) {
        let account = account_key(account);
        self.pairs.retain(|(name, _)| *name != account);
        self.accounts.remove(&account);
    }

    /// All locks that hold now, in no order.
    #[must_use]
    pub fn locks(&self, now: Timestamp) -> Vec<Lock> {
        let pairs = self.pairs.locked(now).map(|((account, from), until)| Lock {
            account: Some(account.clone()),
            from: Some(*from),
            until,
        });
        let addresses = self.addresses.locked(now);
        let addresses = addresses.map(|(from, until)| Lock { account: None, from: Some(*from), until });
        let accounts = self.accounts.locked(now);
        let accounts =
            accounts.map(|(account, until)| Lock { account: Some(account.clone()), from: None, until });
        pairs.chain(addresses).chain(accounts).collect()
    }

    fn is_known(&self, pair: &(String, IpAddr), now: Timestamp) -> bool {
        self.known.get(pair).is_some_and(|seen| now.duration_since(seen.last()) < KNOWN_FOR)
    }
}

fn account_key(account: &str) -> String {
    let mut end = account.len().min(NAME_BYTES);
    while !account.is_char_boundary(end) {
        end -= 1;
    }
    account.get(..end).unwrap_or_default().to_lowercase()
}

/// IPv4 as it is, IPv6 as its /64.
fn address_key(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
