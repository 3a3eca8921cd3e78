//! A backup, made and handed out in one answer.

use super::Turns;
use super::extract::Caller;
use super::refusal::Answer;
use super::stream;
use crate::app::App;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use model::command::records::Backup;
use model::{Failure, Kind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs::{self, File};

/// How the file is called while it is written.
const PREFIX: &str = ".handed-out-";

/// Make a backup of everything but the vault's key and the audit log, and hand it out.
#[utoipa::path(post, path = "/backup", tag = "appliance", responses((status = 200, body = String, content_type = "application/octet-stream", description = "The backup.")))]
pub(super) async fn make_backup(
    State(app): State<App>,
    State(turns): State<Arc<Turns>>,
    Caller(actor): Caller,
) -> Answer<impl IntoResponse + use<>> {
    let to = app.door.scratch().join(format!("{PREFIX}{}", app.now().as_nanosecond()));
    let command = Backup { to };
    // Whoever may not is told so, also while somebody else's backup is made.
    app.door.admit(&actor, &*app.records, &command).await?;
    let busy = |_| Failure::new(Kind::Busy, "back up", "the appliance", "another backup is being made");
    let _turn = Arc::clone(&turns.backup).try_acquire_owned().map_err(busy)?;
    remove_left_over(app.door.scratch()).await;
    let path = app.door.run(&actor, &app.records, command).await?;
    let subject = path.display().to_string();
    let (file, length) = hand_out(path)
        .await
        .map_err(|error| Failure::new(Kind::Unavailable, "read the backup", subject, error.to_string()))?;
    let name = format!("attachment; filename=\"portcullis-{}.backup\"", app.now().strftime("%Y%m%dT%H%M%SZ"));
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, stream::file(file)))
}

/// Opens the file and takes its name away: it is gone when the answer has been read, or is given up.
async fn hand_out(path: PathBuf) -> io::Result<(File, u64)> {
    let file = File::open(&path).await?;
    fs::remove_file(&path).await?;
    let length = file.metadata().await?.len();
    Ok((file, length))
}

/// Removes what is left of backups whose asker went away before they were ready.
async fn remove_left_over(scratch: &Path) {
    let Ok(mut entries) = fs::read_dir(scratch).await else { return };
    while let Ok(Some(entry)) = entries.next_entry().await {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let removed = fs::remove_file(entry.path()).await;
            tracing::info!(file = %entry.path().display(), ?removed, "a backup that nobody waited for was removed");
        }
    }
}
