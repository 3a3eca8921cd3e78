//! Which request is sent again, and when. Pure.
//!
//! What changes something is sent again only if nothing of it can have arrived: an order that was carried out twice
//! is worse than one that failed. A GET is repeated a few times, within the time that its asker has.

use crate::Error;
use std::time::Duration;
use tokio::time::Instant;

/// What a request does (RFC 9110, 9.3; RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes something, or runs an action.
    Post,
    /// Changes something.
    Patch,
    /// Removes something.
    Delete,
}

impl Verb {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it changes something.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// What an error says of the request and of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing of it arrived: no connection.
    Unsent,
    /// Nobody took the connection in time.
    NoConnection,
    /// It was turned away for now (429, 503), with the pause that the controller asks for.
    NotNow(Option<Duration>),
    /// What stands before the service did not reach it (502, 504).
    Gateway,
    /// The connection broke; whether it was carried out is not known.
    Broken,
    /// No answer in time; whether it was carried out is not known.
    Silent,
    /// An answer, or nothing that asking again could change.
    Answered,
    /// Nothing was sent, and nothing will be before somebody helps.
    Held,
}

/// What an error says.
#[must_use]
pub fn fate(error: &Error) -> Fate {
    match error {
        Error::Connect { .. } | Error::Tls { .. } => Fate::Unsent,
        Error::TimedOut { awaited: "connection" | "TLS handshake", .. } => Fate::NoConnection,
        Error::TimedOut { .. } => Fate::Silent,
        Error::Exchange { .. } => Fate::Broken,
        Error::Answered { status: 429 | 503, retry_after, .. } => {
            Fate::NotNow(retry_after.map(Duration::from_secs))
        }
        Error::Answered { status: 502 | 504, .. } => Fate::Gateway,
        Error::CertificateChanged { .. } | Error::CredentialRefused { .. } | Error::NotAsked { .. } => {
            Fate::Held
        }
        Error::Answered { .. }
        | Error::SessionEnded { .. }
        | Error::NoSessions { .. }
        | Error::BadDocument { .. }
        | Error::BadLink { .. }
        | Error::BadAnswer { .. } => Fate::Answered,
    }
}

impl Fate {
    /// Whether the controller counts as one that does not serve.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        !matches!(self, Self::Answered | Self::Held)
    }
}

/// The longest pause before a request that somebody waits for is sent again.
const LONGEST: Duration = Duration::from_secs(60);

/// When a request that met `fate` is sent again; `None` where it is not. It was sent `sent` times so far, and
/// its asker waits until `deadline`.
///
/// A GET with `$expand` that was too much for the controller is not repeated: its asker asks for less.
#[must_use]
pub fn again(
    verb: Verb,
    path: &str,
    fate: Fate,
    sent: u32,
    now: Instant,
    deadline: Option<Instant>,
) -> Option<Instant> {
    let (most, pause) = match fate {
        Fate::Unsent => (2, Duration::from_millis(500)),
        _ if verb.writes() => return None,
        Fate::Gateway | Fate::Broken | Fate::Silent if path.contains("$expand") => return None,
        Fate::NotNow(Some(after)) => (4, after.max(Duration::from_millis(100))),
        Fate::NotNow(None) | Fate::Gateway => (4, Duration::from_millis(500 << sent.min(6))),
        Fate::Broken => (3, Duration::from_millis(100 << sent.min(6))),
        Fate::Silent => (2, Duration::from_millis(100)),
        Fate::NoConnection | Fate::Answered | Fate::Held => return None,
    };
    let at = now + pause;
    (sent < most && pause <= LONGEST && deadline.is_none_or(|deadline| at < deadline)).then_some(at)
}

/// The word that errors of this kind are counted under: the status, or what was lost.
#[must_use]
pub fn word(error: &Error) -> String {
    match error {
        Error::Answered { status, .. } | Error::CredentialRefused { status, .. } => status.to_string(),
        Error::TimedOut { .. } => "timed out".into(),
        Error::Connect { .. } => "no connection".into(),
        Error::Tls { .. } => "no TLS".into(),
        Error::CertificateChanged { .. } => "certificate changed".into(),
        Error::Exchange { .. } => "broken off".into(),
        Error::SessionEnded { .. } => "session ended".into(),
        Error::NoSessions { .. } => "no sessions".into(),
        Error::BadDocument { .. } | Error::BadAnswer { .. } => "unreadable".into(),
        Error::BadLink { .. } => "bad link".into(),
        Error::NotAsked { .. } => "not asked".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::device::Endpoint;

    fn answered(status: u16, retry_after: Option<u64>) -> Error {
        let endpoint = Endpoint { addr: "10.0.3.7".parse().unwrap(), port: 443 };
        Error::Answered { operation: "GET / from".into(), endpoint, status, messages: vec![], retry_after }
    }

    const ALL: [Fate; 8] = [
        Fate::Unsent,
        Fate::NoConnection,
        Fate::NotNow(Some(Duration::from_secs(1))),
        Fate::Gateway,
        Fate::Broken,
        Fate::Silent,
        Fate::Answered,
        Fate::Held,
    ];

    #[tokio::test]
    async fn what_changes_something_is_repeated_only_if_nothing_of_it_arrived() {
        let now = Instant::now();
        for verb in [Verb::Post, Verb::Patch, Verb::Delete] {
            for fate in ALL {
                let again = again(verb, "/a", fate, 1, now, None);
                assert_eq!(again.is_some(), fate == Fate::Unsent, "{verb:?} {fate:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_get_is_repeated_a_few_times_within_its_time() {
        let now = Instant::now();
        for fate in ALL {
            let times =
                (1..20).take_while(|sent| again(Verb::Get, "/a", fate, *sent, now, None).is_some()).count();
            assert!(times <= 3, "{fate:?}: {times}");
            let soon = now + Duration::from_millis(50);
            assert_eq!(again(Verb::Get, "/a", fate, 1, now, Some(soon)), None, "{fate:?}");
        }
        for fate in [Fate::NoConnection, Fate::Answered, Fate::Held] {
            assert_eq!(again(Verb::Get, "/a", fate, 1, now, None), None);
        }
        let long = Fate::NotNow(Some(Duration::from_secs(600)));
        assert_eq!(
            again(Verb::Get, "/a", long, 1, now, None),
            None,
            "nobody waits ten minutes for a document"
        );
    }

    #[tokio::test]
    async fn what_was_too_much_is_not_asked_for_again() {
        let now = Instant::now();
        for fate in [Fate::Gateway, Fate::Broken, Fate::Silent] {
            assert_eq!(again(Verb::Get, "/a?$expand=.($levels=2)", fate, 1, now, None), None, "{fate:?}");
        }
        let not_now = Fate::NotNow(Some(Duration::from_secs(1)));
        assert!(again(Verb::Get, "/a?$expand=.", not_now, 1, now, None).is_some());
    }

    #[test]
    fn answers_are_sorted_by_their_status() {
        assert_eq!(fate(&answered(503, Some(7))), Fate::NotNow(Some(Duration::from_secs(7))));
        assert_eq!(fate(&answered(429, None)), Fate::NotNow(None));
        assert_eq!((fate(&answered(502, None)), fate(&answered(504, None))), (Fate::Gateway, Fate::Gateway));
        for status in [400, 401, 403, 404, 405, 409, 412, 500, 501] {
            assert_eq!(fate(&answered(status, None)), Fate::Answered, "{status}");
            assert_eq!(word(&answered(status, None)), status.to_string());
        }
        assert!(!Fate::Answered.is_loss() && !Fate::Held.is_loss() && Fate::Silent.is_loss());
    }
}
