//! The demonstration in network namespaces: the appliance in one, each zone in another, so that a policy is really enforced.
//!
//! The namespaces are made beforehand (`dev/scripts/zones.sh`), as the shipped site file has the zones. A thread enters one and
//! stays in it, and so do the sockets that it makes: the appliance's own threads, the rack, and whoever knocks at the door.

use crate::config::Config;
use anyhow::{Context as _, ensure};
use control::{Door, Policies};
use model::Actor;
use model::command::policy::{Apply, Confirm, Over, Propose};
use policy::shipped;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The appliance's addresses, as the shipped site file has them.
const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 1, 0, 5)), 443);
const OURS_6: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::new(0xfd12, 0x3456, 0x789a, 1, 0, 0, 0, 5)), 443);
/// Where the rack begins.
pub const RACK: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
/// The rack's port.
pub const RACK_PORT: u16 = 443;
/// What is logged comes in this group.
const LOG_GROUP: &str = "71";
/// The first policy is on trial for so long, in seconds.
const TRIAL: u32 = 60;
/// The firewall's program has so long to begin, and is looked for so often.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// Where the demonstration runs.
pub struct Zones {
    /// What the namespaces' names begin with.
    name: String,
    /// Where people outside of the namespaces knock.
    door: Option<StdListener>,
    knocking: Option<JoinHandle<anyhow::Result<()>>>,
    firewall: Option<Child>,
    stop: CancellationToken,
}

impl Zones {
    /// Opens the door where this thread is, and then enters the appliance's namespace, with all threads that it makes from now on.
    pub fn enter(name: &str, door: SocketAddr) -> anyhow::Result<Self> {
        let listener = StdListener::bind(door).with_context(|| format!("listen at {door}"))?;
        listener.set_nonblocking(true)?;
        move_into(name)?;
        let stop = CancellationToken::new();
        Ok(Self { name: name.to_owned(), door: Some(listener), knocking: None, firewall: None, stop })
    }

    /// What is otherwise than in an appliance that shares this machine's network.
    pub fn configure(config: &mut Config, data: &Path) {
        config.web.listen = vec![OURS, OURS_6];
        config.firewall.socket =
            fs::canonicalize(data).unwrap_or_else(|_| data.into()).join("firewall.socket");
    }

    /// The namespace of the rack.
    pub fn rack(&self) -> String {
        format!("{}-management", self.name)
    }

    /// Starts the firewall's program, which stands beside ours.
    pub async fn start_firewall(&mut self, config: &Config, data: &Path) -> anyhow::Result<()> {
        let program = std::env::current_exe()?.with_file_name("portcullis-firewall");
        let state = data.join("firewall");
        fs::create_dir_all(&state).with_context(|| format!("make {}", state.display()))?;
        // One that was killed has left its socket.
        let socket = &config.firewall.socket;
        let _old = fs::remove_file(socket);
        let user = rustix::process::geteuid().as_raw().to_string();
        let mut command = Command::new(&program);
        command.args(["serve", "--user", &user, "--log-group", LOG_GROUP, "--state"]).arg(state);
        command.arg("--socket").arg(socket).stdin(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let begun = Instant::now();
        while !socket.exists() {
            ensure!(
                child.try_wait()?.is_none() && begun.elapsed() < PATIENCE,
                "the firewall's program did not begin"
            );
            sleep(LOOK).await;
        }
        self.firewall = Some(child);
        Ok(())
    }

    /// Lets people in: from outside through an administrator's workstation in the zone `trust`.
    pub fn open_door(&mut self) -> anyhow::Result<()> {
        let Some(door) = self.door.take() else { return Ok(()) };
        let (namespace, stop) = (format!("{}-trust", self.name), self.stop.clone());
        self.knocking = Some(in_namespace(Some(namespace), move || async move {
            let door = TcpListener::from_std(door)?;
            stop.run_until_cancelled(pass(door)).await;
            Ok(())
        })?);
        Ok(())
    }

    /// Enforces the shipped policy: puts it on trial, and confirms it once a new connection from a workstation came through.
    pub async fn enforce(&self, door: &Door, policies: &Arc<Policies>) -> anyhow::Result<()> {
        let actor = Actor::system("operator");
        let propose = Propose {
            scenario: Some(shipped::SCENARIO.to_owned()),
            site: Some(shipped::SITE.to_owned()),
            note: "the demonstration's own".to_owned(),
        };
        let version = door.run(&actor, policies, propose).await?.number;
        let begun = Instant::now();
        while let Err(failure) = door.run(&actor, policies, Apply { version, seconds: TRIAL }).await {
            ensure!(begun.elapsed() < PATIENCE, "{failure}");
            sleep(LOOK).await;
        }
        let knock = in_namespace(Some(format!("{}-trust", self.name)), || async {
            Ok(tokio::time::timeout(PATIENCE, TcpStream::connect(OURS)).await??)
        })?;
        let knocked = tokio::task::spawn_blocking(move || knock.join()).await?;
        let knocked = knocked.map_err(|_panic| anyhow::anyhow!("the workstation's thread crashed"))?;
        let from = knocked.context("come in anew")?.local_addr()?.ip();
        let over = Over { accepted: Instant::now(), from };
        let confirm = Confirm { version, over: Some(over), local: false };
        door.run(&actor, policies, confirm).await?;
        Ok(())
    }

    /// What can be tried, in lines.
    pub fn hints(&self) -> String {
        let name = &self.name;
        format!(
            "  zones          the shipped policy is enforced; try it from each of them:\n\
             \x20                ip netns exec {name}-trust      curl -k https://10.1.0.5/healthz        passes\n\
             \x20                ip netns exec {name}-internet   curl -k -m 3 https://10.1.0.5/healthz   is dropped\n\
             \x20                ip netns exec {name}-management curl -m 3 telnet://10.20.0.1            is dropped, and a finding\n"
        )
    }

    /// Closes the door and ends the firewall's program. What the kernel holds goes with the namespace.
    pub async fn end(mut self) {
        self.stop.cancel();
        if let Some(mut child) = self.firewall.take() {
            let _gone = child.kill().await;
        }
        if let Some(knocking) = self.knocking.take() {
            let _ended = tokio::task::spawn_blocking(move || knocking.join()).await;
        }
    }
}

/// Passes every connection on to the appliance.
async fn pass(door: TcpListener) {
    let mut passing = JoinSet::new();
    loop {
        tokio::select! {
            Ok((mut person, _)) = door.accept() => {
                passing.spawn(async move {
                    if let Ok(mut appliance) = TcpStream::connect(OURS).await {
                        let _ended = copy_bidirectional(&mut person, &mut appliance).await;
                    }
                });
            }
            Some(_ended) = passing.join_next() => {}
        }
    }
}

/// Runs this on a thread of its own, in a network namespace if one is named.
pub fn in_namespace<T, F>(
    namespace: Option<String>,
    task: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<JoinHandle<anyhow::Result<T>>>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let name = namespace.clone().unwrap_or_else(|| "rack".to_owned());
    let run = move || {
        if let Some(namespace) = namespace {
            move_into(&namespace)?;
        }
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(task())
    };
    thread::Builder::new().name(name).spawn(run).context("start a thread")
}

fn move_into(namespace: &str) -> anyhow::Result<()> {
    let path = Path::new("/run/netns").join(namespace);
    let file = File::open(&path).with_context(|| {
        format!("there is no network namespace {namespace}: dev/scripts/zones.sh makes it")
    })?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .with_context(|| format!("enter the network namespace {namespace}"))
}
