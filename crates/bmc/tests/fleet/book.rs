//! A keeper of device records in memory, which remembers everything it was told.

use model::book::{DeviceBook, Observation, OpenSession, SweepRecord};
use model::command::BoxFuture;
use model::device::{Certificate, Device, DeviceId, Endpoint, Identity, Presence, Reach, State};
use model::event::{Ended, What};
use model::traffic::{Learned, ModelKey};
use model::{Credential, Failure, Kind, Permit, Stage};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub struct Records {
    pub devices: BTreeMap<DeviceId, Device>,
    pub credentials: BTreeMap<DeviceId, Credential>,
    pub by_rule: Vec<Credential>,
    pub observed: Vec<Observation>,
    pub events: Vec<What>,
    pub sessions: Vec<OpenSession>,
    pub sweeps: Vec<SweepRecord>,
    pub let_in: Vec<DeviceId>,
    pub learned: Option<Learned>,
}

#[derive(Default)]
pub struct TestBook {
    pub records: Mutex<Records>,
    changed: tokio::sync::Notify,
}

pub fn device(id: &str, endpoint: Endpoint, pinned: Option<Certificate>, stage: Stage) -> Device {
    let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let presented = if stage == Stage::Seen { pinned.clone() } else { None };
    Device {
        id: DeviceId(id.into()),
        name: id.into(),
        stage,
        presence: Presence::Known,
        endpoint,
        moved_from: None,
        zone: "management".into(),
        labels: BTreeMap::new(),
        identity: Identity::default(),
        pinned: pinned.filter(|_| stage != Stage::Seen),
        presented,
        first_seen: at,
        last_seen: at,
        resets: vec![],
        state: State::default(),
    }
}

impl TestBook {
    pub fn with(devices: Vec<(Device, Credential)>) -> Arc<Self> {
        let book = Self::default();
        {
            let mut records = book.records.lock().unwrap();
            for (device, credential) in devices {
                records.credentials.insert(device.id.clone(), credential);
                records.devices.insert(device.id.clone(), device);
            }
        }
        Arc::new(book)
    }

    /// Waits until `what` finds something in the records; fails loudly after 30 s.
    pub async fn until<T>(&self, name: &str, mut what: impl FnMut(&Records) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if let Some(found) = what(&self.records.lock().unwrap()) {
                    return found;
                }
                drop(tokio::time::timeout(Duration::from_millis(200), changed).await);
            }
        };
        let Ok(found) = tokio::time::timeout(Duration::from_secs(30), wait).await else {
            let records = self.records.lock().unwrap();
            panic!("never came: {name}; observed {:#?}, sessions {:?}", records.observed, records.sessions)
        };
        found
    }

    /// The steps of an act, and how it ended.
    pub fn steps(&self, of: u64) -> (Vec<String>, Option<Ended>) {
        let records = self.records.lock().unwrap();
        let mut steps = Vec::new();
        let mut end = None;
        for event in &records.events {
            if let What::ActProgress { record, step, ended, .. } = event
                && *record == of
            {
                steps.push(step.clone());
                end = end.or(*ended);
            }
        }
        (steps, end)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Records) -> T) -> T {
        let result = change(&mut self.records.lock().unwrap());
        self.changed.notify_waiters();
        result
    }
}

impl DeviceBook for TestBook {
    fn device(&self, id: &DeviceId) -> Option<Arc<Device>> {
        self.records.lock().unwrap().devices.get(id).cloned().map(Arc::new)
    }

    fn devices(&self) -> Vec<Arc<Device>> {
        self.records.lock().unwrap().devices.values().cloned().map(Arc::new).collect()
    }

    fn observe(&self, observation: Observation) -> Option<DeviceId> {
        self.change(|records| {
            match &observation {
                Observation::Inventoried { device, inventory, .. } => {
                    if let Some(device) = records.devices.get_mut(device) {
                        device.identify(inventory);
                        device.state.power = inventory.power();
                    }
                }
                Observation::StateRead { device, power, .. } => {
                    if let Some(device) = records.devices.get_mut(device) {
                        device.state.power = *power;
                        device.state.reach = Reach::Online;
                    }
                }
                _ => {}
            }
            records.observed.push(observation);
        });
        None
    }

    fn learned(&self, _model: &ModelKey) -> Option<Arc<Learned>> {
        self.records.lock().unwrap().learned.clone().map(Arc::new)
    }

    fn progress(&self, event: What) {
        self.change(|records| records.events.push(event));
    }

    fn credential<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<Credential, Failure>> {
        let credential = self.records.lock().unwrap().credentials.get(id).cloned();
        Box::pin(async move {
            credential.ok_or_else(|| Failure::new(Kind::NotFound, "unseal", id.to_string(), "no credential"))
        })
    }

    fn adopted<'a>(
        &'a self,
        _permit: &'a Permit,
        id: &'a DeviceId,
        credential: Credential,
        certificate: Option<Certificate>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.change(|records| {
            records.credentials.insert(id.clone(), credential);
            let device = records.devices.get_mut(id).unwrap();
            device.pinned = certificate;
            device.presented = None;
            device.stage = Stage::InService;
        });
        Box::pin(async { Ok(()) })
    }

    fn credentials_by_rule<'a>(
        &'a self,
        _id: &'a DeviceId,
        _shown: &'a Certificate,
    ) -> BoxFuture<'a, Result<Vec<Credential>, Failure>> {
        let credentials = std::mem::take(&mut self.records.lock().unwrap().by_rule);
        Box::pin(async { Ok(credentials) })
    }

    fn session_opened(&self, session: OpenSession) -> BoxFuture<'_, Result<(), Failure>> {
        self.change(|records| {
            records.sessions.retain(|it| !is_same(it, &session));
            records.sessions.push(session);
        });
        Box::pin(async { Ok(()) })
    }

    fn session_closed<'a>(&'a self, session: &'a OpenSession) -> BoxFuture<'a, Result<(), Failure>> {
        self.change(|records| records.sessions.retain(|it| !is_same(it, session)));
        Box::pin(async { Ok(()) })
    }

    fn let_in<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Result<(), Failure>> {
        self.change(|records| records.let_in.push(device.clone()));
        Box::pin(async { Ok(()) })
    }

    fn sessions_left(&self) -> BoxFuture<'_, Result<Vec<OpenSession>, Failure>> {
        let sessions = self.records.lock().unwrap().sessions.clone();
        Box::pin(async { Ok(sessions) })
    }

    fn sweep_progress(&self, sweep: SweepRecord) -> BoxFuture<'_, Result<(), Failure>> {
        self.change(|records| records.sweeps.push(sweep));
        Box::pin(async { Ok(()) })
    }
}

fn is_same(one: &OpenSession, other: &OpenSession) -> bool {
    (&one.device, one.asked_at) == (&other.device, other.asked_at)
}
