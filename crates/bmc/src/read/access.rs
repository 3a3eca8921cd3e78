//! Which links lead to what a controller lets in: its services, accounts, certificates and licences.

use super::gather::{collection, link, parsed, stepped};
use super::parts::opened;
use super::walk::Walk;
use super::{account, certificate, license, log_service, protocols};
use crate::client::{Get, ROOT};
use crate::error::Error;
use crate::vendor;
use model::inventory::{Inventory, License, LogService, Manager};
use serde_json::Value;

/// The services of a controller, the certificates of its web service, and its logs.
pub async fn of_manager<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    manager: &mut Manager,
) -> Result<(), Error> {
    if let Some((path, value)) = opened(walk, path, value, "NetworkProtocol").await? {
        (manager.protocols, manager.time_servers) = walk.keep(protocols::parse(&path, &value));
        if let Some(https) = value.get("HTTPS").filter(|https| https.is_object()) {
            manager.certificates = parsed(walk, &path, https, "Certificates", certificate::parse).await?;
        }
    }
    if let (true, Some(row)) = (manager.certificates.is_empty(), vendor::by_oem(value)) {
        manager.certificates = stepped(walk, path, value, row.certificates, certificate::parse).await?;
    }
    manager.logs = logs(walk, path, value).await?;
    Ok(())
}

/// The logs of a server or controller.
pub async fn logs<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<LogService>, Error> {
    parsed(walk, path, value, "LogServices", log_service::parse).await
}

/// What a maker lists as licences of a controller by schemas of its own.
pub async fn licenses_of_manager<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<License>, Error> {
    let Some(row) = vendor::by_oem(value) else { return Ok(Vec::new()) };
    let found = stepped(walk, path, value, row.licenses, license::parse).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The accounts and the licences that the root links to.
pub async fn of_root<G: Get>(
    walk: &mut Walk<'_, G>,
    root: &Value,
    inventory: &mut Inventory,
) -> Result<(), Error> {
    if let Some((path, value)) = opened(walk, ROOT, root, "AccountService").await? {
        inventory.sign_in = walk.keep(account::parse_rules(&path, &value));
        for member in collection(walk, &path, &value, "Accounts").await? {
            if let Some((path, value)) = walk.open(member).await?
                && !account::is_empty_place(&value)
            {
                inventory.accounts.push(walk.keep(account::parse(&path, &value)));
            }
        }
    }
    if link(ROOT, root, "LicenseService").0.is_some()
        && let Some((path, value)) = opened(walk, ROOT, root, "LicenseService").await?
    {
        let found = parsed(walk, &path, &value, "Licenses", license::parse).await?;
        inventory.licenses.extend(found.into_iter().flatten());
    }
    Ok(())
}
