//! What a driver may ask of, and report to, the keeper of device records.
//!
//! `bmc` drives controllers and knows no database; `control` keeps the records and knows no driver.
//! Between them stands [`DeviceBook`].

use crate::command::BoxFuture;
use crate::device::{Certificate, Device, DeviceId, Endpoint, Fingerprint, Health, Power};
use crate::failure::Failure;
use crate::inventory::{Inventory, Registry, RegistryKey};
use crate::permit::Permit;
use crate::secret::{Credential, Secret};
use crate::snapshot::{Hash, Snapshot};
use crate::telemetry::Readings;
use crate::traffic::{Learned, ModelKey, Traffic};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a service root says to anybody, before any credential is sent. All of it may be a lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The service's UUID.
    pub service_uuid: Option<String>,
    /// The maker.
    pub vendor: Option<String>,
    /// The product.
    pub product: Option<String>,
    /// The protocol's version.
    pub redfish_version: Option<String>,
    /// A serial number or service tag, where root or certificate carry one.
    pub serial: Option<String>,
    /// The MAC address, from the neighbour table.
    pub mac: Option<String>,
}

/// Something that a driver saw.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A Redfish service answered a sweep.
    Answered {
        /// Where.
        endpoint: Endpoint,
        /// With which certificate; none over plain HTTP.
        certificate: Option<Certificate>,
        /// What it says it is.
        claim: Claim,
    },
    /// Nothing answered a sweep at an address where a device was.
    Absent {
        /// Where.
        endpoint: Endpoint,
    },
    /// A device was read in full.
    Inventoried {
        /// Which.
        device: DeviceId,
        /// What it is made of.
        inventory: Box<Inventory>,
        /// The documents that this was read from, where they are kept.
        snapshot: Option<Box<Snapshot>>,
    },
    /// A device's sensors were read.
    Telemetry {
        /// Which.
        device: DeviceId,
        /// What they say.
        readings: Box<Readings>,
    },
    /// How a device is asked at present; told after each reading.
    Asked {
        /// Which.
        device: DeviceId,
        /// How.
        traffic: Box<Traffic>,
    },
    /// Something was learned of a model.
    Learned(Box<Learned>),
    /// What explains the settings of a BIOS was read.
    Explained {
        /// Which BIOS.
        key: RegistryKey,
        /// What explains it.
        registry: Arc<Registry>,
    },
    /// A device's power and health were read.
    StateRead {
        /// Which.
        device: DeviceId,
        /// Its power.
        power: Power,
        /// Its health, where this reading asked for it.
        health: Option<Health>,
    },
    /// A device did not answer, or not as it should.
    Unreachable {
        /// Which.
        device: DeviceId,
        /// What was wrong.
        cause: String,
    },
    /// A device showed another certificate than the pinned one; nothing was sent to it.
    CertificateChanged {
        /// Which.
        device: DeviceId,
        /// What it showed.
        presented: Certificate,
    },
}

/// A session that the appliance opened, or was about to open, on a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// On which device.
    pub device: DeviceId,
    /// The session's own path; none if the appliance died between asking and writing the answer down.
    pub path: Option<String>,
    /// When it was asked for, by the appliance's clock.
    pub asked_at: Timestamp,
    /// How it is closed without the device's record; none where an older version wrote the entry, or its
    /// seal does not open any more.
    pub way_in: Option<WayIn>,
}

/// All that is needed to close a session, whatever has become of the device's record and credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayIn {
    /// Where the controller answered.
    pub endpoint: Endpoint,
    /// The certificate that it showed and must show again; none where it speaks plain HTTP.
    pub pin: Option<Fingerprint>,
    /// What it lets in.
    pub proof: Proof,
}

/// What a controller lets the closer of a session in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The account that the session was asked for with: its path is not known yet.
    Account(Credential),
    /// The session's own token (DSP0266, `X-Auth-Token`): it is open.
    Token(Secret<String>),
}

