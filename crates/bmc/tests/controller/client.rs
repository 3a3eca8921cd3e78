//! The client against a controller on the loopback that misbehaves in every way that was thought of.

use crate::support::server::{Asked, Identity, Reply, Server};
use bmc::client::Session;
use bmc::{Client, Error, Limits, Trust};
use model::device::Certificate;
use model::failure::Kind;
use model::secret::Credential;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const LOOK: Trust = Trust::Look { authorities: None };

/// For what is to end at a deadline: soon enough for a test, and not before a busy machine gets there.
fn quick() -> Limits {
    let short = Duration::from_millis(500);
    Limits { handshake: short, first_byte: short, ..Limits::default() }
}

fn credential() -> Credential {
    Credential { username: "root".into(), password: "calvin".into() }
}

fn root() -> Reply {
    Reply::json(
        json!({"@odata.id": "/redfish/v1/", "Links": {"Sessions": {"@odata.id": "/redfish/v1/S/Sessions"}}}),
    )
}

/// A controller with sessions.
fn sessions(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/redfish/v1/") => root(),
        ("POST", "/redfish/v1/S/Sessions") if asked.body.contains("calvin") => {
            Reply::new(201, "").with("X-Auth-Token", "t0ken").with("Location", "/redfish/v1/S/Sessions/7")
        }
        ("POST", _) => Reply::new(401, ""),
        _ if asked.header("x-auth-token") != Some("t0ken") => Reply::new(401, ""),
        ("DELETE", "/redfish/v1/S/Sessions/7") => Reply::new(204, ""),
        _ => Reply::json(json!({"@odata.id": asked.path})),
    }
}

#[tokio::test]
async fn the_pinned_certificate_is_taken() {
    let identity = Identity::self_signed();
    let server = Server::start(Some(&identity), sessions).await;
    let mut client = Client::new(server.https(Trust::Pinned(identity.fingerprint())), Limits::default());
    let document = client.get("/redfish/v1/").await.unwrap();
    assert_eq!(document.link("/Links/Sessions"), Some("/redfish/v1/S/Sessions"));
    let certificate: &Certificate = client.certificate().unwrap();
    assert_eq!(certificate.fingerprint, identity.fingerprint());
    assert_eq!(certificate.subject, "CN=rcgen self signed cert");
    assert!(certificate.not_after.is_some() && !certificate.trusted);
    let asked = &server.asked()[0];
    assert_eq!(asked.header("host"), Some(server.endpoint.to_string().as_str()));
    assert_eq!((asked.header("odata-version"), asked.header("authorization")), (Some("4.0"), None));
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_sent_nothing() {
    let (pinned, shown) = (Identity::self_signed(), Identity::self_signed());
    let server = Server::start(Some(&shown), sessions).await;
    let mut client = Client::new(server.https(Trust::Pinned(pinned.fingerprint())), Limits::default());
    let error = client.login(&credential()).await.unwrap_err();
    assert_eq!(error.presented().unwrap().fingerprint, shown.fingerprint());
    let failure = error.failure("read", "r1-u07");
    assert_eq!(failure.kind, Kind::Conflict);
    assert!(failure.cause.contains(&pinned.fingerprint().to_string()), "{failure}");
    assert!(server.asked().is_empty(), "no byte of HTTP was sent");
}

#[tokio::test]
async fn a_certificate_that_changes_between_two_connections_is_sent_nothing() {
    let (first, second) = (Identity::self_signed(), Identity::self_signed());
    let server = Server::start(Some(&first), |asked| sessions(asked).with("Connection", "close")).await;
    let mut client = Client::new(server.https(LOOK), Limits::default());
    client.login(&credential()).await.unwrap();
    let before = server.asked().len();
    server.show(&second);
    let error = client.get("/redfish/v1/Systems").await.unwrap_err();
    assert!(matches!(error, Error::CertificateChanged { .. }), "{error}");
    assert_eq!(server.asked().len(), before);
}

#[tokio::test]
async fn trusted_means_issued_by_an_authority_for_this_address() {
    let (own, other) = (Identity::self_signed(), Identity::self_signed());
    let server = Server::start(Some(&own), sessions).await;
    for (authority, host, trusted) in [
        (&own, None, true),
        (&other, None, false),
        (&own, Some("bmc.example"), true),
        (&own, Some("elsewhere.example"), true),
    ] {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der.clone()).unwrap();
        let mut target = server.https(Trust::Look { authorities: Some(Arc::new(roots)) });
        target.host = host.map(Into::into);
        let mut client = Client::new(target, Limits::default());
        assert_eq!(client.connect().await.unwrap().unwrap().trusted, trusted, "{host:?}");
    }
    assert!(server.asked().is_empty(), "connecting sends no request");
}

