//! A lab while it runs: started, looked at, told things, stopped.

use crate::certificate::{Forge, write_private};
use crate::config::{Args, LabConfig};
use crate::control;
use crate::error::Error;
use crate::fault::Change;
use crate::flavour::Kind;
use crate::fleet::Fleet;
use crate::machine::Machine;
use crate::random::Dice;
use crate::run::{Bmc, Site, serve};
use crate::tally::{Counts, Line};
use crate::unit::{Unit, plan};
use jiff::Timestamp;
use model::{Clock, Credential, Secret, SystemClock};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A simulated management network that runs. It stops when it is told to; dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Lab {
    fleet: Arc<Fleet>,
    control: Option<SocketAddr>,
}

/// What is known of a simulated BMC from outside.
#[derive(Clone, Debug)]
pub struct BmcInfo {
    /// Rack and unit in one word, such as `r1-u03`.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The maker it imitates.
    pub flavour: Kind,
    /// The administrator's name and password.
    pub credential: Credential,
    /// The server's serial number or service tag.
    pub serial: String,
    /// The controller's MAC address, lower case with colons.
    pub mac: String,
    /// The server's model.
    pub model: String,
    /// The captured tree that it serves, if it does.
    pub replay: Option<String>,
    /// The rack.
    pub rack: String,
    /// The lowest rack unit it takes.
    pub rack_unit: u32,
    /// Whether its certificate comes from the lab's CA.
    pub ca_signed: bool,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.fleet.site.stop.cancel();
    }
}

impl Lab {
    /// Starts every BMC; when this returns, all of them listen. With port 0 each gets a free one.
    ///
    /// # Errors
    /// If an address cannot be listened at, or keys cannot be made or kept.
    pub async fn start(config: LabConfig) -> Result<Self, Error> {
        allow_open_files(config.count)?;
        let forge = config.tls.then(|| Forge::new(config.state.clone())).transpose()?;
        let site = Arc::new(Site { forge, tasks: TaskTracker::new(), stop: CancellationToken::new() });
        // Whoever gives up in the middle leaves nothing behind that listens.
        let unfinished = site.stop.clone().drop_guard();
        let now = SystemClock.now();
        let mut bmcs = BTreeMap::new();
        for mut unit in plan(&config) {
            let bind = |source| Error::Bind { addr: unit.addr, source };
            let listener = TcpListener::bind(unit.addr).await.map_err(bind)?;
            unit.addr = listener.local_addr().map_err(bind)?;
            let bmc = Arc::new(built(&config, Arc::new(unit), now));
            bmcs.insert(bmc.unit.addr, Arc::clone(&bmc));
            site.tasks.spawn(serve(bmc, listener, Arc::clone(&site)));
        }
        let fleet = Arc::new(Fleet { bmcs, site });
        let control = match config.control {
            Some(addr) => Some(listen_for_control(addr, &fleet).await?),
            None => None,
        };
        unfinished.disarm();
        Ok(Self { fleet, control })
    }

    /// Where it is told things over HTTP, if it is.
    #[must_use]
    pub const fn control(&self) -> Option<SocketAddr> {
        self.control
    }

    /// Every BMC, in the order of addresses.
    #[must_use]
    pub fn bmcs(&self) -> Vec<BmcInfo> {
        self.fleet.bmcs.values().map(|bmc| info(bmc)).collect()
    }

    /// The certificate of the lab's CA in PEM; `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<String> {
        self.fleet.site.forge.as_ref().map(Forge::ca_pem)
    }

    /// How many sessions are open at a BMC.
    ///
    /// # Errors
    /// If there is none at this address.
    pub fn open_sessions(&self, addr: SocketAddr) -> Result<usize, Error> {
        Ok(self.fleet.bmc(addr)?.machine().open_sessions(SystemClock.now()))
    }

    /// What was counted at a BMC.
    ///
    /// # Errors
    /// If there is none at this address.
    pub fn counts(&self, addr: SocketAddr) -> Result<Counts, Error> {
        let bmc = self.fleet.bmc(addr)?;
        bmc.look();
        Ok(bmc.tally().counts().clone())
    }

    /// The last requests to a BMC, as many as the configuration says, the oldest first.
    ///
    /// # Errors
    /// If there is none at this address.
    pub fn log(&self, addr: SocketAddr) -> Result<Vec<Line>, Error> {
        Ok(self.fleet.bmc(addr)?.tally().lines())
    }

    /// Counts anew at a BMC; what is open stays counted.
    ///
    /// # Errors
    /// If there is none at this address.
    pub fn forget_counts(&self, addr: SocketAddr) -> Result<(), Error> {
        self.fleet.bmc(addr)?.tally().forget();
        Ok(())
    }

    /// The power of a BMC's server, as it tells it itself: `On`, `Off`, `PoweringOn`, `PoweringOff`.
    ///
    /// # Errors
    /// If there is none at this address.
    pub fn power_state(&self, addr: SocketAddr) -> Result<&'static str, Error> {
        Ok(self.fleet.bmc(addr)?.machine().power_state(SystemClock.now()))
    }

    /// Tells a BMC something.
    ///
    /// # Errors
    /// If there is none at this address, or a new certificate cannot be made.
    pub fn set(&self, addr: SocketAddr, change: Change) -> Result<(), Error> {
        self.fleet.tell(self.fleet.bmc(addr)?, change)
    }

    /// Waits until a BMC's server is neither on its way up nor on its way down.
    ///
    /// # Errors
    /// If there is none at this address.
    pub async fn settled(&self, addr: SocketAddr) -> Result<(), Error> {
        let bmc = self.fleet.bmc(addr)?;
        loop {
            let now = SystemClock.now();
            let due = {
                let mut machine = bmc.machine();
                machine.advance(now);
                machine.power.next_deadline()
            };
            let Some(due) = due else { return Ok(()) };
            let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
        }
    }

    /// Stops every BMC and waits until all connections are closed.
    pub async fn stop(self) {
        self.fleet.site.stop.cancel();
        self.fleet.site.tasks.close();
        self.fleet.site.tasks.wait().await;
    }

    /// Name, address, maker, serial number, MAC, user name and password of each BMC, as CSV with a heading.
    ///
    /// This is the one place where passwords are written out: it is how an appliance is told them.
    #[must_use]
    pub fn credentials_csv(&self) -> String {
        let mut text = "name,address,vendor,serial,mac,username,password\n".to_owned();
        for bmc in self.bmcs() {
            let Credential { username, password } = &bmc.credential;
            let fields: [&str; 7] = [
                &bmc.name,
                &bmc.addr.to_string(),
                &bmc.flavour.to_string(),
                &bmc.serial,
                &bmc.mac,
                username,
                password.expose(),
            ];
            text.push_str(&fields.map(csv_field).join(","));
            text.push('\n');
        }
        text
    }
}

