//! Rows to test with.

use jiff::Timestamp;
use model::device::{Certificate, Fingerprint, Identity, Power, Presence, Reach, Reset, State};
use model::{Device, DeviceId, Endpoint, Stage};
use store::{Link, Session, Store, Token, User};

/// A moment, in nanoseconds that are not round.
pub fn at(second: i64) -> Timestamp {
    Timestamp::new(1_780_000_000 + second, 123_456_789).unwrap()
}

/// An empty store in a folder of its own.
pub fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("p.db").to_str().unwrap()).unwrap();
    (folder, store)
}

pub fn user(name: &str) -> User {
    User {
        name: name.into(),
        full_name: format!("{name} Überall"),
        enabled: true,
        password: None,
        totp: None,
        totp_last_step: None,
        recovery: Vec::new(),
        created_at: at(0),
        last_sign_in: None,
    }
}

pub fn token(id: &str, user: &str) -> Token {
    Token {
        id: id.into(),
        user: user.into(),
        label: "backup script".into(),
        hash: format!("hash of {id}"),
        limit: model::access::Limit { role: model::Role::Operator, scope: "label:rack=r1".parse().unwrap() },
        created_at: at(1),
        expires_at: at(1000),
        last_used: None,
        revoked_at: None,
    }
}

pub fn session(hash: &str, user: &str) -> Session {
    Session {
        hash: hash.into(),
        user: user.into(),
        created_at: at(5),
        last_seen: at(6),
        from: Some("2001:db8::7".parse().unwrap()),
        user_agent: "Firefox".into(),
        second_factor_at: None,
    }
}

pub fn link(id: &str, user: &str) -> Link {
    Link {
        id: id.into(),
        hash: format!("hash of {id}"),
        user: user.into(),
        purpose: "first-login".into(),
        created_at: at(0),
        expires_at: at(100),
        used_at: None,
    }
}

/// A device with every field filled, as an adopted one has.
pub fn device(number: u32) -> Device {
    let addr = std::net::Ipv4Addr::from(0x0a00_0000 + number);
    let certificate = Certificate {
        fingerprint: Fingerprint([7; 32]),
        subject: format!("CN=idrac-{number}"),
        issuer: "CN=Site CA".into(),
        not_after: Some(at(1_000_000)),
        trusted: true,
    };
    Device {
        id: DeviceId(format!("d{number:05}")),
        name: format!("r{}-u{:02}", number / 40, number % 40),
        stage: Stage::InService,
        presence: Presence::Known,
        endpoint: Endpoint { addr: addr.into(), port: 443 },
        moved_from: None,
        zone: "management".into(),
        labels: [("rack".to_owned(), format!("r{}", number / 40)), ("feed".to_owned(), "a".to_owned())]
            .into(),
        identity: Identity {
            vendor: Some("Dell Inc.".into()),
            model: Some("PowerEdge R750".into()),
            serial: Some(format!("SN{number}")),
            macs: vec![format!("02:00:00:00:{:02x}:{:02x}", number >> 8 & 255, number & 255)],
            addresses: vec![addr.into()],
            ..Identity::default()
        },
        pinned: Some(certificate.clone()),
        presented: Some(certificate),
        first_seen: at(0),
        last_seen: at(60),
        resets: vec![Reset::On, Reset::ForceOff, Reset::PowerCycle],
        state: State {
            power: Power::On,
            reach: Reach::Offline { since: at(50), cause: "timed out".into() },
            read_at: Some(at(40)),
            ..State::default()
        },
    }
}