#[tokio::test]
async fn what_is_no_tls_gets_a_hint() {
    for (greeting, hint) in [
        (b"HTTP/1.0 400 Bad Request\r\n\r\n".as_slice(), "does not speak TLS"),
        // Alert: fatal, protocol_version (RFC 8446, 6.2).
        (b"\x15\x03\x01\x00\x02\x02\x46".as_slice(), "TLS older than 1.2"),
        (b"\x15\x03\x01\x00\x02\x02\x28".as_slice(), "forward secrecy"),
    ] {
        let (target, _tasks) = raw(greeting, false).await;
        let error = Client::new(target, Limits::default()).connect().await.map(|_| ()).unwrap_err();
        let failure = error.failure("connect to", "x");
        assert_eq!(failure.kind, Kind::Unreachable);
        assert!(failure.hint.as_deref().unwrap().contains(hint), "{failure} {:?}", failure.hint);
    }
}

/// A port that says the same to everybody who has sent something, and then closes or keeps silent.
async fn raw(greeting: &'static [u8], plain: bool) -> (bmc::Target, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().into();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(greeting).await;
            if greeting.is_empty() {
                open.push(stream);
            }
        }
    });
    let target = if plain { bmc::Target::plain_http(endpoint) } else { bmc::Target::https(endpoint, LOOK) };
    (target, tasks)
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let (target, _tasks) = raw(b"", false).await;
    let error = Client::new(target, quick()).connect().await.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::TimedOut { awaited: "TLS handshake", .. }), "{error}");
    let (target, _tasks) = raw(b"", true).await;
    let error = Client::new(target, quick()).get("/redfish/v1/").await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { awaited: "answer", .. }), "{error}");
    assert_eq!(model::Failure::from(error).kind, Kind::TimedOut);
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for greeting in
        [b"SSH-2.0-dropbear\r\n".as_slice(), b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\":"]
    {
        let (target, _tasks) = raw(greeting, true).await;
        let error = Client::new(target, Limits::default()).get("/redfish/v1/").await.unwrap_err();
        assert!(matches!(error, Error::Exchange { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_endless_body_ends_at_the_deadline() {
    let server = Server::start(None, |_| Reply { endless: true, ..Reply::new(200, "{\"a\": 1") }).await;
    let mut client =
        Client::new(server.plain(), Limits { whole: Duration::from_secs(1), ..Limits::default() });
    let error = client.get("/redfish/v1/").await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { awaited: "whole answer", .. }), "{error}");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = Server::start(None, |asked| match asked.path.as_str() {
        "/large" => Reply::new(200, vec![b' '; 100_001]),
        "/deep" => Reply::new(200, format!("{{\"a\":{}", "[".repeat(50_000))),
        "/page" => Reply::new(200, "<html>"),
        "/none" => Reply::new(200, ""),
        _ => Reply::new(200, "\u{feff}{\"a\": 1}"),
    })
    .await;
    let mut client = Client::new(server.plain(), Limits { body: 100_000, ..Limits::default() });
    for (path, problem) in [
        ("/large", "more than 100000 bytes"),
        ("/deep", "nested deeper than 64"),
        ("/page", "a web page"),
        ("/none", "empty"),
    ] {
        let error = client.get(path).await.unwrap_err();
        assert!(matches!(error, Error::BadDocument { .. }), "{error}");
        assert!(error.cause().contains(problem), "{}", error.cause());
        assert!(error.to_string().contains(path) && error.to_string().contains("127.0.0.1"));
    }
    assert_eq!(client.get("/fine").await.unwrap().value, json!({"a": 1}));
}

#[tokio::test]
async fn the_connection_is_kept_and_opened_anew() {
    let server = Server::start(None, |asked| {
        let reply = Reply::json(json!({"path": asked.path}));
        if asked.path == "/last" { reply.with("Connection", "close") } else { reply }
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    for path in ["/a", "/b", "/last", "/c"] {
        client.get(path).await.unwrap();
    }
    let connections: Vec<usize> = server.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);
    assert_eq!(client.requests(), 4);
}

/// A controller that closes the kept connection without a word when the second request comes.
async fn closes_on_the_second(log: Arc<std::sync::Mutex<Vec<String>>>) -> (bmc::Target, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().into();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).await.unwrap();
            log.lock()
                .unwrap()
                .push(String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap().into());
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
            let length = stream.read(&mut buffer).await.unwrap_or(0);
            if length > 0 {
                log.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap().into());
            }
        }
    });
    (bmc::Target::plain_http(endpoint), tasks)
}

