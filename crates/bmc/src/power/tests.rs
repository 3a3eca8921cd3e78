//! The plan table over every reset, power and set of offers; acts against scripted controllers.

use super::act::{Act, Input, Next, Sent};
use super::*;

fn sends(plan: &Plan) -> Vec<Reset> {
    match plan {
        Plan::Nothing(_) => vec![],
        Plan::Steps { steps, .. } => steps.iter().map(|step| step.send).collect(),
    }
}

#[test]
fn only_what_is_offered_is_ever_sent() {
    // All 8,192 sets of offers, all resets, all powers.
    for mask in 1_u32..1 << Reset::ALL.len() {
        let offered: Vec<Reset> = Reset::ALL
            .iter()
            .enumerate()
            .filter(|(i, _)| mask & 1 << i != 0)
            .map(|(_, reset)| *reset)
            .collect();
        for wanted in Reset::ALL {
            for current in Power::ALL {
                match plan(*wanted, &offered, *current) {
                    Ok(plan) => assert!(
                        sends(&plan).iter().all(|reset| offered.contains(reset)),
                        "{wanted} {offered:?}"
                    ),
                    Err(refused) if refused.kind == Kind::Unsupported => {
                        assert!(!offered.contains(wanted), "{wanted} is offered: {offered:?}");
                        let hint = refused.hint.unwrap();
                        assert!(offered.iter().all(|reset| hint.contains(reset.word())), "{hint}");
                    }
                    Err(refused) => assert_eq!((refused.kind, *current), (Kind::Conflict, Power::Off)),
                }
            }
        }
    }
}

#[test]
fn what_is_offered_is_sent_as_it_was_asked_for_or_there_is_nothing_to_do() {
    for wanted in Reset::ALL {
        for current in Power::ALL {
            for offered in [Reset::ALL, &[]] {
                match plan(*wanted, offered, *current) {
                    Ok(Plan::Steps { steps, instead }) => {
                        assert_eq!((steps.len(), steps[0].send, instead), (1, *wanted, None));
                    }
                    Ok(Plan::Nothing(say)) => {
                        assert!(say.contains("nothing was sent") && *current != Power::Unknown)
                    }
                    Err(refused) => assert_eq!((refused.kind, *current), (Kind::Conflict, Power::Off)),
                }
            }
        }
    }
}

#[test]
fn unknown_is_never_off() {
    for wanted in Reset::ALL {
        let of_unknown = plan(*wanted, Reset::ALL, Power::Unknown).unwrap();
        assert!(!matches!(of_unknown, Plan::Nothing(_)), "{wanted}: an unknown state satisfied it");
    }
    // A substitute that goes through off waits until the controller says off before it sends on.
    let Ok(Plan::Steps { steps, .. }) =
        plan(Reset::PowerCycle, &[Reset::On, Reset::ForceOff], Power::Unknown)
    else {
        panic!("no plan")
    };
    let mut act = Act::new(steps, Power::Unknown, None, &Config::default());
    assert_eq!(act.start(), Next::Send { step: steps[0], after: Duration::ZERO });
    let mut now = Duration::ZERO;
    let mut next = act.handle(Input::Sent(Sent::Accepted), now);
    while let Next::Read { after } = next {
        now += after;
        next = act.handle(Input::Read { power: Power::Unknown, boot: None }, now);
    }
    let Next::Failed { kind: Kind::TimedOut, cause } = next else { panic!("{next:?}") };
    assert!(cause.contains("last seen unknown"), "{cause}");
    assert_eq!(now, Duration::from_secs(240), "two forced steps");
}

#[test]
fn no_goal_is_satisfied_by_unknown() {
    let config = Config::default();
    for wanted in Reset::ALL.iter().filter(|reset| !matches!(reset, Reset::Nmi | Reset::Suspend)) {
        for before in [Power::On, Power::Off, Power::PoweringOn] {
            let Ok(Plan::Steps { steps, .. }) = plan(*wanted, Reset::ALL, before) else { continue };
            if steps[0].goal == Goal::Accepted {
                continue;
            }
            let mut act = Act::new(steps, before, None, &config);
            let mut now = Duration::ZERO;
            let mut next = act.handle(Input::Sent(Sent::Accepted), now);
            while let Next::Read { after } = next {
                now += after;
                next = act.handle(Input::Read { power: Power::Unknown, boot: None }, now);
            }
            assert!(
                matches!(next, Next::Failed { kind: Kind::TimedOut, .. }),
                "{wanted} from {before}: {next:?}"
            );
        }
    }
}

