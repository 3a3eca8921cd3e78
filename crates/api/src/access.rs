//! Users, grants, tokens, explanations.

use jiff::Timestamp;
use model::access::{Limit, Role};
use model::{Grant, Scope, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The account's name.
    pub name: String,
    /// The person's name.
    pub full_name: String,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they have chosen a password.
    pub enrolled: bool,
    /// Whether they have a second factor.
    pub second_factor: bool,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// When they last signed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_sign_in: Option<Timestamp>,
    /// What they may do.
    pub grants: Vec<Grant>,
}

/// A user to create.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The account's name.
    pub name: String,
    /// The person's name.
    #[serde(default)]
    pub full_name: String,
}

/// A one-time link, shown once.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Link {
    /// The path to append to the appliance's address; it holds a secret.
    pub path: String,
}

/// Whether a user may sign in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetEnabled {
    /// Whether.
    pub enabled: bool,
}

/// A grant to give.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The role.
    pub role: Role,
    /// `all`, `zone:NAME` or `label:KEY=VALUE`.
    #[schema(value_type = String, example = "zone:lab")]
    pub scope: Scope,
}

/// The number of a grant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// The number.
    pub grant: i64,
}

/// A token of one's own, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its public identifier.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// What it may do at most.
    pub limit: Limit,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A token to make.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(example = "nightly report")]
    pub label: String,
    /// The most powerful role that it can use.
    #[schema(example = "viewer")]
    pub role: Role,
    /// The widest scope that it can use.
    #[schema(value_type = String, example = "all")]
    pub scope: Scope,
    /// In how many days it ends; 1 to 366.
    #[schema(minimum = 1, maximum = 366, example = 90)]
    pub days: u16,
}

/// A new token, shown once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct TokenMade {
    /// The token.
    #[schema(value_type = String)]
    pub token: Secret<String>,
}

/// Who asks, and what they may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// For people.
    pub principal: String,
    /// The account.
    pub user: Option<String>,
    /// What the token may do at most.
    pub limit: Option<Limit>,
    /// The account's grants.
    pub grants: Vec<Grant>,
}

/// A question about rights.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// The account.
    pub user: String,
    /// The action, such as `device.power`.
    #[param(example = "device.power")]
    pub action: String,
    /// The device, by identifier or name; without one the question is about the appliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// The grant that decided.
    pub grant: Option<Grant>,
    /// In one sentence.
    pub why: String,
}
