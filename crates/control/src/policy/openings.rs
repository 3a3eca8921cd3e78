//! Short-lived openings from the appliance to one application of one device, and those that it needs by itself.
//!
//! The kernel closes each by its own time-out; here stands who asked for it and with what it closes sooner.

use super::memory::Memory;
use super::{Policies, Which, fits};
use crate::book::{no_such, unavailable};
use ::policy::service::Service;
use jiff::{SignedDuration, Timestamp};
use model::book::DeviceBook as _;
use model::command::policy::{ClosePinhole, KeepOpen, LetClose, OpenPinhole};
use model::device::{Device, DeviceId};
use model::enforcement::{Hole, KernelState, Pinhole};
use model::event::What;
use model::{Actor, Failure, Kind, Object, Permit};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// The longest opening, in seconds; the firewall's program takes no longer one.
pub const LONGEST_PINHOLE: u32 = 24 * 3600;
/// An opening when nobody says how long, in seconds.
pub const PINHOLE: u32 = 3600;
/// So many openings that people asked for are live at once.
const MOST: usize = 1000;
/// An application that wants more ports than this is not opened: a rule of the policy is meant for that.
const MOST_PORTS: usize = 32;
/// So long a controller that is read is kept reachable without another word, in seconds.
const POLLED: u32 = LONGEST_PINHOLE;
/// With less than this left it is prolonged.
const RENEW: SignedDuration = SignedDuration::from_hours(12);

impl Policies {
    /// The live openings to devices that the actor may see, those that close first before.
    #[must_use]
    pub fn pinholes(&self, actor: &Actor) -> Vec<Pinhole> {
        let now = self.book().now();
        let live: Vec<Pinhole> =
            self.memory().pinholes.values().filter(|pinhole| pinhole.until > now).cloned().collect();
        let mut seen: Vec<Pinhole> = live
            .into_iter()
            .filter(|pinhole| match self.book().device(&pinhole.device) {
                Some(device) => self.door.may(actor, model::Action::DeviceView, &device.object()).allowed,
                None => self.check_reader(actor).is_ok(),
            })
            .collect();
        seen.sort_by(|a, b| (a.until, &a.id).cmp(&(b.until, &b.id)));
        seen
    }

    pub(super) fn device(&self, id: &DeviceId) -> Result<Arc<Device>, Failure> {
        self.book().device(id).ok_or_else(|| no_such(&id.0))
    }

    /// What an opening is about: its device, or the appliance if there is no such opening or device.
    pub(super) fn object_of_pinhole(&self, id: &str) -> Object {
        let device = self.memory().pinholes.get(id).map(|pinhole| pinhole.device.clone());
        let device = device.and_then(|device| self.book().device(&device));
        device.map_or(Object::Appliance, |device| device.object())
    }

    pub(super) async fn open(&self, permit: &Permit, command: OpenPinhole) -> Result<Pinhole, Failure> {
        let device = self.device(&command.device)?;
        let failed = |kind, cause: String| Failure::new(kind, "open", device.subject(), cause);
        if !(1..=LONGEST_PINHOLE).contains(&command.seconds) {
            let cause = format!("an opening of {} s: 1 to {LONGEST_PINHOLE}", command.seconds);
            return Err(failed(Kind::Invalid, cause));
        }
        let why = fits(&command.why, "open", &device.subject())?;
        let _turn = self.opening.lock().await;
        // Asking how things stand takes the firewall's program a listing: longer than an opening may take.
        if !self.memory().is_loaded() {
            self.note_kernel().await;
            self.need_loaded("open", &device.subject())?;
        }
        let holes = self.holes(&device, &command.application).await?;
        let opened_at = self.book().now();
        if self.memory().pinholes.values().filter(|pinhole| pinhole.until > opened_at).count() >= MOST {
            return Err(failed(Kind::Conflict, format!("{MOST} openings are live already")));
        }
        let lifetime = SignedDuration::from_secs(command.seconds.into());
        let pinhole = Pinhole {
            id: crate::ids::pinhole(),
            device: device.id.clone(),
            device_name: device.name.clone(),
            application: command.application,
            holes,
            principal: permit.actor().principal.to_string(),
            why,
            session: command.session,
            opened_at,
            until: opened_at.checked_add(lifetime).unwrap_or(Timestamp::MAX),
        };
        let written = self.store().put_pinhole(&pinhole, opened_at).await;
        written.map_err(|error| unavailable(device.subject(), &error))?;
        // Before the kernel opens it, so that a session which ends meanwhile finds it.
        self.memory().pinholes.insert(pinhole.id.clone(), pinhole.clone());
        if let Err(failure) = self.enforcer.open(permit, named(&pinhole, command.seconds)).await {
            // Some of its ports may be open already.
            if let Err(failure) = self.enforcer.close(permit, names(&pinhole)).await {
                tracing::warn!(%failure, id = %pinhole.id, "what was opened before the failure is closed when the firewall's program is back");
            }
            self.forget(&pinhole.id).await;
            return Err(failure);
        }
        self.changed(Some(&device.id));
        Ok(pinhole)
    }

