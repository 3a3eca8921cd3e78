//! `portcullis serve`: the parts are started in order and stopped in reverse.

use crate::cli::Place;
use crate::config::{self, Config};
use crate::enforcement::Kernel;
use crate::exit::Exit;
use crate::firewall_log::{self, FirewallLog};
use crate::parts::{self, Parts};
use crate::{adoption, foreign, notify, open_files, reread, service, sockets, telemetry};
use anyhow::Context as _;
use archive::firewall::Running;
use bmc::Fleet;
use control::{Jobs, Policies, Records};
use model::Actor;
use model::book::DeviceBook;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Acts that run when the appliance is told to stop get so long to end.
const ACTS_GRACE: Duration = Duration::from_secs(30);
/// Ended sessions, links and tokens are removed so often.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Runs the verb until a signal.
pub fn run(place: &Place) -> Result<(), Exit> {
    let config = config::read(&place.config_file()).map_err(crate::check::problems)?;
    let metrics = telemetry::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let appliance = Appliance::start(place, &config, metrics).await?;
        appliance.until(stop_signal()?).await;
        Ok(())
    })
}

/// A running appliance.
pub struct Appliance {
    /// Everything below pages and drivers.
    pub parts: Parts,
    /// What drives controllers.
    pub fleet: Arc<Fleet>,
    /// What keeps records.
    pub records: Arc<Records>,
    /// What keeps the policy.
    pub policies: Arc<Policies>,
    jobs: Jobs,
    archive: Running,
    stops: Stops,
    tasks: JoinSet<&'static str>,
}

/// What tells each part to stop; in the order of the fields.
struct Stops {
    web: CancellationToken,
    work: CancellationToken,
    fleet: CancellationToken,
    book: CancellationToken,
}

impl Appliance {
    /// Starts everything, in order.
    pub async fn start(place: &Place, config: &Config, metrics: telemetry::Metrics) -> anyhow::Result<Self> {
        // 1. The data directory is locked; vault, store, audit log, users and devices are opened.
        let parts = parts::open(place, config).await?;
        let mut config = config.clone().rooted(&place.data);
        open_files::allow(&mut config.bmc);
        let stops = Stops::new();
        let mut tasks = JoinSet::new();
        // 2. Records are written down as they change.
        let book = parts.door.book().clone();
        tasks.spawn(named("book", book.clone().keep(stops.book.clone())));
        // 3. The audit log leaves the machine.
        let log = parts.door.audit().clone();
        if let Some(anchor) = config.audit.anchor.clone() {
            tasks.spawn(named("anchor", audit::export::anchor(log.clone(), anchor)));
        }
        if let Some(syslog) = config.audit.syslog.clone() {
            tasks.spawn(named("syslog", audit::export::syslog(log.clone(), syslog)));
        }
        let start = serde_json::json!({ "version": env!("CARGO_PKG_VERSION") });
        log.note(audit::Note::Start, Actor::system("appliance"), start)
            .await
            .context("write down the start")?;
        // 4. Controllers are watched.
        let keeper: Arc<dyn DeviceBook> = Arc::new(book);
        let fleet = Arc::new(Fleet::new(keeper, Arc::clone(&parts.clock), config.bmc.clone())?);
        tasks.spawn(named("fleet", Fleet::clone(&fleet).run(stops.fleet.clone())));
        // 5. The firewalls' log is written, by two threads of its own.
        let archive = archive(&parts, &config, &mut tasks).await?;
        // 6. The policy is kept, before the firewall's program.
        let kernel = Arc::new(Kernel::new(&config.firewall));
        let firewall_log = Arc::new(FirewallLog::new(&archive.0));
        let policies = Policies::new(parts.door.clone(), kernel).logging(Arc::clone(&firewall_log) as _);
        let policies = Arc::new(policies);
        policies.open_kept().await.context("read openings and quarantines")?;
        tasks.spawn(named("policy", Arc::clone(&policies).keep(stops.work.clone())));
        // 7. Seen controllers are adopted by rule; what has ended is removed.
        let records = Arc::new(Records::new(parts.door.book().clone()));
        tasks.spawn(named(
            "adoption",
            adoption::run(parts.door.clone(), Arc::clone(&fleet), stops.work.clone()),
        ));
        tasks.spawn(named("reread", reread::run(parts.door.clone(), Arc::clone(&fleet), stops.work.clone())));
        tasks.spawn(named("tidy", tidy(parts.gate.clone(), stops.work.clone())));
        // 8. The door opens: pages and API.
        let controllers = Arc::clone(&fleet) as Arc<dyn model::command::bmc::Controllers>;
        let sockets = sockets::take()?;
        let jobs = Jobs::open(parts.door.clone(), controllers, Arc::clone(&records)).await;
        let jobs = jobs.context("read the jobs")?;
        let shared = service::Shared {
            fleet: &fleet,
            records: &records,
            policies: &policies,
            jobs: jobs.clone(),
            metrics,
            closing: stops.web.clone(),
            sockets: sockets.web,
        };
        let (server, app) = service::bind(&parts, &config, shared)?;
        for address in server.addresses() {
            tracing::info!(%address, "pages and API are served");
        }
        // 9. Other firewalls are listened to.
        let foreign = foreign::listen(&config.syslog, sockets.syslog, server.certificate())?;
        if let Some(listeners) = foreign {
            let clock = Arc::clone(&parts.clock);
            tasks.spawn(named("foreign", listeners.run(clock, firewall_log, stops.work.clone())));
        }
        tasks.spawn(named("news", app.follow(stops.web.clone())));
        tasks.spawn(named("web", server.run(stops.web.clone())));
        notify::ready();
        Ok(Self { parts, fleet, records, policies, jobs, archive, stops, tasks })
    }

