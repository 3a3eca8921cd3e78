//! Users and grants in memory, so that every decision is quick, and the acts that change them.

use crate::book::unavailable;
use identity::{Decision, token};
use jiff::Timestamp;
use model::command::access::{
    AddGrant, CreateToken, CreateUser, ResetUser, RevokeGrant, RevokeToken, SetUserEnabled,
};
use model::part;
use model::{Action, Actor, Clock, Device, Failure, Grant, Kind, Object, Principal, Scope, Secret};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use store::Store;

/// The longest account name, in bytes.
const LONGEST_NAME: usize = 64;
/// What a link for a first login or a reset is kept under.
pub(crate) const ENROL: &str = "enrol";

/// Users and grants. The store's content is the truth; this is its copy, renewed with every act.
pub struct AccessBook {
    store: Store,
    clock: Arc<dyn Clock>,
    people: RwLock<People>,
    /// Held by acts that ask whether an administrator is left: two at once could each take the other's away.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct People {
    enabled: HashSet<String>,
    grants: Vec<Grant>,
}

/// Which devices an actor sees.
pub enum Sight<'a> {
    /// All.
    Everything,
    /// Those that a decision allows, one by one.
    Some(&'a AccessBook, &'a Actor),
}

impl Sight<'_> {
    /// Whether this one.
    #[must_use]
    pub fn covers(&self, device: &Device) -> bool {
        match self {
            Self::Everything => true,
            Self::Some(book, actor) => book.decide(actor, Action::DeviceView, &device.object()).allowed,
        }
    }
}