    pub(super) async fn close(&self, permit: &Permit, command: ClosePinhole) -> Result<(), Failure> {
        let _turn = self.opening.lock().await;
        let known = self.memory().pinholes.get(&command.id).cloned();
        let pinhole = known.ok_or_else(|| no_pinhole(&command.id))?;
        self.enforcer.close(permit, names(&pinhole)).await?;
        self.forget(&command.id).await;
        if let Ok(Some((_, bound))) = self.loaded().await {
            self.end_forbidden(permit, &bound.evaluator).await;
        }
        self.changed(Some(&pinhole.device));
        Ok(())
    }

    /// Keeps the controllers that are read reachable, and opens again what the kernel has lost.
    pub(super) async fn keep_open(&self, permit: &Permit, command: KeepOpen) -> Result<usize, Failure> {
        let _turn = self.opening.lock().await;
        let now = self.book().now();
        let until = now.checked_add(SignedDuration::from_secs(POLLED.into())).unwrap_or(Timestamp::MAX);
        let mut holes = Vec::new();
        let mut polled = BTreeMap::new();
        for id in &command.devices {
            if let Some(hole) = self.book().device(id).filter(|it| it.is_adopted()).map(|it| polling(&it)) {
                holes.push((polling_name(id), hole, POLLED));
                polled.insert(id.clone(), (hole, until));
            }
        }
        holes.extend(self.live(now).iter().flat_map(|pinhole| named(pinhole, left(pinhole, now))));
        let count = holes.len();
        self.enforcer.open(permit, holes).await?;
        self.memory().polled.extend(polled);
        self.changed(None);
        Ok(count)
    }

    /// Closes what is read no more, and what nobody knows.
    pub(super) async fn let_close(&self, permit: &Permit, command: LetClose) -> Result<(), Failure> {
        let _turn = self.opening.lock().await;
        let mut names: Vec<String> = command.devices.iter().map(polling_name).collect();
        // Somebody may have opened one meanwhile.
        let known = self.known_names();
        names.extend(command.names.into_iter().filter(|name| !known.contains(name)));
        self.enforcer.close(permit, names).await?;
        let mut memory = self.memory();
        memory.polled.retain(|id, _| !command.devices.contains(id));
        Ok(())
    }

    /// After a load: what should be open and is not, with the permit of the load.
    pub(super) async fn open_missing(&self, permit: &Permit) {
        if !self.memory().is_loaded() {
            return;
        }
        let devices = self.unreachable(None);
        if devices.is_empty() && self.live(self.book().now()).is_empty() {
            return;
        }
        let command = KeepOpen { devices, why: String::new() };
        if let Err(failure) = self.keep_open(permit, command).await {
            tracing::warn!(%failure, "what the appliance reads could not be kept open; it is tried again");
        }
    }

