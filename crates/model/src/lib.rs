//! The vocabulary of Portcullis: one word per thing, shared by every room, and no input or output.
//!
//! Nothing here opens a socket, reads a file or starts a task. What acts on the world takes a
//! [`Permit`], and a permit is issued by `control` alone (see the crate `mint`).
//!
//! | module | what it names |
//! |---|---|
//! | [`access`] | roles, scopes, grants, and the actions they are about |
//! | [`book`] | what a driver may ask of, and report to, the keeper of device records |
//! | [`clock`] | the wall clock as an argument |
//! | [`command`] | the acts: what is asked for, of which object, and what comes back |
//! | [`components`] | an inventory as a flat list of components |
//! | [`device`] | a BMC as the appliance knows it: record, stage, state |
//! | [`enforcement`] | how a policy is kept and enforced |
//! | [`event`] | what happened, as seen by pages and exporters |
//! | [`failure`] | why an act did not happen, in one line with a hint |
//! | [`firewall_log`] | the firewalls' log: its lines, what is missing of it, what is asked of it |
//! | [`inventory`] | what a controller says its server is made of |
//! | [`job`] | the same act on many devices, paced |
//! | [`inventory_diff`] | what changed between two inventories |
//! | [`permit`] | proof that an act was authorised and written down |
//! | [`principal`] | who acts, and from where |
//! | [`secret`] | values that are never shown |
//! | [`settings`] | configuration that is its own documentation |
//! | [`snapshot`] | the documents of one full reading |
//! | [`table`] | a table that leaves the appliance |
//! | [`telemetry`] | what sensors say |
//! | [`traffic`] | how a controller is asked, and what was learned of its model |

pub mod access;
pub mod book;
pub mod clock;
pub mod command;
pub mod components;
pub mod device;
pub mod enforcement;
pub mod event;
pub mod failure;
pub mod firewall_log;
pub mod inventory;
pub mod inventory_diff;
pub mod job;
pub mod permit;
pub mod principal;
pub mod secret;
pub mod settings;
pub mod snapshot;
pub mod table;
pub mod telemetry;
pub mod traffic;

pub use access::{Action, Grant, Object, Role, Scope};
pub use clock::{Clock, SystemClock};
pub use device::{Device, DeviceId, Endpoint, Fingerprint, Stage};
pub use event::Event;
pub use failure::{Failure, Kind};
pub use inventory::Inventory;
pub use permit::Permit;
pub use principal::{Actor, Principal};
pub use secret::{Credential, Secret};
