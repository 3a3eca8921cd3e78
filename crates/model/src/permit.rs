//! Proof that an act was authorised and written down.

use crate::{Action, Actor, Object};
use mint::Mint;

/// Handed by `control` to a part for exactly one act; a part that changes the world takes one by value.
///
/// It cannot be built, cloned or read from anywhere:
///
/// ```compile_fail
/// let permit = model::Permit { record: 1 };
/// ```
/// ```compile_fail
/// fn twice(permit: model::Permit) -> (model::Permit, model::Permit) { (permit.clone(), permit) }
/// ```
/// ```compile_fail
/// // `mint` is not a dependency of this crate's users, and `model` does not pass it on.
/// use model::permit::Mint;
/// ```
#[derive(Debug)]
pub struct Permit {
    record: u64,
    actor: Actor,
    action: Action,
    object: Object,
}

impl Permit {
    /// Issues a permit for the act whose audit record is already on disk as number `record`.
    ///
    /// Only `control` can name a [`Mint`].
    #[must_use]
    pub fn issue(_mint: Mint, record: u64, actor: Actor, action: Action, object: Object) -> Self {
        Self { record, actor, action, object }
    }

    /// The number of the audit record that precedes the act.
    #[must_use]
    pub const fn record(&self) -> u64 {
        self.record
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What was allowed.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// On what it was allowed.
    #[must_use]
    pub const fn object(&self) -> &Object {
        &self.object
    }
}
