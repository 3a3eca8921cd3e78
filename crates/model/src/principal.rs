//! Who acts, and from where.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Somebody, or some part of the appliance, that may act.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Principal {
    /// A person with an account of the appliance's own.
    User {
        /// The account's name.
        name: String,
    },
    /// A program that holds an API token of a user; it may do at most what that user may.
    Token {
        /// The token's public identifier.
        id: String,
        /// The account it belongs to.
        user: String,
    },
    /// A named part of the appliance (`poller`, `sweeper`, `adoption`), or `operator` for verbs that
    /// run on the machine itself with the data directory in hand.
    System {
        /// The part's name.
        name: String,
    },
    /// Nobody that is known: a failed sign-in is written down under this.
    Anonymous,
}

impl Principal {
    /// The account whose grants decide, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User { name } | Self::Token { user: name, .. } => Some(name),
            Self::System { .. } | Self::Anonymous => None,
        }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User { name } => f.write_str(name),
            Self::Token { id, user } => write!(f, "{user} (token {id})"),
            Self::System { name } => write!(f, "system:{name}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// A principal, how it came in, and what narrows its rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// The door it used: `web`, `api`, `cli`, `system`.
    pub via: String,
    /// The address it came from, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub from: Option<IpAddr>,
    /// A token's own role and scope: an upper bound on what its user's grants give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<crate::access::Limit>,
}

impl Actor {
    /// A part of the appliance itself.
    #[must_use]
    pub fn system(name: &str) -> Self {
        Self {
            principal: Principal::System { name: name.into() },
            via: "system".into(),
            from: None,
            limit: None,
        }
    }

    /// A signed-in person on the web pages or through the API.
    #[must_use]
    pub fn user(name: &str, via: &str, from: Option<IpAddr>) -> Self {
        Self { principal: Principal::User { name: name.into() }, via: via.into(), from, limit: None }
    }
}
