//! `portcullis-firewall`: loads the confirmed policy at boot (`load`), and serves the appliance's requests (`serve`).

use firewall::keeper::Keeper;
use firewall::nflog;
use firewall::nft::Nft;
use firewall::serve::{Parts, serve};
use firewall::state::State;
use std::io;
use std::net::{Ipv6Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
portcullis-firewall load  [--state DIR] [--nft PATH]
    loads the confirmed policy, before the interfaces come up
portcullis-firewall serve --user NAME|UID [--socket PATH] [--state DIR] [--nft PATH] [--log-group N] [--sinkhole PORT]
    serves that user's requests; without --socket, on the socket that systemd has opened";

#[derive(Debug)]
struct Settings {
    verb: String,
    user: Option<u32>,
    socket: Option<PathBuf>,
    state: PathBuf,
    nft: PathBuf,
    log_group: Option<u16>,
    sinkhole: Option<u16>,
}

fn main() -> ExitCode {
    let settings = match read(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(text) => {
            eprintln!("portcullis-firewall: {text}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(run(settings))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portcullis-firewall: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Settings, String> {
    let verb = arguments.next().filter(|verb| verb == "load" || verb == "serve");
    let mut settings = Settings {
        verb: verb.ok_or("say what to do")?,
        user: None,
        socket: None,
        state: "/var/lib/portcullis-firewall".into(),
        nft: "/usr/sbin/nft".into(),
        log_group: None,
        sinkhole: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("{name} {value}: a number up to 65535"));
        match name.as_str() {
            "--user" => settings.user = Some(user(&value)?),
            "--socket" => settings.socket = Some(value.into()),
            "--state" => settings.state = value.into(),
            "--nft" => settings.nft = value.into(),
            "--log-group" => settings.log_group = Some(number()?),
            "--sinkhole" => settings.sinkhole = Some(number()?),
            _ => return Err(format!("{name} is not known")),
        }
    }
    Ok(settings)
}

/// A user's number, by number or by name.
fn user(name: &str) -> Result<u32, String> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let users =
        std::fs::read_to_string("/etc/passwd").map_err(|error| format!("read /etc/passwd: {error}"))?;
    users
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.split(':').nth(1)?.parse().ok())
        .ok_or_else(|| format!("--user {name}: there is no such user"))
}

async fn run(settings: Settings) -> io::Result<()> {
    let nft = Nft::new(settings.nft);
    let mut keeper = Keeper::new(nft.clone(), State { directory: settings.state });
    if settings.verb == "load" {
        return keeper.boot().await.map_err(io::Error::other);
    }
    let user = settings.user.ok_or_else(|| io::Error::other("--user: say who may use the socket"))?;
    // Whatever is wrong, whoever asks is told; and what the kernel holds, it holds.
    if let Err(error) = keeper.start().await {
        eprintln!("portcullis-firewall: {error}");
    }
    let log = settings.log_group.map(nflog::bind).transpose()?;
    let sinkhole = settings.sinkhole.map(sinkhole).transpose()?;
    let socket = match &settings.socket {
        Some(path) => bind(path, user)?,
        None => inherited()?,
    };
    let parts = Parts { socket, user, nft, keeper, log, sinkhole };
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = serve(parts) => outcome,
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
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
