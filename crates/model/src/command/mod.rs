//! The acts: what is asked for, of which object, and what comes back.
//!
//! A command is plain data, so pages, API and command line can make one without knowing the part that
//! carries it out; `control::Door::run` authorises it, writes it down, and hands it to the part with a [`Permit`].

pub mod access;
pub mod bmc;
pub mod policy;
pub mod records;

use crate::access::{Action, Object};
use crate::failure::Failure;
use crate::permit::Permit;

/// A future behind a pointer, so that parts can be trait objects.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that is asked for.
pub trait Command: Send + Sync + 'static {
    /// What comes back when it worked.
    type Outcome: Send + 'static;

    /// What is done, for grants and records.
    fn action(&self) -> Action;

    /// What the audit record keeps of the arguments; never a secret.
    fn detail(&self) -> serde_json::Value;

    /// Whether the act must work on a full disk: its record may use the audit log's reserve.
    fn is_essential(&self) -> bool {
        false
    }
}

/// A part of the appliance that carries a kind of command out.
pub trait Part<C: Command>: Send + Sync {
    /// The object that the command is about, with the facts that scopes are decided by.
    ///
    /// # Errors
    /// If there is no such object.
    fn object(&self, command: &C) -> Result<Object, Failure>;

    /// Carries it out. The permit is used up.
    fn perform(&self, permit: Permit, command: C) -> BoxFuture<'_, Result<C::Outcome, Failure>>;
}

macro_rules! command {
    ($(#[$meta:meta])* $name:ident -> $outcome:ty, $action:expr, essential: $essential:expr, |$this:ident| $detail:expr, {
        $($(#[$fmeta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name { $($(#[$fmeta])* pub $field: $type,)* }

        impl crate::command::Command for $name {
            type Outcome = $outcome;

            fn action(&self) -> crate::access::Action {
                $action
            }

            fn detail(&self) -> serde_json::Value {
                let $this = self;
                $detail
            }

            fn is_essential(&self) -> bool {
                let $this = self;
                let _ = $this;
                $essential
            }
        }
    };
    ($(#[$meta:meta])* $name:ident -> $outcome:ty, $action:expr, |$this:ident| $detail:expr, { $($fields:tt)* }) => {
        command! { $(#[$meta])* $name -> $outcome, $action, essential: false, |$this| $detail, { $($fields)* } }
    };
}
pub(crate) use command;
