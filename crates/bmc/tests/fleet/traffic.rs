//! One controller's traffic: commands before readings, nothing twice, one session, and a sick one left alone.

use crate::fake::{Fake, Fault, RESET, SESSIONS, SYSTEM, Selects};
use crate::{Running, book_of, config};
use bmc::Config;
use model::Stage;
use model::book::Observation;
use model::device::{Power, Reset};
use model::traffic::{Breaker, Learned, ModelKey, QueryUse, Traffic};
use std::time::Duration;

const MODULES: usize = 40;

fn memory() -> String {
    format!("GET {SYSTEM}/Memory/")
}

/// A fleet of one, which begins with so many requests at once.
fn with_pace(fake: &Fake, at_once: u8, config: Config) -> Running {
    let book = book_of(fake, Stage::InService);
    book.records.lock().unwrap().learned = Some(Learned { in_flight: at_once, ..Learned::default() });
    // A device that was read before: nothing is read in full unless somebody asks.
    book.records.lock().unwrap().devices.get_mut(&crate::id()).unwrap().resets = vec![Reset::On];
    Running::start(book, config)
}

fn quiet() -> Config {
    Config { poll_interval: 600, ..config() }
}

/// The last that was told of the traffic.
async fn traffic(running: &Running, name: &str, is_it: impl Fn(&Traffic) -> bool) -> Traffic {
    let found = running.book.until(name, |records| {
        let told = records.observed.iter().rev().filter_map(|seen| match seen {
            Observation::Asked { traffic, .. } => Some(traffic.as_ref().clone()),
            _ => None,
        });
        told.take(1).find(|traffic| is_it(traffic))
    });
    found.await
}

fn modules_read(running: &Running) -> usize {
    let records = running.book.records.lock().unwrap();
    let mut inventories = records.observed.iter().rev().filter_map(|seen| match seen {
        Observation::Inventoried { inventory, .. } => Some(inventory.clone()),
        _ => None,
    });
    inventories.next().map_or(0, |inventory| inventory.systems[0].memory.len())
}

#[tokio::test]
async fn a_command_goes_before_a_reading_which_then_ends_whole() {
    for at_once in [1, 4] {
        let fake = Fake::start().await;
        fake.add_memory(MODULES);
        let running = with_pace(&fake, at_once, quiet());
        running.book.until("signed in", |_| (fake.open_sessions() == 1).then_some(())).await;
        fake.with(|state| state.slow = Duration::from_millis(40));
        let command = async {
            running.book.until("a reading", |_| (fake.count(&memory()) >= 10).then_some(())).await;
            let before = fake.with(|state| state.log.len());
            let outcome = running.switch(Reset::ForceOff).await.1;
            (before, outcome)
        };
        let (read, (before, outcome)) = tokio::join!(running.refresh(), command);
        read.unwrap();
        assert_eq!(outcome.unwrap(), Power::Off);
        let log = fake.with(|state| state.log.clone());
        let state = before + log[before..].iter().position(|line| *line == format!("GET {SYSTEM}")).unwrap();
        let sent = before + log[before..].iter().position(|line| *line == format!("POST {RESET}")).unwrap();
        // What arrives after the order was on its way before it, on as many connections as there may be.
        let others = log[before..sent].iter().filter(|line| line.starts_with(&memory())).count();
        assert!(state < sent && others <= 4, "{at_once} at once: {:?}", &log[before..=sent]);
        assert_eq!(modules_read(&running), MODULES);
        for n in 0..MODULES {
            let line = format!("GET {SYSTEM}/Memory/DIMM{n}");
            let times = log.iter().filter(|it| **it == line).count();
            // What was asked ahead of the command is not used after it.
            assert!((1..=2).contains(&times), "{line}: {times}");
        }
        assert!(log.iter().filter(|line| line.starts_with(&memory())).count() <= MODULES + 32);
        assert_eq!(fake.with(|state| state.logins), 1);
        running.stop().await;
        assert_eq!((fake.open_sessions(), fake.with(|state| state.most_sessions)), (0, 1));
    }
}

