//! The pages over made-up devices, on https://127.0.0.1:8443 with a certificate of its own:
//! `cargo run -p web --example demo -- 24`. It prints a cookie of a signed-in administrator.

#![expect(clippy::unwrap_used, reason = "it is for trying; what fails is shown and ends it")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Appliance, devices};
use model::{Role, Scope};
use tokio_util::sync::CancellationToken;
use web::{Server, Web};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(24);
    let port: u16 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(8443);
    let appliance = Appliance::start(devices::fleet(count)).await;
    let browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    appliance.user("bob", &[(Role::Operator, Scope::Label { key: "rack".into(), value: "r1".into() })]).await;
    let fresh = appliance.user("carol", &[]).await;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    let config = Web {
        listen: vec![([127, 0, 0, 1], port).into()],
        certificate: appliance.folder.path().join("c.pem"),
        key: appliance.folder.path().join("k.pem"),
        ..Web::default()
    };
    std::fs::write(&config.certificate, made.cert.pem()).unwrap();
    std::fs::write(&config.key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::bind(&config, Vec::new(), appliance.router.clone()).unwrap();
    let server = server.parting(appliance.app.farewell());
    println!("{}", browser.cookie.unwrap_or_default());
    println!("first login of carol: {fresh}");
    let cancel = CancellationToken::new();
    tokio::select! {
        () = server.run(cancel.clone()) => {}
        () = appliance.app.clone().follow(cancel) => {}
    }
}
