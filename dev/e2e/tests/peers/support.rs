//! Programs of others as processes, a server of documents, and the verbs with a token.

use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::{peers, program, wait};
use model::Inventory;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A program of others; it is killed when this is dropped.
pub struct Peer(Child);

impl Peer {
    /// Starts it, and waits until it takes connections; what it says goes to a file.
    pub fn start(command: &mut Command, log: &Path, at: SocketAddr) -> Self {
        let log = std::fs::File::create(log).unwrap();
        // Python peers obey these before their own options.
        for variable in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut peer = Self(command.spawn().unwrap());
        wait::until("a peer takes connections", Duration::from_secs(60), || {
            if let Some(status) = peer.0.try_wait()? {
                anyhow::bail!("it ended at once: {status}");
            }
            Ok(TcpStream::connect(at).ok())
        })
        .unwrap();
        peer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A program of others, or a loud word that the test does nothing.
pub fn needed(test: &str, program: &str) -> Option<PathBuf> {
    let found = peers::find(program);
    if found.is_none() {
        peers::missing(test, program);
    }
    found
}

/// The folder of third-party data; says so loudly where it is absent.
pub fn cases(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| program::root().join("../shared"), PathBuf::from);
    let cases = shared.join("cases");
    if cases.is_dir() {
        return Some(cases);
    }
    println!("SKIPPED {test}: {} is not there", cases.display());
    None
}

/// A status and a body for a path; 404 for those that it does not know.
type Answers = dyn Fn(&str) -> Option<(u16, String)> + Send + Sync;

/// Serves documents in the clear until the test ends: GET alone, without sessions.
pub fn serve(answers: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers: Arc<Answers> = Arc::new(answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || drop(talk(&stream, &*answers)));
        }
    });
    url
}

fn talk(stream: &TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next() {
        let first = first?;
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let known = if method == "GET" { answers(path) } else { Some((405, String::new())) };
        let (status, body) = known.unwrap_or((404, "{}".into()));
        let length = body.len();
        let mut to = stream;
        write!(
            to,
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
    }
    Ok(())
}

/// `portcullis bmc inspect --json`, which must work; its inventory, and what it said on standard error.
pub fn inspect(url: &str) -> (Inventory, Value, String) {
    let verb = ["bmc", "inspect", url, "--insecure-plain-http", "--json"];
    let output = program::command().unwrap().args(verb).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{url}: {said}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    (serde_json::from_value(value.clone()).unwrap(), value, said)
}

/// The verbs, carried out by an appliance as its administrator.
pub struct Verbs<'a> {
    pub appliance: &'a Appliance,
    token: PathBuf,
}

impl<'a> Verbs<'a> {
    pub fn of(appliance: &'a Appliance, admin: &mut Operator) -> Self {
        let token = admin.sign_in(appliance).unwrap().token("administrator", "all").unwrap();
        Self::with_token(appliance, token.expose())
    }

    pub fn with_token(appliance: &'a Appliance, token: &str) -> Self {
        let number = std::fs::read_dir(appliance.scratch()).unwrap().count();
        let file = appliance.scratch().join(format!("token-{number}"));
        std::fs::write(&file, token).unwrap();
        Self { appliance, token: file }
    }

    /// Runs a verb for people.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut verb = self.appliance.verb(arguments).unwrap();
        verb.env("PORTCULLIS_TOKEN_FILE", &self.token).output().unwrap()
    }

    /// Runs a verb with `--json`, which must work and answer in JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        let output = self.run(&all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {} {said}", output.status);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}: {:?}", String::from_utf8_lossy(&output.stdout))
        })
    }

    /// Runs a verb with `--json`, which must fail with a code and a failure in JSON.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> Value {
        let all: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        let output = self.run(&all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
    }
}
