//! The shipped files, and what holds of every answer.
use super::*;
use crate::shipped;

#[test]
fn the_shipped_files_give_nothing_to_tell() {
    let terms = Terms::new("2026-11-20".parse().unwrap());
    let checked = files(
        (shipped::SCENARIO.as_bytes(), shipped::SCENARIO_FILE),
        (shipped::SITE.as_bytes(), shipped::SITE_FILE),
        terms,
    );
    let told: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(checked.plan.is_some());
}
