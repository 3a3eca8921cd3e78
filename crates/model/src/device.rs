//! A BMC as the appliance knows it.

use crate::{Object, inventory::Inventory};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Names a device for good: it survives new addresses, names and certificates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeviceId(pub String);

impl std::fmt::Display for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a controller is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Endpoint {
    /// Its address on the management network.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub addr: IpAddr,
    /// Its HTTPS port.
    pub port: u16,
}

impl From<SocketAddr> for Endpoint {
    fn from(at: SocketAddr) -> Self {
        Self { addr: at.ip(), port: at.port() }
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(at: Endpoint) -> Self {
        Self::new(at.addr, at.port)
    }
}

impl std::fmt::Display for Endpoint {
    /// The address; the port too where it is not 443.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.port == 443 { write!(f, "{}", self.addr) } else { SocketAddr::from(*self).fmt(f) }
    }
}

/// SHA-256 over a certificate's DER bytes; written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Fingerprint(pub [u8; 32]);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = String;

    /// Reads 64 hexadecimal digits of either case; colons between them are allowed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("fingerprint {text:?} is not 64 hexadecimal digits");
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        let mut bytes = [0; 32];
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(bad());
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let [high, low] = *pair;
            *byte = digit(high).ok_or_else(bad)? << 4 | digit(low).ok_or_else(bad)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a controller shows of its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Certificate {
    /// Of the whole certificate.
    pub fingerprint: Fingerprint,
    /// Its subject, as text.
    pub subject: String,
    /// Its issuer, as text.
    pub issuer: String,
    /// When it ends.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub not_after: Option<Timestamp>,
    /// Whether it leads to a configured certificate authority and names the address.
    pub trusted: bool,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it: in JSON, on the command line and on pages.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.word() == word).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|value| value.word()).collect();
                    format!("{word:?} is not one of {}", known.join(", "))
                })
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a device is in its life.
    Stage {
        /// Found by a sweep; no credential yet.
        Seen = "seen",
        /// Taken over: credential sealed, certificate pinned.
        Adopted = "adopted",
        /// Watched and acted on.
        InService = "in_service",
        /// Somebody works on it: shown apart, its faults are expected.
        Maintenance = "maintenance",
        /// Out of use, credential destroyed; one that comes back is a finding.
        Decommissioned = "decommissioned",
    }
}

words! {
    /// What the last sweep said of a device's address.
    Presence {
        /// First seen by it.
        New = "new",
        /// Seen where it was before.
        Known = "known",
        /// Seen at another address than before.
        Moved = "moved",
        /// Not seen where it was.
        Vanished = "vanished",
    }
}

words! {
    /// A server's power. Unknown is never off.
    Power {
        /// It runs.
        On = "on",
        /// It is off, and the controller says so.
        Off = "off",
        /// On its way up.
        PoweringOn = "powering_on",
        /// On its way down.
        PoweringOff = "powering_off",
        /// Halted but powered.
        Paused = "paused",
        /// The controller does not say, or says something that is not understood, or was not asked yet.
        Unknown = "unknown",
    }
}

words! {
    /// What a controller thinks of a part's condition.
    Health {
        /// Fine.
        Ok = "ok",
        /// Needs attention.
        Warning = "warning",
        /// Needs attention at once.
        Critical = "critical",
        /// Not said.
        Unknown = "unknown",
    }
}

words! {
    /// The ways to reset a server (Redfish `ResetType`, DSP2046 ComputerSystem.Reset).
    Reset {
        /// Turn on.
        On = "on",
        /// Turn off at once.
        ForceOff = "force_off",
        /// Ask the operating system to shut down.
        GracefulShutdown = "graceful_shutdown",
        /// Ask the operating system to restart.
        GracefulRestart = "graceful_restart",
        /// Reset at once.
        ForceRestart = "force_restart",
        /// Send a non-maskable interrupt.
        Nmi = "nmi",
        /// Turn on at once.
        ForceOn = "force_on",
        /// As if somebody pressed the button.
        PushPowerButton = "push_power_button",
        /// Off, and on again.
        PowerCycle = "power_cycle",
        /// Suspend.
        Suspend = "suspend",
        /// Pause.
        Pause = "pause",
        /// Resume.
        Resume = "resume",
        /// Remove and restore all power, the controller's own included.
        FullPowerCycle = "full_power_cycle",
    }
}

