//! A network namespace with the program in it, and one behind a wire as the device.

use firewall::{Client, ClientError};
use mint::Mint;
use model::{Actor, Object, Permit};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The appliance's address on the wire.
pub const HERE: &str = "10.9.0.1";
/// The device's.
pub const THERE: &str = "10.9.0.2";
/// The port that the policies are about.
pub const PORT: u16 = 8443;

/// One at a time: some measure, and some keep a core busy.
static TURN: Mutex<()> = Mutex::new(());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A namespace for the appliance and one for the device; both are gone when it is dropped.
pub struct Ground {
    pub name: String,
    pub device: String,
    pub directory: TempDir,
    program: Option<Child>,
    _turn: MutexGuard<'static, ()>,
}

impl Ground {
    /// `None`, and a loud word, where namespaces cannot be made.
    pub fn new(test: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED {test}: network namespaces need root");
            return None;
        }
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pcfw-{}-{number}", std::process::id());
        let ground = Self {
            device: format!("{name}d"),
            name,
            directory: TempDir::new().unwrap(),
            program: None,
            _turn: turn,
        };
        std::fs::create_dir(ground.state()).unwrap();
        run(&["ip", "netns", "add", &ground.device]);
        ground.wire();
        Some(ground)
    }

    /// The appliance's namespace, new, with its end of the wire.
    fn wire(&self) {
        let (here, there) = (&self.name, &self.device);
        run(&["ip", "netns", "add", here]);
        run(&["ip", "-n", here, "link", "set", "lo", "up"]);
        run(&["ip", "-n", here, "link", "add", "w0", "type", "veth", "peer", "name", "w0", "netns", there]);
        for (name, address, address6) in [(here, HERE, "fd09::1/64"), (there, THERE, "fd09::2/64")] {
            run(&["ip", "-n", name, "address", "add", &format!("{address}/24"), "dev", "w0"]);
            run(&["ip", "-n", name, "address", "add", address6, "dev", "w0", "nodad"]);
            run(&["ip", "-n", name, "link", "set", "lo", "up"]);
            run(&["ip", "-n", name, "link", "set", "w0", "up"]);
        }
    }

    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Starts the program for this user, and waits until it listens.
    pub fn start_for(&mut self, user: &str) {
        let _ = std::fs::remove_file(self.socket());
        let state = self.state();
        let program = Command::new("ip")
            .args(["netns", "exec", &self.name, env!("CARGO_BIN_EXE_portcullis-firewall"), "serve"])
            .args(["--user", user, "--log-group", "71", "--sinkhole", "9000", "--socket"])
            .arg(self.socket())
            .arg("--state")
            .arg(&state)
            .spawn();
        self.program = Some(program.unwrap());
        let until = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < until, "the program does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn start(&mut self) {
        self.start_for("0");
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }

    /// The machine is switched off and on: everything in the kernel is gone, and the boot verb runs.
    pub fn reboot(&mut self) -> Output {
        self.kill();
        run(&["ip", "-n", &self.name, "link", "del", "w0"]);
        run(&["ip", "netns", "del", &self.name]);
        self.wire();
        Command::new("ip")
            .args(["netns", "exec", &self.name, env!("CARGO_BIN_EXE_portcullis-firewall"), "load", "--state"])
            .arg(self.state())
            .output()
            .unwrap()
    }

    pub async fn client(&self) -> Client {
        Client::connect(&self.socket()).await.unwrap()
    }

    /// Runs `nft` as somebody else would.
    pub fn nft(&self, text: &str) -> Output {
        self.nft_with(&[text])
    }

    pub fn nft_with(&self, arguments: &[&str]) -> Output {
        let command = [&["ip", "netns", "exec", &self.name, "nft"], arguments].concat();
        let output = run_quietly(&command);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// What `nft` lists of our table; empty if there is none.
    pub fn table(&self) -> String {
        let list = "list table inet portcullis";
        let output = run_quietly(&["ip", "netns", "exec", &self.name, "nft", list]);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs something in the appliance's namespace.
    pub fn here<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.name, work)
    }

    /// Runs something in the device's namespace.
    pub fn there<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.device, work)
    }

    /// A listener of the appliance.
    pub fn listen(&self, port: u16) -> TcpListener {
        self.here(|| TcpListener::bind((HERE, port)).unwrap())
    }

    /// A connection from the device to the appliance, or `None` if it does not come about.
    pub fn knock(&self, port: u16) -> Option<TcpStream> {
        let address: SocketAddr = format!("{HERE}:{port}").parse().unwrap();
        self.there(|| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.kill();
        for name in [&self.name, &self.device] {
            run_quietly(&["ip", "netns", "del", name]);
        }
    }
}

