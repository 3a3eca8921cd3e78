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

/// Says that a part carries a kind of command out: which object a command is about, and what is done with a permit.
///
/// ```
/// use model::command::policy::Revert;
/// use model::{Failure, Object, Permit};
///
/// struct Kernel;
///
/// impl Kernel {
///     async fn revert(&self, _: &Permit) -> Result<(), Failure> {
///         Ok(())
///     }
/// }
///
/// model::part!(Kernel, Revert, |_this, _asked| Ok(Object::Appliance), |this, permit, _order| {
///     this.revert(&permit).await
/// });
/// ```
#[macro_export]
macro_rules! part {
    ($part:ty, $command:ty, |$this:ident, $asked:ident| $object:expr, |$me:ident, $permit:ident, $order:ident| $perform:expr) => {
        impl $crate::command::Part<$command> for $part {
            fn object(&self, $asked: &$command) -> Result<$crate::Object, $crate::Failure> {
                let $this = self;
                $object
            }

            fn perform(
                &self,
                $permit: $crate::Permit,
                $order: $command,
            ) -> $crate::command::BoxFuture<
                '_,
                Result<<$command as $crate::command::Command>::Outcome, $crate::Failure>,
            > {
                let $me = self;
                Box::pin(async move { $perform })
            }
        }
    };
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