impl Reset {
    /// The name on the wire (DSP0266, schema Resource `ResetType`).
    #[must_use]
    pub const fn redfish(self) -> &'static str {
        match self {
            Self::On => "On",
            Self::ForceOff => "ForceOff",
            Self::GracefulShutdown => "GracefulShutdown",
            Self::GracefulRestart => "GracefulRestart",
            Self::ForceRestart => "ForceRestart",
            Self::Nmi => "Nmi",
            Self::ForceOn => "ForceOn",
            Self::PushPowerButton => "PushPowerButton",
            Self::PowerCycle => "PowerCycle",
            Self::Suspend => "Suspend",
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::FullPowerCycle => "FullPowerCycle",
        }
    }

    /// From the name on the wire.
    #[must_use]
    pub fn from_redfish(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reset| reset.redfish() == name)
    }

    /// Whether it takes power or a running operating system away: pages ask for a typed confirmation.
    #[must_use]
    pub const fn disrupts(self) -> bool {
        !matches!(self, Self::On | Self::ForceOn | Self::Resume)
    }
}

/// Whether the controller answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reach", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Reach {
    /// It was not asked yet.
    #[default]
    NotAsked,
    /// It answered.
    Online,
    /// It did not, or not as it should.
    Offline {
        /// Since when.
        #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
        since: Timestamp,
        /// What was wrong.
        cause: String,
    },
}

/// What moves: read from the controller again and again, kept in memory, written down rarely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct State {
    /// Of the server.
    pub power: Power,
    /// Of the server as a whole.
    pub health: Health,
    /// Of the controller.
    #[serde(flatten)]
    pub reach: Reach,
    /// When the controller was last read.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub read_at: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self { power: Power::Unknown, health: Health::Unknown, reach: Reach::NotAsked, read_at: None }
    }
}

/// What a controller says it is, and the server behind it: how it is found again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The maker's name.
    pub vendor: Option<String>,
    /// The server's model.
    pub model: Option<String>,
    /// The server's serial number or service tag.
    pub serial: Option<String>,
    /// What the controller gave as its server's serial number before anybody signed in, where that is
    /// another one: Dell's service tag.
    pub service_tag: Option<String>,
    /// The service root's UUID: the controller's own.
    pub service_uuid: Option<String>,
    /// The system's UUID, as the operating system sees it too.
    pub system_uuid: Option<String>,
    /// The operating system's host name.
    pub hostname: Option<String>,
    /// The asset tag.
    pub asset_tag: Option<String>,
    /// The controller's firmware version.
    pub bmc_firmware: Option<String>,
    /// The BIOS version.
    pub bios_version: Option<String>,
    /// Every MAC address that the controller told of, its own and the server's; lower case with colons.
    pub macs: Vec<String>,
    /// Every IP address that the controller told of, the server's own included.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub addresses: Vec<IpAddr>,
}

/// A device's record: one controller and the server behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Device {
    /// Its name for good.
    pub id: DeviceId,
    /// Its name for people; unique; editable.
    pub name: String,
    /// Where it is in its life.
    pub stage: Stage,
    /// What the last sweep said.
    pub presence: Presence,
    /// Where it is reached.
    pub endpoint: Endpoint,
    /// Where it was before it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Endpoint>,
    /// The zone that the endpoint lies in.
    pub zone: String,
    /// For grouping: `rack`, `unit`, `feed`, and whatever the site likes.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Who it says it is.
    #[serde(default)]
    pub identity: Identity,
    /// The certificate that it must show; set at adoption.
    #[serde(default)]
    pub pinned: Option<Certificate>,
    /// The certificate that it showed last, where that is another one.
    #[serde(default)]
    pub presented: Option<Certificate>,
    /// First seen.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub first_seen: Timestamp,
    /// Last seen by a sweep or read by a poll.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub last_seen: Timestamp,
    /// What the server's resets are, as advertised.
    #[serde(default)]
    pub resets: Vec<Reset>,
    /// What moves.
    #[serde(default)]
    pub state: State,
}

impl Device {
    /// A controller that a sweep has just found and of which nothing else is known.
    #[must_use]
    pub fn seen(id: DeviceId, endpoint: Endpoint, now: Timestamp) -> Self {
        Self {
            id,
            name: String::new(),
            stage: Stage::Seen,
            presence: Presence::New,
            endpoint,
            moved_from: None,
            zone: String::new(),
            labels: BTreeMap::new(),
            identity: Identity::default(),
            pinned: None,
            presented: None,
            first_seen: now,
            last_seen: now,
            resets: Vec::new(),
            state: State::default(),
        }
    }

    /// The object that grants are decided by.
    #[must_use]
    pub fn object(&self) -> Object {
        Object::Device {
            id: self.id.clone(),
            name: self.name.clone(),
            zone: self.zone.clone(),
            labels: self.labels.clone(),
        }
    }

