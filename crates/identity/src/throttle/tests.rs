//! Tests of the throttle against attackers with one address, many addresses, many accounts, and a clock that jumps.

use super::*;
use proptest::prelude::*;

const OWNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const ATTACKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn nth(n: u32) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n))
}

/// Tries as often as it is let, for so many seconds; how many tries were let through.
fn guess(throttle: &mut Throttle, account: &str, from: IpAddr, seconds: std::ops::Range<i64>) -> usize {
    let mut tries = 0;
    for second in seconds {
        while throttle.check(account, from, at(second)) == Verdict::Go {
            throttle.failed(account, from, at(second));
            tries += 1;
        }
    }
    tries
}

#[test]
fn guessing_is_slowed_then_locked_and_the_lock_ends() {
    let mut throttle = Throttle::new();
    let mut second = 0;
    let mut waits = Vec::new();
    let until = loop {
        match throttle.check("alice", ATTACKER, at(second)) {
            Verdict::Go => match throttle.failed("alice", ATTACKER, at(second)) {
                Escalation::Locked(lock) => {
                    assert_eq!((lock.account.as_deref(), lock.from), (Some("alice"), Some(ATTACKER)));
                    break lock.until;
                }
                Escalation::Slowed(wait) => waits.push(wait.as_secs()),
                Escalation::None => {}
            },
            Verdict::Wait(wait) => second += i64::try_from(wait.as_secs()).unwrap(),
            Verdict::Locked(until) => panic!("locked without a word, until {until}"),
        }
    };
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(until, at(second) + SignedDuration::from_mins(15));
    assert_eq!(throttle.check("alice", ATTACKER, at(second + 1)), Verdict::Locked(until));
    assert_eq!(throttle.locks(at(second + 1)).len(), 1);
    assert_eq!(throttle.check("alice", ATTACKER, until), Verdict::Go, "it ends by itself");
    assert!(throttle.locks(until).is_empty());
}

#[test]
fn the_second_lock_comes_sooner_and_lasts_longer_but_never_beyond_an_hour() {
    let mut throttle = Throttle::new();
    let mut lengths = Vec::new();
    let mut second = 0;
    while lengths.len() < 5 {
        if throttle.check("alice", ATTACKER, at(second)) == Verdict::Go
            && let Escalation::Locked(lock) = throttle.failed("alice", ATTACKER, at(second))
        {
            lengths.push(lock.until.duration_since(at(second)).as_mins());
        }
        second += 1;
    }
    assert_eq!(lengths, [15, 30, 60, 60, 60]);
}

#[test]
fn one_address_gets_few_tries_in_a_day_and_never_locks_the_account_everywhere() {
    let mut throttle = Throttle::new();
    let mut tries = 0;
    for second in 0..86_400 {
        tries += guess(&mut throttle, "alice", ATTACKER, second..second + 1);
        let everywhere = throttle.accounts.locked(at(second)).count();
        assert_eq!(everywhere, 0, "at {second}");
    }
    assert!((10..150).contains(&tries), "{tries} tries in a day");
    assert_eq!(throttle.check("alice", OWNER, at(86_400)), Verdict::Go, "the owner, from elsewhere");
}

#[test]
fn a_crowd_locks_the_account_but_not_for_an_address_the_owner_is_known_from() {
    let mut throttle = Throttle::new();
    assert_eq!(throttle.check("alice", OWNER, at(0)), Verdict::Go);
    throttle.succeeded("alice", OWNER, at(0));
    let mut locks = Vec::new();
    for n in 0..200 {
        if throttle.check("alice", nth(n), at(1)) == Verdict::Go
            && let Escalation::Locked(lock) = throttle.failed("alice", nth(n), at(1))
        {
            locks.push(lock);
        }
    }
    assert_eq!(locks.len(), 1, "told once");
    assert_eq!((locks[0].account.as_deref(), locks[0].from), (Some("alice"), None));
    assert!(
        matches!(throttle.check("alice", nth(999), at(2)), Verdict::Locked(_)),
        "a new address is refused"
    );
    assert_eq!(throttle.check("alice", OWNER, at(2)), Verdict::Go, "the owner's is not");
    assert_eq!(throttle.check("bob", nth(998), at(2)), Verdict::Go, "and no other account");
    assert_eq!(throttle.check("alice", nth(999), at(1 + 15 * 60)), Verdict::Go);
}