    /// The devices that are to be read and whose opening is missing, elsewhere, nearly over, or unknown to the kernel.
    pub(super) fn unreachable(&self, kernel: Option<&KernelState>) -> Vec<DeviceId> {
        let now = self.book().now();
        let held: Option<BTreeSet<&str>> =
            kernel.map(|kernel| kernel.open.iter().map(|(name, ..)| name.as_str()).collect());
        let devices = self.book().all();
        let memory = self.memory();
        let is_open = |device: &Device| {
            let known = memory.polled.get(&device.id);
            let in_kernel = held.as_ref().is_none_or(|held| held.contains(&*polling_name(&device.id)));
            in_kernel
                && known.is_some_and(|(hole, until)| {
                    *hole == polling(device) && until.duration_since(now) > RENEW
                })
        };
        let wanted = devices.iter().filter(|device| device.is_adopted() && !is_open(device));
        wanted.map(|device| device.id.clone()).collect()
    }

    /// The devices that are read no more, and are still open.
    pub(super) fn left_open(&self) -> Vec<DeviceId> {
        let known: Vec<DeviceId> = self.memory().polled.keys().cloned().collect();
        let is_read = |id: &DeviceId| self.book().device(id).is_some_and(|device| device.is_adopted());
        known.into_iter().filter(|id| !is_read(id)).collect()
    }

    /// What is open in the kernel in our name, and nobody here knows: left by an act that did not come to its end.
    pub(super) fn strays(&self, kernel: &KernelState) -> Vec<String> {
        let known = self.known_names();
        let held = kernel.open.iter().map(|(name, ..)| name);
        let is_ours = |name: &&String| name.starts_with("p-") || name.starts_with("poll-");
        held.filter(is_ours).filter(|name| !known.contains(*name)).cloned().collect()
    }

    fn known_names(&self) -> BTreeSet<String> {
        let live = self.live(self.book().now());
        let devices = self.book().all();
        let memory = self.memory();
        let read = devices.iter().filter(|device| device.is_adopted()).map(|device| &device.id);
        let polled = read.chain(memory.polled.keys()).map(polling_name);
        live.iter().flat_map(names).chain(polled).collect()
    }