#[tokio::test]
async fn only_what_is_harmless_is_sent_again() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (target, _tasks) = closes_on_the_second(log.clone()).await;
    let mut client = Client::new(target.clone(), Limits::default());
    client.get("/a").await.unwrap();
    client.get("/b").await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET /b HTTP/1.1"]);

    drop(client);
    log.lock().unwrap().clear();
    let mut client = Client::new(target, Limits::default());
    client.get("/a").await.unwrap();
    let error = client.post("/reset", &json!({"ResetType": "ForceOff"})).await.unwrap_err();
    assert!(matches!(error, Error::Exchange { .. }), "{error}");
    assert_eq!(*log.lock().unwrap(), ["GET /a HTTP/1.1", "POST /reset HTTP/1.1"], "a reset is sent once");
}

#[tokio::test]
async fn redirects_stay_on_the_controller() {
    let elsewhere = Server::start(None, sessions).await;
    let away = format!("http://{}/redfish/v1/", elsewhere.endpoint);
    let server = Server::start(None, move |asked| match asked.path.as_str() {
        "/slash" => Reply::new(308, "").with("Location", "/slash/"),
        "/round" => Reply::new(302, "").with("Location", "/round"),
        "/away" => Reply::new(302, "").with("Location", away.clone()),
        "/see-other" => Reply::new(302, "").with("Location", "/slash"),
        "/slash/" => Reply::json(json!({"method": asked.method, "body": asked.body})),
        _ => Reply::new(404, ""),
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    client.use_basic(&credential());
    assert_eq!(client.get("/see-other").await.unwrap().text("method"), Some("GET"));
    let answer = client.post("/slash", &json!({"x": 1})).await.unwrap();
    assert_eq!(answer.body, Some(json!({"method": "POST", "body": "{\"x\":1}"})));
    for path in ["/round", "/away"] {
        let error = client.get(path).await.unwrap_err();
        assert!(matches!(error, Error::BadLink { .. }), "{error}");
    }
    let error = client.post("/see-other", &json!({})).await.unwrap_err();
    assert_eq!(error.status(), Some(302), "a 302 may not repeat a POST");
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_session_from_login_to_logout() {
    let identity = Identity::self_signed();
    let server = Server::start(Some(&identity), sessions).await;
    let mut client = Client::new(server.https(LOOK), Limits::default());
    let session: Session = client.login(&credential()).await.unwrap();
    assert_eq!(session.path.as_deref(), Some("/redfish/v1/S/Sessions/7"));
    assert!(!format!("{session:?} {client:?}").contains("t0ken"));
    client.get("/redfish/v1/Systems").await.unwrap();
    client.logout().await.unwrap();
    client.logout().await.unwrap();
    let asked = server.asked();
    let lines: Vec<String> = asked.iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert_eq!(
        lines,
        [
            "GET /redfish/v1/",
            "POST /redfish/v1/S/Sessions",
            "GET /redfish/v1/Systems",
            "DELETE /redfish/v1/S/Sessions/7"
        ]
    );
    assert_eq!(asked.iter().filter(|asked| asked.header("x-auth-token").is_some()).count(), 2);
    assert_eq!(asked.iter().filter(|asked| asked.body.contains("calvin")).count(), 1);
}

#[tokio::test]
async fn the_session_service_is_found_through_the_root() {
    let server = Server::start(None, |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/redfish/v1/") => Reply::json(json!({"SessionService": {"@odata.id": "/redfish/v1/SeSe/"}})),
        ("GET", "/redfish/v1/SeSe/") => {
            Reply::json(json!({"Sessions": {"@odata.id": "/redfish/v1/SeSe/All"}}))
        }
        ("POST", "/redfish/v1/SeSe/All") => {
            Reply::json(json!({"@odata.id": "/redfish/v1/SeSe/All/1"})).with("X-Auth-Token", "t")
        }
        _ => Reply::new(404, ""),
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    let session = client.login(&credential()).await.unwrap();
    assert_eq!(
        session.path.as_deref(),
        Some("/redfish/v1/SeSe/All/1"),
        "from the body, for want of Location"
    );
}

#[tokio::test]
async fn a_refused_credential_is_never_sent_again() {
    let refuse = |asked: &Asked| {
        if asked.path == "/redfish/v1/" {
            root()
        } else {
            Reply::new(
                401,
                json!({"error": {"@Message.ExtendedInfo": [{"Message": "No such user."}]}}).to_string(),
            )
        }
    };
    let server = Server::start(None, refuse).await;
    let mut client = Client::new(server.plain(), Limits::default());
    let error = client.sign_in(&credential()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::CredentialRefused);
    assert!(error.to_string().ends_with("answered 401: No such user."), "{error}");
    assert_eq!(server.asked().len(), 2, "the root, and one try");

    let server = Server::start(None, refuse).await;
    let mut client = Client::new(server.plain(), Limits::default());
    client.use_basic(&credential());
    client.get("/redfish/v1/").await.unwrap();
    for _ in 0..5 {
        assert_eq!(client.get("/redfish/v1/Systems").await.unwrap_err().kind(), Kind::CredentialRefused);
    }
    let with_credential = server.asked().iter().filter(|asked| asked.path != "/redfish/v1/").count();
    assert_eq!(with_credential, 1);
}

#[tokio::test]
async fn one_refusal_of_a_proven_credential_is_about_one_resource() {
    let server = Server::start(None, |asked| match asked.path.as_str() {
        "/secret" => Reply::new(401, ""),
        _ => Reply::json(json!({})),
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    client.use_basic(&credential());
    client.get("/open").await.unwrap();
    assert!(matches!(client.get("/secret").await.unwrap_err(), Error::Answered { status: 401, .. }));
    client.get("/open").await.unwrap();
    assert!(client.get("/secret").await.is_err());
    assert_eq!(client.get("/secret").await.unwrap_err().kind(), Kind::CredentialRefused);
    let before = server.asked().len();
    assert!(client.get("/open").await.is_err());
    assert_eq!(server.asked().len(), before, "two refusals in a row end its use");
}

#[tokio::test]
async fn without_sessions_the_credential_goes_with_every_request() {
    for status in [404, 405, 501, 204] {
        let server = Server::start(None, move |asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/redfish/v1/") => root(),
            ("POST", _) => Reply::new(status, ""),
            _ if asked.header("authorization") == Some("Basic cm9vdDpjYWx2aW4=") => Reply::json(json!({})),
            _ => Reply::new(401, ""),
        })
        .await;
        let mut client = Client::new(server.plain(), Limits::default());
        client.sign_in(&credential()).await.unwrap();
        client.get("/redfish/v1/Systems").await.unwrap();
        assert!(client.session().is_none());
        client.logout().await.unwrap();
    }
}

#[tokio::test]
async fn an_ended_session_says_so() {
    let server = Server::start(None, |asked| match asked.method.as_str() {
        "GET" if asked.path == "/redfish/v1/" => root(),
        "POST" => Reply::new(201, "").with("X-Auth-Token", "t"),
        _ => Reply::new(401, ""),
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    assert_eq!(client.login(&credential()).await.unwrap().path, None);
    assert_eq!(client.get("/a").await.unwrap_err().status(), Some(401));
    assert!(matches!(client.get("/b").await.unwrap_err(), Error::SessionEnded { .. }));
}

#[tokio::test]
async fn a_dropped_request_leaves_nothing_half_read() {
    let server = Server::start(None, |asked| Reply {
        silent: asked.path == "/never",
        ..Reply::json(json!({"path": asked.path}))
    })
    .await;
    let mut client = Client::new(server.plain(), Limits::default());
    client.get("/a").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(50), client.get("/never")).await;
    assert!(given_up.is_err());
    assert_eq!(client.get("/b").await.unwrap().text("path"), Some("/b"));
    assert_eq!(server.asked().last().unwrap().connection, 1);
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().into();
    drop(listener);
    let error = Client::new(bmc::Target::https(endpoint, LOOK), Limits::default())
        .get("/redfish/v1/")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    let failure = model::Failure::from(error);
    assert!(failure.cause.contains("refused") && failure.subject.contains("127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn a_controller_that_hangs_up_without_a_farewell() {
    let identity = Identity::self_signed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().into();
    let acceptor = identity.acceptor();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for body in ["{\"a\": 1}", "{\"a\": "] {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            let answer = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            // Closes TCP without TLS's close_notify (RFC 8446, 6.1).
            drop(stream);
        }
    });
    let mut client = Client::new(bmc::Target::https(endpoint, LOOK), Limits::default());
    assert_eq!(client.get("/whole").await.unwrap().value, json!({"a": 1}));
    let error = client.get("/cut").await.unwrap_err();
    assert!(matches!(error, Error::BadDocument { .. }), "{error}");
}
