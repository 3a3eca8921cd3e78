//! What a site may change about how controllers are found, watched and switched.

use model::settings;
use std::path::PathBuf;
use std::time::Duration;

settings! {
    /// How controllers are found, watched and switched.
    Config {
        /// How often, in seconds, a server's power and health are read. The devices are spread evenly over it.
        poll_interval: u64 = 60,
        /// How often, in seconds, a device is read in full.
        inventory_interval: u64 = 6 * 3600,
        /// The longest, in seconds, that one full reading may take.
        inventory_timeout: u64 = 900,
        /// How often, in seconds, a device's sensors are read, once a full reading has found them; 0 for never.
        /// They are read more rarely where that would take more than a twentieth of a controller's time.
        telemetry_interval: u64 = 300,
        /// How many connections beside the first of each controller the whole fleet may have open: a controller
        /// gets up to three more while it answers several requests at once sooner than one by one.
        extra_connections: usize = 256,
        /// How many answers the whole fleet may keep that were asked for before they are needed.
        answers_ahead: usize = 4096,
        /// The longest pause, in seconds, between two tries to reach a controller that does not answer.
        backoff_limit: u64 = 300,
        /// How long, in seconds, a controller may take to accept a connection, and again as long for TLS.
        connect_timeout: u64 = 10,
        /// How long, in seconds, a controller may take to answer one request.
        request_timeout: u64 = 45,
        /// How long, in seconds, after a controller that was away has refused the credential it is tried once more: a
        /// controller that starts refuses those that it knows, too.
        starting_grace: u64 = 45,
        /// Whether the connection is closed after each reading: less memory here, one more TLS handshake
        /// for each reading on both sides. The session stays open.
        close_idle: bool = false,
        /// How many sessions that an earlier life of the appliance left open are closed at the same time.
        cleanup_at_once: usize = 32,
        /// How long, in seconds, closing all sessions may take when the appliance stops.
        stop_grace: u64 = 20,
        /// Certificate authorities (PEM) that vouch for controllers: a shared credential is sent by rule
        /// only to a certificate that leads to one of them.
        authorities: Option<PathBuf> = None,
        /// Whether controllers without TLS are found and may be adopted: for test servers only.
        plain_http: bool = false,
        /// How long, in milliseconds, an address may take to accept a connection during a sweep.
        sweep_connect_timeout_ms: u64 = 500,
        /// How long, in seconds, a service that accepted may take for TLS and its service root.
        sweep_answer_timeout: u64 = 15,
        /// How many addresses are waited for at the same time, by all sweeps together. An address that does not
        /// answer takes a place for the whole `sweep_connect_timeout_ms`: 256 places and 500 ms are 512 addresses a
        /// second, 2000 places a /16 in 17 s. Each place is an open file, and at most half of those that the system
        /// allows are used.
        sweep_sockets: usize = 256,
        /// How many services that accepted a connection are asked for their service root at the same time, by each
        /// sweep. They take none of the places of `sweep_sockets`.
        sweep_answers: usize = 128,
        /// The highest rate, in addresses a second, that a sweep may ask for.
        sweep_rate_limit: u32 = 10_000,
        /// How many sweeps may run at the same time.
        sweeps_at_once: usize = 4,
        /// How long, in seconds, a server may take for what its operating system does (graceful shutdown,
        /// graceful restart, the power button).
        power_graceful_deadline: u64 = 300,
        /// How long, in seconds, each step may take that the controller does alone.
        power_forced_deadline: u64 = 120,
        /// How long, in seconds, a restarted server is watched for leaving `on` before it is reported as accepted.
        power_restart_watch: u64 = 20,
    }
}

impl Config {
    /// [`Config::poll_interval`]; never less than a second.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_interval.max(1))
    }

    /// [`Config::inventory_interval`]; never less than a minute.
    #[must_use]
    pub fn inventory(&self) -> Duration {
        Duration::from_secs(self.inventory_interval.max(60))
    }

    /// [`Config::telemetry_interval`]; none where sensors are not read.
    #[must_use]
    pub fn telemetry(&self) -> Option<Duration> {
        (self.telemetry_interval > 0).then(|| Duration::from_secs(self.telemetry_interval.max(5)))
    }

    /// The bounds on requests to a controller in service.
    #[must_use]
    pub fn limits(&self) -> crate::Limits {
        let (connect, request) = (self.connect_timeout.max(1), self.request_timeout.max(1));
        crate::Limits {
            connect: Duration::from_secs(connect),
            handshake: Duration::from_secs(connect),
            first_byte: Duration::from_secs(request),
            whole: Duration::from_secs(request.saturating_mul(2)),
            ..crate::Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default_and_an_unknown_key_is_refused() {
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
        assert!(serde_json::from_str::<Config>(r#"{"pol_interval": 5}"#).is_err());
        let text = serde_json::to_string(&Config::default()).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), Config::default());
    }

    #[test]
    fn intervals_have_a_floor() {
        let config = Config { poll_interval: 0, inventory_interval: 0, ..Config::default() };
        assert_eq!(config.poll(), Duration::from_secs(1));
        assert_eq!(config.inventory(), Duration::from_secs(60));
    }
}
