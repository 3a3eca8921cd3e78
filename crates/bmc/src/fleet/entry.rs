//! What is written down of a session, before it is asked for and after, and read again; pure.

use crate::client::{Client, Scheme, Session, Target, Trust};
use jiff::Timestamp;
use model::Credential;
use model::book::{OpenSession, Proof, WayIn};
use model::device::{DeviceId, Fingerprint};

/// The entry of a session that is about to be asked for.
pub fn asked(
    device: &DeviceId,
    client: &Client,
    credential: &Credential,
    asked_at: Timestamp,
) -> OpenSession {
    let target = client.target();
    let pin = pin(target).or_else(|| client.certificate().map(|shown| shown.fingerprint));
    // Without TLS there is nothing to pin; over TLS nothing is sent before the certificate is known.
    let way_in = (pin.is_some() || target.scheme == Scheme::PlainHttp).then(|| WayIn {
        endpoint: target.endpoint,
        pin,
        proof: Proof::Account(credential.clone()),
    });
    OpenSession { device: device.clone(), path: None, asked_at, way_in }
}

/// The entry once the session is open. Where the controller did not say its path the account stays in it, to
/// look for the session with.
pub fn opened(entry: &mut OpenSession, session: &Session) {
    entry.path.clone_from(&session.path);
    if let (Some(way), true) = (&mut entry.way_in, session.path.is_some()) {
        way.proof = Proof::Token(session.token().clone());
    }
}

/// The session of an entry, where path and token are known.
pub fn session(entry: &OpenSession) -> Option<Session> {
    match (&entry.path, &entry.way_in) {
        (Some(path), Some(WayIn { proof: Proof::Token(token), .. })) => {
            Some(Session::known(Some(path.clone()), token.clone()))
        }
        _ => None,
    }
}

/// The account that a session was asked for with, whose path is not known.
pub fn account(entry: &OpenSession) -> Option<(&WayIn, &Credential)> {
    match &entry.way_in {
        Some(way) => match &way.proof {
            Proof::Account(account) => Some((way, account)),
            Proof::Token(_) => None,
        },
        None => None,
    }
}

/// Whether the session was opened at exactly this target.
pub fn is_at(entry: &OpenSession, target: &Target) -> bool {
    let here = |way: &WayIn| {
        way.endpoint == target.endpoint
            && way.pin == pin(target)
            && way.pin.is_none() == (target.scheme == Scheme::PlainHttp)
    };
    entry.way_in.as_ref().is_some_and(here)
}

/// Where and as what the controller must answer; none where it speaks plain HTTP and that is not allowed any more.
pub fn target(way: &WayIn, plain_http: bool) -> Option<Target> {
    match way.pin {
        Some(pin) => Some(Target::https(way.endpoint, Trust::Pinned(pin))),
        None => plain_http.then(|| Target::plain_http(way.endpoint)),
    }
}

/// Whether two entries are of one session.
pub fn is_same(one: &OpenSession, other: &OpenSession) -> bool {
    (&one.device, one.asked_at) == (&other.device, other.asked_at)
}

const fn pin(target: &Target) -> Option<Fingerprint> {
    match (&target.scheme, &target.trust) {
        (Scheme::Https, Trust::Pinned(pin)) => Some(*pin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use model::device::Endpoint;

    fn endpoint(host: u8) -> Endpoint {
        Endpoint { addr: std::net::IpAddr::from([10, 0, 0, host]), port: 443 }
    }

    fn pinned(host: u8, byte: u8) -> Target {
        Target::https(endpoint(host), Trust::Pinned(Fingerprint([byte; 32])))
    }

    fn entry(target: Target) -> OpenSession {
        let credential = Credential { username: "root".into(), password: "calvin".into() };
        let client = Client::new(target, Limits::default());
        asked(&DeviceId("d1".into()), &client, &credential, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn asked_for_it_holds_the_account_and_opened_the_token() {
        let mut entry = entry(pinned(1, 7));
        assert_eq!(account(&entry).unwrap().1.username, "root");
        assert!(session(&entry).is_none());
        opened(&mut entry, &Session::known(None, "token".into()));
        assert!(account(&entry).is_some(), "without a path it is looked for with the account");
        opened(&mut entry, &Session::known(Some("/s/1".into()), "token".into()));
        assert!(account(&entry).is_none());
        let session = session(&entry).unwrap();
        assert_eq!((session.path.as_deref(), session.token().expose().as_str()), (Some("/s/1"), "token"));
    }

    #[test]
    fn it_leads_to_the_same_controller_and_to_no_other() {
        let https = entry(pinned(1, 7));
        assert!(is_at(&https, &pinned(1, 7)));
        assert!(!is_at(&https, &pinned(2, 7)), "moved");
        assert!(!is_at(&https, &pinned(1, 8)), "another certificate");
        assert!(!is_at(&https, &Target::plain_http(endpoint(1))));
        let plain = entry(Target::plain_http(endpoint(1)));
        assert!(is_at(&plain, &Target::plain_http(endpoint(1))) && !is_at(&plain, &pinned(1, 7)));
        let way = plain.way_in.unwrap();
        assert!(target(&way, false).is_none() && target(&way, true).is_some());
        // Nobody has looked at the certificate yet: there is no way in to write down.
        assert_eq!(entry(Target::https(endpoint(1), Trust::Look { authorities: None })).way_in, None);
    }
}