impl AccessBook {
    /// Reads users and grants.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Self, store::Error> {
        let book = Self { store, clock, people: RwLock::default(), turn: tokio::sync::Mutex::default() };
        book.renew().await?;
        Ok(book)
    }

    /// Reads users and grants again.
    ///
    /// # Errors
    /// If the store cannot be read; the copy then stays as it was.
    pub async fn renew(&self) -> Result<(), store::Error> {
        let users = self.store.users().await?;
        let grants = self.store.grants().await?;
        let enabled = users.into_iter().filter(|user| user.enabled).map(|user| user.name).collect();
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = People { enabled, grants };
        Ok(())
    }

    fn people(&self) -> RwLockReadGuard<'_, People> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the actor may, by which grant, and why.
    #[must_use]
    pub fn decide(&self, actor: &Actor, action: Action, object: &Object) -> Decision {
        let people = self.people();
        if let Some(user) = actor.principal.user()
            && !people.enabled.contains(user)
        {
            return Decision {
                allowed: false,
                by: None,
                why: format!("no: there is no enabled user {user}"),
            };
        }
        identity::decide(&people.grants, actor, action, object)
    }

    /// Whether a user of this name may sign in.
    #[must_use]
    pub fn is_enabled(&self, user: &str) -> bool {
        self.people().enabled.contains(user)
    }

    /// Which devices the actor sees.
    #[must_use]
    pub fn sight<'a>(&'a self, actor: &'a Actor) -> Sight<'a> {
        let within = actor.limit.as_ref().is_none_or(|limit| limit.scope == Scope::All);
        let over_all = self.people().grants.iter().any(|grant| {
            Some(grant.user.as_str()) == actor.principal.user()
                && grant.scope == Scope::All
                && grant.role.includes(Action::DeviceView)
        });
        if within && over_all { Sight::Everything } else { Sight::Some(self, actor) }
    }

    /// All grants.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        self.people().grants.clone()
    }

    /// Makes a one-time link for a first login or a reset; comes back with its text.
    ///
    /// # Errors
    /// If there is no randomness or the store cannot be written.
    pub async fn make_link(&self, user: &str) -> Result<Secret<String>, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable(format!("user {user}"), error);
        let minted = token::mint(token::Kind::Link).map_err(|error| failed(&error))?;
        let now = self.clock.now();
        let link = store::Link {
            id: minted.id,
            hash: minted.hash,
            user: user.to_owned(),
            purpose: ENROL.to_owned(),
            created_at: now,
            expires_at: now.checked_add(token::LINK_LIFETIME).unwrap_or(Timestamp::MAX),
            used_at: None,
        };
        self.store.create_link(&link).await.map_err(|error| failed(&error))?;
        Ok(minted.text)
    }

    async fn create_user(&self, command: CreateUser) -> Result<Secret<String>, Failure> {
        let name = valid_name(&command.name)?;
        let subject = format!("user {name}");
        let failed = |error: store::Error| unavailable(subject.clone(), &error);
        if self.store.user(&name).await.map_err(failed)?.is_some() {
            return Err(Failure::new(Kind::Conflict, "create", subject, "there is a user of this name"));
        }
        let user = store::User {
            name: name.clone(),
            full_name: command.full_name.trim().chars().take(200).collect(),
            enabled: true,
            password: None,
            totp: None,
            totp_last_step: None,
            recovery: Vec::new(),
            created_at: self.clock.now(),
            last_sign_in: None,
        };
        self.store.create_user(&user).await.map_err(failed)?;
        self.renew().await.map_err(failed)?;
        self.make_link(&name).await
    }

    async fn reset_user(&self, name: &str) -> Result<Secret<String>, Failure> {
        self.known(name).await?;
        let failed = |error: store::Error| unavailable(format!("user {name}"), &error);
        self.store.set_password(name, None).await.map_err(failed)?;
        self.store.set_second_factor(name, None, &[]).await.map_err(failed)?;
        self.store.end_sessions_of(name).await.map_err(failed)?;
        self.make_link(name).await
    }

    async fn set_enabled(&self, name: &str, enabled: bool) -> Result<(), Failure> {
        let failed = |error: store::Error| unavailable(format!("user {name}"), &error);
        let _turn = self.turn.lock().await;
        if !enabled && self.is_last_administrator(name) {
            let cause = "nobody else may manage users then";
            return Err(Failure::new(Kind::Conflict, "disable", format!("user {name}"), cause)
                .hint("give another user the role administrator over all first"));
        }
        if !self.store.set_user_enabled(name, enabled, self.clock.now()).await.map_err(failed)? {
            return Err(no_such_user(name));
        }
        self.renew().await.map_err(failed)
    }

    async fn add_grant(&self, command: &AddGrant) -> Result<i64, Failure> {
        self.known(&command.user).await?;
        let failed = |error: store::Error| unavailable(format!("user {}", command.user), &error);
        let same = |grant: &Grant| {
            grant.user == command.user && grant.role == command.role && grant.scope == command.scope
        };
        if let Some(grant) = self.grants().into_iter().find(same) {
            return Ok(grant.id);
        }
        let id = self.store.add_grant(&command.user, command.role, &command.scope).await.map_err(failed)?;
        self.renew().await.map_err(failed)?;
        Ok(id)
    }

    async fn revoke_grant(&self, command: &RevokeGrant) -> Result<(), Failure> {
        let subject = || format!("grant {} of user {}", command.grant, command.user);
        let failed = |error: store::Error| unavailable(subject(), &error);
        let _turn = self.turn.lock().await;
        let of_administrator = |grant: &Grant| grant.id == command.grant && is_over_everything(grant);
        let others = self
            .grants()
            .iter()
            .filter(|grant| grant.id != command.grant)
            .any(|grant| is_over_everything(grant) && self.is_enabled(&grant.user));
        if !others && self.grants().iter().any(of_administrator) {
            return Err(Failure::new(Kind::Conflict, "revoke", subject(), "nobody could manage users then")
                .hint("give another user the role administrator over all first"));
        }
        if !self.store.remove_grant(&command.user, command.grant).await.map_err(failed)? {
            return Err(Failure::new(Kind::NotFound, "revoke", subject(), "there is no such grant"));
        }
        self.renew().await.map_err(failed)
    }

    async fn create_token(&self, command: CreateToken) -> Result<Secret<String>, Failure> {
        let subject = format!("a token of user {}", command.user);
        let now = self.clock.now();
        let invalid = |cause: String| Failure::new(Kind::Invalid, "create", subject.clone(), cause);
        token::check_lifetime(command.expires_at, now).map_err(|refusal| invalid(refusal.to_string()))?;
        let label: String = command.label.trim().chars().take(100).collect();
        if label.is_empty() {
            return Err(invalid("a token needs a label that says what it is for".into()));
        }
        let minted = token::mint(token::Kind::Api).map_err(|error| unavailable(subject.clone(), &error))?;
        let token = store::Token {
            id: minted.id,
            user: command.user,
            label,
            hash: minted.hash,
            limit: command.limit,
            created_at: now,
            expires_at: command.expires_at,
            last_used: None,
            revoked_at: None,
        };
        self.store.create_token(&token).await.map_err(|error| unavailable(subject, &error))?;
        Ok(minted.text)
    }

    async fn revoke_token(&self, command: &RevokeToken) -> Result<(), Failure> {
        let subject = format!("token {} of user {}", command.id, command.user);
        let revoked = self.store.revoke_token(&command.user, &command.id, self.clock.now()).await;
        if revoked.map_err(|error| unavailable(subject.clone(), &error))? {
            return Ok(());
        }
        Err(Failure::new(
            Kind::NotFound,
            "revoke",
            subject,
            "there is no such token, or it was revoked already",
        ))
    }

    async fn known(&self, name: &str) -> Result<(), Failure> {
        let user =
            self.store.user(name).await.map_err(|error| unavailable(format!("user {name}"), &error))?;
        user.map(drop).ok_or_else(|| no_such_user(name))
    }

    fn is_last_administrator(&self, name: &str) -> bool {
        let people = self.people();
        let mut holders = people.grants.iter().filter(|grant| is_over_everything(grant));
        let holds = holders.clone().any(|grant| grant.user == name);
        holds && !holders.any(|grant| grant.user != name && people.enabled.contains(&grant.user))
    }
}

