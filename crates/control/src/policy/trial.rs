//! A version on trial: put into the kernel, confirmed over a connection that it let in, or taken back.

use super::memory::Trial;
use super::{Bound, Policies, blocking, subject, summary};
use crate::book::unavailable;
use ::policy::evaluate::{Asked, Evaluator};
use ::policy::packet::{Packet, Payload};
use ::policy::render::{self, Openings};
use model::command::policy::{Applied, Apply, Confirm};
use model::enforcement::{Connection, KernelState, Version, VersionState};
use model::event::{Finding, PolicyStep, What};
use model::{Actor, Failure, Kind, Permit};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::PolicyTexts;
use tokio::time::Instant;

/// The longest trial, in seconds; the firewall's program takes no longer one.
pub const LONGEST_TRIAL: u32 = 3600;
/// A trial when nobody says how long, in seconds.
pub const TRIAL: u32 = 60;

/// Who ends a trial that nobody confirms.
const KERNEL: &str = "kernel";

impl Policies {
    pub(super) async fn apply(&self, permit: &Permit, command: Apply) -> Result<Applied, Failure> {
        let Apply { version: number, seconds } = command;
        let failed = |kind, cause: String| Failure::new(kind, "apply", subject(number), cause);
        if !(1..=LONGEST_TRIAL).contains(&seconds) {
            return Err(failed(Kind::Invalid, format!("a trial of {seconds} s: 1 to {LONGEST_TRIAL}")));
        }
        let _turn = self.turn.lock().await;
        let kernel = self.enforcer.state().await?;
        // A load sets the kernel's counters to zero.
        self.memory().hits.see(&kernel, self.book().now());
        if kernel.trial.is_none() {
            // What could not be written down of the trial before would be taken for this one's.
            self.settle(&kernel).await;
        }
        let (version, texts) = self.kept(number).await?;
        if let Some((_, left)) = kernel.trial {
            return Err(failed(Kind::Conflict, format!("another is on trial for {left} s more"))
                .hint("confirm it, or take it back with `portcullis policy revert`"));
        }
        if version.state == VersionState::Confirmed && version.generation == kernel.confirmed {
            return Err(failed(Kind::Conflict, "it is in force".into())
                .hint("`portcullis policy drift --repair` loads it anew where the kernel differs"));
        }
        self.acceptable(number, texts).await?;
        let bound = self.bound(number).await?;
        let before = self.in_force(&kernel).await?;
        let rendered = render(Arc::clone(&bound), before, seconds).await?;
        let generation = self.enforcer.load(permit, rendered.0, rendered.1, seconds).await?;
        let loaded = Instant::now();
        let by = permit.actor().principal.to_string();
        let now = self.book().now();
        if let Err(error) = self.store().policy_applied(number, generation, now, &by).await {
            let reverted = self.enforcer.revert(permit).await;
            let failure = unavailable(subject(number), &error);
            return Err(match reverted {
                Ok(()) => failure.hint("it was taken back; free space on the appliance's disk"),
                Err(_) => failure.hint("the kernel takes it back by itself when its time is over"),
            });
        }
        let ends = loaded + Duration::from_secs(seconds.into());
        {
            let mut memory = self.memory();
            memory.trial = Some(Trial { version: number, generation, loaded, ends });
            memory.taken_back = None;
        }
        self.note_kernel().await;
        self.tell(PolicyStep::Applied, Some(number));
        self.open_missing(permit).await;
        let (ended, more) = self.end_forbidden(permit, &bound.evaluator).await;
        Ok(Applied { version: number, generation, seconds, ended, more })
    }

    /// Refuses documents with errors; a test of the site that fails is one.
    async fn acceptable(&self, number: u64, texts: PolicyTexts) -> Result<(), Failure> {
        let checked = self.look(texts).await?;
        if checked.has_error() {
            let cause = summary(&checked.diagnostics);
            return Err(Failure::new(Kind::Conflict, "apply", subject(number), cause)
                .hint("nothing was changed; correct the documents and propose them anew"));
        }
        Ok(())
    }

