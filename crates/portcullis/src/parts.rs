//! The parts that every verb with a data directory needs, opened in order.

use crate::cli::Place;
use crate::config::Config;
use anyhow::Context as _;
use control::zones::Zones;
use control::{AccessBook, Book, Door, Events, Gate};
use model::{Clock, Secret, SystemClock};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use store::Store;

/// The key that signs audit checkpoints, in the data directory.
pub const AUDIT_KEY: &str = "audit.key";
/// The audit log, in the data directory.
pub const AUDIT_LOG: &str = "audit";
/// Held by whoever works on the data directory: two appliances on one would corrupt each other.
const LOCK: &str = "lock";
/// Beside a passphrase: salt and parameters.
const STRETCH: &str = "vault-passphrase.json";

/// Everything below the pages and the drivers.
pub struct Parts {
    /// The door.
    pub door: Door,
    /// The gate.
    pub gate: Gate,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    _lock: File,
}

/// Opens the data directory's parts; nothing runs yet.
pub async fn open(place: &Place, config: &Config) -> anyhow::Result<Parts> {
    let data = &place.data;
    let lock = lock(data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vault = Arc::new(open_vault(data, config)?);
    let store = Store::open(&config.store_url(data)).context("open the store")?;
    let signer = audit::key::load(&data.join(AUDIT_KEY)).context("open the audit log's key")?;
    let log = audit::Log::open(&data.join(AUDIT_LOG), signer, config.audit.clone(), Arc::clone(&clock));
    let log = log.context("open the audit log")?;
    let events = Events::new(Arc::clone(&clock));
    let access =
        AccessBook::open(store.clone(), Arc::clone(&clock)).await.context("read users and grants")?;
    let zones = Zones::new(&config.zone);
    let book = Book::open(store.clone(), Arc::clone(&vault), zones, events.clone(), Arc::clone(&clock)).await;
    let book = book.context("read the devices")?.keeping(&config.inventory);
    let door = Door::new(Arc::new(access), log, book, events);
    let gate = Gate::new(&door, store, vault, Arc::clone(&clock), config.access.clone());
    Ok(Parts { door, gate, clock, _lock: lock })
}

impl Parts {
    /// Ends what was begun, writes down what waits, signs the last checkpoint.
    pub async fn close(&self) {
        self.door.close().await;
        self.door.book().flush().await;
        self.door.audit().stop().await;
    }
}

/// Makes sure that nobody else works on the data directory, for as long as the file is held.
pub fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join(LOCK);
    let file = File::create(&path).with_context(|| {
        format!("open {}; is {} a data directory made by `portcullis init`?", path.display(), data.display())
    })?;
    anyhow::ensure!(
        file.try_lock().is_ok(),
        "another portcullis works on {}; stop it first, or use the API",
        data.display()
    );
    Ok(file)
}

fn open_vault(data: &Path, config: &Config) -> anyhow::Result<vault::Vault> {
    let source = config.key_source(data).context("open the vault")?;
    source.open(&around(data)?).context("open the vault")
}

/// Makes the vault's key, where it is one that can be made and there is none yet.
pub fn establish_vault(data: &Path, config: &Config) -> anyhow::Result<()> {
    let source = config.key_source(data).context("make the vault's key")?;
    source.establish(&around(data)?).map(drop).context("make the vault's key")
}

fn around(data: &Path) -> anyhow::Result<vault::Surroundings> {
    Ok(vault::Surroundings {
        credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(Into::into),
        passphrase: passphrase()?,
        stretch_file: data.join(STRETCH),
    })
}

fn passphrase() -> anyhow::Result<Option<Secret<String>>> {
    std::env::var_os("PORTCULLIS_PASSPHRASE_FILE")
        .map(|file| crate::files::secret(Path::new(&file)))
        .transpose()
}
