//! `inspect` from login to logout, whatever lies between.

use crate::support::now;
use crate::support::server::{Asked, Identity, Reply, Server};
use bmc::Trust;
use bmc::inspect::{Options, inspect};
use model::failure::Kind;
use model::secret::Credential;
use serde_json::json;

const LOOK: Trust = Trust::Look { authorities: None };

fn credential() -> Option<Credential> {
    Some(Credential { username: "root".into(), password: "calvin".into() })
}

/// A controller that asks for a session, with one server behind it.
fn controller(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/redfish/v1/") => Reply::json(json!({
            "@odata.id": "/redfish/v1/", "Vendor": "Acme", "Systems": {"@odata.id": "/redfish/v1/Systems"},
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
        })),
        ("POST", _) => Reply::new(201, "")
            .with("X-Auth-Token", "t0ken")
            .with("Location", "/redfish/v1/SessionService/Sessions/1"),
        _ if asked.header("x-auth-token") != Some("t0ken") => Reply::new(401, ""),
        ("DELETE", _) => Reply::new(204, ""),
        (_, "/redfish/v1/Systems") => {
            Reply::json(json!({"Members": [{"@odata.id": "/redfish/v1/Systems/1"}]}))
        }
        _ => Reply::json(json!({"Id": "1", "SerialNumber": "S1", "PowerState": "On"})),
    }
}

fn deletes(server: &Server) -> usize {
    server.asked().iter().filter(|asked| asked.method == "DELETE").count()
}

#[tokio::test]
async fn a_session_is_opened_used_and_ended() {
    let identity = Identity::self_signed();
    let server = Server::start(Some(&identity), controller).await;
    let options = Options { want_raw: true, ..Options::new(server.https(LOOK), credential()) };
    let inspection = inspect(options, now()).await.unwrap();
    assert_eq!(inspection.inventory.identity().serial.as_deref(), Some("S1"));
    assert_eq!(inspection.certificate.unwrap().fingerprint, identity.fingerprint());
    assert_eq!(inspection.logout_error, None);
    let raw: Vec<String> = inspection.raw.unwrap().into_keys().collect();
    assert_eq!(raw, ["/redfish/v1/", "/redfish/v1/Systems", "/redfish/v1/Systems/1"]);
    assert_eq!(deletes(&server), 1);
    let connections = server.asked().iter().map(|asked| asked.connection).max();
    assert_eq!(connections, Some(0), "all over one connection");
}

#[tokio::test]
async fn a_session_is_ended_when_nothing_can_be_read_too() {
    let server = Server::start(None, |asked| match asked.path.as_str() {
        "/redfish/v1/Systems" => Reply::new(500, json!({"error": {"message": "Out of memory."}}).to_string()),
        _ => controller(asked),
    })
    .await;
    let inspection = inspect(Options::new(server.plain(), credential()), now()).await.unwrap();
    assert_eq!(inspection.nothing_because.as_deref(), Some("answered 500: Out of memory."));
    assert_eq!(deletes(&server), 1);
}

#[tokio::test]
async fn a_logout_that_fails_is_told() {
    let server =
        Server::start(
            None,
            |asked| if asked.method == "DELETE" { Reply::new(500, "") } else { controller(asked) },
        )
        .await;
    let inspection = inspect(Options::new(server.plain(), credential()), now()).await.unwrap();
    assert_eq!(inspection.logout_error.as_deref(), Some("answered 500"));
}

#[tokio::test]
async fn without_a_credential_the_refusal_is_clear() {
    let server = Server::start(None, controller).await;
    let error = inspect(Options::new(server.plain(), None), now()).await.unwrap_err();
    let failure = model::Failure::from(error);
    assert_eq!(failure.kind, Kind::CredentialRefused);
    assert!(failure.to_string().contains("Systems") && failure.to_string().contains("401"), "{failure}");
}