    /// Name and address, as errors and records show a device.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{} at {}", self.name, self.endpoint)
    }

    /// Whether the appliance holds a credential for it and may talk to it.
    #[must_use]
    pub const fn is_adopted(&self) -> bool {
        matches!(self.stage, Stage::Adopted | Stage::InService | Stage::Maintenance)
    }

    /// Whether any of its own addresses, MACs, names or serial numbers is `needle`, whatever the case
    /// and whatever separates a MAC's digits.
    #[must_use]
    pub fn is_known_as(&self, needle: &str) -> bool {
        let needle = needle.trim();
        let identity = &self.identity;
        let names = [
            &identity.serial,
            &identity.service_tag,
            &identity.service_uuid,
            &identity.system_uuid,
            &identity.hostname,
            &identity.asset_tag,
        ];
        let name_is = |name: &str| name.eq_ignore_ascii_case(needle);
        if name_is(&self.id.0) || name_is(&self.name) || names.into_iter().flatten().any(|name| name_is(name))
        {
            return true;
        }
        if let Ok(addr) = needle.parse::<IpAddr>() {
            return self.endpoint.addr == addr || identity.addresses.contains(&addr);
        }
        let short = |host: &str| host.split('.').next().is_some_and(name_is);
        canonical_mac(needle).is_some_and(|mac| identity.macs.contains(&mac))
            || identity.hostname.as_deref().is_some_and(short)
    }

    /// Takes over what an inventory says about who the device is.
    pub fn identify(&mut self, inventory: &Inventory) {
        let claimed = std::mem::replace(&mut self.identity, inventory.identity());
        // Before the first reading the serial number is only claimed; afterwards it is the last reading's.
        let first = claimed.bmc_firmware.is_none();
        let other = claimed.serial.filter(|serial| first && self.identity.serial.as_ref() != Some(serial));
        self.identity.service_tag = claimed.service_tag.or(other);
        self.resets =
            inventory.systems.iter().flat_map(|system| system.reset_types.iter().copied()).collect();
        self.resets.sort_unstable();
        self.resets.dedup();
    }
}

/// A MAC address in lower case with colons, from any of the usual spellings; `None` if it is none.
#[must_use]
pub fn canonical_mac(text: &str) -> Option<String> {
    let digits: Vec<char> = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let pairs: Vec<String> =
        digits.chunks(2).map(|pair| pair.iter().collect::<String>().to_ascii_lowercase()).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_have_one_spelling() {
        for text in ["AA:BB:CC:00:11:22", "aa-bb-cc-00-11-22", "aabb.cc00.1122", "AABBCC001122"] {
            assert_eq!(canonical_mac(text).as_deref(), Some("aa:bb:cc:00:11:22"));
        }
        for text in ["", "aa:bb", "zz:bb:cc:00:11:22", "aa:bb:cc:00:11:22:33:44"] {
            assert_eq!(canonical_mac(text), None);
        }
    }

    #[test]
    fn fingerprints_round_trip() {
        let print = Fingerprint(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(print.to_string().parse::<Fingerprint>().unwrap(), print);
        assert!("00".parse::<Fingerprint>().is_err());
        assert!("zz".repeat(32).parse::<Fingerprint>().is_err());
    }

    #[test]
    fn unknown_is_never_off() {
        assert_eq!(State::default().power, Power::Unknown);
        assert_ne!(Power::Unknown, Power::Off);
    }

    #[test]
    fn every_reset_type_has_one_name_on_the_wire() {
        for reset in Reset::ALL {
            assert_eq!(Reset::from_redfish(reset.redfish()), Some(*reset));
        }
    }

    #[test]
    fn a_serial_number_that_was_claimed_before_the_sign_in_is_still_found() {
        let endpoint = Endpoint { addr: "10.0.3.7".parse().unwrap(), port: 443 };
        let mut device = Device::seen(DeviceId("d-1".into()), endpoint, Timestamp::UNIX_EPOCH);
        device.identity.serial = Some("8H2XK53".into());
        let mut inventory = Inventory::default();
        inventory
            .systems
            .push(crate::inventory::System { serial: Some("CNIVC0012".into()), ..Default::default() });
        inventory
            .managers
            .push(crate::inventory::Manager { firmware: Some("6.00".into()), ..Default::default() });
        for reading in 0..2 {
            device.identify(&inventory);
            assert!(
                device.is_known_as("8h2xk53") && device.is_known_as("CNIVC0012"),
                "after reading {reading}"
            );
        }
    }
}
