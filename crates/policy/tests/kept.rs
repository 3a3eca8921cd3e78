//! What is kept in `docs/` and made from the code: the JSON Schemas and the manual's table of mistakes.
//! `UPDATE_POLICY_DOCS=1 cargo test -p policy --test kept` writes them.

use policy::diagnostic::Code;
use std::path::PathBuf;

const OPEN: &str = "<!-- policy:diagnostics -->";
const CLOSE: &str = "<!-- /policy:diagnostics -->";

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_POLICY_DOCS").is_some()
}

#[test]
fn the_schemas_in_git_are_those_of_the_types() {
    for (name, schema) in
        [("scenario.json", policy::schema::scenario()), ("site.json", policy::schema::site())]
    {
        let path = docs().join("schema").join(name);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if is_updating() {
            std::fs::create_dir_all(docs().join("schema")).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "docs/schema/{name} is not what the types say; renew it: UPDATE_POLICY_DOCS=1 cargo test -p policy --test kept"
        );
    }
}

#[test]
fn every_field_is_described() {
    for schema in [policy::schema::scenario(), policy::schema::site()] {
        let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        for (name, field) in definitions.filter_map(|one| one["properties"].as_object()).flatten() {
            assert!(field["description"].is_string(), "{name} has no description");
        }
    }
}

#[test]
fn the_manual_lists_every_mistake() {
    let path = docs().join("manual/policy.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(OPEN).expect(OPEN);
    let (kept, after) = rest.split_once(CLOSE).expect(CLOSE);
    let rows = Code::ALL
        .iter()
        .map(|code| format!("| `{code}` | {} | {} | {} |\n", code.severity(), code.meaning(), code.why()));
    let table = format!(
        "\n| code | | what it is | why it matters |\n|---|---|---|---|\n{}",
        rows.collect::<String>()
    );
    if is_updating() {
        std::fs::write(&path, format!("{before}{OPEN}{table}{CLOSE}{after}")).unwrap();
        return;
    }
    assert!(
        kept == table,
        "the table of docs/manual/policy.md is not what the code says; renew it: UPDATE_POLICY_DOCS=1 cargo test -p policy --test kept"
    );
}

#[test]
fn the_manual_names_every_field() {
    let manual = std::fs::read_to_string(docs().join("manual/policy.md")).unwrap();
    for schema in [policy::schema::scenario(), policy::schema::site()] {
        let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        for (name, _) in definitions.filter_map(|one| one["properties"].as_object()).flatten() {
            assert!(manual.contains(&format!("`{name}`")), "docs/manual/policy.md does not name `{name}`");
        }
    }
}

/// The manual's two examples belong together and are without errors.
#[test]
fn the_manuals_examples_hold() {
    let manual = std::fs::read_to_string(docs().join("manual/policy.md")).unwrap();
    let mut examples = manual.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (scenario, site) = (examples.next().unwrap(), examples.next().unwrap());
    assert!(examples.next().is_none());
    let terms = policy::check::Terms::new(jiff::civil::date(2026, 11, 20));
    let checked = policy::check::files((scenario.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms);
    let told: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    assert!(checked.plan.is_some(), "{}", told.join("\n"));
    let codes: Vec<Code> = checked.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::NoTimeFlow, Code::NoLogFlow, Code::NoDirectoryFlow], "{}", told.join("\n"));
}
