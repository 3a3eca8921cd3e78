//! The capability to make a [`Permit`](../model/struct.Permit.html).
//!
//! `model::Permit::issue` wants a [`Mint`], and a crate can name this one only if its own
//! `Cargo.toml` lists it: the dependency graph, not a convention, decides who may act.
//! `cargo xtask tidy` allows that edge to `model` (which defines the permit) and `control` (which
//! authorises and audits before it issues one), and as a dev-dependency to the drivers' own tests.
//!
//! It must never gain a `Default`, `From`, `Clone` or `Deserialize`: each would let a crate without
//! the dependency conjure one through inference.

/// Proof that the holder is the door.
#[derive(Debug)]
pub struct Mint(());

impl Mint {
    /// Makes the capability; nameable only where `mint` is a declared dependency.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a Default would leak the capability by inference")]
    pub const fn new() -> Self {
        Self(())
    }
}