#[test]
fn one_address_on_many_accounts_is_locked() {
    let mut throttle = Throttle::new();
    let mut told = None;
    for n in 0..100 {
        let account = format!("user{n}");
        if throttle.check(&account, ATTACKER, at(n)) == Verdict::Go
            && let Escalation::Locked(lock) = throttle.failed(&account, ATTACKER, at(n))
        {
            told = Some((n, lock));
        }
    }
    let (n, lock) = told.unwrap();
    assert!((29..40).contains(&n), "{n}");
    assert_eq!((lock.account, lock.from), (None, Some(ATTACKER)));
    assert!(matches!(throttle.check("never-tried", ATTACKER, at(101)), Verdict::Locked(_)));
}

#[test]
fn tries_in_parallel_and_tries_broken_off_count() {
    let mut throttle = Throttle::new();
    let through = (0..100).filter(|_| throttle.check("alice", ATTACKER, at(0)) == Verdict::Go).count();
    assert_eq!(through, 3, "the rest has to wait for the outcome of these");
    let mut through = 0;
    for second in 0..3600 {
        through += usize::from(throttle.check("alice", ATTACKER, at(second)) == Verdict::Go);
    }
    assert!(through < 25, "{through} tries in an hour, none of them ended");
}

#[test]
fn a_success_forgets_own_failures_and_gives_an_attacker_nothing() {
    let mut throttle = Throttle::new();
    for second in [0, 1, 2] {
        assert_eq!(throttle.check("alice", OWNER, at(second)), Verdict::Go);
        throttle.failed("alice", OWNER, at(second));
    }
    assert_eq!(throttle.check("alice", OWNER, at(10)), Verdict::Go);
    throttle.succeeded("alice", OWNER, at(10));
    assert_eq!(throttle.check("alice", OWNER, at(10)), Verdict::Go, "no wait is left");

    // An attacker with an account of their own signs in between guesses at others.
    let mut throttle = Throttle::new();
    let mut guesses = 0;
    for n in 0..100 {
        if throttle.check("mallory", ATTACKER, at(n)) == Verdict::Go {
            throttle.succeeded("mallory", ATTACKER, at(n));
        }
        let account = format!("user{n}");
        if throttle.check(&account, ATTACKER, at(n)) == Verdict::Go {
            throttle.failed(&account, ATTACKER, at(n));
            guesses += 1;
        }
    }
    assert!(guesses <= 31, "{guesses}");
}

#[test]
fn a_right_password_with_wrong_codes_is_locked_too() {
    let mut throttle = Throttle::new();
    let mut codes = 0;
    for second in 0..3600 {
        if throttle.check("alice", ATTACKER, at(second)) == Verdict::Go {
            throttle.passed("alice", ATTACKER, at(second));
            if throttle.check("alice", ATTACKER, at(second)) == Verdict::Go {
                throttle.failed("alice", ATTACKER, at(second));
                codes += 1;
            }
        }
    }
    assert!((10..25).contains(&codes), "{codes}");
}

#[test]
fn failures_are_forgotten_in_time() {
    let mut throttle = Throttle::new();
    for second in [0, 1, 2] {
        throttle.check("alice", OWNER, at(second));
        throttle.failed("alice", OWNER, at(second));
    }
    let later = at(3600);
    for _ in 0..3 {
        assert_eq!(throttle.check("alice", OWNER, later), Verdict::Go);
    }
}

