//! `portcullis backup` and `portcullis restore`, on the appliance itself.

use crate::cli::{Backup, Restore};
use crate::exit::Exit;
use crate::output::show;
use crate::{config, parts, remote};
use anyhow::Context as _;
use model::{Clock as _, SystemClock};
use std::io;

/// Takes a backup through the API of the running appliance, which decides and writes it down.
pub fn backup(options: &Backup, json: bool) -> Result<(), Exit> {
    let client = remote::client(&options.remote)?;
    let mut content = client.backup()?;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&options.file);
    let mut file = made.with_context(|| format!("make {}", options.file.display()))?;
    let size =
        io::copy(&mut content, &mut file).with_context(|| format!("write {}", options.file.display()))?;
    file.sync_all()?;
    store::check_backup(&options.file).context("the backup that arrived is not whole")?;
    let shown = serde_json::json!({ "file": options.file, "bytes": size });
    Ok(show(json, &shown, |_| {
        format!(
            "{} ({size} bytes)\nIt does not hold the vault's key; keep that one apart.",
            options.file.display()
        )
    })?)
}

/// Puts a backup in the place of a stopped appliance's database.
pub fn restore(options: &Restore, json: bool) -> Result<(), Exit> {
    let config = config::read(&options.place.config_file()).map_err(crate::check::problems)?;
    let _alone = parts::lock(&options.place.data)?;
    let url = config.store_url(&options.place.data);
    let to = std::path::Path::new(url.strip_prefix("sqlite:").unwrap_or(&url));
    let existing = if options.replace { store::Existing::SetAside } else { store::Existing::Keep };
    store::restore(&options.file, to, existing).context("restore")?;
    end_sessions(&url)?;
    Ok(show(json, &serde_json::json!({ "restored": to }), |_| {
        format!(
            "restored to {}; start the appliance with the vault's key that sealed the backup",
            to.display()
        )
    })?)
}

/// The sessions of the time of the backup are not let back in.
fn end_sessions(url: &str) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = store::Store::open(url).context("open the restored database")?;
        let now = SystemClock.now();
        store.end_stale_sessions(now, now).await.context("end the sessions of the backup's time")?;
        Ok(())
    })
}
