//! Jobs: paced, stopped, resumed, and taken up again after a restart.

use crate::world::{World, operator};
use control::{Job, Jobs, Records};
use model::book::{DeviceBook as _, Observation};
use model::command::bmc::{Adopt, Controllers, Discover, Refresh, StopSweep, SwitchPower};
use model::command::{BoxFuture, Command, Part};
use model::device::{DeviceId, Endpoint, Power, Reset};
use model::job::{Act, Outcome, Pacing, State};
use model::{Failure, Kind, Object, Permit, Role, Scope};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A driver whose acts end when they are let to, and fail for the devices that are named.
struct Bench {
    let_go: Semaphore,
    running: AtomicUsize,
    most: AtomicUsize,
    switched: Mutex<Vec<DeviceId>>,
    broken: Mutex<Vec<DeviceId>>,
}

impl Bench {
    fn new(let_go: usize) -> Arc<Self> {
        Arc::new(Self {
            let_go: Semaphore::new(let_go),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            switched: Mutex::default(),
            broken: Mutex::default(),
        })
    }

    fn switched(&self) -> Vec<DeviceId> {
        self.switched.lock().unwrap().clone()
    }
}

impl Part<SwitchPower> for Bench {
    fn object(&self, command: &SwitchPower) -> Result<Object, Failure> {
        Ok(Object::Device {
            id: command.device.clone(),
            name: command.device.0.clone(),
            zone: "management".into(),
            labels: Default::default(),
        })
    }

    fn perform(&self, _permit: Permit, command: SwitchPower) -> BoxFuture<'_, Result<Power, Failure>> {
        Box::pin(async move {
            self.switched.lock().unwrap().push(command.device.clone());
            let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            self.let_go.acquire().await.unwrap().forget();
            self.running.fetch_sub(1, Ordering::SeqCst);
            if self.broken.lock().unwrap().contains(&command.device) {
                return Err(Failure::new(
                    Kind::Unreachable,
                    "power on",
                    command.device.to_string(),
                    "no answer",
                ));
            }
            Ok(Power::On)
        })
    }
}

macro_rules! never {
    ($($command:ty)+) => {
        $(impl Part<$command> for Bench {
            fn object(&self, _command: &$command) -> Result<Object, Failure> {
                Ok(Object::Appliance)
            }

            fn perform(&self, _permit: Permit, _command: $command)
                -> BoxFuture<'_, Result<<$command as Command>::Outcome, Failure>> {
                Box::pin(async { panic!("not asked for in these tests") })
            }
        })+
    };
}

never!(Adopt Discover Refresh StopSweep);

/// Devices that a sweep has found.
fn devices(world: &World, count: u8) -> Vec<DeviceId> {
    let seen = (1..=count).map(|last| Observation::Answered {
        endpoint: Endpoint { addr: [10, 0, 0, last].into(), port: 443 },
        certificate: None,
        claim: model::book::Claim::default(),
    });
    seen.map(|seen| world.door.book().observe(seen).unwrap()).collect()
}

async fn jobs(world: &World, bench: &Arc<Bench>) -> Jobs {
    let records = Arc::new(Records::new(world.door.book().clone()));
    Jobs::open(world.door.clone(), Arc::clone(bench) as Arc<dyn Controllers>, records).await.unwrap()
}

/// Waits until a job is as it should be.
async fn until(world: &World, jobs: &Jobs, id: u64, is: impl Fn(&Job) -> bool) -> Job {
    let mut events = world.door.events().listen();
    loop {
        if let Some(job) = jobs.get(id).filter(&is) {
            return job;
        }
        // Acts and jobs both tell; whatever comes, it is looked again.
        events.recv().await.unwrap();
    }
}

const ON: Act = Act::Power { reset: Reset::On };
const CYCLE: Act = Act::Power { reset: Reset::PowerCycle };

fn three_at_once() -> Pacing {
    Pacing { at_once: 3, stop_percent: 0, ..Pacing::default() }
}

#[tokio::test]
async fn no_more_run_at_once_than_was_asked_for_and_each_device_gets_one_act() {
    let world = World::new().await;
    let (ids, bench) = (devices(&world, 20), Bench::new(1000));
    let jobs = jobs(&world, &bench).await;
    let twice = ids.iter().chain(&ids).cloned().collect();
    let id = jobs.start(&operator(), "on".into(), ON, three_at_once(), twice).await;
    jobs.close().await;
    let job = jobs.get(id).unwrap();
    assert!(job.has_ended());
    assert_eq!((job.items.len(), job.done(), job.failed()), (20, 20, 0));
    assert!(bench.most.load(Ordering::SeqCst) <= 3);
    assert_eq!(bench.switched().len(), 20);
}

