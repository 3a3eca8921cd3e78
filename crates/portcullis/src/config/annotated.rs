//! The annotated file that `init` writes, made from the same structs that read it.

use super::Config;
use model::settings::Documented;
use std::fmt::Write as _;

/// A configuration as a file, every key with what it means.
///
/// # Errors
/// If a value cannot be written as TOML.
pub fn annotated(config: &Config) -> Result<String, toml::ser::Error> {
    let mut text = String::from(
        "# Portcullis. Every key stands here with its meaning; a commented one shows what it could be.\n\
         # `portcullis check` tells what is wrong, with line and column, before the appliance is started.\n",
    );
    section(&mut text, "appliance", &config.appliance)?;
    section(&mut text, "web", &config.web)?;
    section(&mut text, "access", &config.access)?;
    section(&mut text, "audit", &config.audit)?;
    section(&mut text, "archive", &config.archive)?;
    section(&mut text, "bmc", &config.bmc)?;
    section(&mut text, "firewall", &config.firewall)?;
    section(&mut text, "inventory", &config.inventory)?;
    section(&mut text, "log", &config.log)?;
    section(&mut text, "syslog", &config.syslog)?;
    zones(&mut text, config)?;
    Ok(text)
}

fn section<T: Documented + serde::Serialize>(
    text: &mut String,
    name: &str,
    values: &T,
) -> Result<(), toml::ser::Error> {
    text.push('\n');
    comment(text, T::SUMMARY);
    let _ = writeln!(text, "[{name}]");
    let table = toml::Table::try_from(values)?;
    for (key, meaning) in T::KEYS {
        // A table inside a section stands as a section of its own; an empty one shows that it could be there.
        if table.get(*key).and_then(toml::Value::as_table).is_some_and(|inside| !inside.is_empty()) {
            continue;
        }
        text.push('\n');
        comment(text, meaning);
        let _ = match table.get(*key) {
            Some(value) => writeln!(text, "{key} = {value}"),
            None => writeln!(text, "# {key} = \"…\""),
        };
    }
    Ok(())
}

fn zones(text: &mut String, config: &Config) -> Result<(), toml::ser::Error> {
    text.push('\n');
    comment(
        text,
        "The zones that controllers live in: grants can be given over a zone, and sweeps are meant for them.\n\
         The longest prefix decides; an address in no zone lies `elsewhere`.\n",
    );
    if config.zone.is_empty() {
        comment(text, "[[zone]]\nname = \"management\"\nnetworks = [\"10.20.0.0/16\", \"fd00:20::/64\"]\n");
    }
    for zone in &config.zone {
        let _ = writeln!(text, "[[zone]]\n{}", toml::to_string(zone)?.trim_end());
    }
    Ok(())
}

fn comment(text: &mut String, lines: &str) {
    for line in lines.trim_end().lines() {
        let _ = writeln!(text, "# {}", line.trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotated_file_reads_as_what_it_was_made_from() {
        let config = Config::default();
        let text = annotated(&config).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        assert!(text.contains("# The name or address that people type"));
    }
}
