//! `portcullis backup` and `portcullis restore`, on the appliance itself.

use crate::cli::{Backup, Restore};
use crate::exit::Exit;
use crate::output::show;
use crate::{config, parts, remote};
use anyhow::Context as _;
use model::{Clock as _, SystemClock};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

/// Takes a backup through the API of the running appliance, which decides and writes it down.
pub fn backup(options: &Backup, json: bool) -> Result<(), Exit> {
    let client = remote::client(&options.remote)?;
    let mut content = client.backup()?;
    // It holds password hashes and sealed credentials: nobody else's to read, whatever the umask is.
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&options.file);
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
    store::check_backup(&options.file).context("restore")?;
    write_down(options, &config)?;
    store::restore(&options.file, to, existing).context("restore")?;
    end_sessions(&url)?;
    Ok(show(json, &serde_json::json!({ "restored": to }), |_| {
        format!(
            "restored to {}; start the appliance with the vault's key that sealed the backup",
            to.display()
        )
    })?)
}

/// Accounts, grants and pins of another day come back by it, so it stands in the audit log before it happens.
fn write_down(options: &Restore, config: &config::Config) -> Result<(), Exit> {
    let data = &options.place.data;
    let signer = audit::key::load(&data.join(parts::AUDIT_KEY)).context("open the audit log's key")?;
    let log =
        audit::Log::open(&data.join(parts::AUDIT_LOG), signer, config.audit.clone(), Arc::new(SystemClock));
    let log = log.context("open the audit log")?;
    let detail = serde_json::json!({ "from": options.file });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let written = log.note(audit::Note::Restored, model::Actor::system("operator"), detail).await;
        log.stop().await;
        written.map(drop).context("write the restore down; nothing was done")
    })?;
    Ok(())
}

/// Sessions and one-time links of the time of the backup are not let back in.
fn end_sessions(url: &str) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = store::Store::open(url).context("open the restored database")?;
        let now = SystemClock.now();
        store.end_stale_sessions(now, now).await.context("end the sessions of the backup's time")?;
        store.prune_links(jiff::Timestamp::MAX).await.context("end the links of the backup's time")?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Place;
    use crate::config::Config;

    #[test]
    fn a_restore_is_written_down_and_lets_no_old_link_back_in() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let place = Place { data: data.clone(), config: None };
        let config = Config::default();
        crate::init::make(&place, &config).unwrap();
        let link = crate::init::first_login(&place, "ada").ok().unwrap();
        let token = link.rsplit('/').next().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = folder.path().join("backup");
        let store = store::Store::open(&config.store_url(&data)).unwrap();
        runtime.block_on(store.backup(&file)).unwrap();
        drop(store);

        let options = Restore { place: place.clone(), file, replace: true };
        assert!(restore(&options, true).is_ok());
        let opened = runtime.block_on(parts::open(&place, &config)).unwrap();
        let entries = runtime.block_on(opened.door.audit().list(audit::Query::default())).unwrap();
        let noted = |note| entries.iter().any(|entry| entry.note == Some(note));
        assert!(noted(audit::Note::Restored), "{entries:?}");
        assert!(runtime.block_on(opened.gate.enrolment(&token)).is_err(), "the link of the backup's time");
        runtime.block_on(opened.close());
    }
}
