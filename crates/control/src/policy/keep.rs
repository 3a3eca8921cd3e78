//! Keeps kernel, store and devices in step: follows the kernel's news, ends trials in the store when their time is over, keeps the
//! controllers that are read reachable, and closes openings with their sessions.

use super::news::Hearing;
use super::{Bound, Policies};
use identity::session::Times;
use model::command::policy::{ClosePinhole, KeepOpen, LetClose, SetQuarantine};
use model::enforcement::{KernelState, Pinhole, Records, Session, VersionState};
use model::event::What;
use model::firewall_log::{Loss, Why};
use model::{Actor, Failure, Kind};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// What changes with time alone is looked at so often.
const LOOK: Duration = Duration::from_secs(30);
/// What rules have counted is looked at and written down so often.
const COUNT: Duration = Duration::from_secs(300);
/// At the stop the firewall's program is asked once more, and waited for so long.
const LAST_LOOK: Duration = Duration::from_secs(3);
/// News of this span are looked at together.
const SETTLE: Duration = Duration::from_millis(200);
/// The firewall's program puts its table in order a moment after the kernel has fallen back.
const AFTER: Duration = Duration::from_millis(700);
/// After the firewall's program did not answer, before the next try.
const RETRY: Duration = Duration::from_secs(2);
/// After the kernel refused to keep something open, before the next try: each try is written down.
const REFUSED: Duration = Duration::from_secs(300);
/// Which part of the appliance acts here.
const OPENINGS: &str = "openings";
/// Which part keeps quarantines in the kernel.
pub(super) const QUARANTINE: &str = "quarantine";

