//! Roles, scopes, grants, and the actions and objects that they are about.

use crate::device::DeviceId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! actions {
    ($($variant:ident = $name:literal, $roles:expr, $doc:literal;)+) => {
        /// Everything that may be done, named once; grants, audit records and errors use these names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub enum Action { $(#[doc = $doc] #[serde(rename = $name)] $variant,)+ }

        impl Action {
            /// Every action, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in grants, records and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }

            /// The roles that include it.
            #[must_use]
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => $roles,)+ }
            }
        }
    };
}

use Role::{Administrator, Auditor, Operator, Viewer};

actions! {
    DeviceView = "device.view", &[Viewer, Operator, Administrator, Auditor], "See a device, its state and its inventory.";
    DeviceRefresh = "device.refresh", &[Operator, Administrator], "Read a device again now.";
    DevicePower = "device.power", &[Operator, Administrator], "Switch a server on or off, or reset it.";
    DeviceStage = "device.stage", &[Operator, Administrator], "Put a device in service or into maintenance.";
    DeviceDiscover = "device.discover", &[Administrator], "Sweep address ranges for controllers.";
    DeviceAdopt = "device.adopt", &[Administrator], "Take a controller over with a credential.";
    DeviceCertificate = "device.certificate", &[Administrator], "Approve a controller's changed certificate.";
    DeviceEdit = "device.edit", &[Administrator], "Change a device's name and labels.";
    DeviceForget = "device.forget", &[Administrator], "Decommission a device and destroy its credential.";
    DeviceQuarantine = "device.quarantine", &[Operator, Administrator], "Cut a device off from everything but the appliance, and let it back.";
    FindingAcknowledge = "finding.acknowledge", &[Operator, Administrator], "Say that a finding was looked at.";
    CredentialImport = "credential.import", &[Administrator], "Import credentials for adoption by rule.";
    PolicyView = "policy.view", &[Viewer, Operator, Administrator, Auditor], "Read the policy, ask about it, and see how it is enforced.";
    PolicyPropose = "policy.propose", &[Administrator], "Propose a version of the policy.";
    PolicyApply = "policy.apply", &[Administrator], "Put a version of the policy on trial.";
    PolicyConfirm = "policy.confirm", &[Administrator], "Confirm the policy on trial.";
    PolicyRevert = "policy.revert", &[Operator, Administrator], "Take the policy on trial back before its time is over.";
    PolicyRepair = "policy.repair", &[Administrator], "Load the confirmed policy anew where the kernel differs from it.";
    LogView = "log.view", &[Viewer, Operator, Administrator, Auditor], "Read the firewalls' log: all of it, or what is about a device.";
    PinholeOpen = "pinhole.open", &[Operator, Administrator], "Open one application of a device for a while.";
    PinholeClose = "pinhole.close", &[Operator, Administrator], "Close an opening before its time is over.";
    UserView = "user.view", &[Administrator, Auditor], "See users, grants and tokens.";
    UserManage = "user.manage", &[Administrator], "Create, disable and reset users, and change grants.";
    TokenOwn = "token.own", &[Viewer, Operator, Administrator, Auditor], "Make and revoke one's own API tokens.";
    AuditView = "audit.view", &[Administrator, Auditor], "Read the audit log.";
    AuditExport = "audit.export", &[Administrator, Auditor], "Export and verify the audit log.";
    ApplianceView = "appliance.view", &[Viewer, Operator, Administrator, Auditor], "See the appliance's own state and the manual.";
    ApplianceBackup = "appliance.backup", &[Administrator], "Take a backup of the appliance.";
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|action| action.name()).collect();
            format!("unknown action {name:?}; known are {}", known.join(", "))
        })
    }
}