/// Runs a lab until `cancel` is called. `started` is told when all of it listens.
///
/// # Errors
/// If it cannot be started.
pub async fn run(
    config: LabConfig,
    cancel: CancellationToken,
    started: impl FnOnce(&Lab),
) -> Result<(), Error> {
    let lab = Lab::start(config).await?;
    started(&lab);
    cancel.cancelled().await;
    lab.stop().await;
    Ok(())
}

/// Runs a lab as the options say, until `cancel` is called.
///
/// # Errors
/// If it cannot be started, or the list of BMCs cannot be written.
pub async fn run_args(
    args: &Args,
    cancel: CancellationToken,
    started: impl FnOnce(&Lab),
) -> Result<(), Error> {
    let lab = Lab::start(args.config()?).await?;
    if let Some(path) = &args.credentials {
        write_private(path, lab.credentials_csv().as_bytes())
            .map_err(|source| Error::Credentials { path: path.clone(), source })?;
    }
    started(&lab);
    cancel.cancelled().await;
    lab.stop().await;
    Ok(())
}

fn built(config: &LabConfig, unit: Arc<Unit>, now: Timestamp) -> Bmc {
    let credential = credential(config, &unit);
    let mut machine = Machine::new(Arc::clone(&unit), credential, config.latency, config.time_scale, now)
        .with_sessions(config.sessions, config.session_timeout);
    for rule in config.faults.iter().filter(|rule| rule.at.covers(&unit)) {
        machine.change(Change::Break(rule.kind), now);
    }
    Bmc::new(unit, machine, config.log)
}

/// Anybody who reaches it may break the lab: it is for this machine only.
async fn listen_for_control(addr: SocketAddr, fleet: &Arc<Fleet>) -> Result<SocketAddr, Error> {
    if !addr.ip().is_loopback() {
        return Err(Error::ControlNotLoopback(addr));
    }
    let bind = |source| Error::Bind { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    fleet.site.tasks.spawn(control::serve(Arc::clone(fleet), listener));
    Ok(addr)
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn credential(config: &LabConfig, unit: &Unit) -> Credential {
    let username = config.username.clone().unwrap_or_else(|| unit.flavour().access.username.to_owned());
    let own = || Secret::new(Dice::new(unit.seed, "password").text(b"abcdefghjkmnpqrstuvwxyz23456789", 12));
    Credential { username, password: config.password.clone().unwrap_or_else(own) }
}

fn info(bmc: &Bmc) -> BmcInfo {
    let unit = &bmc.unit;
    BmcInfo {
        name: unit.name(),
        addr: unit.addr,
        flavour: unit.kind,
        credential: bmc.machine().credential(),
        serial: unit.serial.clone(),
        mac: unit.mac(),
        model: unit.model(),
        replay: unit.replay.as_ref().map(|tree| tree.name().to_owned()),
        rack: unit.rack.clone(),
        rack_unit: unit.rack_unit,
        ca_signed: unit.ca_signed,
    }
}

/// Raises the number of files that may be open as far as is allowed, so that every BMC can listen and be talked to.
fn allow_open_files(count: usize) -> Result<(), Error> {
    let needed = 2 * u64::try_from(count).unwrap_or(u64::MAX / 2) + 64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(needed.saturating_mul(4));
    if current.is_some_and(|current| current < wanted) {
        // A limit that stays may still do.
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
    match getrlimit(Resource::Nofile).current {
        Some(allowed) if allowed < needed => Err(Error::OpenFiles { count, needed, allowed }),
        _ => Ok(()),
    }
}
