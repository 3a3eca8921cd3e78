//! Reads devices once more whose reading had to be let go because too many waited for the disk; through the
//! door like everybody else, as the named system principal `keeper`.

use bmc::Fleet;
use control::Door;
use model::Actor;
use model::command::bmc::Refresh;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Asks until `stop`, one device after the other: the disk was too slow for more.
pub async fn run(door: Door, fleet: Arc<Fleet>, stop: CancellationToken) {
    while let Some(devices) = stop.run_until_cancelled(door.book().lost_readings()).await {
        tracing::warn!(
            devices = devices.len(),
            "readings were let go because the disk was too slow; they are taken again"
        );
        for device in devices {
            let keeper = Actor::system("keeper");
            let asked = stop.run_until_cancelled(door.run(&keeper, &fleet, Refresh { device }));
            match asked.await {
                Some(Err(failure)) => tracing::warn!(%failure, "a device could not be read once more"),
                Some(Ok(())) => {}
                None => return,
            }
        }
    }
}
