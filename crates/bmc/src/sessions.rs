//! Which of the sessions on a controller an earlier life of the appliance left open; pure.
//!
//! A session whose path was written down is ended by its path. One that was asked for and whose path
//! never reached the disk is looked for in the controller's list: it bears our account's name, and it
//! was opened from our address, or, where the controller does not tell addresses, at the time we asked.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::net::IpAddr;

/// How far a controller's whole-second clock and the network may shift a session's beginning.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// Where a controller tells the address that a session came from, as JSON pointers.
const ORIGINS: &[&str] = &["/ClientOriginIPAddress", "/Oem/Hpe/UserIP"];
/// Where it tells when the session began.
const BEGINNINGS: &[&str] = &["/CreatedTime", "/Oem/Hpe/LoginTime"];

/// A session as a controller lists it (DSP0268 Session).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its path.
    pub path: String,
    /// Whose it is.
    pub user: String,
    /// When it began, by the controller's clock.
    pub created: Option<Timestamp>,
    /// The address that it came from.
    pub origin: Option<IpAddr>,
}

/// Reads a session. What is missing or spoilt is not known.
#[must_use]
pub fn read(path: &str, session: &Value) -> Listed {
    let text = |pointer: &&str| session.pointer(pointer).and_then(Value::as_str).map(str::trim);
    Listed {
        path: path.into(),
        user: text(&"/UserName").unwrap_or_default().into(),
        created: BEGINNINGS.iter().filter_map(text).find_map(|time| time.parse().ok()),
        origin: ORIGINS
            .iter()
            .filter_map(text)
            .find_map(|addr| addr.parse().ok())
            .map(|addr: IpAddr| addr.to_canonical()),
    }
}

/// What a session of ours looks like.
#[derive(Clone, Debug)]
pub struct Ours<'a> {
    /// The account that we sign in with.
    pub user: &'a str,
    /// The address that we come from, as far as we know.
    pub origin: Option<IpAddr>,
    /// The session that we are asking in.
    pub current: &'a str,
    /// When we asked for it, by our clock; so the controller's clock is set against ours.
    pub current_asked_at: Timestamp,
    /// How long asking for a session may take.
    pub patience: SignedDuration,
}

/// The paths of the listed sessions that must have come from one of the requests made `asked_at`,
/// whose answers were never written down. A session that cannot be ours is never among them.
#[must_use]
pub fn left_open<'a>(listed: &'a [Listed], ours: &Ours<'_>, asked_at: &[Timestamp]) -> Vec<&'a str> {
    let shift = clock_shift(listed, ours);
    let own_name =
        |session: &&Listed| session.path != ours.current && session.user.eq_ignore_ascii_case(ours.user);
    let mut found = Vec::new();
    let mut untold = Vec::new();
    for session in listed.iter().filter(own_name) {
        match (session.origin, ours.origin, session.created) {
            (Some(origin), Some(own), _) if origin == own.to_canonical() => found.push(session.path.as_str()),
            (Some(_), Some(_), _) => {}
            (.., Some(created)) => {
                let created = created.saturating_add(shift).unwrap_or(created);
                if asked_at.iter().any(|asked| could_be(created, *asked, ours.patience)) {
                    found.push(session.path.as_str());
                }
            }
            (.., None) => untold.push(session.path.as_str()),
        }
    }
    // The controller tells neither address nor time. If there is one such session it is taken for ours;
    // if there are several, somebody else's is among them and none is touched.
    if let ([only], true) = (untold.as_slice(), found.len() < asked_at.len()) {
        found.push(only);
    }
    found
}

/// What must be added to the controller's times to make them ours, by the session that we are asking in.
fn clock_shift(listed: &[Listed], ours: &Ours<'_>) -> SignedDuration {
    let current = listed.iter().find(|session| session.path == ours.current);
    let created = current.and_then(|session| session.created);
    created.map_or(SignedDuration::ZERO, |created| ours.current_asked_at.duration_since(created))
}