/// What a grant lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Role {
    /// Sees devices.
    Viewer,
    /// Sees and switches devices.
    Operator,
    /// Everything.
    Administrator,
    /// Sees everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role, least powerful first.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Auditor, Self::Operator, Self::Administrator];

    /// The name used in grants and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Whether the role includes the action.
    #[must_use]
    pub fn includes(self, action: Action) -> bool {
        action.roles().contains(&self)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|role| role.name() == name).ok_or_else(|| {
            format!("unknown role {name:?}; known are viewer, operator, administrator, auditor")
        })
    }
}

/// The devices that a grant is about. Written `all`, `zone:NAME` or `label:KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Every device, and the appliance itself.
    All,
    /// The devices whose address lies in this zone.
    Zone(String),
    /// The devices that carry this label.
    Label {
        /// The label's key.
        key: String,
        /// The label's value.
        value: String,
    },
}

impl Scope {
    /// The longest text of a scope, in bytes: it stands in records and tables.
    pub const LONGEST: usize = 200;

    /// Whether the object lies inside the scope.
    ///
    /// Objects that are no device (users, the appliance, the audit log) lie only inside [`Scope::All`].
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        match (self, object) {
            (Self::All, _) => true,
            (Self::Zone(zone), Object::Device { zone: of, .. } | Object::Range { zone: of, .. }) => {
                zone == of
            }
            (Self::Label { key, value }, Object::Device { labels, .. }) => labels.get(key) == Some(value),
            _ => false,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Zone(zone) => write!(f, "zone:{zone}"),
            Self::Label { key, value } => write!(f, "label:{key}={value}"),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("scope {text:?} is not `all`, `zone:NAME` or `label:KEY=VALUE`");
        if text.len() > Self::LONGEST {
            return Err(format!("a scope is at most {} bytes long", Self::LONGEST));
        }
        match text.split_once(':') {
            None if text == "all" => Ok(Self::All),
            Some(("zone", zone)) if !zone.is_empty() => Ok(Self::Zone(zone.into())),
            Some(("label", label)) => {
                let (key, value) = label.split_once('=').ok_or_else(bad)?;
                if key.is_empty() || value.is_empty() {
                    return Err(bad());
                }
                Ok(Self::Label { key: key.into(), value: value.into() })
            }
            _ => Err(bad()),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A role given to a user over a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Grant {
    /// The grant's number, shown by `access explain`.
    pub id: i64,
    /// The account that holds it.
    pub user: String,
    /// What it lets that account do.
    pub role: Role,
    /// To which devices.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub scope: Scope,
}

/// What a token may do at most, whatever its user's grants say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Limit {
    /// The most powerful role that the token can use.
    pub role: Role,
    /// The widest scope that the token can use.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub scope: Scope,
}

/// What an action is about, with the facts that scopes are decided by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Object {
    /// One device.
    Device {
        /// Which.
        id: DeviceId,
        /// Its name for people.
        name: String,
        /// The zone that its address lies in.
        zone: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
    },
    /// An address range that is swept.
    Range {
        /// As written, such as `10.0.3.0/24`.
        range: String,
        /// The zone that it lies in.
        zone: String,
    },
    /// A user's account, grants or tokens.
    User {
        /// The account's name.
        name: String,
    },
    /// The appliance itself: its audit log, backups, settings.
    Appliance,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Device { id, name, .. } if name.is_empty() => write!(f, "device {id}"),
            Self::Device { name, .. } => write!(f, "device {name}"),
            Self::Range { range, .. } => write!(f, "range {range}"),
            Self::User { name } => write!(f, "user {name}"),
            Self::Appliance => f.write_str("the appliance"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_as_text() {
        for text in ["all", "zone:management", "label:rack=r1"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in ["", "zone:", "label:rack", "label:=x", "everything"] {
            assert!(text.parse::<Scope>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn the_administrator_may_do_everything_and_the_auditor_changes_nothing() {
        for action in Action::ALL {
            assert!(Role::Administrator.includes(*action), "{action}");
            let reads = action.name().ends_with(".view") || *action == Action::AuditExport;
            assert_eq!(Role::Auditor.includes(*action), reads || *action == Action::TokenOwn, "{action}");
        }
    }
}
