//! The verbs of `portcullis policy` and their exit codes: the real program over the shipped files, over mistakes, and over
//! what is no policy at all.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod begin;
mod check;
mod compare;
mod explain;
mod refuse;

use policy::shipped;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory with both shipped files.
struct Bench {
    dir: tempfile::TempDir,
}

/// What a run came to.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        bench.write("scenario.yaml", shipped::SCENARIO.as_bytes());
        bench.write("site.yaml", shipped::SITE.as_bytes());
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Words exchanged in a file; they must be there.
    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{from:?} is not in {name}");
        self.write(name, text.replacen(from, to, 1).as_bytes());
    }

    /// `portcullis policy VERB --policy scenario.yaml --site site.yaml …`, in the directory.
    fn policy(&self, verb: &str, rest: &[&str]) -> Ran {
        let files = ["policy", verb, "--policy", "scenario.yaml", "--site", "site.yaml"];
        self.run(&[&files[..], rest].concat(), b"")
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        run(self.dir.path(), arguments, input)
    }
}

fn run(directory: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // The program may have seen enough before everything is written.
        let _closed = stdin.write_all(&input);
    });
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

impl Ran {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: out: {}\nerr: {}", self.out, self.err))
    }
}

/// The line and column of words, the first time that they stand after other words.
fn place(text: &str, after: &str, words: &str) -> (u64, u64) {
    let start = text.find(after).unwrap() + after.len();
    let at = start + text.get(start..).unwrap().find(words).unwrap();
    let before = text.get(..at).unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (line as u64, column as u64)
}
