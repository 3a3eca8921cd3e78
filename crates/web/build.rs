//! Installs what the pages load from npm, and embeds assets and manual into the program.
//!
//! The network is needed once: an installed `assets/node_modules` that fits the lock file is used as it is.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Constant's name, name in the URL, extension, content type, file below `assets/`.
const ASSETS: &[(&str, &str, &str, &str, &str)] = &[
    ("APP_CSS", "app", "css", "text/css; charset=utf-8", "app.css"),
    ("APP_JS", "app", "js", "text/javascript; charset=utf-8", "app.js"),
    ("ICON", "icon", "svg", "image/svg+xml", "icon.svg"),
    ("HTMX_JS", "htmx", "js", "text/javascript; charset=utf-8", "node_modules/htmx.org/dist/htmx.min.js"),
];

fn main() -> Outcome<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let assets = root.join("assets");
    for file in ["package.json", "package-lock.json", "app.css", "app.js", "icon.svg"] {
        println!("cargo::rerun-if-changed={}", assets.join(file).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    install(&assets)?;
    fs::write(out.join("assets.rs"), embed_assets(&assets)?)?;
    fs::write(out.join("manual.rs"), embed_manual(&root.join("../../docs/manual"))?)?;
    Ok(())
}

/// Runs `npm ci` unless what is installed was installed from this very lock file.
fn install(assets: &Path) -> Outcome<()> {
    let lock = fs::read(assets.join("package-lock.json"))?;
    let stamp = assets.join("node_modules/.portcullis-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let result = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(assets)
        .output();
    match result {
        Ok(output) if output.status.success() => Ok(fs::write(stamp, lock)?),
        Ok(output) => Err(format!(
            "`npm ci` in {} failed ({}):\n{}\nThe pages need htmx from the npm registry once; later builds work offline.",
            assets.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
        Err(cause) => Err(format!(
            "cannot run `{npm}` ({cause}). The pages need htmx from the npm registry: install Node.js with npm \
             (Debian: `apt install nodejs npm`) and build again."
        )
        .into()),
    }
}

fn embed_assets(assets: &Path) -> Outcome<String> {
    let mut code = String::new();
    let mut all = String::new();
    for (constant, name, extension, kind, file) in ASSETS {
        let path = assets.join(file);
        let hash = fnv1a(&fs::read(&path)?);
        writeln!(
            code,
            "/// Where `{file}` is served.\npub const {constant}: &str = \"/assets/{name}.{hash:016x}.{extension}\";"
        )?;
        writeln!(all, "    Asset {{ path: {constant}, kind: {kind:?}, bytes: include_bytes!({path:?}) }},")?;
    }
    writeln!(code, "const ALL: &[Asset] = &[\n{all}];")?;
    Ok(code)
}

/// The chapters in the order of their file names.
fn embed_manual(folder: &Path) -> Outcome<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut chapters: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    chapters.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    chapters.sort();
    let mut code = String::from("const SOURCES: &[(&str, &str)] = &[\n");
    for path in chapters {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        writeln!(code, "    ({name:?}, include_str!({:?})),", path.canonicalize()?)?;
    }
    code.push_str("];\n");
    Ok(code)
}

/// FNV-1a, 64 bit: names a version of a file in its URL.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