#[tokio::test]
async fn too_many_failures_stop_it_and_a_person_goes_on_with_what_waits() {
    let world = World::new().await;
    let (ids, bench) = (devices(&world, 12), Bench::new(1000));
    *bench.broken.lock().unwrap() = ids.clone();
    let jobs = jobs(&world, &bench).await;
    let pacing = Pacing { at_once: 1, stop_percent: 50, stop_after: 4, ..Pacing::default() };
    let id = jobs.start(&operator(), "on".into(), ON, pacing, ids.clone()).await;
    jobs.close().await;
    let job = jobs.get(id).unwrap();
    let State::Stopped { why } = &job.record.state else { panic!("{:?}", job.record.state) };
    assert!(why.contains("4 of the 4 acts that ended have failed"), "{why}");
    assert_eq!(job.done(), 4);
    bench.broken.lock().unwrap().clear();
    jobs.resume(id, &operator()).await.unwrap();
    jobs.close().await;
    let job = jobs.get(id).unwrap();
    assert!(job.has_ended());
    assert_eq!((job.done(), job.failed()), (12, 4));
    assert_eq!(bench.switched(), ids, "each was switched once");
}

#[tokio::test]
async fn a_person_stops_it_and_what_runs_ends() {
    let world = World::new().await;
    let (ids, bench) = (devices(&world, 10), Bench::new(0));
    let jobs = jobs(&world, &bench).await;
    let id = jobs.start(&operator(), "cycle".into(), CYCLE, three_at_once(), ids).await;
    while bench.running.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    jobs.stop(id, "stopped by alice").await.unwrap();
    assert_eq!(jobs.stop(id, "again").await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(jobs.resume(id, &operator()).await.unwrap_err().kind, Kind::Conflict, "acts still run");
    bench.let_go.add_permits(1000);
    jobs.close().await;
    let job = jobs.get(id).unwrap();
    assert_eq!((job.done(), bench.switched().len()), (3, 3));
    assert_eq!(job.record.state, State::Stopped { why: "stopped by alice".into() });
}

/// A second life over the same store, as after a kill: the first one's tasks never end.
#[tokio::test]
async fn after_a_restart_what_is_harmless_goes_on_and_a_power_cycle_waits_for_a_person() {
    let world = World::new().await;
    let (ids, bench) = (devices(&world, 6), Bench::new(0));
    let first = jobs(&world, &bench).await;
    let on = first.start(&operator(), "on".into(), ON, three_at_once(), ids.clone()).await;
    let cycle = first.start(&operator(), "cycle".into(), CYCLE, three_at_once(), ids.clone()).await;
    while bench.running.load(Ordering::SeqCst) < 6 {
        tokio::task::yield_now().await;
    }
    let reborn = Bench::new(1000);
    let second = jobs(&world, &reborn).await;
    let job = until(&world, &second, on, Job::has_ended).await;
    assert_eq!((job.done(), job.failed()), (6, 0), "powering on twice does no harm");
    let job = second.get(cycle).unwrap();
    assert!(matches!(&job.record.state, State::Stopped { why } if why.contains("restarted")));
    assert_eq!((job.done(), job.failed()), (3, 3), "those under way are not known to be done");
    assert_eq!(reborn.switched().len(), 6, "no server was cycled by the second life");
    second.resume(cycle, &operator()).await.unwrap();
    let job = until(&world, &second, cycle, Job::has_ended).await;
    assert_eq!((job.done(), job.failed()), (6, 3));
    assert_eq!(reborn.switched().len(), 9, "only the three that had not begun");
}

#[tokio::test]
async fn a_resumed_job_acts_by_the_rights_of_who_resumed_it() {
    let world = World::new().await;
    world.user("vera", &[(Role::Viewer, Scope::All)]).await;
    let (ids, bench) = (devices(&world, 3), Bench::new(1000));
    let jobs = jobs(&world, &bench).await;
    let pacing = Pacing { at_once: 1, ..three_at_once() };
    bench.let_go.forget_permits(1000);
    let id = jobs.start(&operator(), "on".into(), ON, pacing, ids).await;
    while bench.running.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    jobs.stop(id, "stopped").await.unwrap();
    bench.let_go.add_permits(1000);
    jobs.close().await;
    let vera = model::Actor::user("vera", "web", None);
    assert!(!jobs.may_steer(id, &vera));
    jobs.resume(id, &vera).await.unwrap();
    jobs.close().await;
    let job = jobs.get(id).unwrap();
    let refused =
        |outcome: &Outcome| matches!(outcome, Outcome::Failed { failure } if failure.kind == Kind::Refused);
    assert_eq!(job.items.iter().filter(|item| refused(&item.outcome)).count(), 2);
    assert_eq!(bench.switched().len(), 1);
}

#[tokio::test]
async fn what_a_person_stopped_does_not_go_on_after_a_kill_before_its_last_act_ended() {
    let world = World::new().await;
    let (ids, bench) = (devices(&world, 6), Bench::new(0));
    let first = jobs(&world, &bench).await;
    let id = first.start(&operator(), "on".into(), ON, three_at_once(), ids).await;
    while bench.running.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    first.stop(id, "stopped by alice").await.unwrap();
    let reborn = Bench::new(1000);
    let second = jobs(&world, &reborn).await;
    second.close().await;
    let job = second.get(id).unwrap();
    assert_eq!(job.record.state, State::Stopped { why: "stopped by alice".into() });
    assert!(reborn.switched().is_empty(), "a server was switched that nobody wants switched any more");
    assert!(job.items.iter().all(|item| item.outcome != Outcome::Running), "nothing runs in this life");
}
