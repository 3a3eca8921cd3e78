//! May this actor do this action to this object, and by which grant?
//!
//! Four rules, and nothing else allows anything:
//! 1. A user may what one of their grants gives: its role includes the action, its scope covers the object.
//! 2. An API token may at most what its user may and its own limit allows. Tokens are made by people, or by a token
//!    that is limited to nothing less than administrator over all: any other could make a wider one.
//! 3. A part of the appliance may what the table in [`system_actions`] says; `operator`, which runs on the
//!    machine itself with the data directory in hand, may everything.
//! 4. Nobody known may nothing.
//!
//! Scopes speak of devices. Three things lie outside of devices and are still given with any scope: one's own
//! tokens, the appliance's own state, and the list of devices as such (each entry is then decided by itself).

use model::access::Limit;
use model::{Action, Actor, Grant, Object, Principal, Role, Scope};

/// How many grants a sentence names before it says how many more there are.
const NAMED_GRANTS: usize = 5;

/// The answer, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the act may happen.
    pub allowed: bool,
    /// The grant that decided; none for parts of the appliance and for refusals.
    pub by: Option<Grant>,
    /// One sentence for people, which begins with `yes` or `no`.
    pub why: String,
}

impl Decision {
    fn yes(by: Option<&Grant>, why: String) -> Self {
        Self { allowed: true, by: by.cloned(), why: format!("yes: {why}") }
    }

    fn no(why: String) -> Self {
        Self { allowed: false, by: None, why: format!("no: {why}") }
    }
}

/// Decides. `grants` may hold those of other users; they are not looked at.
#[must_use]
pub fn decide(grants: &[Grant], actor: &Actor, action: Action, object: &Object) -> Decision {
    match &actor.principal {
        Principal::User { name } => match &actor.limit {
            None => decide_user(grants, name, action, object),
            Some(limit) => decide_limited(grants, limit, "this session", name, action, object),
        },
        Principal::Token { id, user } => match &actor.limit {
            None => {
                Decision::no(format!("token {id} carries no limit, so nothing is known of what it may do"))
            }
            Some(limit) => decide_limited(grants, limit, &format!("token {id}"), user, action, object),
        },
        Principal::System { name } => decide_system(name, action),
        Principal::Anonymous => Decision::no(format!("{action} needs a signed-in user or a token")),
    }
}

/// What a named part of the appliance may do by itself; `None` for a name that is not in the table.
#[must_use]
pub fn system_actions(name: &str) -> Option<&'static [Action]> {
    match name {
        // Reads devices again when their time has come.
        "poller" => Some(&[Action::DeviceRefresh]),
        // Goes on with a sweep that a person began, after a restart.
        "sweeper" => Some(&[Action::DeviceDiscover]),
        // Keeps the controllers that are read reachable, closes openings with their sessions, and opens again what
        // the kernel has lost.
        "openings" => Some(&[Action::PinholeOpen, Action::PinholeClose]),
        // Keeps devices cut off that somebody cut off, wherever they move.
        "quarantine" => Some(&[Action::DeviceQuarantine]),
        // Takes a controller over when a rule names it.
        "adoption" => Some(&[Action::DeviceAdopt]),
        // A person on the machine itself: `portcullis` verbs that work on the data directory.
        "operator" => Some(Action::ALL),
        _ => None,
    }
}

fn decide_system(name: &str, action: Action) -> Decision {
    match system_actions(name) {
        Some(actions) if actions.contains(&action) => {
            Decision::yes(None, format!("the appliance's own {name} may {action}"))
        }
        Some(_) => Decision::no(format!("the appliance's own {name} may not {action}")),
        None => Decision::no(format!("the appliance has no part named {name:?}")),
    }
}

fn decide_user(grants: &[Grant], user: &str, action: Action, object: &Object) -> Decision {
    if action == Action::TokenOwn && !is_self(user, object) {
        return Decision::no(format!("{action} is about one's own tokens, and {object} is not {user}"));
    }
    let own = || grants.iter().filter(|grant| grant.user == user);
    let deciding = own().find(|grant| gives(grant.role, &grant.scope, user, action, object));
    if let Some(grant) = deciding {
        let why = format!("grant {} gives {user} {} over {}", grant.id, grant.role, grant.scope);
        return Decision::yes(Some(grant), why);
    }
    let including: Vec<&Grant> = own().filter(|grant| grant.role.includes(action)).collect();
    if !including.is_empty() {
        let listed = list(&including);
        return Decision::no(format!(
            "{user}'s grants that include {action} ({listed}) do not cover {object}"
        ));
    }
    match own().collect::<Vec<_>>() {
        all if all.is_empty() => Decision::no(format!("{user} has no grants")),
        all => Decision::no(format!("{user}'s grants ({}) do not include {action}", list(&all))),
    }
}

/// `limited` names what is limited: a token.
fn decide_limited(
    grants: &[Grant],
    limit: &Limit,
    limited: &str,
    user: &str,
    action: Action,
    object: &Object,
) -> Decision {
    let by_user = decide_user(grants, user, action, object);
    if !by_user.allowed {
        return by_user;
    }
    let held = format!("{limited} is limited to {} over {}", limit.role, limit.scope);
    if !gives(limit.role, &limit.scope, user, action, object) {
        let which = by_user
            .by
            .map_or_else(String::new, |grant| format!("grant {} gives it to {user}, but ", grant.id));
        return Decision::no(format!("{which}{held}, which does not give {action} on {object}"));
    }
    if action == Action::TokenOwn && !is_unlimited(limit) {
        let rule = "and only one limited to administrator over all may make tokens, which could be wider than itself";
        return Decision::no(format!("{held}, {rule}"));
    }
    Decision { why: format!("{}, within the limit of {limited}", by_user.why), ..by_user }
}

/// Whether a role over a scope, held by `user`, gives the action on the object.
fn gives(role: Role, scope: &Scope, user: &str, action: Action, object: &Object) -> bool {
    role.includes(action) && (scope.covers(object) || is_beyond_scopes(user, action, object))
}

/// The three cases that any scope covers, since they are about no device.
fn is_beyond_scopes(user: &str, action: Action, object: &Object) -> bool {
    match action {
        Action::TokenOwn => is_self(user, object),
        Action::ApplianceView | Action::DeviceView => *object == Object::Appliance,
        _ => false,
    }
}

fn is_self(user: &str, object: &Object) -> bool {
    matches!(object, Object::User { name } if name == user)
}

fn is_unlimited(limit: &Limit) -> bool {
    limit.role == Role::Administrator && limit.scope == Scope::All
}

/// `2 viewer over all, 3 operator over zone:management`.
fn list(grants: &[&Grant]) -> String {
    let named = grants.iter().take(NAMED_GRANTS);
    let mut words: Vec<String> =
        named.map(|grant| format!("{} {} over {}", grant.id, grant.role, grant.scope)).collect();
    if let Some(more) = grants.len().checked_sub(NAMED_GRANTS).filter(|more| *more > 0) {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}