    /// Why an opening has lost what it was for: its device is gone, or stands elsewhere.
    pub(super) fn has_lost_device(&self, pinhole: &Pinhole) -> Option<&'static str> {
        match self.book().device(&pinhole.device) {
            None => Some("its device was forgotten"),
            Some(device) => {
                let now = device.endpoint.addr.to_canonical();
                pinhole.holes.iter().any(|hole| hole.to != now).then_some("its device has another address")
            }
        }
    }

    /// Whether the kernel has lost an opening that somebody asked for.
    pub(super) fn has_lost(&self, kernel: &KernelState) -> bool {
        let now = self.book().now();
        let held: BTreeSet<&str> = kernel.open.iter().map(|(name, ..)| name.as_str()).collect();
        let names = self.live(now).iter().flat_map(|pinhole| named(pinhole, 1)).collect::<Vec<_>>();
        names.iter().any(|(name, ..)| !held.contains(name.as_str()))
    }

    /// Openings whose time is not over.
    pub(super) fn live(&self, now: Timestamp) -> Vec<Pinhole> {
        self.memory().pinholes.values().filter(|pinhole| pinhole.until > now).cloned().collect()
    }

    /// Forgets those whose time is over: the kernel has closed them.
    pub(super) fn forget_over(&self) {
        let now = self.book().now();
        let mut memory = self.memory();
        let before = memory.pinholes.len();
        memory.pinholes.retain(|_, pinhole| pinhole.until > now);
        let Memory { pinholes, closing, .. } = &mut *memory;
        closing.retain(|id, _| pinholes.contains_key(id));
        let is_changed = memory.pinholes.len() != before;
        crate::metrics::pinholes(memory.pinholes.len());
        drop(memory);
        if is_changed {
            self.changed(None);
        }
    }

    async fn forget(&self, id: &str) {
        {
            let mut memory = self.memory();
            memory.pinholes.remove(id);
            memory.closing.remove(id);
        }
        if let Err(error) = self.store().delete_pinhole(id).await {
            tracing::warn!(%error, id, "a closed opening could not be crossed out; its time closes it in any case");
        }
    }

    fn changed(&self, id: Option<&DeviceId>) {
        crate::metrics::pinholes(self.memory().pinholes.len());
        self.door.events().tell(What::PinholesChanged { id: id.cloned() });
    }

    /// Openings and isolation have a place only in a policy.
    pub(super) fn need_loaded(&self, operation: &str, subject: &str) -> Result<(), Failure> {
        let memory = self.memory();
        if memory.is_loaded() {
            return Ok(());
        }
        let failed = |kind, cause: &str| Failure::new(kind, operation, subject, cause);
        Err(match &memory.program {
            Some(why) => failed(Kind::Unavailable, why)
                .hint("is portcullis-firewall running, and is `[firewall] socket` right?"),
            None => failed(
                Kind::Conflict,
                "no policy is in force, so nothing is closed and nothing can be cut off",
            )
            .hint("apply and confirm a policy first"),
        })
    }

    /// The version that the kernel holds, bound.
    pub(super) async fn loaded(&self) -> Result<Option<(u64, Arc<super::Bound>)>, Failure> {
        if !self.memory().is_loaded() {
            return Ok(None);
        }
        match self.resolve(Which::Current).await? {
            Some(version) => Ok(Some((version.number, self.bound(version.number).await?))),
            None => Ok(None),
        }
    }

    /// What an application of the policy is on a device.
    async fn holes(&self, device: &Device, application: &str) -> Result<Vec<Hole>, Failure> {
        let failed = |kind, cause: String| Failure::new(kind, "open", device.subject(), cause);
        let loaded = self.loaded().await?;
        let (_, bound) = loaded.ok_or_else(|| failed(Kind::Conflict, "no policy is in force".into()))?;
        let known = bound.site.applications.get(application).ok_or_else(|| {
            let all: Vec<&str> = bound.site.applications.keys().map(String::as_str).collect();
            failed(Kind::Invalid, format!("the policy in force knows no application {application:?}"))
                .hint(format!("known are {}", all.join(", ")))
        })?;
        let to = device.endpoint.addr.to_canonical();
        let mut holes = Vec::new();
        for service in &known.services {
            let (protocol, ports) = match service {
                Service::Tcp(ports) => (6, ports),
                Service::Udp(ports) => (17, ports),
                _ => continue,
            };
            if usize::from(ports.last() - ports.first()) >= MOST_PORTS {
                holes.clear();
                break;
            }
            holes.extend((ports.first()..=ports.last()).map(|port| Hole { to, protocol, port }));
        }
        if holes.is_empty() || holes.len() > MOST_PORTS {
            let cause = format!("{application} is not 1 to {MOST_PORTS} ports of TCP or UDP");
            return Err(failed(Kind::Invalid, cause).hint("a rule of the policy is meant for that"));
        }
        Ok(holes)
    }
}

fn no_pinhole(id: &str) -> Failure {
    Failure::new(Kind::NotFound, "find", format!("opening {id}"), "there is no such opening, or it is closed")
}

/// What the kernel is asked for, by name, for so many seconds.
fn named(pinhole: &Pinhole, seconds: u32) -> Vec<(String, Hole, u32)> {
    let holes = pinhole.holes.iter().enumerate();
    holes.map(|(place, hole)| (format!("{}-{place}", pinhole.id), *hole, seconds)).collect()
}

/// Its names in the kernel.
fn names(pinhole: &Pinhole) -> Vec<String> {
    named(pinhole, 1).into_iter().map(|(name, ..)| name).collect()
}

fn left(pinhole: &Pinhole, now: Timestamp) -> u32 {
    u32::try_from(pinhole.until.duration_since(now).as_secs()).unwrap_or(1).clamp(1, LONGEST_PINHOLE)
}

/// Where a controller is read.
fn polling(device: &Device) -> Hole {
    let to: IpAddr = device.endpoint.addr.to_canonical();
    Hole { to, protocol: 6, port: device.endpoint.port }
}

/// The kernel takes letters, digits, `-` and `_`, and 64 of them at most.
fn polling_name(id: &DeviceId) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    format!("poll-{}", id.0.chars().map(plain).take(59).collect::<String>())
}
