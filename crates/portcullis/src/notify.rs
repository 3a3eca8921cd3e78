//! Tells systemd how it is (sd_notify(3)); does nothing where systemd does not ask.

use std::os::unix::net::UnixDatagram;

/// The appliance works.
pub fn ready() {
    tell("READY=1");
}

/// The appliance stops.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(state.as_bytes(), &path));
    if let Err(error) = sent {
        tracing::warn!(%error, "systemd could not be told");
    }
}
