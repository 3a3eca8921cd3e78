//! What the tests share: the captured trees, a controller in memory, and a controller on the loopback.

pub mod expanding;
pub mod server;

use bmc::client::{Document, Get, link, parse_document};
use bmc::{Error, Target, Trust};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

/// The folder of third-party data; says so loudly where it is absent.
pub fn cases(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let cases = shared.join("cases");
    if cases.is_dir() {
        return Some(cases);
    }
    eprintln!("SKIPPED {test}: {} is not there", cases.display());
    None
}

/// A captured tree, unpacked and read once for all tests.
#[derive(Clone)]
pub struct Tree(Arc<BTreeMap<String, (u16, Vec<u8>)>>);

static TREES: LazyLock<Mutex<BTreeMap<String, Tree>>> = LazyLock::new(Mutex::default);

impl Tree {
    pub fn unpack(cases: &Path, name: &str) -> Self {
        let mut trees = TREES.lock().unwrap();
        trees.entry(name.to_owned()).or_insert_with(|| Self::load(cases, name)).clone()
    }

    fn load(cases: &Path, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let packed = cases.join(format!("redfish-{name}.tar.gz"));
        let done = Command::new("tar").arg("xzf").arg(&packed).arg("-C").arg(folder.path()).status().unwrap();
        assert!(done.success(), "tar xzf {}", packed.display());
        let mut files = BTreeMap::new();
        take_in(&folder.path().join(name), "", &mut files);
        Self(Arc::new(files))
    }

    /// The file behind a path, and the status that goes with it.
    pub fn read(&self, path: &str) -> Option<(u16, Vec<u8>)> {
        self.0.get(path.trim_matches('/')).cloned()
    }
}

fn take_in(folder: &Path, path: &str, files: &mut BTreeMap<String, (u16, Vec<u8>)>) {
    if let Ok(body) = std::fs::read(folder.join("index.json")) {
        files.insert(path.to_owned(), (200, body));
    } else if let Ok(custom) = std::fs::read(folder.join("custom.json")) {
        let custom: Value = serde_json::from_slice(&custom).unwrap();
        let status = custom["status"].as_u64().unwrap() as u16;
        files.insert(path.to_owned(), (status, custom["body"].as_str().unwrap().into()));
    }
    for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().into_string().unwrap();
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        take_in(&entry.path(), &path, files);
    }
}

pub fn nowhere() -> Target {
    let endpoint = model::Endpoint { addr: [127, 0, 0, 1].into(), port: 443 };
    Target::https(endpoint, Trust::Look { authorities: None })
}

/// A controller in memory: documents by path, or what is served instead of one.
#[derive(Default)]
pub struct Docs {
    pub documents: BTreeMap<String, Value>,
    pub asked: Vec<String>,
}

impl Docs {
    pub fn of(documents: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let documents = documents.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
        Self { documents, asked: Vec::new() }
    }

    /// Everything that a reading of the tree asks for.
    pub async fn of_tree(tree: &Tree) -> Self {
        let mut files = FilesOfTree { tree, documents: BTreeMap::new() };
        bmc::read::inventory(&mut files, now()).await.unwrap();
        Self { documents: files.documents, asked: Vec::new() }
    }
}

impl Get for Docs {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        self.asked.push(path.to_owned());
        match self.documents.get(link::identity(path)) {
            Some(value) => Ok(document(path, value.clone())),
            None => Err(absent(path)),
        }
    }

    fn resolve(&self, to: &str) -> Result<String, String> {
        link::resolve(&nowhere(), to)
    }
}

/// A captured tree behind a service that puts the members into every collection, whether asked to or not.
pub struct Expanding {
    tree: Tree,
    pub asked: Vec<String>,
}

impl Expanding {
    pub fn of(tree: Tree) -> Self {
        Self { tree, asked: Vec::new() }
    }

    fn document(&self, path: &str) -> Option<Value> {
        let (status, body) = self.tree.read(path)?;
        parse_document(&body).ok().filter(|_| status == 200)
    }
}

impl Get for Expanding {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        self.asked.push(path.to_owned());
        let path = path.split("?$expand").next().unwrap();
        let mut value = self.document(path).ok_or_else(|| absent(path))?;
        if let Some(members) = value.get_mut("Members").and_then(Value::as_array_mut) {
            for member in members {
                let inside = member["@odata.id"].as_str().and_then(|link| self.document(link));
                *member = inside.unwrap_or_else(|| member.take());
            }
        }
        Ok(document(path, value))
    }

    fn resolve(&self, to: &str) -> Result<String, String> {
        link::resolve(&nowhere(), to)
    }
}

struct FilesOfTree<'a> {
    tree: &'a Tree,
    documents: BTreeMap<String, Value>,
}

impl Get for FilesOfTree<'_> {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        let (_, body) = self.tree.read(path).ok_or_else(|| absent(path))?;
        let value = parse_document(&body).unwrap();
        self.documents.insert(link::identity(path).to_owned(), value.clone());
        Ok(document(path, value))
    }

    fn resolve(&self, to: &str) -> Result<String, String> {
        link::resolve(&nowhere(), to)
    }
}

pub fn document(path: &str, value: Value) -> Document {
    Document { path: path.into(), etag: None, bytes: 1000, value }
}

pub fn absent(path: &str) -> Error {
    let operation = format!("GET {path} from");
    Error::Answered {
        operation,
        endpoint: nowhere().endpoint,
        status: 404,
        messages: Vec::new(),
        retry_after: None,
    }
}

pub fn now() -> jiff::Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}
