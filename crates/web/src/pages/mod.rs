//! One module for each page: it reads what the actor may see, runs what the actor asks for, and renders.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod confirm;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod enrol;
pub(crate) mod findings;
pub(crate) mod fleet;
pub(crate) mod jobs;
pub(crate) mod manual;
pub(crate) mod racks;
pub(crate) mod sign_in;
pub(crate) mod users;
