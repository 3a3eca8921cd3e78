//! The site's certificate is replaced on disk while the appliance serves.

use anyhow::ensure;
use e2e::appliance::Appliance;
use e2e::wait;
use std::fs;
use std::time::Duration;

/// The files are looked at every five seconds.
const NOTICED: Duration = Duration::from_secs(30);

/// Another certificate for the same names with its key, as `init` makes them.
fn another() -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let init = e2e::program::command()?.args(["--json", "init", "--data"]).arg(&data).output()?;
    ensure!(init.status.success(), "init failed: {}", String::from_utf8_lossy(&init.stderr));
    Ok((fs::read(data.join("tls/certificate.pem"))?, fs::read(data.join("tls/key.pem"))?))
}

/// Whether a new connection shows this certificate.
fn shows(appliance: &Appliance, certificate: &[u8]) -> anyhow::Result<bool> {
    let agent = appliance.agent_trusting(certificate)?;
    Ok(agent.get(appliance.at("/healthz")).call().is_ok_and(|answer| answer.status() == 200))
}

#[test]
fn a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not() -> anyhow::Result<()> {
    let appliance = Appliance::fresh()?;
    let tls = appliance.data().join("tls");
    let first = fs::read(tls.join("certificate.pem"))?;
    ensure!(shows(&appliance, &first)?, "its own certificate is not shown");
    let pid = appliance.pid();

    // Somebody in the middle of it stays connected.
    let connected = appliance.agent()?;
    connected.get(appliance.at("/healthz")).call()?;
    let (second, key) = another()?;
    fs::write(tls.join("key.pem"), key)?;
    fs::write(tls.join("certificate.pem"), &second)?;
    wait::until("the new certificate is shown", NOTICED, || Ok(shows(&appliance, &second)?.then_some(())))?;
    ensure!(!shows(&appliance, &first)?, "the old certificate is still shown to new connections");
    ensure!(connected.get(appliance.at("/healthz")).call().is_ok(), "a connection was lost");

    // Half a file, as a copy that was broken off leaves it.
    fs::write(tls.join("certificate.pem"), &second[..second.len() / 2])?;
    wait::until("the broken one is seen", NOTICED, || {
        Ok(appliance
            .log()
            .contains("TLS certificate changed but cannot be used; the old one stays")
            .then_some(()))
    })?;
    ensure!(shows(&appliance, &second)?, "the good certificate is not shown any more");
    ensure!(appliance.pid() == pid, "it was restarted");
    Ok(())
}