#[test]
fn an_operator_unlocks_an_account() {
    let mut throttle = Throttle::new();
    guess(&mut throttle, "Alice", OWNER, 0..300);
    assert!(matches!(throttle.check("alice", OWNER, at(300)), Verdict::Locked(_)), "capitals do not matter");
    throttle.unlock("alice");
    assert_eq!(throttle.check("alice", OWNER, at(300)), Verdict::Go);
}

#[test]
fn a_clock_set_back_lengthens_no_lock() {
    let mut throttle = Throttle::new();
    guess(&mut throttle, "alice", OWNER, 0..300);
    let back = -365 * 86_400;
    assert!(matches!(throttle.check("alice", OWNER, at(back)), Verdict::Locked(_)));
    assert_eq!(throttle.check("alice", OWNER, at(back + 15 * 60)), Verdict::Go);
}

#[test]
fn ipv6_counts_by_network_and_mapped_ipv4_as_ipv4() {
    let key = |text: &str| address_key(text.parse().unwrap());
    assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:192.0.2.1"), OWNER);
}

#[test]
fn memory_is_bounded_and_locks_outlast_a_flood_of_names() {
    let mut throttle = Throttle::new();
    guess(&mut throttle, "alice", ATTACKER, 0..300);
    let long = "x".repeat(100_000);
    for n in 0..10_000_u32 {
        throttle.check(&format!("{n}{long}"), nth(n), at(300));
    }
    for length in [throttle.pairs.len(), throttle.addresses.len(), throttle.accounts.len()] {
        assert_eq!(length, CAPACITY);
    }
    assert!(throttle.accounts.locked(at(0)).next().is_none());
    assert!(matches!(throttle.check("alice", ATTACKER, at(301)), Verdict::Locked(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is tried, by whom and when: a lock is never longer than an hour, and after it a try is let through.
    #[test]
    fn every_lock_ends_within_an_hour(
        acts in proptest::collection::vec((0_u32..4, 0_u32..6, -4000_i64..4000, 0_u8..4), 1..400),
    ) {
        let mut throttle = Throttle::new();
        let mut second = 0;
        for (account, from, step, act) in acts {
            second += step;
            let (account, now) = (format!("user{account}"), at(second));
            match throttle.check(&account, nth(from), now) {
                Verdict::Go if act == 0 => throttle.succeeded(&account, nth(from), now),
                Verdict::Go if act == 1 => {}
                Verdict::Go => { throttle.failed(&account, nth(from), now); }
                Verdict::Wait(wait) => prop_assert!(wait <= Duration::from_secs(30)),
                Verdict::Locked(until) => prop_assert!(until.duration_since(now) <= SignedDuration::from_hours(1)),
            }
        }
        // A clock that was set back is noticed at the next try, and the lock runs from there.
        for (account, from) in (0..4).flat_map(|account| (0..6).map(move |from| (account, from))) {
            throttle.check(&format!("user{account}"), nth(from), at(second));
        }
        for account in 0..4 {
            for from in 0..6 {
                let verdict = throttle.check(&format!("user{account}"), nth(from), at(second + 3601));
                prop_assert_eq!(verdict, Verdict::Go);
            }
        }
    }
}

#[test]
fn a_lock_made_by_tries_in_parallel_is_told_once() {
    let mut throttle = Throttle::new();
    let names: Vec<String> = (0..40).map(|n| format!("user{n}")).collect();
    // All are let in before the first is known to have failed; the last of them find the address locked.
    let verdicts: Vec<Verdict> = names.iter().map(|name| throttle.check(name, ATTACKER, at(0))).collect();
    assert!(matches!(verdicts.last(), Some(Verdict::Locked(_))));
    let told = names.iter().map(|name| throttle.failed(name, ATTACKER, at(1)));
    let locks: Vec<Lock> = told
        .filter_map(|escalation| match escalation {
            Escalation::Locked(lock) => Some(lock),
            _ => None,
        })
        .collect();
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!((&locks[0].account, locks[0].from), (&None, Some(ATTACKER)));
}
