//! `portcullis init`: a data directory with annotated configuration, keys, certificate and first login.

use crate::cli::{Init, Place};
use crate::config::{Config, annotated};
use crate::exit::Exit;
use crate::verbs::policy::files::{SCENARIO, SITE, beside};
use crate::{files, parts, tls};
use anyhow::Context as _;
use model::Actor;
use model::access::{Role, Scope};
use model::command::access::{AddGrant, CreateUser};
use policy::shipped;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the verb.
pub fn run(options: &Init, json: bool) -> Result<(), Exit> {
    let file = options.place.config_file();
    if options.reset_login {
        let link = first_login(&options.place, &options.admin)?;
        println!("{}", if json { serde_json::json!({ "first_login": link }).to_string() } else { link });
        return Ok(());
    }
    if file.exists() {
        let what = format!("{} exists already; nothing was changed", file.display());
        return Err(Exit::Wrong(vec![what, "  hint: remove it, or choose another --data".into()]));
    }
    let mut config = Config::default();
    if let Some(address) = options.listen {
        config.web.listen = vec![address];
    }
    if let Some(name) = &options.name {
        config.appliance.name.clone_from(name);
    }
    make(&options.place, &config)?;
    let policy = propose_policy(&options.place)?;
    let link = first_login(&options.place, &options.admin)?;
    if json {
        println!(
            "{}",
            serde_json::json!({ "config": file, "data": options.place.data, "first_login": link, "policy": policy })
        );
    } else {
        println!("data directory  {}", options.place.data.display());
        println!("configuration   {}", file.display());
        println!("policy          {} (examples to be made yours; nothing is enforced)", shown(&policy));
        println!("vault key       keep a copy of it in a safe: without it no credential can be opened");
        println!("start           portcullis serve --data {}", options.place.data.display());
        println!("first login     {link}");
        println!(
            "                (works once, for 24 hours; on a browser that warns, compare the certificate's fingerprint)"
        );
    }
    Ok(())
}

/// Makes the directory and everything in it but the database.
pub fn make(place: &Place, config: &Config) -> anyhow::Result<()> {
    let data = &place.data;
    make_private_dir(data)?;
    make_private_dir(&data.join("tls"))?;
    let text = annotated(config).context("write the configuration")?;
    files::write_new(&place.config_file(), text.as_bytes(), 0o640)?;
    parts::establish_vault(data, config)?;
    let pair = (data.join(&config.web.certificate), data.join(&config.web.key));
    if !pair.0.exists() {
        let (certificate, key) = tls::self_signed(&config.appliance.name, &config.web.listen)?;
        files::write_new(&pair.0, certificate.as_bytes(), 0o644)?;
        files::write_new(&pair.1, key.as_bytes(), 0o600)?;
    }
    let signer = data.join(parts::AUDIT_KEY);
    if !signer.exists() {
        audit::key::create(&signer)
            .with_context(|| format!("make the audit log's key {}", signer.display()))?;
    }
    Ok(())
}

/// Puts the shipped scenario and an example of a site file beside the configuration. What is there stays as it is.
pub fn propose_policy(place: &Place) -> anyhow::Result<Vec<PathBuf>> {
    let texts = [(SCENARIO, shipped::SCENARIO), (SITE, shipped::SITE)];
    let mut written = Vec::new();
    for (name, text) in texts {
        let file = beside(place, name);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
        }
        if fs::symlink_metadata(&file).is_err() {
            files::write_new(&file, text.as_bytes(), 0o640)?;
        }
        written.push(file);
    }
    Ok(written)
}

fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

/// Makes the first administrator, if there is no user yet, and a one-time link for the given account.
pub fn first_login(place: &Place, admin: &str) -> Result<String, Exit> {
    let config = crate::config::read(&place.config_file()).map_err(crate::check::problems)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let path = runtime.block_on(first_login_async(place, &config, admin))?;
    Ok(format!("https://{}{path}", authority(&config)))
}

/// The same, for whoever runs already; the link without the appliance's name.
pub async fn first_login_async(place: &Place, config: &Config, admin: &str) -> Result<String, Exit> {
    let parts = parts::open(place, config).await?;
    let link = link_for(&parts, admin).await;
    parts.close().await;
    link
}

async fn link_for(parts: &parts::Parts, admin: &str) -> Result<String, Exit> {
    let actor = Actor::system("operator");
    let access: Arc<control::AccessBook> = Arc::clone(parts.door.access());
    let secret = if parts.door.users(&actor).await?.iter().any(|user| user.name == admin) {
        parts.door.run(&actor, &access, model::command::access::ResetUser { name: admin.into() }).await?
    } else {
        let create = CreateUser { name: admin.into(), full_name: String::new() };
        let secret = parts.door.run(&actor, &access, create).await?;
        let grant = AddGrant { user: admin.into(), role: Role::Administrator, scope: Scope::All };
        parts.door.run(&actor, &access, grant).await?;
        secret
    };
    Ok(format!("/enrol/{}", secret.expose()))
}

/// The name and port that people type.
pub fn authority(config: &Config) -> String {
    let name = &config.appliance.name;
    match config.web.listen.first().map_or(443, std::net::SocketAddr::port) {
        443 => name.clone(),
        port => format!("{name}:{port}"),
    }
}

fn make_private_dir(path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("make the directory {}", path.display()))?;
    }
    let mode = fs::metadata(path)?.permissions().mode();
    anyhow::ensure!(mode & 0o077 == 0, "{} may be read by others; run: chmod 700 {0}", path.display());
    Ok(())
}