fn is_over_everything(grant: &Grant) -> bool {
    grant.role == model::Role::Administrator && grant.scope == Scope::All
}

pub(crate) fn no_such_user(name: &str) -> Failure {
    Failure::new(Kind::NotFound, "find", format!("user {name}"), "there is no such user")
        .hint("`portcullis user list` shows them all")
}

/// An account's name: lower case, so that two cannot differ by case alone.
fn valid_name(name: &str) -> Result<String, Failure> {
    let name = name.trim().to_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | '@');
    let fits = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(plain);
    if fits && name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(name);
    }
    let cause = "a name begins with a letter and holds 1 to 64 letters, digits or .-_@";
    Err(Failure::new(Kind::Invalid, "create", format!("user {name:?}"), cause))
}

fn user(name: &str) -> Object {
    Object::User { name: name.to_owned() }
}

part!(AccessBook, CreateUser, |_this, asked| Ok(user(&asked.name)), |this, _permit, order| this
    .create_user(order)
    .await);
part!(AccessBook, ResetUser, |_this, asked| Ok(user(&asked.name)), |this, _permit, order| this
    .reset_user(&order.name)
    .await);
part!(AccessBook, SetUserEnabled, |_this, asked| Ok(user(&asked.name)), |this, _permit, order| this
    .set_enabled(&order.name, order.enabled)
    .await);
part!(AccessBook, AddGrant, |_this, asked| Ok(user(&asked.user)), |this, _permit, order| this
    .add_grant(&order)
    .await);
part!(AccessBook, RevokeGrant, |_this, asked| Ok(user(&asked.user)), |this, _permit, order| this
    .revoke_grant(&order)
    .await);
part!(AccessBook, CreateToken, |_this, asked| Ok(user(&asked.user)), |this, _permit, order| this
    .create_token(order)
    .await);
part!(AccessBook, RevokeToken, |_this, asked| Ok(user(&asked.user)), |this, _permit, order| this
    .revoke_token(&order)
    .await);

/// The actor that `access explain` asks about: a user without a token's limit.
#[must_use]
pub fn as_user(name: &str) -> Actor {
    Actor { principal: Principal::User { name: name.into() }, via: "explain".into(), from: None, limit: None }
}