fn could_be(created: Timestamp, asked: Timestamp, patience: SignedDuration) -> bool {
    let after = created.duration_since(asked);
    after >= -SLACK && after <= patience.saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn session(path: &str, user: &str, created: Option<i64>, origin: Option<&str>) -> Listed {
        Listed {
            path: path.into(),
            user: user.into(),
            created: created.map(at),
            origin: origin.map(|o| o.parse().unwrap()),
        }
    }

    fn ours(origin: Option<&str>) -> Ours<'static> {
        Ours {
            user: "portcullis",
            origin: origin.map(|o| o.parse().unwrap()),
            current: "/s/now",
            current_asked_at: at(1000),
            patience: SignedDuration::from_secs(60),
        }
    }

    #[test]
    fn the_address_decides_where_it_is_told() {
        let listed = [
            session("/s/now", "portcullis", Some(1000), Some("10.0.0.2")),
            session("/s/old", "Portcullis", Some(-9000), Some("::ffff:10.0.0.2")),
            session("/s/other-host", "portcullis", Some(500), Some("10.0.0.9")),
            session("/s/other-user", "root", Some(500), Some("10.0.0.2")),
        ];
        let listed: Vec<Listed> = listed
            .into_iter()
            .map(|it| Listed { origin: it.origin.map(|o| o.to_canonical()), ..it })
            .collect();
        assert_eq!(left_open(&listed, &ours(Some("10.0.0.2")), &[at(500)]), ["/s/old"]);
    }

    #[test]
    fn otherwise_the_time_does_by_the_controllers_clock() {
        // The controller's clock is 90,000 s slow.
        let listed = [
            session("/s/now", "portcullis", Some(1000 - 90_000), None),
            session("/s/before", "portcullis", Some(490 - 90_000), None),
            session("/s/ours", "portcullis", Some(503 - 90_000), None),
            session("/s/later", "portcullis", Some(700 - 90_000), None),
        ];
        assert_eq!(left_open(&listed, &ours(Some("10.0.0.2")), &[at(500)]), ["/s/ours"]);
        assert_eq!(left_open(&listed, &ours(None), &[at(500), at(699)]), ["/s/ours", "/s/later"]);
    }

    #[test]
    fn without_either_only_a_single_candidate_is_taken() {
        let one = [session("/s/now", "portcullis", None, None), session("/s/a", "portcullis", None, None)];
        assert_eq!(left_open(&one, &ours(None), &[at(500)]), ["/s/a"]);
        assert!(left_open(&one, &ours(None), &[]).is_empty());
        let two = [one[1].clone(), session("/s/b", "portcullis", None, None)];
        assert!(left_open(&two, &ours(None), &[at(500)]).is_empty());
    }

    #[test]
    fn the_session_in_use_and_other_accounts_are_never_taken() {
        let listed = [
            session("/s/now", "portcullis", Some(500), Some("10.0.0.2")),
            session("/s/x", "", Some(500), None),
            session("/s/y", "admin", None, None),
        ];
        assert!(left_open(&listed, &ours(Some("10.0.0.2")), &[at(500)]).is_empty());
    }

    #[test]
    fn sessions_are_read_as_makers_write_them() {
        let standard = read(
            "/s/1",
            &json!({ "UserName": "root", "CreatedTime": "2026-11-20T08:00:00+00:00",
            "ClientOriginIPAddress": "::ffff:10.0.0.2" }),
        );
        assert_eq!(standard.origin, Some("10.0.0.2".parse().unwrap()));
        assert!(standard.created.is_some());
        let hpe = read(
            "/s/2",
            &json!({ "UserName": "admin", "Oem": { "Hpe": {
            "UserIP": "10.0.0.3", "LoginTime": "2026-11-20T08:00:00Z" } } }),
        );
        assert_eq!((hpe.origin, hpe.created), (Some("10.0.0.3".parse().unwrap()), standard.created));
        let spoilt =
            read("/s/3", &json!({ "UserName": 7, "CreatedTime": "yesterday", "ClientOriginIPAddress": [] }));
        assert_eq!(spoilt, Listed { path: "/s/3".into(), ..Listed::default() });
    }
}
