//! The rack beside the appliance, on a thread of its own: in the management zone's network namespace, if there is one.

use super::zones::in_namespace;
use anyhow::Context as _;
use lab::{BmcInfo, Lab, LabConfig};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A rack that runs.
pub struct Rack {
    /// Its controllers, in the order of addresses.
    pub bmcs: Vec<BmcInfo>,
    /// Their accounts, as a file that the appliance imports.
    pub credentials: String,
    stop: CancellationToken,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Rack {
    /// Starts it; when this returns, all controllers listen.
    pub async fn start(config: LabConfig, namespace: Option<String>) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let stopped = stop.clone();
        let thread = in_namespace(namespace, move || async move {
            let lab = Lab::start(config).await?;
            if tell.send((lab.bmcs(), lab.credentials_csv())).is_ok() {
                stopped.cancelled().await;
            }
            lab.stop().await;
            Ok(())
        })?;
        match told.await {
            Ok((bmcs, credentials)) => Ok(Self { bmcs, credentials, stop, thread }),
            Err(_) => Err(join(thread).await.err().unwrap_or_else(|| anyhow::anyhow!("it ended at once")))
                .context("start the rack"),
        }
    }

    /// Stops it.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = join(self.thread).await {
            tracing::warn!(error = format!("{error:#}"), "the rack ended badly");
        }
    }
}

async fn join(thread: JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
    let ended = tokio::task::spawn_blocking(move || thread.join()).await?;
    ended.map_err(|_panic| anyhow::anyhow!("its thread crashed"))?
}
