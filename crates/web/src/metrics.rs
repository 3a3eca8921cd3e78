//! What the HTTPS server counts.

/// Answers, by route and status.
pub const REQUESTS: &str = "portcullis_web_requests_total";
/// Time to an answer's head in seconds, by route.
pub const SECONDS: &str = "portcullis_web_request_seconds";
/// TLS handshakes that failed or took too long.
pub const HANDSHAKES: &str = "portcullis_web_handshake_failures_total";
/// Connections that the kernel could not hand over; mostly for want of file descriptors.
pub const ACCEPTS: &str = "portcullis_web_accept_errors_total";
