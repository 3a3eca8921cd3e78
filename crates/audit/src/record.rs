//! What a record says: the body of each kind.

use model::{Action, Actor, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of a record that begins an act.
pub const BEGIN: &str = "begin";
/// The kind of a record that says how an act ended.
pub const END: &str = "end";
/// The kind of a record that says that nobody will ever say how an act ended.
pub const INTERRUPTED: &str = "interrupted";
/// The kind of a record of something that is no act.
pub const NOTE: &str = "note";

/// An act that is about to happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// Who acts.
    pub actor: Actor,
    /// What is done.
    pub action: Action,
    /// On what.
    pub object: Object,
    /// What is particular about it. It is written as it stands: never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// Whether it must stay possible when the disk is full (power-off, revert, quarantine).
    #[serde(default, skip_serializing_if = "is_false")]
    pub essential: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was not done, or not wholly; why, in one line.
    Failed(String),
}

/// The body of an `end` record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The number of the record that began the act.
    pub of: u64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What is particular about it. It is written as it stands: never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// The body of an `interrupted` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// The number of the record that began the act.
    pub of: u64,
}

macro_rules! notes {
    ($($variant:ident = $name:literal, $essential:literal, $doc:literal;)+) => {
        /// Something that is no act and is written down all the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Note { $(#[doc = $doc] #[serde(rename = $name)] $variant,)+ }

        impl Note {
            /// Every one, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }

            /// Whether it must stay possible when the disk is full: without it no essential act can be reached.
            /// What a stranger can cause at will is never essential.
            #[must_use]
            pub const fn essential(self) -> bool {
                match self { $(Self::$variant => $essential,)+ }
            }
        }
    };
}

notes! {
    SignIn = "sign_in", true, "Somebody signed in.";
    SignInFailed = "sign_in_failed", false, "Somebody tried to sign in and was refused.";
    SignOut = "sign_out", false, "Somebody signed out, or a session was ended.";
    LoginRenewal = "login_renewal", false, "Somebody showed both factors to choose new ones.";
    Enrolled = "enrolled", false, "Somebody chose password and second factor by a one-time link.";
    RecoveryCode = "recovery_code", true, "A recovery code was used instead of the second factor.";
    Lockout = "lockout", false, "An account or an address was locked after too many wrong tries.";
    Refused = "refused", false, "An act was asked for and not allowed.";
    Start = "start", true, "The appliance started.";
    Stop = "stop", true, "The appliance stopped.";
    PolicyFellBack = "policy_fell_back", true, "The kernel took a policy on trial back by itself, because nobody confirmed it in time.";
    Configuration = "configuration", false, "The configuration in force, or a change of it.";
    Restored = "restored", false, "A backup was put in the place of the database: accounts, grants and devices of another day.";
    Recovered = "recovered", true, "An unfinished last line, left by a crash and never acknowledged, was removed.";
    ClockSetBack = "clock_set_back", true, "The wall clock went backwards.";
}

/// The body of a `note` record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteBody {
    /// What happened.
    pub note: Note,
    /// Who caused it.
    pub actor: Actor,
    /// The action that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What it is about, if it is about something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What is particular about it. It is written as it stands: never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_stands_flat_in_its_record() {
        let end = End { of: 7, outcome: Outcome::Failed("BMC answered 503".into()), detail: Value::Null };
        let json = serde_json::to_string(&end).unwrap();
        assert_eq!(json, r#"{"of":7,"outcome":"failed","reason":"BMC answered 503"}"#);
        assert_eq!(serde_json::from_str::<End>(&json).unwrap(), end);
        let end = End { of: 7, outcome: Outcome::Ok, detail: Value::Null };
        let json = serde_json::to_string(&end).unwrap();
        assert_eq!(json, r#"{"of":7,"outcome":"ok"}"#);
        assert_eq!(serde_json::from_str::<End>(&json).unwrap(), end);
    }
}