    /// What the kernel falls back to: the confirmed version, bound; none before the first one.
    async fn in_force(&self, kernel: &KernelState) -> Result<Option<Arc<Bound>>, Failure> {
        let Some(generation) = kernel.confirmed else { return Ok(None) };
        let all = self.all().await?;
        let held = [VersionState::Confirmed, VersionState::Candidate]
            .into_iter()
            .filter_map(|state| store::only_policy(&all, state))
            .find(|version| version.generation == Some(generation));
        match held {
            Some(version) => self.bound(version.number).await.map(Some),
            None => Err(Failure::new(
                Kind::Conflict,
                "apply",
                "a version of the policy",
                format!("the kernel holds policy number {generation}, which no version here has, so it could not be fallen back to"),
            )
            .hint("the manual's chapter on the firewall says how to begin without a policy")),
        }
    }

    /// Ends the connections that a policy does not allow; what they send passes no more in any case.
    pub(super) async fn end_forbidden(&self, permit: &Permit, evaluator: &Evaluator) -> (u32, bool) {
        let asked = self.asked();
        let ended = async {
            let (all, more) = self.enforcer.connections().await?;
            let forbidden = forbidden(evaluator, &asked, &all);
            let count = if forbidden.is_empty() { 0 } else { self.enforcer.end(permit, forbidden).await? };
            Ok::<_, Failure>((count, more))
        };
        ended.await.unwrap_or_else(|failure| {
            tracing::warn!(%failure, "connections that are not allowed could not be ended; they pass no packet");
            (0, true)
        })
    }

    pub(super) async fn confirm(&self, permit: &Permit, command: Confirm) -> Result<Version, Failure> {
        let Confirm { version: number, over, local } = command;
        let conflict = |cause: &str| Failure::new(Kind::Conflict, "confirm", subject(number), cause);
        let _turn = self.turn.lock().await;
        let trial = self.memory().trial.filter(|trial| trial.version == number);
        let trial = trial
            .ok_or_else(|| conflict("it is not on trial").hint("its time may be over; apply it again"))?;
        let over = over.filter(|over| over.accepted > trial.loaded.into_std()).ok_or_else(|| {
            conflict("this connection is older than the trial, so it proves nothing")
                .hint("open a new connection and confirm over that one: what the policy locks out cannot confirm it")
        })?;
        if !local && self.is_local(number, over.from).await {
            let cause = format!(
                "it was asked for from {}, the appliance itself, which no rule locks out, so it proves nothing",
                over.from
            );
            return Err(conflict(&cause).hint(
                "confirm from where administrators work; `portcullis policy confirm --local` does it from here all the same",
            ));
        }
        self.enforcer.confirm(permit, trial.generation).await?;
        self.memory().trial = None;
        self.share_lines(permit, number).await;
        let (now, by) = (self.book().now(), permit.actor().principal.to_string());
        let written = self.store().policy_confirmed(number, trial.generation, now, &by).await;
        self.note_kernel().await;
        self.tell(PolicyStep::Confirmed, Some(number));
        written.map_err(|error| {
            unavailable(subject(number), &error)
                .hint("it is in force; that is written down once there is room on the appliance's disk")
        })
    }

    /// Whether an address is the appliance's own under a version: what comes from there meets no rule.
    pub async fn is_local(&self, number: u64, from: IpAddr) -> bool {
        from.is_loopback() || self.bound(number).await.is_ok_and(|bound| bound.plan().own.contains(&from))
    }

    /// The lines of what is confirmed now are shared by its classes. A line that cannot be leaves everything else in force.
    async fn share_lines(&self, permit: &Permit, number: u64) {
        let shared = async {
            let bound = self.bound(number).await?;
            let lines = bound.plan().links.iter().map(|link| (link.interface.clone(), link.mbit));
            self.enforcer.share(permit, lines.collect()).await
        };
        if let Err(failure) = shared.await {
            tracing::warn!(%failure, "the site's lines are not shared by classes: consoles wait like everything else");
        }
    }

