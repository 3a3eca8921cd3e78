//! The policy: a trial that nobody confirms, what outlives a restart, openings and their sessions, quarantine, news from the kernel.

use crate::kernel::Kernel;
use crate::world::{World, operator};
use control::Policies;
use control::policy::Which;
use control::policy::ask::Written;
use model::command::policy::{Apply, Confirm, OpenPinhole, Over, Propose, Revert, SetQuarantine};
use model::device::{Certificate, Device, Endpoint, Fingerprint};
use model::enforcement::{Connection, Enforced, LoggedPacket, Record, Session, VersionState};
use model::{Actor, DeviceId, Kind, Role, Scope, Stage};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

pub(crate) const SCENARIO: &str = include_str!("../../../policy/shipped/out_of_band_management.yaml");
pub(crate) const SITE: &str = include_str!("../../../policy/shipped/site.yaml");
/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// A world with a policy's keeper, a kernel in memory, and two devices of which one is adopted.
pub(crate) struct Place {
    pub(crate) world: World,
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) policies: Arc<Policies>,
    stop: CancellationToken,
    keeping: Option<tokio::task::JoinSet<()>>,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let world = World::with(devices()).await;
        let kernel = Kernel::new();
        let policies = Arc::new(Policies::new(world.door.clone(), Arc::clone(&kernel) as _));
        Self { world, kernel, policies, stop: CancellationToken::new(), keeping: None }
    }

    /// The keeper's task, as the appliance runs it.
    pub(crate) async fn keep(&mut self) {
        self.policies.open_kept().await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(Arc::clone(&self.policies).keep(self.stop.clone()));
        self.keeping = Some(tasks);
        self.until("somebody listens", || self.kernel.is_followed()).await;
    }

    /// The keeper is told to stop, and has stopped.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(mut tasks) = self.keeping.take() {
            while tasks.join_next().await.is_some() {}
        }
        self.stop = CancellationToken::new();
    }

    /// The appliance dies and starts again, before the same kernel.
    pub(crate) async fn restart(&mut self) {
        self.keeping = None;
        self.policies = Arc::new(Policies::new(self.world.door.clone(), Arc::clone(&self.kernel) as _));
        self.keep().await;
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < LONG, "in vain until {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn run<C>(&self, command: C) -> Result<C::Outcome, model::Failure>
    where
        C: model::command::Command,
        Policies: model::command::Part<C>,
    {
        self.world.door.run(&operator(), &self.policies, command).await
    }

    pub(crate) async fn propose(&self, scenario: &str) -> u64 {
        let (scenario, site) = (Some(scenario.to_owned()), Some(SITE.to_owned()));
        self.run(Propose { scenario, site, note: "a try".into() }).await.unwrap().number
    }

    pub(crate) async fn apply(&self, version: u64, seconds: u32) {
        self.run(Apply { version, seconds }).await.unwrap();
    }

    /// A version of the shipped policy, in force.
    pub(crate) async fn in_force(&self) {
        let version = self.propose(SCENARIO).await;
        self.apply(version, 60).await;
        self.run(confirm(version)).await.unwrap();
    }

    pub(crate) async fn states(&self) -> Vec<(u64, VersionState)> {
        let all = self.policies.versions(&operator()).await.unwrap();
        all.iter().map(|it| (it.number, it.state)).collect()
    }

    async fn until_states(&self, wanted: &[(u64, VersionState)]) {
        let began = Instant::now();
        while self.states().await != wanted {
            assert!(began.elapsed() < LONG, "{:?} and not {wanted:?}", self.states().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_found(&self, kind: &str) -> store::FindingRow {
        let began = Instant::now();
        loop {
            self.world.door.book().flush().await;
            let all = self.world.door.findings(&operator()).await.unwrap();
            if let Some(row) = all.into_iter().find(|row| row.finding.kind == kind) {
                return row;
            }
            assert!(began.elapsed() < LONG, "there is no finding {kind}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn open(&self, of: &str) -> usize {
        self.kernel.held().open.keys().filter(|name| name.starts_with(of)).count()
    }

    pub(crate) async fn pinhole(&self, actor: &Actor, session: Option<Session>) -> String {
        let command = OpenPinhole {
            device: id("d-seen"),
            application: "bmc_management".into(),
            seconds: 600,
            why: "a disk".into(),
            session,
        };
        self.world.door.run(actor, &self.policies, command).await.unwrap().id
    }
}

pub(crate) fn id(id: &str) -> DeviceId {
    DeviceId(id.into())
}

pub(crate) fn confirm(version: u64) -> Confirm {
    confirm_from("10.1.5.10", version)
}

pub(crate) fn confirm_from(from: &str, version: u64) -> Confirm {
    let accepted = Instant::now() + Duration::from_millis(1);
    Confirm { version, over: Some(Over { accepted, from: from.parse().unwrap() }), local: false }
}

fn devices() -> Vec<Device> {
    // Long enough ago that one which answers elsewhere has moved.
    let now = model::Clock::now(&model::SystemClock) - jiff::SignedDuration::from_hours(1);
    let device = |name: &str, addr: &str, stage| {
        let endpoint = Endpoint { addr: addr.parse().unwrap(), port: 443 };
        let mut device = Device::seen(id(name), endpoint, now);
        device.name = name.replace("d-", "r1-");
        device.zone = "management".into();
        device.stage = stage;
        device.pinned = Some(Certificate {
            fingerprint: Fingerprint([name.as_bytes()[2]; 32]),
            subject: String::new(),
            issuer: String::new(),
            not_after: None,
            trusted: false,
        });
        device
    };
    vec![device("d-read", "10.20.0.7", Stage::InService), device("d-seen", "10.20.0.8", Stage::Seen)]
}

#[tokio::test]
async fn a_trial_that_nobody_confirms_is_over_in_the_store_too() {
    use VersionState::{Candidate, Confirmed, Draft, Superseded};
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    let second = place.propose(&SCENARIO.replace("\nversion: 1.", "\nversion: 9.")).await;
    place.apply(second, 1).await;
    assert_eq!(place.states().await, [(2, Candidate), (1, Confirmed)]);
    assert_eq!(place.policies.enforced(), Enforced::Trial);
    let again = place.run(Apply { version: second, seconds: 1 }).await.unwrap_err();
    assert!(again.cause.contains("another is on trial"), "{again}");
    place.until_states(&[(2, Draft), (1, Confirmed)]).await;
    let told = place.until_found("policy_fell_back").await;
    assert!(told.finding.text.contains("version 2 of the policy was not confirmed in time"), "{told:?}");
    assert_eq!(place.world.notes(audit::Note::PolicyFellBack).await, 1);
    let entries = place.world.door.audit().list(audit::Query::default()).await.unwrap();
    let noted = entries.iter().find(|entry| entry.note == Some(audit::Note::PolicyFellBack)).unwrap();
    assert_eq!(
        (noted.actor.principal.to_string().as_str(), &noted.detail["version"]),
        ("system:kernel", &2.into())
    );
    let late = place.run(confirm(second)).await.unwrap_err();
    assert_eq!(late.kind, Kind::Conflict);
    assert_eq!(place.policies.enforced(), Enforced::Confirmed);

    // Taken back by hand: nobody has to be told.
    place.apply(second, 60).await;
    place.run(Revert {}).await.unwrap();
    assert_eq!(place.states().await, [(2, Draft), (1, Confirmed)]);
    assert_eq!(place.world.notes(audit::Note::PolicyFellBack).await, 1);
    place.apply(second, 60).await;
    place.run(confirm(second)).await.unwrap();
    assert_eq!(place.states().await, [(2, Confirmed), (1, Superseded)]);
}

#[tokio::test]
async fn what_a_restart_finds_is_what_the_kernel_says() {
    use VersionState::{Candidate, Confirmed, Draft};
    let mut place = Place::new().await;
    place.keep().await;
    let first = place.propose(SCENARIO).await;
    place.apply(first, 60).await;
    place.restart().await;
    place.until_states(&[(1, Candidate)]).await;
    // The trial goes on, and is confirmed over a connection that is newer than this life.
    let began = Instant::now();
    while let Err(failure) = place.run(confirm(first)).await {
        assert!(began.elapsed() < LONG, "{failure}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = place.propose(&SCENARIO.replace("\nversion: 1.", "\nversion: 9.")).await;
    place.apply(second, 60).await;
    place.kernel.fall_back();
    place.restart().await;
    place.until_states(&[(2, Draft), (1, Confirmed)]).await;
    // The kernel confirmed it, and the appliance died before it could write that down.
    place.apply(second, 60).await;
    let generation = place.kernel.held().trial.take().unwrap().0;
    place.kernel.held().confirmed = Some(generation);
    place.restart().await;
    place.until_states(&[(2, Confirmed), (1, VersionState::Superseded)]).await;
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!((status.enforced, status.disagreement), (Enforced::Confirmed, None));
}

#[tokio::test]
async fn a_kernel_with_another_policy_is_not_overwritten() {
    let place = Place::new().await;
    place.kernel.held().confirmed = Some(41);
    let version = place.propose(SCENARIO).await;
    let failure = place.run(Apply { version, seconds: 60 }).await.unwrap_err();
    assert!(failure.cause.contains("policy number 41"), "{failure}");
    let status = place.policies.status(&operator()).await.unwrap();
    assert!(status.disagreement.is_some_and(|text| text.contains("restored from a backup")));
    assert!(place.kernel.held().loaded.is_empty());
}

#[tokio::test]
async fn without_the_program_documents_are_kept_and_asked_and_nothing_is_enforced() {
    let place = Place::new().await;
    place.kernel.is_there(false);
    let version = place.propose(SCENARIO).await;
    let failure = place.run(Apply { version, seconds: 60 }).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!(status.enforced, Enforced::Unknown);
    assert!(status.program.is_some_and(|why| why.contains("no firewall program listens")));
    let service = Some("tcp/440-450".into());
    let question = Written { from: "10.20.0.1".into(), to: "r1-read".into(), service, ..Written::default() };
    let answers = place.policies.ask(&operator(), Which::Current, question, "en").await.unwrap();
    let told: Vec<_> =
        answers.all().map(|it| (it.service.as_str(), it.explanation.app_id.as_deref())).collect();
    let rule = Some("bmc_management");
    assert_eq!(told, [("tcp/440-442", None), ("tcp/443", rule), ("tcp/444-450", None)]);
}

#[tokio::test]
async fn what_lost_its_right_is_ended_after_a_load() {
    let place = Place::new().await;
    let connection = |from: &str, to: &str, port| Connection {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        protocol: 6,
        source: 40_000,
        port,
    };
    let (good, bad) = (connection("10.1.5.10", "10.1.0.5", 443), connection("10.1.5.10", "10.1.0.5", 22));
    place.kernel.held().connections = vec![good, bad];
    let version = place.propose(SCENARIO).await;
    let applied = place.run(Apply { version, seconds: 60 }).await.unwrap();
    assert_eq!((applied.ended, applied.more), (1, false));
    assert_eq!(place.kernel.held().ended, [bad]);
}

#[tokio::test]
async fn an_opening_ends_with_its_session_and_comes_back_with_the_program() {
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    place.until("the adopted controller is kept reachable", || place.open("poll-d-read") == 1).await;
    assert_eq!(place.open("poll-"), 1, "one that was only seen is not");

    let person = place.world.person("anna", &[(Role::Operator, Scope::All)]).await;
    let cookie = place.world.sign_in(&person).await;
    let session = place.world.gate.session(&cookie, None).await.unwrap();
    place.pinhole(&session.actor, Some(Session::Web(session.id.clone()))).await;
    place.pinhole(&operator(), None).await;
    assert_eq!(place.open("p-"), 4);
    let listed = place.policies.pinholes(&operator());
    assert!(listed.iter().any(|it| it.principal == "anna" && it.why == "a disk"), "{listed:?}");

    // The program is gone, and so is what it held.
    place.kernel.is_there(false);
    place.until("nobody listens", || !place.kernel.is_followed()).await;
    place.kernel.held().open.clear();
    place.kernel.is_there(true);
    place.until("all is open again", || place.open("p-") == 4 && place.open("poll-") == 1).await;

    place.world.gate.sign_out(&cookie).await;
    place.until("it closed with its session", || place.open("p-") == 2).await;
    assert_eq!(place.policies.pinholes(&operator()).len(), 1, "the other has none");
    // What is open outlives the appliance, and so does who asked for it.
    place.restart().await;
    assert_eq!(place.policies.pinholes(&operator())[0].principal, "system:operator");
}

#[tokio::test]
async fn a_device_stays_cut_off_over_restarts_and_moves() {
    use model::book::DeviceBook as _;
    let mut place = Place::new().await;
    place.keep().await;
    let set = |on| SetQuarantine { device: id("d-read"), on, why: "it scans".into() };
    assert_eq!(place.run(set(true)).await.unwrap_err().kind, Kind::Conflict, "nothing is enforced yet");
    place.in_force().await;
    place.run(set(true)).await.unwrap();
    let isolated = || place.kernel.held().isolated.clone();
    assert_eq!(isolated(), ["10.20.0.7".parse::<std::net::IpAddr>().unwrap()]);
    // The kernel lost it while nobody looked.
    place.kernel.held().isolated.clear();
    place.restart().await;
    let isolated = || place.kernel.held().isolated.clone();
    place.until("it is cut off again", || isolated().len() == 1).await;
    let moved = model::book::Observation::Answered {
        endpoint: Endpoint { addr: "10.20.0.99".parse().unwrap(), port: 443 },
        certificate: place.world.door.book().named("d-read").unwrap().pinned.clone(),
        claim: model::book::Claim::default(),
    };
    place.world.door.book().observe(moved);
    let now = place.world.door.book().named("d-read").unwrap().endpoint.addr;
    assert_eq!(now.to_string(), "10.20.0.99");
    place.until("it is cut off where it is now", || isolated() == [now]).await;
    place.run(set(false)).await.unwrap();
    assert!(isolated().is_empty());
    assert_eq!(place.run(set(false)).await.unwrap_err().kind, Kind::Conflict);

    // The firewall's program could not write it down: the kernel has it all the same.
    place.kernel.held().has_full_disk = true;
    place.run(set(true)).await.unwrap();
    assert_eq!((isolated().len(), place.policies.quarantined(&operator()).len()), (1, 1));
    place.run(set(false)).await.unwrap();
    assert!(isolated().is_empty());
    use model::command::Command as _;
    assert!(set(true).is_essential(), "its record may use the audit log's reserve");
}

#[tokio::test]
async fn the_kernels_news_become_findings() {
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    place.until("somebody listens", || place.kernel.is_followed()).await;
    let packet = |prefix: &str| {
        Record::Packet(LoggedPacket {
            at: 0,
            prefix: prefix.into(),
            from: Some("10.1.5.10".parse().unwrap()),
            to: Some("10.20.0.7".parse().unwrap()),
            protocol: 17,
            port: 623,
            ..LoggedPacket::default()
        })
    };
    for record in [
        packet("pc:f:1:bmc_management:allow"),
        packet("pc:f:6:clear_text_mgmt:drop"),
        packet("pc:f:6:clear_text_mgmt:drop"),
        Record::Lost(3),
        Record::Drift(vec!["a rule was added".into()]),
    ] {
        place.kernel.tell(record);
    }
    let drift = place.until_found("firewall_drift").await;
    assert!(drift.finding.text.contains("a rule was added"), "{drift:?}");
    let attempt = place.until_found("clear_text_attempt").await;
    assert_eq!(attempt.finding.device, Some(id("d-read")));
    for words in ["10.1.5.10 tried IPMI (udp/623) to r1-read", "it was dropped", "switch IPMI over LAN off"] {
        assert!(attempt.finding.text.contains(words), "{words}: {}", attempt.finding.text);
    }
    let all = place.world.door.findings(&operator()).await.unwrap();
    assert_eq!(all.len(), 2, "the same is told once: {all:?}");
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!(status.log, (3, 3));
}
