//! Every fuzz target, called with its seeds and with seeded mutations of them.

use crate::mutate::{Dice, mutated};
use crate::{TARGETS, Target};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Mutations of each target's seeds; `make prove` leaves the long search to the fuzzer.
const ROUNDS: usize = 10_000;
/// Of a whole policy, which is also checked, bound, written and read again: each takes as long as many of the others.
const POLICY_ROUNDS: usize = 2_000;

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = fuzz().join("seeds").join(target.name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no seed", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn call(target: &Target, input: &[u8]) {
    if let Err(cause) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        let kept = std::env::temp_dir().join(format!("{}-{}.input", target.name, std::process::id()));
        std::fs::write(&kept, input).unwrap();
        eprintln!("target {} broke on {} bytes, kept in {}", target.name, input.len(), kept.display());
        std::panic::resume_unwind(cause);
    }
}

#[test]
fn no_mutation_of_a_seed_breaks_a_promise() {
    for target in &TARGETS {
        let seeds = seeds(target);
        let mut dice = Dice::new(0x5eed);
        seeds.iter().for_each(|seed| call(target, seed));
        let rounds = if target.name.starts_with("policy_") { POLICY_ROUNDS } else { ROUNDS };
        for _ in 0..rounds {
            let (seed, other) = (&seeds[dice.below(seeds.len())], &seeds[dice.below(seeds.len())]);
            call(target, &mutated(seed, other, &mut dice));
        }
    }
}

#[test]
fn the_fuzzer_has_the_same_targets() {
    let ours: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let entries = std::fs::read_dir(fuzz().join("fuzz_targets")).unwrap();
    let files: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect();
    assert_eq!(ours, files);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &ours {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no [[bin]] {name}");
    }
}