fn begun(wanted: Reset, offered: &[Reset], current: Power, boot: Option<&str>) -> Act {
    let Ok(Plan::Steps { steps, .. }) = plan(wanted, offered, current) else {
        panic!("no plan for {wanted}")
    };
    Act::new(steps, current, boot.map(Into::into), &Config::default())
}

fn read(act: &mut Act, power: Power, at: u64) -> Next {
    act.handle(Input::Read { power, boot: None }, Duration::from_secs(at))
}

#[test]
fn a_power_cycle_that_is_not_offered_is_off_then_on() {
    let mut act =
        begun(Reset::PowerCycle, &[Reset::On, Reset::ForceOff, Reset::ForceRestart], Power::On, None);
    assert!(matches!(act.handle(Input::Sent(Sent::Accepted), Duration::ZERO), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::On, 1), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::PoweringOff, 2), Next::Read { .. }));
    let Next::Send { step, .. } = read(&mut act, Power::Off, 3) else { panic!() };
    assert_eq!(step.send, Reset::On);
    assert!(matches!(act.handle(Input::Sent(Sent::Accepted), Duration::from_secs(3)), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::Off, 4), Next::Read { .. }));
    assert_eq!(read(&mut act, Power::On, 5), Next::Done { power: Power::On, say: "it is so" });
}

#[test]
fn a_restart_is_seen_by_leaving_on_or_by_the_boot_or_is_reported_as_accepted() {
    let mut act = begun(Reset::ForceRestart, Reset::ALL, Power::On, None);
    let _ = act.handle(Input::Sent(Sent::Accepted), Duration::ZERO);
    assert!(matches!(read(&mut act, Power::On, 1), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::Off, 2), Next::Read { .. }));
    let Next::Done { say, .. } = read(&mut act, Power::On, 3) else { panic!() };
    assert_eq!(say, "it was seen to restart");

    let mut act = begun(Reset::GracefulRestart, Reset::ALL, Power::On, Some("a"));
    let _ = act.handle(Input::Sent(Sent::Accepted), Duration::ZERO);
    let with = |act: &mut Act, boot: &str, at| {
        act.handle(Input::Read { power: Power::On, boot: Some(boot.into()) }, Duration::from_secs(at))
    };
    assert!(matches!(with(&mut act, "a", 100), Next::Read { .. }), "a boot indication is waited for");
    assert!(matches!(with(&mut act, "b", 120), Next::Done { say: "it was seen to restart", .. }));

    let mut act = begun(Reset::ForceRestart, Reset::ALL, Power::On, None);
    let _ = act.handle(Input::Sent(Sent::Accepted), Duration::ZERO);
    assert!(matches!(read(&mut act, Power::On, 19), Next::Read { .. }));
    let Next::Done { say, .. } = read(&mut act, Power::On, 20) else { panic!() };
    assert!(say.contains("not seen to leave on"), "{say}");
}

#[test]
fn a_lost_request_is_not_repeated_and_the_state_decides() {
    let lost = || Input::Sent(Sent::Lost("connection reset".into()));
    let mut act = begun(Reset::ForceOff, Reset::ALL, Power::On, None);
    assert!(matches!(act.handle(lost(), Duration::ZERO), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::Off, 5), Next::Done { power: Power::Off, .. }));

    for wanted in [Reset::ForceRestart, Reset::Nmi, Reset::FullPowerCycle] {
        let mut act = begun(wanted, Reset::ALL, Power::On, None);
        let mut now = Duration::ZERO;
        let mut next = act.handle(lost(), now);
        while let Next::Read { after } = next {
            now += after;
            next = act.handle(Input::Read { power: Power::On, boot: None }, now);
        }
        let Next::Failed { kind: Kind::TimedOut, cause } = next else { panic!("{wanted}: {next:?}") };
        assert!(cause.contains("connection reset") && cause.contains("not sent again"), "{cause}");
    }
}

#[test]
fn not_now_is_tried_again_only_within_the_deadline() {
    let not_now = |secs| {
        Input::Sent(Sent::NotNow { after: Some(Duration::from_secs(secs)), answer: "answered 503".into() })
    };
    let mut act = begun(Reset::ForceOff, Reset::ALL, Power::On, None);
    let Next::Send { after, step } = act.handle(not_now(30), Duration::ZERO) else { panic!() };
    assert_eq!((after, step.send), (Duration::from_secs(30), Reset::ForceOff));
    let Next::Failed { kind, cause } = act.handle(not_now(100), Duration::from_secs(30)) else { panic!() };
    assert_eq!(kind, Kind::Busy);
    assert!(cause.contains("503") && cause.contains("120 s"), "{cause}");
}

