//! Adoption by rule: whenever a controller is seen for which a credential was imported, it is adopted by
//! the named system principal `adoption`, through the door like everybody else.

use bmc::Fleet;
use control::Door;
use model::Actor;
use model::command::bmc::{Adopt, AdoptBy};
use model::device::{DeviceId, Stage};
use model::event::What;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// So many controllers are adopted at once. Each adoption ends with a first full reading, which is some seconds of
/// waiting for that one controller.
const AT_ONCE: usize = 256;
/// News that comes within this time is looked at together.
const SETTLE: Duration = Duration::from_millis(500);

/// Adopts what may be adopted, until `stop`.
pub async fn run(door: Door, fleet: Arc<Fleet>, stop: CancellationToken) {
    let mut news = door.events().listen();
    loop {
        adopt_all(&door, &fleet, &stop).await;
        let waited = stop.run_until_cancelled(async {
            loop {
                match news.recv().await {
                    // An import, or a controller that was seen: both can make a rule apply.
                    Ok(event) if matters(&event.what) => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
            tokio::time::sleep(SETTLE).await;
            news = news.resubscribe();
        });
        if waited.await.is_none() {
            return;
        }
    }
}

const fn matters(what: &What) -> bool {
    matches!(what, What::DeviceChanged { stage: Stage::Seen, .. } | What::CredentialsImported)
}

async fn adopt_all(door: &Door, fleet: &Arc<Fleet>, stop: &CancellationToken) {
    let devices = match door.book().adoptable().await {
        Ok(devices) => devices,
        Err(failure) => {
            tracing::error!(%failure, "which controllers may be adopted by rule could not be read");
            return;
        }
    };
    let mut adoptions = JoinSet::new();
    for device in devices {
        if stop.is_cancelled() {
            break;
        }
        if adoptions.len() >= AT_ONCE {
            let _one_ended = adoptions.join_next().await;
        }
        adoptions.spawn(adopt(door.clone(), Arc::clone(fleet), device));
    }
    while adoptions.join_next().await.is_some() {}
}

async fn adopt(door: Door, fleet: Arc<Fleet>, device: DeviceId) {
    let command = Adopt { device, by: AdoptBy::Rule };
    if let Err(failure) = door.run(&Actor::system("adoption"), &fleet, command).await {
        tracing::warn!(%failure, "a controller could not be adopted by rule");
    }
}
