//! `portcullis-firewall`: loads the confirmed policy at boot (`load`), and serves the appliance's requests (`serve`).

use firewall::keeper::Keeper;
use firewall::nflog;
use firewall::serve::{Parts, serve};
use firewall::state::State;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv6Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::ExitCode;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
portcullis-firewall load  [--state DIR]
    loads the confirmed policy, before the interfaces come up
portcullis-firewall serve --user NAME|UID [--socket PATH] [--state DIR] [--log-group N] [--sinkhole PORT]
    serves that user's requests; without --socket, on the socket that systemd has opened";
const OPTIONS: [&str; 5] = ["--user", "--socket", "--state", "--log-group", "--sinkhole"];
const STATE: &str = "/var/lib/portcullis-firewall";

/// Options by name.
type Options = BTreeMap<String, String>;

fn main() -> ExitCode {
    let (verb, options) = match read(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(text) => {
            eprintln!("portcullis-firewall: {text}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(run(&verb, &options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portcullis-firewall: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<(String, Options), String> {
    let verb = arguments.next().filter(|verb| verb == "load" || verb == "serve").ok_or("say what to do")?;
    let mut options = Options::new();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        if !OPTIONS.contains(&name.as_str()) {
            return Err(format!("{name} is not known"));
        }
        options.insert(name, value);
    }
    Ok((verb, options))
}

async fn run(verb: &str, options: &Options) -> io::Result<()> {
    let directory = options.get("--state").map_or(STATE, String::as_str).into();
    let mut keeper = Keeper::new(State { directory });
    if verb == "load" {
        return keeper.boot().await.map_err(io::Error::other);
    }
    let user =
        user(options.get("--user").ok_or_else(|| io::Error::other("--user: say who may use the socket"))?)?;
    // Whatever is wrong, whoever asks is told; and what the kernel holds, it holds.
    if let Err(error) = keeper.start().await {
        eprintln!("portcullis-firewall: {error}");
    }
    let log = number(options, "--log-group")?.map(nflog::bind).transpose()?;
    let sinkhole = number(options, "--sinkhole")?.map(sinkhole).transpose()?;
    let socket = options.get("--socket").map_or_else(inherited, |path| bind(path.as_ref(), user))?;
    let parts = Parts { socket, user, keeper, log, sinkhole };
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = serve(parts) => outcome,
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

fn number(options: &Options, name: &str) -> io::Result<Option<u16>> {
    let parse = |value: &String| value.parse().map_err(|_| format!("{name} {value}: a number up to 65535"));
    options.get(name).map(parse).transpose().map_err(io::Error::other)
}

/// A user's number, by number or by name.
fn user(name: &str) -> io::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let number = |line: &str| line.strip_prefix(name)?.strip_prefix(':')?.split(':').nth(1)?.parse().ok();
    let number = users.lines().find_map(number);
    number.ok_or_else(|| io::Error::other(format!("--user {name}: there is no such user")))
}

/// The sinkhole's listener: whoever follows accepts.
fn sinkhole(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn bind(path: &Path, user: u32) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    chown(path, Some(user), None)?;
    Ok(socket)
}

fn inherited() -> io::Result<UnixListener> {
    let socket = listenfd::ListenFd::from_env().take_unix_listener(0)?;
    let socket = socket.ok_or_else(|| io::Error::other("no socket from systemd: give --socket"))?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket)
}