#[test]
fn a_controller_that_cuts_its_own_power_is_waited_for() {
    let mut act = begun(Reset::FullPowerCycle, Reset::ALL, Power::On, None);
    let _ = act.handle(Input::Sent(Sent::Accepted), Duration::ZERO);
    assert!(matches!(read(&mut act, Power::On, 1), Next::Read { .. }));
    assert!(matches!(
        act.handle(Input::NoReading("no connection".into()), Duration::from_secs(5)),
        Next::Read { .. }
    ));
    assert!(matches!(read(&mut act, Power::Unknown, 60), Next::Read { .. }));
    assert!(matches!(read(&mut act, Power::Off, 70), Next::Done { power: Power::Off, .. }));
}

#[test]
fn a_silent_controller_is_named_when_the_deadline_passes() {
    let mut act = begun(Reset::GracefulShutdown, Reset::ALL, Power::On, None);
    let _ = act.handle(Input::Sent(Sent::Accepted), Duration::ZERO);
    let Next::Failed { kind: Kind::TimedOut, cause } =
        act.handle(Input::NoReading("no connection".into()), Duration::from_secs(300))
    else {
        panic!()
    };
    assert_eq!(
        cause,
        "it is not off after 300 s; last seen on; the controller does not answer: no connection"
    );
}

mod any_controller {
    //! Whatever a controller answers and shows, and however late.

    use super::*;
    use proptest::prelude::*;

    fn inputs() -> impl Strategy<Value = (Input, u64)> {
        let power = prop::sample::select(Power::ALL);
        let boot = prop::option::of("[ab]");
        let sent = prop_oneof![
            6 => Just(Sent::Accepted),
            1 => Just(Sent::Lost("reset".into())),
            2 => (0_u64..20).prop_map(|secs| Sent::NotNow {
                after: Some(Duration::from_secs(secs)),
                answer: "503".into(),
            }),
        ];
        let input = prop_oneof![
            3 => sent.prop_map(Input::Sent),
            8 => (power, boot).prop_map(|(power, boot)| Input::Read { power, boot }),
            1 => Just(Input::NoReading("silent".into())),
        ];
        (input, 0_u64..3000)
    }

    proptest! {
        #[test]
        fn an_act_ends_in_time_repeats_nothing_that_was_lost_and_takes_unknown_for_nothing(
            wanted in prop::sample::select(Reset::ALL),
            before in prop::sample::select(Power::ALL),
            told in prop::collection::vec(inputs(), 1..300),
        ) {
            let offered = [Reset::ALL, &[Reset::On, Reset::ForceOff, Reset::Nmi]];
            for offered in offered {
                let Ok(Plan::Steps { steps, .. }) = plan(wanted, offered, before) else { continue };
                let mut act = Act::new(steps, before, None, &Config::default());
                let mut now = Duration::ZERO;
                let mut next = act.start();
                let mut last = (None, None);
                for (input, late) in &told {
                    match (&next, input) {
                        (Next::Send { after, step }, Input::Sent(_)) => {
                            now += *after;
                            if let (Some(sent), Some(Sent::Lost(_) | Sent::Accepted)) = &last {
                                prop_assert_ne!(sent, step, "sent twice");
                            }
                            let Input::Sent(sent) = input else { unreachable!() };
                            last = (Some(*step), Some(sent.clone()));
                        }
                        (Next::Read { after }, Input::Read { .. } | Input::NoReading(_)) => {
                            prop_assert!(now + *after <= act.deadline());
                            now += *after;
                        }
                        (Next::Done { .. } | Next::Failed { .. }, _) => break,
                        _ => continue,
                    }
                    now = (now + Duration::from_millis(*late)).min(act.deadline());
                    next = act.handle(input.clone(), now);
                    if let (Next::Done { .. }, Input::Read { power: Power::Unknown, .. }) = (&next, input) {
                        let goal = steps.last().unwrap().goal;
                        prop_assert_eq!(goal, Goal::Accepted, "unknown satisfied {:?}", goal);
                    }
                }
                if now >= act.deadline() {
                    prop_assert!(matches!(next, Next::Done { .. } | Next::Failed { .. }), "{:?}", next);
                }
            }
        }
    }
}
