//! Acts on users, grants and tokens, carried out by `control`.

use super::command;
use crate::access::{Action, Limit, Role, Scope};
use crate::secret::Secret;
use jiff::Timestamp;
use serde_json::json;

command! {
    /// Create a user; comes back with a link's token that sets password and second factor once.
    CreateUser -> Secret<String>, Action::UserManage, |this| json!({ "full_name": this.full_name }), {
        /// The account's name.
        name: String,
        /// The person's name.
        full_name: String,
    }
}

command! {
    /// Let a user choose a new password and second factor; comes back with a link's token. Ends their sessions.
    ResetUser -> Secret<String>, Action::UserManage, |_this| json!({ "reset": true }), {
        /// The account's name.
        name: String,
    }
}

command! {
    /// Disable or enable a user; disabling ends their sessions and tokens at once.
    SetUserEnabled -> (), Action::UserManage, |this| json!({ "enabled": this.enabled }), {
        /// The account's name.
        name: String,
        /// Whether they may sign in.
        enabled: bool,
    }
}

command! {
    /// Give a user a role over a scope; comes back with the grant's number.
    AddGrant -> i64, Action::UserManage, |this| json!({ "role": this.role, "scope": this.scope }), {
        /// The account's name.
        user: String,
        /// The role.
        role: Role,
        /// The devices that it is about.
        scope: Scope,
    }
}

command! {
    /// Take a grant back.
    RevokeGrant -> (), Action::UserManage, |this| json!({ "grant": this.grant }), {
        /// The account that holds it.
        user: String,
        /// The grant's number.
        grant: i64,
    }
}

command! {
    /// Make an API token of one's own; comes back with the token, shown once.
    CreateToken -> Secret<String>, Action::TokenOwn,
    |this| json!({ "label": this.label, "limit": this.limit, "expires_at": this.expires_at }), {
        /// The account that it belongs to.
        user: String,
        /// What it is for.
        label: String,
        /// What it may do at most.
        limit: Limit,
        /// When it ends.
        expires_at: Timestamp,
    }
}

command! {
    /// End a token.
    RevokeToken -> (), Action::TokenOwn, |this| json!({ "token": this.id }), {
        /// The account that it belongs to.
        user: String,
        /// The token's public identifier.
        id: String,
    }
}