impl Policies {
    /// Reads what was kept: to be called once, before anything is asked.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_kept(&self) -> Result<(), store::Error> {
        let now = self.book().now();
        let pinholes = self.store().pinholes(now).await?;
        let (mut quarantined, mut ended) = (Vec::new(), BTreeSet::new());
        for quarantine in self.store().quarantines().await? {
            if self.was_let_back(&quarantine).await {
                ended.insert(quarantine.device);
            } else {
                quarantined.push(quarantine);
            }
        }
        let hits = self.store().rule_hits().await?;
        let mut memory = self.memory();
        memory.unsaved.extend(ended);
        memory.pinholes = pinholes.into_iter().map(|it| (it.id.clone(), it)).collect();
        memory.hits.restore(hits);
        memory.quarantined = quarantined.into_iter().map(|it| (it.device.clone(), it)).collect();
        Ok(())
    }

    /// Keeps everything in step until `stop`.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let both = async { tokio::join!(self.follow(), self.attend()) };
        stop.run_until_cancelled(both).await;
        let counted = tokio::time::timeout(LAST_LOOK, self.count()).await;
        if counted.is_err() {
            self.save_hits().await;
        }
    }

    /// Follows the kernel's news for as long as the firewall's program is there, and looks for it when it is not.
    async fn follow(self: &Arc<Self>) {
        let mut hearing = Hearing::default();
        let mut said = None;
        loop {
            match self.enforcer.follow().await {
                Ok(records) => {
                    tracing::info!("the firewall's program is there");
                    said = None;
                    self.note_absence(&mut hearing);
                    self.restore().await;
                    let gone = self.listen(records, &mut hearing).await;
                    hearing.gone = Some(self.book().now());
                    tracing::warn!(failure = %gone, "the firewall's program has gone; the kernel goes on with what it holds");
                }
                Err(failure) => {
                    let why = failure.to_string();
                    if said.as_ref() != Some(&why) {
                        tracing::warn!(%failure, "the firewall's program does not answer; it is looked for again");
                        said = Some(why);
                    }
                }
            }
            self.note_kernel().await;
            sleep(RETRY).await;
        }
    }

    /// What the kernel logged while the firewall's program was away is not known.
    fn note_absence(&self, hearing: &mut Hearing) {
        if let (Some(from), Some(log)) = (hearing.gone.take(), &self.log) {
            let to = self.book().now().max(from);
            log.lose(Loss { from, to, why: Why::Firewall, count: None });
        }
    }

    async fn listen(&self, mut records: Box<dyn Records>, hearing: &mut Hearing) -> Failure {
        // The version in force is looked up when it changes, and not for each packet.
        let mut news = self.door.events().listen();
        let mut bound = self.in_kernel().await;
        hearing.forget();
        loop {
            match records.next().await {
                Ok(records) => {
                    let mut is_stale = false;
                    loop {
                        match news.try_recv() {
                            Ok(event) => is_stale |= matches!(event.what, What::PolicyChanged { .. }),
                            Err(TryRecvError::Lagged(_)) => is_stale = true,
                            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                        }
                    }
                    if is_stale {
                        bound = self.in_kernel().await;
                        hearing.forget();
                    }
                    self.hear(records, bound.as_deref(), hearing);
                }
                Err(failure) => return failure,
            }
        }
    }

    async fn in_kernel(&self) -> Option<Arc<Bound>> {
        self.loaded().await.ok().flatten().map(|(_, bound)| bound)
    }

    /// The firewall's program is there, again or for the first time: what it has lost is given back to it.
    async fn restore(self: &Arc<Self>) {
        if let Some(kernel) = self.reconcile().await {
            self.memory().closing.clear();
            self.close_ended().await;
            self.give_back(Some(&kernel)).await;
        }
    }

    /// Looks at trials, sessions and devices, when something happened and every now and then.
    async fn attend(self: &Arc<Self>) {
        let mut news = self.door.events().listen();
        let mut due = Instant::now() + LOOK;
        let mut count_due = Instant::now() + COUNT;
        loop {
            let trial = self.memory().trial.map(|trial| trial.ends + AFTER);
            let mut seen = Seen::default();
            tokio::select! {
                received = news.recv() => seen.note(received.map(|event| event.what)),
                () = sleep_until(trial.unwrap_or(due)), if trial.is_some() => {
                    self.end_trial().await;
                    continue;
                }
                () = sleep_until(due) => {
                    due = Instant::now() + LOOK;
                    seen = Seen { sessions: true, devices: true };
                    self.save_unsaved().await;
                    self.forget_over();
                    self.settle_late().await;
                    if count_due <= Instant::now() {
                        count_due = Instant::now() + COUNT;
                        self.count().await;
                    }
                }
            }
            if seen.is_nothing() {
                continue;
            }
            sleep(SETTLE).await;
            loop {
                match news.try_recv() {
                    Ok(event) => seen.note(Ok(event.what)),
                    Err(TryRecvError::Lagged(_)) => seen = Seen { sessions: true, devices: true },
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            self.close_ended().await;
            if seen.devices {
                self.give_back(None).await;
            }
        }
    }

    /// A trial's time is over; the firewall's program may need a moment longer.
    async fn end_trial(&self) {
        if self.reconcile().await.is_none() {
            // Nobody to ask: the kernel has fallen back by itself, and the store is told when somebody answers.
            self.memory().trial = None;
            return;
        }
        if let Some(trial) = &mut self.memory().trial {
            trial.ends = trial.ends.max(Instant::now());
        }
    }

    /// Openings and quarantines that the kernel has not, or no more, or at another address.
    async fn give_back(self: &Arc<Self>, kernel: Option<&KernelState>) {
        let is_early = |at: Option<Instant>| kernel.is_none() && at.is_some_and(|at| at > Instant::now());
        let (is_loaded, not_before) = {
            let memory = self.memory();
            (memory.is_loaded(), memory.not_before)
        };
        if !is_loaded || is_early(not_before) {
            return;
        }
        for quarantine in self.not_isolated(kernel) {
            let command = SetQuarantine { device: quarantine.device, on: true, why: quarantine.why };
            if let Err(failure) = self.door.run(&Actor::system(QUARANTINE), self, command).await {
                tracing::error!(%failure, "a device that is to be cut off is not");
                self.memory().not_before = Some(Instant::now() + REFUSED);
            }
        }
        let devices = self.unreachable(kernel);
        if !devices.is_empty() || kernel.is_some_and(|kernel| self.has_lost(kernel)) {
            let command = KeepOpen { devices, why: "reading controllers".into() };
            self.act("keep open what is read", command).await;
        }
        let devices = self.left_open();
        let names = kernel.map(|kernel| self.strays(kernel)).unwrap_or_default();
        if !devices.is_empty() || !names.is_empty() {
            self.act("close what is read no more", LetClose { devices, names }).await;
        }
    }

    /// What could not be written down of a trial's end is tried again.
    async fn settle_late(&self) {
        let is_known = self.memory().trial.is_some();
        if !is_known && matches!(self.only(VersionState::Candidate).await, Ok(Some(_))) {
            self.reconcile().await;
        }
    }

    async fn act<C>(self: &Arc<Self>, what: &str, command: C)
    where
        C: model::command::Command,
        Self: model::command::Part<C>,
    {
        if let Err(failure) = self.door.run(&Actor::system(OPENINGS), self, command).await {
            tracing::warn!(%failure, "could not {what}; it is tried again");
            self.memory().not_before = Some(Instant::now() + REFUSED);
        }
    }

    /// Closes the openings whose session or token has ended, or whose device is gone or elsewhere.
    async fn close_ended(self: &Arc<Self>) {
        let live = self.to_look_at();
        let sessions: BTreeSet<Session> = live.iter().filter_map(|pinhole| pinhole.session.clone()).collect();
        let mut ended = BTreeSet::new();
        for session in sessions {
            match self.stands(&session).await {
                Ok(true) => {}
                Ok(false) => drop(ended.insert(session)),
                Err(error) => {
                    tracing::warn!(%error, "whether a session stands could not be read; it is tried again")
                }
            }
        }
        for pinhole in live {
            let is_over = pinhole.session.as_ref().is_some_and(|session| ended.contains(session));
            let why = if is_over { Some("its session has ended") } else { self.has_lost_device(&pinhole) };
            let Some(why) = why else { continue };
            let command = ClosePinhole { id: pinhole.id.clone(), why: why.into() };
            match self.door.run(&Actor::system(OPENINGS), self, command).await {
                // Somebody was faster.
                Err(failure) if failure.kind == Kind::NotFound => {}
                Err(failure) => {
                    tracing::error!(%failure, why, "an opening could not be closed; it is tried again");
                    self.memory().closing.insert(pinhole.id, Instant::now() + REFUSED);
                }
                Ok(()) => {}
            }
        }
    }

    /// The live openings, without those that were tried in vain a moment ago: the record of a failure wakes the keeper.
    fn to_look_at(&self) -> Vec<Pinhole> {
        let now = Instant::now();
        let mut live = self.live(self.book().now());
        let memory = self.memory();
        live.retain(|pinhole| memory.closing.get(&pinhole.id).is_none_or(|not_before| *not_before <= now));
        live
    }

    /// Whether a session or token stands.
    async fn stands(&self, session: &Session) -> Result<bool, store::Error> {
        let now = self.book().now();
        let (user, is_over) = match session {
            Session::Web(id) => {
                let all = self.store().sessions().await?;
                let Some(row) = all.into_iter().find(|row| row.hash.starts_with(id)) else {
                    return Ok(false);
                };
                let times = Times {
                    started_at: row.created_at,
                    seen_at: row.last_seen,
                    second_factor_at: row.second_factor_at,
                };
                (row.user, times.check(now).is_err())
            }
            Session::Token(id) => {
                let Some(row) = self.store().token(id).await? else { return Ok(false) };
                (row.user, row.revoked_at.is_some() || row.expires_at <= now)
            }
        };
        Ok(!is_over && self.door.access().is_enabled(&user))
    }
}

/// What news may have changed.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    sessions: bool,
    devices: bool,
}

impl Seen {
    fn note(&mut self, received: Result<What, RecvError>) {
        match received {
            // Sign-outs, revocations and disabled accounts are all written down.
            Ok(What::Audited { .. }) => self.sessions = true,
            Ok(What::DeviceChanged { .. } | What::DeviceRemoved { .. } | What::PolicyChanged { .. }) => {
                self.devices = true;
            }
            Ok(_) => {}
            Err(_) => *self = Self { sessions: true, devices: true },
        }
    }

    const fn is_nothing(self) -> bool {
        !self.sessions && !self.devices
    }
}