    pub(super) async fn revert(&self, permit: &Permit) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let known = self.memory().trial.map(|trial| trial.version);
        let number = match known {
            Some(number) => Some(number),
            None => self.only(VersionState::Candidate).await.ok().flatten().map(|version| version.number),
        };
        self.enforcer.revert(permit).await?;
        self.taken_back(number, None).await;
        let kernel = self.enforcer.state().await?;
        if let Ok(Some(bound)) = self.in_force(&kernel).await {
            self.end_forbidden(permit, &bound.evaluator).await;
        }
        Ok(())
    }

    pub(super) async fn repair(&self, permit: &Permit) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        self.count().await;
        self.enforcer.repair(permit).await?;
        self.memory().hits.reloaded();
        self.open_missing(permit).await;
        self.note_kernel().await;
        Ok(())
    }

    /// The trial is over without a confirmation. `why` raises a finding; a person who took it back knows.
    async fn taken_back(&self, number: Option<u64>, why: Option<String>) {
        let written = self.store().policy_taken_back().await;
        let is_told = {
            let mut memory = self.memory();
            memory.trial = None;
            let before = memory.taken_back.take();
            if let Err(error) = &written {
                tracing::warn!(%error, "the end of a trial could not be written down; it is tried again");
                memory.taken_back = number;
            }
            before.is_some() && before == number
        };
        if is_told && written.is_err() {
            return;
        }
        self.note_kernel().await;
        let why = why.filter(|_| !is_told);
        if let Some(text) = why {
            // Nobody asked for it, so it is no act of anybody's; what stands in the log from the trial's begin is answered all the same.
            let detail = serde_json::json!({ "version": number, "why": text });
            let noted =
                self.door.audit().note(audit::Note::PolicyFellBack, Actor::system(KERNEL), detail).await;
            match noted {
                Ok(record) => self.door.events().tell(What::Audited { record }),
                Err(error) => {
                    tracing::error!(%error, ?number, "the end of a trial could not be noted in the audit log")
                }
            }
            self.book().raise(Finding { kind: "policy_fell_back".into(), device: None, text });
        }
        self.tell(PolicyStep::Reverted, number);
    }

    /// Asks the firewall's program how things stand, and remembers it.
    pub(super) async fn note_kernel(&self) -> Option<KernelState> {
        let asked = self.enforcer.state().await;
        let (kernel, program) = match asked {
            Ok(kernel) => (Some(kernel), None),
            Err(failure) => (None, Some(super::status::why(&failure))),
        };
        if self.memory().note(kernel.as_ref(), program) {
            self.tell(PolicyStep::Program, None);
        }
        kernel
    }

    /// Brings the store in line with the kernel: at the start, when the firewall's program is back, when a trial's
    /// time is over, and for as long as the store is behind.
    pub(super) async fn reconcile(&self) -> Option<KernelState> {
        let _turn = self.turn.lock().await;
        let kernel = self.note_kernel().await?;
        self.settle(&kernel).await;
        Some(kernel)
    }

    /// What the store has on trial, as the kernel has it; for who holds the turn.
    async fn settle(&self, kernel: &KernelState) {
        let candidate = match self.only(VersionState::Candidate).await {
            Ok(Some(candidate)) => candidate,
            Ok(None) => return,
            Err(failure) => {
                tracing::error!(%failure, "which version is on trial could not be read");
                return;
            }
        };
        let generation = candidate.generation.unwrap_or_default();
        match kernel.trial {
            Some((held, left)) if held == generation => {
                let now = Instant::now();
                let ends = now + Duration::from_secs(left.into());
                let mut memory = self.memory();
                let known = memory.trial.filter(|trial| trial.generation == generation);
                let loaded = known.map_or(now, |trial| trial.loaded);
                memory.trial = Some(Trial { version: candidate.number, generation, loaded, ends });
            }
            _ if kernel.confirmed == Some(generation) => self.confirmed_before(&candidate, generation).await,
            _ => {
                let by = candidate.applied_by.as_deref().unwrap_or("somebody");
                let text = format!(
                    "{} was not confirmed in time by {by}: the kernel holds what was confirmed before; find out what it locked out",
                    subject(candidate.number)
                );
                self.taken_back(Some(candidate.number), Some(text)).await;
            }
        }
    }

    /// The kernel confirmed it, and the appliance did not live to write that down.
    async fn confirmed_before(&self, version: &Version, generation: u64) {
        let by = version.applied_by.clone().unwrap_or_default();
        let now = self.book().now();
        self.memory().trial = None;
        if let Err(error) = self.store().policy_confirmed(version.number, generation, now, &by).await {
            tracing::error!(%error, "a confirmation could not be written down; it is tried again");
            return;
        }
        self.tell(PolicyStep::Confirmed, Some(version.number));
    }
}

