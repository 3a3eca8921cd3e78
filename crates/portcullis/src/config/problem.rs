//! Reading the file, and saying what is wrong with it: file, line, column, why, and what to do.

use super::{Config, locate};
use std::path::{Path, PathBuf};

/// Something that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  hint: {hint}"))
    }
}

impl std::error::Error for Problem {}

/// Reads a configuration file.
///
/// # Errors
/// Every problem that was found, in the order of the file.
pub fn read(file: &Path) -> Result<Config, Vec<Problem>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let hint = "`portcullis init` writes an annotated one".to_owned();
        vec![Problem {
            file: file.into(),
            line: 1,
            column: 1,
            what: format!("cannot be read: {error}"),
            hint: Some(hint),
        }]
    })?;
    let config: Config = toml::from_str(&text).map_err(|error| vec![syntax(file, &text, &error)])?;
    let problems = judge(file, &text, &config);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let (line, column) = locate::line_and_column(text, error.span().map_or(0, |span| span.start));
    let what = error.message().to_owned();
    let hint = unknown_key(&what);
    Problem { file: file.into(), line, column, what, hint }
}

/// A hint for serde's "unknown field `adress`, expected one of `address`, `name`".
fn unknown_key(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown field"))?;
    let nearest = locate::nearest(wrong, quoted)?;
    Some(format!("did you mean `{nearest}`?"))
}

/// What parses and still cannot be meant.
fn judge(file: &Path, text: &str, config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |section: &str, key: &str, what: String, hint: &str| {
        let (line, column) = locate::key(text, section, key);
        problems.push(Problem { file: file.into(), line, column, what, hint: Some(hint.into()) });
    };
    if let Err(error) = config.key_source(Path::new("/")) {
        wrong("appliance", "vault_key", error.to_string(), "use file:PATH, credential:NAME or passphrase");
    }
    if config.appliance.store.starts_with("postgres") {
        wrong("appliance", "store", "this version keeps its state in SQLite only".into(), "use sqlite:FILE");
    }
    if config.audit.checkpoint_records == 0 || config.audit.checkpoint_minutes == 0 {
        wrong(
            "audit",
            "checkpoint_records",
            "checkpoints need a distance of at least 1".into(),
            "use 1000 and 15",
        );
    }
    if tracing_subscriber::EnvFilter::try_new(&config.log.level).is_err() {
        wrong(
            "log",
            "level",
            format!("{:?} is no log filter", config.log.level),
            "use error, warn, info or debug",
        );
    }
    for found in config.syslog.problems() {
        wrong("syslog", found.key, found.what, found.hint);
    }
    for (at, zone) in config.zone.iter().enumerate() {
        if zone.networks.is_empty() {
            wrong(
                "zone",
                "networks",
                format!("zone {:?} has no network", zone.name),
                "name at least one, such as 10.20.0.0/16",
            );
        }
        let earlier = config.zone.get(..at).unwrap_or_default();
        for (network, other) in zone.networks.iter().flat_map(|n| earlier.iter().map(move |other| (n, other)))
        {
            if other.networks.contains(network) {
                let what =
                    format!("network {network} stands in zone {:?} and in zone {:?}", other.name, zone.name);
                wrong("zone", "networks", what, "a network belongs to one zone");
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("portcullis.toml");
        std::fs::write(&file, text).unwrap();
        let shown = |problem: &Problem| {
            let Problem { line, column, what, hint, .. } = problem;
            format!("{line}:{column}: {what} [{}]", hint.as_deref().unwrap_or("-"))
        };
        read(&file).err().unwrap_or_default().iter().map(shown).collect()
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(problems(""), Vec::<String>::new());
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_place_and_the_right_word() {
        let [problem] = &problems("[web]\ncertificat = \"127.0.0.1:1\"\n")[..] else { panic!("one problem") };
        assert!(problem.starts_with("2:1: unknown field `certificat`"), "{problem}");
        assert!(problem.ends_with("[did you mean `certificate`?]"), "{problem}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place() {
        let [problem] = &problems("\n[web]\nlisten = \"nonsense\"\n")[..] else { panic!("one problem") };
        assert!(problem.starts_with("3:10: "), "{problem}");
    }

    #[test]
    fn a_listener_for_syslog_is_judged_with_its_place() {
        let found = problems("[syslog]\ntls = \"0.0.0.0:6514\"\nudp = \"0.0.0.0:514\"\n");
        let [port, from] = &found[..] else { panic!("two problems: {found:?}") };
        assert!(port.starts_with("3:1: port 514") && port.contains("portcullis-syslog.socket"), "{port}");
        assert!(from.starts_with("1:1: ") && from.contains("[name the networks"), "{from}");
        assert_eq!(problems("[syslog]\ntcp = \"[::]:1514\"\nfrom = [\"10.0.0.0/8\"]\n"), [""; 0]);
    }

    #[test]
    fn what_parses_and_cannot_be_meant_is_named_too() {
        let text = "[appliance]\nvault_key = \"magic\"\n[[zone]]\nname = \"a\"\nnetworks = [\"10.0.0.0/8\"]\n[[zone]]\nname = \"b\"\nnetworks = [\"10.0.0.0/8\"]\n";
        let problems = problems(text);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("2:1: "), "{problems:?}");
        assert!(
            problems[1].contains("network 10.0.0.0/8 stands in zone \"a\" and in zone \"b\""),
            "{problems:?}"
        );
    }
}