/// Runs something on a thread in this namespace.
pub fn inside<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let namespace = File::open(format!("/run/netns/{name}")).unwrap();
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        });
        thread.join().unwrap()
    })
}

pub fn run_quietly(command: &[&str]) -> Output {
    Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).output().unwrap()
}

pub fn run(command: &[&str]) {
    let output = run_quietly(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A permit, as `control` would issue it.
pub fn permit() -> Permit {
    let actor = Actor::user("anna", "test", None);
    Permit::issue(Mint::new(), 1, actor, model::Action::ALL[0], Object::Appliance)
}

/// The table of a policy: what each of the chains says about input; everything else passes. On trial for so many seconds if there
/// is a candidate.
pub fn policy(confirmed: &str, candidate: Option<(&str, u32)>) -> String {
    let (mut pick, mut choose) = (String::new(), "");
    if let Some((_, seconds)) = candidate {
        let verdict = format!("timeout {seconds}s : goto candidate_input");
        pick = format!(
            "  map pick_input {{\n    type nf_proto : verdict\n    flags timeout\n    elements = {{ ipv4 {verdict}, ipv6 {verdict} }}\n  }}\n"
        );
        choose = "    meta nfproto vmap @pick_input\n";
    }
    let candidate = candidate.map_or_else(String::new, |(rules, _)| chain("candidate_input", rules));
    format!(
        "table inet portcullis {{\n{pick}{SETS}{}{candidate}  chain input {{\n    type filter hook input priority filter; policy drop;\n    iifname \"lo\" accept\n    meta l4proto ipv6-icmp accept\n{choose}    goto confirmed_input\n  }}\n{OUTPUT}}}\n",
        chain("confirmed_input", confirmed),
    )
}

fn chain(name: &str, rules: &str) -> String {
    format!("  chain {name} {{\n    {rules}\n  }}\n")
}

const SETS: &str = "\
  set pinholes4 {
    type ipv4_addr . inet_proto . inet_service
    flags timeout
  }
  set pinholes6 {
    type ipv6_addr . inet_proto . inet_service
    flags timeout
  }
  set isolated4 {
    type ipv4_addr
  }
  set isolated6 {
    type ipv6_addr
  }
  set managed4 {
    type ipv4_addr
    flags interval
    elements = { 10.9.0.0/24, 10.20.0.0/16 }
  }
";
const OUTPUT: &str = "\
  chain output {
    type filter hook output priority filter; policy accept;
    ct original ip daddr @isolated4 counter drop comment \"isolated\"
    tcp dport 8444 ct original ip daddr . ct original protocol . ct original proto-dst @pinholes4 counter accept comment \"pinhole\"
    tcp dport 8444 counter drop comment \"no pinhole\"
  }
";

/// Lets the device in.
pub const OPEN: &str =
    "tcp dport 8443 counter accept comment \"test 1.0.0 rule 0\"\n    ct state established accept";
/// Locks everybody out.
pub const LOCKED: &str = "counter drop comment \"test 1.0.0 default\"";

/// Whether the program said no in this way.
pub fn failed<T>(outcome: Result<T, ClientError>, wanted: firewall::message::FailureKind) -> String {
    match outcome {
        Err(ClientError::Failed { kind, text }) if kind == wanted => text,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was done"),
    }
}
