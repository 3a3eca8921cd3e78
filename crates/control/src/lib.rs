//! The one way to act: authorise -> audit -> permit -> act -> event; and the keeper of what is known.
//!
//! Every door of the appliance (pages, API, command line) enters at [`Door::run`], which decides by the
//! actor's grants, has the record on disk, and only then makes the `Permit` that a part asks for before
//! it changes the world. `control` knows no driver: a part is whatever carries a command out. It must
//! never hand out a permit without a record, nor a record without a decision.
//!
//! | module | what it does |
//! |---|---|
//! | [`door`] | runs acts |
//! | [`gate`] | lets people and programs in: sign-in, sessions, tokens, first logins |
//! | [`enrol`] | first logins and resets |
//! | [`access_book`] | users and grants in memory, and the acts on them |
//! | [`book`] | device records: what drivers report, what pages show |
//! | [`history`] | what is kept of readings: versions, documents, parts, sensors, traffic |
//! | [`registry`] | how observations are merged into records; pure |
//! | [`records`] | the acts on device records and on the appliance itself |
//! | [`rules`] | adoption by rule: which credential may go where |
//! | [`jobs`] | the same act on many devices |
//! | [`policy`] | the policy: its versions, questions about it, and the kernel that enforces it |
//! | [`read`] | what an actor may see |
//! | [`people`] | what people may read about accounts |
//! | [`sweeps`] | how sweeps go |
//! | [`ways`] | how sessions are closed without their device's record, sealed |
//! | [`zones`] | which zone an address lies in |
//! | [`events`] | news |

pub mod access_book;
pub mod book;
pub mod config;
pub mod door;
pub mod enrol;
pub mod events;
pub mod gate;
pub mod history;
pub mod ids;
pub mod jobs;
pub mod metrics;
mod pending;
pub mod people;
pub mod policy;
pub mod read;
pub mod records;
pub mod registry;
pub mod rules;
pub mod sweeps;
mod ways;
pub mod zones;

pub use access_book::AccessBook;
pub use book::Book;
pub use door::Door;
pub use events::Events;
pub use gate::Gate;
pub use jobs::{Job, Jobs};
pub use policy::Policies;
pub use records::Records;
