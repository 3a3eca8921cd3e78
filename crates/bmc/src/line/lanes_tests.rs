//! What the lanes promise, also under every order of events that a property test finds.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const fn room(limit: usize, extra: bool) -> Room {
    Room { limit, extra, only_urgent: false, only_control: false }
}

fn get(lane: Lane, path: &str) -> Put<String> {
    let (key, request) = (Some(path.to_owned()), path.to_owned());
    Put { lane, key, writes: false, urgent: false, ahead: false, request }
}

fn write(path: &str) -> Put<String> {
    Put { key: None, writes: true, ..get(Lane::Control, path) }
}

fn ahead(path: &str) -> Put<String> {
    Put { ahead: true, ..get(Lane::Inventory, path) }
}

struct Test {
    lanes: Lanes<String, u32>,
    now: Instant,
}

impl Test {
    fn new() -> Self {
        Self { lanes: Lanes::default(), now: Instant::now() }
    }

    fn put(&mut self, put: Put<String>, waiter: u32) -> bool {
        self.lanes.put(put, waiter, self.now)
    }

    fn start(&mut self, room: Room) -> Option<(u64, String)> {
        self.lanes.start(room, self.now).map(|started| (started.ticket, started.request))
    }

    fn path(&mut self, limit: usize) -> String {
        self.start(room(limit, true)).map(|(_, path)| path).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_command_waits_behind_no_queue() {
    let mut test = Test::new();
    for n in 0..20 {
        test.put(get(Lane::Inventory, &format!("/i/{n}")), n);
    }
    let (first, _) = test.start(room(1, true)).unwrap();
    test.put(write("/reset"), 100);
    // One slot more than the pace allows, at once.
    let (command, path) = test.start(room(1, true)).unwrap();
    assert_eq!(path, "/reset");
    assert_eq!(test.start(room(4, true)), None, "the lanes below start nothing while it is under way");
    test.lanes.ended(first).unwrap();
    assert_eq!(test.start(room(1, true)), None);
    test.lanes.ended(command).unwrap();
    assert_eq!(test.path(1), "/i/1", "the reading goes on where it was");
    // On a controller that fails with more than one at once, it waits for the one that is under way.
    test.put(write("/reset"), 101);
    assert_eq!(test.start(room(1, false)), None);
}

#[tokio::test]
async fn the_control_lane_keeps_its_order() {
    let mut test = Test::new();
    test.put(get(Lane::Control, "/system"), 1);
    test.put(write("/reset"), 2);
    test.put(get(Lane::Control, "/system"), 3);
    for expected in ["/system", "/reset", "/system"] {
        let (ticket, path) = test.start(room(4, true)).unwrap();
        assert_eq!(path, expected);
        assert_eq!(test.start(room(4, true)), None, "one at a time");
        assert_eq!(test.lanes.ended(ticket).unwrap().waiters.len(), 1);
    }
}

#[tokio::test]
async fn the_same_get_is_sent_once_and_a_write_parts_before_from_after() {
    let mut test = Test::new();
    assert!(!test.put(get(Lane::Inventory, "/a"), 1));
    assert!(test.put(get(Lane::Person, "/a"), 2), "it joins the one that waits");
    assert_eq!(
        (test.lanes.waiting(Lane::Person), test.lanes.waiting(Lane::Inventory)),
        (1, 0),
        "and lifts it"
    );
    let (ticket, _) = test.start(room(1, true)).unwrap();
    assert!(test.put(get(Lane::Telemetry, "/a"), 3), "it joins the one under way");
    assert!(!test.put(get(Lane::Control, "/a"), 4), "a command's reading asks for itself");
    test.put(write("/reset"), 5);
    assert!(!test.put(get(Lane::Telemetry, "/a"), 6), "asked after the write");
    assert_eq!(test.lanes.ended(ticket).unwrap().waiters, [1, 2, 3]);
    // What is asked while the write is under way may be answered from before it.
    let (read, _) = test.start(room(4, true)).unwrap();
    test.lanes.ended(read).unwrap();
    let (wrote, path) = test.start(room(4, true)).unwrap();
    assert_eq!(path, "/reset");
    assert!(test.put(get(Lane::Telemetry, "/a"), 7));
    test.lanes.ended(wrote).unwrap();
    assert!(!test.put(get(Lane::Telemetry, "/a"), 8));
}

#[tokio::test]
async fn no_lane_starves() {
    let mut test = Test::new();
    test.put(get(Lane::Telemetry, "/t"), 0);
    test.put(get(Lane::Inventory, "/i"), 0);
    let mut turns = Vec::new();
    for n in 0..40 {
        test.put(get(Lane::Person, &format!("/p/{n}")), n);
        let (ticket, path) = test.start(room(1, true)).unwrap();
        test.lanes.ended(ticket);
        turns.push(path);
    }
    assert!(turns[..=PATIENCE as usize + 1].contains(&"/t".to_owned()), "{turns:?}");
    assert!(turns[..=PATIENCE as usize + 2].contains(&"/i".to_owned()), "{turns:?}");
}

#[tokio::test]
async fn what_is_asked_ahead_goes_after_what_is_waited_for() {
    let mut test = Test::new();
    for path in ["/1", "/2", "/3"] {
        test.put(ahead(path), 0);
    }
    test.put(get(Lane::Inventory, "/now"), 0);
    assert_eq!(test.path(4), "/now");
    assert!(test.put(get(Lane::Inventory, "/3"), 1), "asked ahead, and now for good");
    assert_eq!((test.path(4), test.path(4)), ("/3".into(), "/1".into()));
}

#[tokio::test]
async fn a_repeated_request_keeps_its_place_and_holds_nobody_up() {
    let mut test = Test::new();
    test.put(get(Lane::Control, "/system"), 1);
    test.put(get(Lane::Inventory, "/i"), 2);
    let (ticket, _) = test.start(room(1, true)).unwrap();
    let later = test.now + Duration::from_secs(5);
    test.lanes.again(ticket, later);
    assert_eq!(test.path(1), "/i");
    assert_eq!(test.lanes.next_ready(test.now), Some(later));
    test.now = later;
    let started = test.lanes.start(room(1, true), test.now).unwrap();
    assert_eq!((started.request.as_str(), started.sent), ("/system", 1));
}

#[tokio::test]
async fn a_controller_left_alone_is_asked_only_for_a_person() {
    let mut test = Test::new();
    let closed = Room { only_urgent: true, ..room(4, true) };
    test.put(get(Lane::Inventory, "/i"), 1);
    assert_eq!(test.start(closed), None);
    test.put(Put { urgent: true, ..write("/reset") }, 2);
    assert_eq!(test.start(closed).unwrap().1, "/reset");
    assert_eq!(test.lanes.drain(false), [1]);
}

#[tokio::test]
async fn who_has_gone_is_forgotten_but_a_write_is_sent() {
    let mut test = Test::new();
    test.put(get(Lane::Inventory, "/flying"), 1);
    let (ticket, _) = test.start(room(1, true)).unwrap();
    test.put(get(Lane::Inventory, "/waiting"), 1);
    test.put(write("/reset"), 1);
    assert_eq!(test.lanes.prune(|waiter| *waiter == 1), [ticket]);
    assert_eq!(test.lanes.all_waiting(), 1);
    assert_eq!(test.path(1), "/reset");
}

/// What may happen to lanes.
#[derive(Clone, Debug)]
enum Event {
    Put { lane: Lane, path: u8, writes: bool },
    Start { limit: usize, extra: bool },
    Ended(usize),
    Again(usize),
    Later,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let lane = prop::sample::select(Lane::ALL.to_vec());
    let event = prop_oneof![
        4 => (lane, 0..6_u8, prop::bool::weighted(0.3)).prop_map(|(lane, path, writes)| {
            Event::Put { lane, path, writes: writes && lane == Lane::Control }
        }),
        4 => (1..=4_usize, any::<bool>()).prop_map(|(limit, extra)| Event::Start { limit, extra }),
        3 => any::<usize>().prop_map(Event::Ended),
        1 => any::<usize>().prop_map(Event::Again),
        1 => Just(Event::Later),
    ];
    prop::collection::vec(event, 1..120)
}

/// Who asked what and when, and which answers they may be given.
#[derive(Default)]
struct Reference {
    asked: BTreeMap<u32, (Lane, bool, u64)>,
    answered: BTreeMap<u32, u32>,
    /// Under way: the ticket, its lane, whether it writes, and the time it was sent first.
    flying: Vec<(u64, Lane, bool)>,
    control_asked: Vec<u32>,
    control_sent: Vec<u32>,
    writes_asked_at: Vec<u64>,
    clock: u64,
}

impl Reference {
    fn ended(&mut self, lanes: &mut Lanes<(u32, bool), u32>, at: usize) {
        if self.flying.is_empty() {
            return;
        }
        let (ticket, ..) = self.flying.swap_remove(at % self.flying.len());
        for waiter in lanes.ended(ticket).unwrap().waiters {
            *self.answered.entry(waiter).or_default() += 1;
        }
    }

    fn start(
        &mut self,
        lanes: &mut Lanes<(u32, bool), u32>,
        limit: usize,
        extra: bool,
        now: Instant,
    ) -> bool {
        let Some(started) = lanes.start(room(limit, extra), now) else { return false };
        let (first, writes) = started.request;
        let control = self.flying.iter().any(|(_, lane, _)| *lane == Lane::Control);
        assert!(!control, "nothing is started while a command is under way");
        let most = if started.lane == Lane::Control { limit + usize::from(extra) } else { limit };
        assert!(self.flying.len() < most, "never more than the limit at once");
        assert_eq!(started.together, self.flying.len() + 1);
        if started.lane == Lane::Control && started.sent == 0 && self.asked[&first].0 == Lane::Control {
            self.control_sent.push(first);
        }
        self.flying.push((started.ticket, started.lane, writes));
        true
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_order_is_broken(events in events()) {
        let mut lanes: Lanes<(u32, bool), u32> = Lanes::default();
        let mut model = Reference::default();
        let mut now = Instant::now();
        for (n, event) in events.into_iter().enumerate() {
            let waiter = u32::try_from(n).unwrap();
            model.clock += 1;
            match event {
                Event::Put { lane, path, writes } => {
                    let key = (!writes).then(|| format!("/{path}"));
                    let put = Put { lane, key, writes, urgent: false, ahead: path == 5, request: (waiter, writes) };
                    let shared = lanes.put(put, waiter, now);
                    prop_assert!(!(writes && shared), "a write is never shared");
                    model.asked.insert(waiter, (lane, writes, model.clock));
                    if writes {
                        model.control_asked.push(waiter);
                        model.writes_asked_at.push(model.clock);
                    }
                }
                Event::Start { limit, extra } => drop(model.start(&mut lanes, limit, extra, now)),
                Event::Ended(at) => model.ended(&mut lanes, at),
                Event::Again(at) if !model.flying.is_empty() => {
                    let found = at % model.flying.len();
                    // What changes something is not sent again.
                    if !model.flying[found].2 {
                        let (ticket, ..) = model.flying.swap_remove(found);
                        lanes.again(ticket, now + Duration::from_secs(1));
                    }
                }
                Event::Again(_) => {}
                Event::Later => now += Duration::from_secs(1),
            }
        }
        // Everything is answered, once, whatever came before.
        for _ in 0..2000 {
            now += Duration::from_secs(1);
            if !model.start(&mut lanes, 2, true, now) {
                if model.flying.is_empty() {
                    break;
                }
                model.ended(&mut lanes, 0);
            }
        }
        prop_assert_eq!(lanes.all_waiting() + lanes.in_flight(), 0);
        for waiter in model.asked.keys() {
            prop_assert_eq!(model.answered.get(waiter), Some(&1), "waiter {}", waiter);
        }
        // Writes go out in the order they were asked for.
        let sent: Vec<u32> = model.control_sent.iter().copied().filter(|it| model.asked[it].1).collect();
        prop_assert_eq!(sent, model.control_asked);
    }
}