    /// Runs until `stop` comes or a part ends by itself; then stops everything, in reverse.
    pub async fn until(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => tracing::info!("told to stop"),
            ended = self.tasks.join_next() => tracing::error!(?ended, "a part ended by itself; the appliance stops"),
        }
        self.stop().await;
    }

    async fn stop(mut self) {
        notify::stopping();
        self.stops.web.cancel();
        self.stops.work.cancel();
        // Jobs begin nothing more; the next start takes them up.
        let acts = async {
            self.jobs.pause().await;
            self.parts.door.close().await;
        };
        if tokio::time::timeout(ACTS_GRACE, acts).await.is_err() {
            tracing::warn!("acts still ran after {} s; their records say interrupted", ACTS_GRACE.as_secs());
        }
        self.stops.fleet.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                // The book is the last to be told: what the fleet saw while it stopped is written down too.
                Ok("fleet") => self.stops.book.cancel(),
                Ok("book") => break,
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "a part crashed"),
            }
        }
        // Who logs was told to stop long before: what waits is written.
        self.archive.0.stop();
        let log = self.parts.door.audit();
        if let Err(error) =
            log.note(audit::Note::Stop, Actor::system("appliance"), serde_json::Value::Null).await
        {
            tracing::error!(%error, "the stop could not be written down");
        }
        self.parts.close().await;
        // Anchor and syslog end by themselves once the log has stopped and all of it has left.
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Opens the firewalls' log, and gives it its threads; they end when what is returned is dropped.
async fn archive(
    parts: &Parts,
    config: &Config,
    tasks: &mut JoinSet<&'static str>,
) -> anyhow::Result<Running> {
    let directory = config.archive.directory.join("firewall");
    let (clock, book) = (Arc::clone(&parts.clock), parts.door.book().clone());
    let running = firewall_log::open(&directory, &config.archive, clock, book).await;
    let running = running.context("open the firewalls' log")?;
    let (writer, tidier) = (Arc::clone(&running.0), Arc::clone(&running.0));
    tasks.spawn_blocking(move || {
        writer.write();
        "firewall log"
    });
    tasks.spawn_blocking(move || {
        tidier.tidy();
        "archive"
    });
    Ok(running)
}

impl Stops {
    fn new() -> Self {
        let token = CancellationToken::new;
        Self { web: token(), work: token(), fleet: token(), book: token() }
    }
}

async fn named(name: &'static str, part: impl Future<Output = ()>) -> &'static str {
    part.await;
    name
}

async fn tidy(gate: control::Gate, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        gate.tidy().await;
    }
}

/// Ends with the first SIGTERM or SIGINT.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
