//! What this part counts; docs/manual/metrics.md lists them.

/// Readings of devices that ended, by `errand` (poll, inventory, telemetry) and `result` (done, failed).
pub const READINGS: &str = "portcullis_bmc_readings_total";
/// Acts of switching that ended, by `reset` and `result`.
pub const POWER_ACTS: &str = "portcullis_bmc_power_acts_total";
/// Adoptions that ended, by `result`.
pub const ADOPTIONS: &str = "portcullis_bmc_adoptions_total";
/// Addresses that sweeps asked.
pub const SWEPT: &str = "portcullis_bmc_swept_addresses_total";
/// Controllers that answered sweeps.
pub const ANSWERED: &str = "portcullis_bmc_sweep_answers_total";
/// Sessions that an earlier life of the appliance, or a broken connection, left open and that were closed.
pub const SESSIONS_RECOVERED: &str = "portcullis_bmc_sessions_recovered_total";
/// Sessions that an earlier life of the appliance left open and that were taken up again.
pub const SESSIONS_RESUMED: &str = "portcullis_bmc_sessions_resumed_total";
/// Sessions on devices that are not adopted which were given up: another certificate, a refused account, a day old.
pub const SESSIONS_GIVEN_UP: &str = "portcullis_bmc_sessions_given_up_total";
/// Owner tasks that panicked and were started again.
pub const OWNER_PANICS: &str = "portcullis_bmc_owner_panics_total";
/// Acts that were turned away because a device's mailbox was full.
pub const TURNED_AWAY: &str = "portcullis_bmc_acts_turned_away_total";
/// Owner tasks that run: adopted devices.
pub const OWNERS: &str = "portcullis_bmc_owners";
/// Requests to controllers that ended, by `lane` (control, person, inventory, telemetry) and `result` (answered, failed).
pub const REQUESTS: &str = "portcullis_bmc_requests_total";
/// Requests that were answered by one already asked for.
pub const SHARED: &str = "portcullis_bmc_requests_shared_total";
/// Requests that were sent again after an error.
pub const REPEATED: &str = "portcullis_bmc_requests_repeated_total";
/// How long controllers took to answer, in seconds, by `lane`.
pub const LATENCY: &str = "portcullis_bmc_request_seconds";
/// Times that a controller was left alone because it failed over and over.
pub const LEFT_ALONE: &str = "portcullis_bmc_left_alone_total";
