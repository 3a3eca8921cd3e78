//! What the tests of the log share.

#![expect(dead_code, reason = "not every test uses all of it")]

use audit::{Begin, Config, Log, PublicKey, Signer};
use model::clock::ManualClock;
use model::{Action, Actor, Object, SystemClock};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A log's directory and key, in a temporary place.
pub struct Place {
    root: PathBuf,
    _made: Option<tempfile::TempDir>,
    pub dir: PathBuf,
    pub public: PublicKey,
}

impl Place {
    pub fn new() -> Self {
        let made = tempfile::tempdir().unwrap();
        let place = Self::at(made.path());
        Self { _made: Some(made), ..place }
    }

    /// In a directory that is somebody else's.
    pub fn at(root: &Path) -> Self {
        let key = root.join("audit.key");
        let signer = if key.exists() { audit::key::load(&key) } else { audit::key::create(&key) };
        Self { root: root.into(), _made: None, dir: root.join("audit"), public: signer.unwrap().public() }
    }

    /// The same, but the log lies somewhere else.
    pub fn with_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), ..Self::new() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn signer(&self) -> Signer {
        audit::key::load(&self.root.join("audit.key")).unwrap()
    }

    pub fn open(&self, config: Config) -> Log {
        self.try_open(config).unwrap()
    }

    pub fn try_open(&self, config: Config) -> Result<Log, audit::Error> {
        Log::open(&self.dir, self.signer(), config, Arc::new(SystemClock))
    }

    pub fn open_at(&self, clock: &Arc<ManualClock>) -> Log {
        let clock: Arc<ManualClock> = Arc::clone(clock);
        Log::open(&self.dir, self.signer(), Config::default(), clock).unwrap()
    }

    pub fn verify(&self, anchor: Option<&Path>) -> audit::Report {
        audit::verify::verify(&self.dir, anchor, self.public).unwrap()
    }
}

pub fn device(name: &str) -> Object {
    let id = serde_json::from_value(json!(1)).or_else(|_| serde_json::from_value(json!("d1"))).unwrap();
    Object::Device { id, name: name.into(), zone: "management".into(), labels: Default::default() }
}

pub fn act(user: &str, object: &str, essential: bool) -> Begin {
    Begin {
        actor: Actor::user(user, "web", Some([127, 0, 0, 1].into())),
        action: Action::DevicePower,
        object: device(object),
        detail: json!({"reset": "ForceOff"}),
        essential,
    }
}

/// An act whose record is about `size` bytes long.
pub fn large(size: usize, essential: bool) -> Begin {
    Begin { detail: Value::String("x".repeat(size)), ..act("ada", "r1-u07", essential) }
}