/// A sweep of an address range and how far it came, so that a stopped or killed one goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// Its number.
    pub number: u64,
    /// The range.
    pub range: ipnet::IpNet,
    /// The TCP port that is asked at.
    pub port: u16,
    /// At most so many addresses a second.
    pub rate: u32,
    /// How many addresses from the range's start are done with.
    pub cursor: u64,
    /// Addresses asked.
    pub asked: u64,
    /// Controllers that answered.
    pub found: u64,
    /// Whether it came to the range's end.
    pub ended: bool,
}

/// Keeps device records, credentials and open sessions. Implemented by `control`.
pub trait DeviceBook: Send + Sync {
    /// The record, if there is such a device.
    fn device(&self, id: &DeviceId) -> Option<Arc<Device>>;

    /// Every record, in no order.
    fn devices(&self) -> Vec<Arc<Device>>;

    /// Takes an observation in: merges it into the records, raises events and findings. Cheap, never blocks.
    /// Returns the device that it was about, where there is one.
    fn observe(&self, observation: Observation) -> Option<DeviceId>;

    /// What was learned of a model, where anything was.
    fn learned(&self, model: &ModelKey) -> Option<Arc<Learned>> {
        let _ = model;
        None
    }

    /// Of the documents that are kept of a device's last full reading: a reading whose documents have the same need not hand them over.
    fn kept_tree(&self, device: &DeviceId) -> Option<Hash> {
        let _ = device;
        None
    }

    /// The steps of an act, for whoever watches.
    fn progress(&self, event: crate::event::What);

    /// Unseals the device's credential for the driver.
    fn credential<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<Credential, Failure>>;

    /// Completes an adoption: seals the credential, pins the certificate, moves the device's stage to adopted.
    fn adopted<'a>(
        &'a self,
        permit: &'a Permit,
        id: &'a DeviceId,
        credential: Credential,
        certificate: Option<Certificate>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// The credentials imported for exactly this serial or MAC, or, to a trusted certificate only, the
    /// shared one: what adoption by rule may send to this device, at most one try each.
    ///
    /// `shown` is the certificate of the very connection that they would be sent over.
    fn credentials_by_rule<'a>(
        &'a self,
        id: &'a DeviceId,
        shown: &'a Certificate,
    ) -> BoxFuture<'a, Result<Vec<Credential>, Failure>>;

    /// Writes down, durably against a crash, that a session is about to be or was opened. Two entries
    /// with the same device and `asked_at` are the same session: the later one completes the earlier.
    /// Others of the device stay: after a crash there may be one to close and one to close it with.
    /// The way in is a secret: it is kept sealed.
    fn session_opened(&self, session: OpenSession) -> BoxFuture<'_, Result<(), Failure>>;

    /// Crosses the entry out: this session, by device and `asked_at`, is not open any more. Others of the device stay.
    fn session_closed<'a>(&'a self, session: &'a OpenSession) -> BoxFuture<'a, Result<(), Failure>>;

    /// What an earlier life left open on a device that is not adopted is closed, and the controller did not
    /// refuse the credential: a try that a rule counted then counts for nothing.
    fn let_in<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = device;
        Box::pin(async { Ok(()) })
    }

    /// The sessions that an earlier life of the appliance left open.
    fn sessions_left(&self) -> BoxFuture<'_, Result<Vec<OpenSession>, Failure>>;

    /// The zone that holds a whole address range, by name.
    fn zone_of(&self, range: ipnet::IpNet) -> String {
        let _ = range;
        "management".into()
    }

    /// Writes down a new sweep, or finds the one of the same range and port that did not come to its end.
    /// `None` where sweeps are not kept: then they are numbered by the driver and resumed only in this life.
    ///
    /// A look at the neighbours alone (`near_only`) is always a new one, is never gone on with, and leaves what is kept of
    /// the whole range as it is.
    fn sweep_begun(
        &self,
        range: ipnet::IpNet,
        port: u16,
        rate: u32,
        near_only: bool,
    ) -> BoxFuture<'_, Result<Option<SweepRecord>, Failure>> {
        let _ = (range, port, rate, near_only);
        Box::pin(async { Ok(None) })
    }

    /// Writes down how far a sweep came; called every few seconds and at its end.
    fn sweep_progress(&self, sweep: SweepRecord) -> BoxFuture<'_, Result<(), Failure>> {
        let _ = sweep;
        Box::pin(async { Ok(()) })
    }
}