/// What is loaded for the trial, and what confirming it loads.
async fn render(
    bound: Arc<Bound>,
    before: Option<Arc<Bound>>,
    seconds: u32,
) -> Result<(String, String), Failure> {
    blocking(move || {
        let (none, before) = (Openings::default(), before.as_deref().map(Bound::plan));
        let trial = render::candidate(before, bound.plan(), seconds, &none);
        (trial, render::confirmed(bound.plan(), &none))
    })
    .await
}

/// The connections that a policy does not allow.
fn forbidden(evaluator: &Evaluator, asked: &Asked, all: &[Connection]) -> Vec<Connection> {
    let is_inside = |it: &&Connection| !(it.from.is_loopback() && it.to.is_loopback());
    let judged = all.iter().filter(is_inside).filter(|connection| {
        let judgement = evaluator.judge(&packet(connection), asked);
        judgement.enforced && !judgement.passes()
    });
    judged.copied().collect()
}

fn packet(connection: &Connection) -> Packet {
    let Connection { from, to, protocol, source, port } = *connection;
    // Of ICMP the type stands in the high byte.
    let kind = u8::try_from(port >> 8).unwrap_or_default();
    let payload = match protocol {
        6 => Payload::Tcp(port),
        17 => Payload::Udp { source, to: port },
        1 => Payload::Icmp(kind),
        58 => Payload::Icmp6(kind),
        other => Payload::Other(other),
    };
    Packet { from, to, payload, interface: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::read::shipped;

    fn connection(from: &str, to: &str, protocol: u8, port: u16) -> Connection {
        Connection { from: from.parse().unwrap(), to: to.parse().unwrap(), protocol, source: 40_000, port }
    }

    #[test]
    fn only_what_the_policy_does_not_allow_is_ended() {
        let bound = Bound::new(&shipped()).unwrap();
        let own = bound.plan().own[0].to_string();
        let allowed = [
            connection("10.1.5.10", &own, 6, 443),
            connection("10.20.0.1", "10.20.0.7", 6, 443),
            connection("127.0.0.1", "127.0.0.1", 6, 8443),
            connection("10.20.0.1", "10.20.0.7", 1, 8 << 8),
        ];
        let not = [
            connection("10.1.5.10", &own, 6, 22),
            connection("10.20.0.7", "192.0.2.9", 6, 443),
            connection("10.20.0.1", "10.20.0.7", 17, 623),
        ];
        let all: Vec<Connection> = allowed.iter().chain(&not).copied().collect();
        assert_eq!(forbidden(&bound.evaluator, &Asked::default(), &all), not);
        let open = ::policy::evaluate::Pinhole { to: not[2].to, protocol: 17, port: 623 };
        let asked = Asked { pinholes: [open].into(), ..Asked::default() };
        assert_eq!(forbidden(&bound.evaluator, &asked, &all), not[..2]);
    }
}
