//! schemathesis holds the running appliance against the document of its API.

use crate::support::needed;
use e2e::program;
use e2e::site::Site;
use std::process::Command;

#[test]
fn schemathesis_finds_no_server_error_and_no_undocumented_answer() {
    let test = "schemathesis_finds_no_server_error_and_no_undocumented_answer";
    let Some(schemathesis) = needed(test, "schemathesis") else { return };
    let site = Site::adopted(3).unwrap();
    let token = site.session.token("administrator", "all").unwrap();
    let client = api::Client::new(
        &site.appliance.url(),
        Some(site.appliance.certificate()),
        Some(site.session.token("administrator", "all").unwrap()),
    );
    let devices = client.unwrap().devices(&api::device::DeviceQuery::default()).unwrap();
    let path = std::env::join_paths(
        schemathesis
            .parent()
            .map(std::path::Path::to_path_buf)
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = Command::new(program::root().join("dev/scripts/schemathesis.sh"));
    command.arg(site.appliance.url()).arg(site.appliance.data().join("tls/certificate.pem"));
    command.env("PATH", path.unwrap()).env("PORTCULLIS_TOKEN", token.expose());
    command.env("PORTCULLIS_DEVICE", devices.devices[0].id.to_string());
    command.env("SCHEMATHESIS_EXAMPLES", "5").env_remove("REQUESTS_CA_BUNDLE").env_remove("SSL_CERT_FILE");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("passed") || said.contains("No issues"), "{said}");
}