#[tokio::test]
async fn as_many_are_under_way_as_it_bears_and_the_connections_close_afterwards() {
    let fake = Fake::start().await;
    fake.add_memory(MODULES);
    let running = with_pace(&fake, 0, quiet());
    running.book.until("signed in", |_| (fake.open_sessions() == 1).then_some(())).await;
    fake.with(|state| state.slow = Duration::from_millis(50));
    let before = tokio::time::Instant::now();
    running.refresh().await.unwrap();
    let took = before.elapsed();
    assert_eq!((modules_read(&running), fake.with(|state| state.most_in_flight)), (MODULES, 4));
    // One by one they would have taken forty times fifty milliseconds and more.
    assert!(took < Duration::from_millis(1800), "{took:?}");
    let (limit, requests) =
        (traffic(&running, "a reading", |it| it.inventory.is_some()).await.limit, fake.count("GET "));
    assert_eq!(limit, 4);
    assert!(requests <= MODULES + 12, "{requests}");
    let none = |_: &crate::book::Records| fake.with(|it| (it.open_connections == 0).then_some(()));
    running.book.until("no connection", none).await;
    assert_eq!(
        (fake.open_sessions(), fake.with(|it| it.logins)),
        (1, 1),
        "in the same session all the while"
    );
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert_eq!(fake.with(|it| (it.logins, it.open_connections)), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn the_fleet_shares_its_connections_and_a_command_needs_none_of_them() {
    let fake = Fake::start().await;
    fake.add_memory(MODULES);
    let running = with_pace(&fake, 4, Config { extra_connections: 1, ..quiet() });
    running.book.until("signed in", |_| (fake.open_sessions() == 1).then_some(())).await;
    fake.with(|state| state.slow = Duration::from_millis(40));
    let command = async {
        running.book.until("a reading", |_| (fake.count(&memory()) >= 10).then_some(())).await;
        assert_eq!(fake.with(|state| state.most_in_flight), 2);
        running.switch(Reset::ForceOff).await.1
    };
    let (read, outcome) = tokio::join!(running.refresh(), command);
    read.unwrap();
    assert_eq!(outcome.unwrap(), Power::Off);
    assert!(fake.with(|state| state.most_in_flight) <= 3);
    running.stop().await;
}

#[tokio::test]
async fn on_a_controller_that_takes_one_at_a_time_a_command_waits_for_at_most_one() {
    let fake = Fake::start().await;
    fake.add_memory(MODULES);
    fake.with(|state| (state.one_at_a_time, state.slow) = (true, Duration::from_millis(30)));
    let running = with_pace(&fake, 4, quiet());
    let command = async {
        running.book.until("a reading", |_| (fake.count(&memory()) >= 10).then_some(())).await;
        running.switch(Reset::ForceOff).await.1
    };
    let (read, outcome) = tokio::join!(running.refresh(), command);
    read.unwrap();
    assert_eq!(outcome.unwrap(), Power::Off);
    assert_eq!(modules_read(&running), MODULES, "what was turned away was asked again");
    let told = traffic(&running, "an act's traffic", |_| true).await;
    assert!(told.limit <= 2, "{told:?}");
    running.stop().await;
}

#[tokio::test]
async fn the_same_document_is_asked_for_once() {
    let fake = Fake::start().await;
    let running = with_pace(&fake, 4, Config { poll_interval: 2, ..config() });
    running.book.until("a poll", |_| (fake.count(&format!("GET {SYSTEM}")) >= 1).then_some(())).await;
    let before = fake.count(&format!("GET {SYSTEM}"));
    fake.fault(&format!("GET {SYSTEM}"), Fault::Slow(Duration::from_millis(1500)));
    running
        .book
        .until("a slow poll", |_| (fake.count(&format!("GET {SYSTEM}")) > before).then_some(()))
        .await;
    running.refresh().await.unwrap();
    assert_eq!(fake.count(&format!("GET {SYSTEM}")), before + 1);
    let told = traffic(&running, "a shared answer", |traffic| traffic.shared > 0).await;
    assert_eq!(told.shared, 1);
    running.stop().await;
}

#[tokio::test]
async fn a_storm_of_503_is_met_with_one_request_at_a_time() {
    let fake = Fake::start().await;
    let running = with_pace(&fake, 4, config());
    running.book.until("a poll", |_| (fake.count(&format!("GET {SYSTEM}")) >= 1).then_some(())).await;
    fake.with(|state| state.busy = true);
    let told = traffic(&running, "a failed poll", |it| it.limit == 1).await;
    assert!(told.errors.iter().any(|(word, count)| word == "503" && *count >= 4), "{:?}", told.errors);
    assert!(told.repeated >= 3, "{told:?}");
    // A command goes at once, hold or no hold, and is told no as soon as the controller says so for good.
    fake.with(|state| state.busy = false);
    let before = tokio::time::Instant::now();
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert!(before.elapsed() < Duration::from_millis(2500), "{:?}", before.elapsed());
    running.stop().await;
}

#[tokio::test]
async fn a_controller_that_is_down_is_left_alone_but_for_a_person() {
    let fake = Fake::start().await;
    let running = with_pace(&fake, 4, Config { backoff_limit: 60, ..config() });
    running.book.until("a poll", |_| (fake.count(&format!("GET {SYSTEM}")) >= 1).then_some(())).await;
    fake.with(|state| state.down = true);
    let told = traffic(&running, "left alone", |it| matches!(it.breaker, Breaker::Open { .. })).await;
    let Breaker::Open { cause, .. } = told.breaker else { unreachable!() };
    assert!(cause.contains("broke off"), "{cause}");
    // Nothing is sent by the clock.
    let asked = fake.with(|state| state.log.len());
    tokio::time::timeout(Duration::from_millis(1500), std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(fake.with(|state| state.log.len()), asked);
    fake.with(|state| state.down = false);
    let before = tokio::time::Instant::now();
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert!(before.elapsed() < Duration::from_millis(2500), "{:?}", before.elapsed());
    traffic(&running, "asked again", |it| it.breaker == Breaker::Closed).await;
    running.stop().await;
}

#[tokio::test]
async fn a_request_that_hangs_holds_up_only_its_own_place() {
    let fake = Fake::start().await;
    fake.add_memory(MODULES);
    let running = with_pace(&fake, 2, Config { request_timeout: 3, ..config() });
    running.book.until("a poll", |_| (fake.count(&format!("GET {SYSTEM}")) >= 1).then_some(())).await;
    fake.fault(&format!("GET {SYSTEM}/Memory/DIMM7"), Fault::Hang);
    let polls = async {
        running
            .book
            .until("it hangs", |_| (fake.count(&format!("GET {SYSTEM}/Memory/DIMM7")) > 0).then_some(()))
            .await;
        let polled = |log: &[String]| log.iter().filter(|line| **line == format!("GET {SYSTEM}")).count();
        let before = fake.with(|state| polled(&state.log));
        running.book.until("polls", |_| fake.with(|it| (polled(&it.log) >= before + 2).then_some(()))).await;
        fake.count(&format!("GET {SYSTEM}/Memory/DIMM7"))
    };
    let (read, times) = tokio::join!(running.refresh(), polls);
    read.unwrap();
    assert_eq!(times, 1, "it hung all the while");
    assert_eq!(modules_read(&running), MODULES, "and was asked again");
    running.stop().await;
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_opened_once_and_nothing_is_lost() {
    for at_once in [1, 4] {
        let fake = Fake::start().await;
        fake.add_memory(MODULES);
        let running = with_pace(&fake, at_once, quiet());
        running.book.until("signed in", |_| (fake.open_sessions() == 1).then_some(())).await;
        fake.with(|state| state.slow = Duration::from_millis(20));
        let end = async {
            running.book.until("a reading", |_| (fake.count(&memory()) >= 10).then_some(())).await;
            fake.with(|state| state.sessions.clear());
        };
        let (read, ()) = tokio::join!(running.refresh(), end);
        read.unwrap();
        assert_eq!(modules_read(&running), MODULES);
        assert_eq!(fake.with(|state| state.logins), 2, "{at_once} at once");
        assert_eq!(fake.count(&format!("POST {SESSIONS}")), 2);
        running.stop().await;
        assert_eq!((fake.open_sessions(), fake.with(|state| state.most_sessions)), (0, 1));
    }
}

#[tokio::test]
async fn a_resource_that_is_forbidden_ends_no_session() {
    let fake = Fake::start().await;
    fake.add_memory(4);
    let running = with_pace(&fake, 1, quiet());
    for _ in 0..3 {
        fake.fault(&format!("GET {SYSTEM}/Memory/DIMM2"), Fault::Status(401, None));
    }
    running.refresh().await.unwrap();
    assert_eq!((modules_read(&running), fake.with(|state| state.logins)), (3, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_slow_controller_is_waited_for() {
    let fake = Fake::start().await;
    let running = with_pace(&fake, 1, Config { request_timeout: 6, power_forced_deadline: 30, ..quiet() });
    running.book.until("signed in", |_| (fake.open_sessions() == 1).then_some(())).await;
    fake.with(|state| state.slow = Duration::from_millis(2500));
    let (read, (_, switched)) = tokio::join!(running.refresh(), running.switch(Reset::ForceOff));
    read.unwrap();
    assert_eq!(switched.unwrap(), Power::Off);
    assert_eq!(fake.count(&format!("POST {RESET}")), 1);
    assert!(fake.with(|state| state.most_in_flight) <= 2);
    running.stop().await;
}

#[tokio::test]
async fn an_unchanged_state_costs_no_document_and_a_tag_that_lies_is_found_out() {
    let fake = Fake::start().await;
    fake.with(|state| state.etag = Some("auto"));
    let running = with_pace(&fake, 1, config());
    running.book.until("unchanged", |_| fake.with(|state| (state.not_modified >= 3).then_some(()))).await;
    fake.with(|state| state.power = "Off");
    let off = |records: &crate::book::Records| {
        let seen = records.observed.iter().rev().find_map(|seen| match seen {
            Observation::StateRead { power, .. } => Some(*power),
            _ => None,
        });
        (seen == Some(Power::Off)).then_some(())
    };
    running.book.until("off", off).await;
    running.stop().await;
    // The tag stays what it was when the server is switched on again.
    fake.with(|state| state.etag = Some("\"always\""));
    let running = with_pace(&fake, 1, config());
    running.book.until("unchanged", |_| fake.with(|state| (state.not_modified >= 5).then_some(()))).await;
    fake.with(|state| state.power = "On");
    running
        .book
        .until("on, sooner or later", |records| {
            let last = records.devices[&crate::id()].state.power;
            (last == Power::On).then_some(())
        })
        .await;
    let told = traffic(&running, "found out", |it| it.learned.etags_work == Some(false)).await;
    assert_eq!(told.learned.etags_work, Some(false));
    running.stop().await;
}

#[tokio::test]
async fn what_the_first_reading_learns_is_its_models() {
    let fake = Fake::start().await;
    let running = Running::start(book_of(&fake, Stage::InService), config());
    let told = traffic(&running, "learned", |it| it.learned.expand != QueryUse::Untried).await;
    assert_ne!(told.learned.model, ModelKey::default());
    assert_eq!(told.learned.expand, QueryUse::Absent);
    running.stop().await;
}

#[tokio::test]
async fn a_state_is_asked_for_alone_where_that_is_advertised_and_works() {
    for (does, became) in [
        (Some(Selects::Works), QueryUse::Works),
        (Some(Selects::Ignores), QueryUse::Ignored),
        (Some(Selects::Refuses(400)), QueryUse::Refused),
        (Some(Selects::Refuses(500)), QueryUse::Refused),
        (Some(Selects::Loses), QueryUse::Refused),
        (None, QueryUse::Absent),
    ] {
        let fake = Fake::start().await;
        fake.with(|state| state.select = does);
        let running = Running::start(book_of(&fake, Stage::InService), config());
        let told = traffic(&running, "found out", |it| it.learned.select == Some(became)).await;
        assert_eq!(told.learned.select, Some(became), "{does:?}");
        // Whatever it does, a change is seen.
        fake.with(|state| state.power = "Off");
        running
            .book
            .until("off", |records| (records.devices[&crate::id()].state.power == Power::Off).then_some(()))
            .await;
        let tries = fake.with(|state| state.selected);
        match became {
            QueryUse::Works => assert!(tries > 1, "it goes on being asked so"),
            QueryUse::Absent => assert_eq!(tries, 0, "not asked for where it is not advertised"),
            _ => assert_eq!(tries, 1, "{does:?}: tried once"),
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn a_part_that_comes_no_more_is_asked_for_whole() {
    let fake = Fake::start().await;
    fake.with(|state| state.select = Some(Selects::Works));
    let running = Running::start(book_of(&fake, Stage::InService), config());
    traffic(&running, "found out", |it| it.learned.select == Some(QueryUse::Works)).await;
    fake.with(|state| (state.select, state.power) = (Some(Selects::Refuses(501)), "Off"));
    running
        .book
        .until("off", |records| (records.devices[&crate::id()].state.power == Power::Off).then_some(()))
        .await;
    let told = traffic(&running, "given up", |it| it.learned.select == Some(QueryUse::Refused)).await;
    assert_eq!(told.errors.iter().map(|it| it.1).max(), Some(1), "{:?}", told.errors);
    running.stop().await;
}
