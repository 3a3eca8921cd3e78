//! What changes a BMC by request: resets, and what can be set.

use crate::access::{Account, Role};
use crate::answer::{Request, Response, bad_request, not_found, problem};
use crate::document::{ROOT, system_boot_targets};
use crate::machine::{Machine, parse};
use crate::power::Refusal;
use jiff::Timestamp;
use model::Secret;
use model::device::Reset;
use serde_json::Value;

impl Machine {
    /// Whether there is an action at `rest`.
    pub(crate) fn is_action(&self, rest: &[&str]) -> bool {
        let ids = &self.row().ids;
        match rest {
            ["Systems", id, "Actions", "ComputerSystem.Reset"] => *id == ids.system,
            ["Managers", id, "Actions", "Manager.Reset"] => *id == ids.manager,
            ["UpdateService", "Actions", "UpdateService.SimpleUpdate"] => true,
            ["CertificateService", "Actions", "CertificateService.ReplaceCertificate"] => {
                self.row().layout.certificates
            }
            _ => false,
        }
    }

    pub(crate) fn act(&mut self, request: &Request<'_>, rest: &[&str], now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        if let Some(name) = rest.last().and_then(|action| action.rsplit('.').next())
            && matches!(rest.first(), Some(&"UpdateService" | &"CertificateService"))
        {
            let message = format!("The action {name} is not supported by this simulated controller.");
            return bad_request("ActionNotSupported", &message, &[name]);
        }
        let Some(word) = body.get("ResetType").and_then(Value::as_str) else {
            let message = "The action requires the parameter ResetType to be present in the request body.";
            return bad_request("ActionParameterMissing", message, &["Reset", "ResetType"]);
        };
        match rest.first() {
            Some(&"Systems") => self.reset_system(word, now),
            Some(&"Managers") if matches!(word, "GracefulRestart" | "ForceRestart") => {
                self.restart(now);
                Response::empty(204)
            }
            Some(&"Managers") => Self::no_such_reset(word),
            _ => not_found(request.path),
        }
    }

    fn reset_system(&mut self, word: &str, now: Timestamp) -> Response {
        let Some(reset) = Reset::from_redfish(word) else { return Self::no_such_reset(word) };
        match self.switch(reset, now) {
            Ok(()) => {
                let boots = !matches!(reset, Reset::ForceOff | Reset::GracefulShutdown | Reset::Nmi);
                if boots && self.settings.boot.as_ref().is_some_and(|(_, stays)| !stays) {
                    self.settings.boot = None;
                }
                Response::empty(204)
            }
            Err(Refusal::NotOffered) => Self::no_such_reset(word),
            Err(Refusal::WrongState(status)) => self.wrong_state(word, status),
        }
    }

    pub(crate) fn wrong_state(&self, word: &str, status: u16) -> Response {
        let state = self.power.word(self.unit.power_row());
        let message = format!("The request {word} cannot be carried out while the server is {state}.");
        problem(status, "Base.1.11.ResourceInStandby", &message, &[word, state])
    }

    pub(crate) fn no_such_reset(word: &str) -> Response {
        let message =
            format!("The value {word} for the parameter ResetType in the action Reset is not supported.");
        bad_request("ActionParameterNotSupported", &message, &[word, "ResetType", "Reset"])
    }

    pub(crate) fn patch(&mut self, request: &Request<'_>, rest: &[&str], now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        let said = body.as_object().map_or(0, |fields| fields.keys().filter(|name| !is_odata(name)).count());
        if said == 0 {
            let message = "The request body contains no data to be changed.";
            return bad_request("NoOperation", message, &[]);
        }
        let refused = match rest {
            ["Systems", _] => self.set_system(&body),
            ["Managers", _, "NetworkProtocol"] => self.set_protocols(&body),
            ["SessionService"] => self.set_sessions(&body),
            ["AccountService", "Accounts", id] => self.set_account(id, &body),
            _ => None,
        };
        refused.unwrap_or_else(|| {
            let doc = self.with_view(now, |view| view.document(rest));
            Response::json(200, doc.unwrap_or_default())
        })
    }

    fn set_system(&mut self, body: &Value) -> Option<Response> {
        let mut settings = self.settings.clone();
        for (name, value) in body.as_object()?.iter().filter(|(name, _)| !is_odata(name)) {
            match (name.as_str(), value) {
                ("AssetTag", Value::String(tag)) if tag.len() <= 64 => settings.asset_tag = Some(tag.clone()),
                ("IndicatorLED", Value::String(word))
                    if matches!(word.as_str(), "Lit" | "Blinking" | "Off") =>
                {
                    settings.light = word != "Off";
                }
                ("LocationIndicatorActive", Value::Bool(on)) => settings.light = *on,
                ("Boot", Value::Object(_)) => match boot(value, settings.boot.take()) {
                    Ok(boot) => settings.boot = boot,
                    Err(refused) => return Some(refused),
                },
                (name, value) => return Some(refuse(name, value)),
            }
        }
        self.settings = settings;
        None
    }

    fn set_sessions(&mut self, body: &Value) -> Option<Response> {
        for (name, value) in body.as_object()?.iter().filter(|(name, _)| !is_odata(name)) {
            match (name.as_str(), value.as_u64().and_then(|seconds| u32::try_from(seconds).ok())) {
                ("SessionTimeout", Some(seconds)) if (30..=86_400).contains(&seconds) => {
                    self.access.set_timeout(seconds)
                }
                _ => return Some(refuse(name, value)),
            }
        }
        None
    }

    fn set_account(&mut self, id: &str, body: &Value) -> Option<Response> {
        let mut account = self.access.accounts().iter().find(|account| account.id == id)?.clone();
        match written(&mut account, body, &[]) {
            Err(refused) => Some(refused),
            Ok(()) => {
                self.access.put(account);
                None
            }
        }
    }

    /// Makes an account out of `UserName`, `Password` and `RoleId`.
    pub(crate) fn create_account(&mut self, request: &Request<'_>, now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        for name in ["UserName", "Password", "RoleId"] {
            if body.get(name).is_none() {
                let message = format!(
                    "The create operation failed because the required property {name} was missing from the request."
                );
                return bad_request("CreateFailedMissingReqProperties", &message, &[name]);
            }
        }
        let accounts = self.access.accounts();
        if accounts.len() >= MOST_ACCOUNTS {
            let message = "The create operation failed because the resource has reached the limit of possible resources.";
            return bad_request("CreateLimitReachedForResource", message, &[]);
        }
        let mut account = Account {
            id: (3..)
                .map(|number: u32| number.to_string())
                .find(|id| accounts.iter().all(|known| known.id != *id))
                .unwrap_or_default(),
            username: String::new(),
            password: Secret::new(String::new()),
            role: Role::ReadOnly,
            enabled: true,
        };
        let names: Vec<String> = accounts.iter().map(|account| account.username.clone()).collect();
        if let Err(refused) = written(&mut account, &body, &names) {
            return refused;
        }
        // OpenBMC and its kin know accounts by their names.
        if self.row().ids.account == "root" {
            account.id.clone_from(&account.username);
        }
        let id = account.id.clone();
        self.access.put(account);
        let doc = self.with_view(now, |view| view.document(&["AccountService", "Accounts", &id]));
        Response::json(201, doc.unwrap_or_default())
            .with("Location", format!("{ROOT}/AccountService/Accounts/{id}"))
    }

    pub(crate) fn delete_account(&mut self, id: &str) -> Response {
        if id == self.row().ids.account {
            let message = "The administrator's account cannot be deleted.";
            return problem(405, "Base.1.11.ResourceCannotBeDeleted", message, &[]);
        }
        self.access.remove(id);
        Response::empty(204)
    }

    fn set_protocols(&mut self, body: &Value) -> Option<Response> {
        for (name, value) in body.as_object()?.iter().filter(|(name, _)| !is_odata(name)) {
            let servers = value.get("NTPServers").and_then(Value::as_array).filter(|_| name == "NTP");
            let Some(servers) = servers else { return Some(refuse(name, value)) };
            match patched(&self.settings.ntp_servers(), servers) {
                Some(list) if list.len() <= 4 => self.settings.ntp = Some(list),
                _ => return Some(refuse("NTPServers", value)),
            }
        }
        None
    }
}

/// Accounts that fit into a BMC.
const MOST_ACCOUNTS: usize = 16;

/// Annotations are not properties, and do not change anything.
fn is_odata(name: &str) -> bool {
    name.starts_with("@odata.")
}

/// Writes into an account what a body says; nothing if something in it is wrong. `taken` are the names of others.
fn written(account: &mut Account, body: &Value, taken: &[String]) -> Result<(), Response> {
    for (name, value) in body.as_object().into_iter().flatten().filter(|(name, _)| !is_odata(name)) {
        match (name.as_str(), value) {
            ("Password", Value::String(password)) if (8..=40).contains(&password.len()) => {
                account.password = Secret::new(password.clone());
            }
            ("Password", _) => {
                let message = "The password must have 8 to 40 characters.";
                return Err(bad_request("PropertyValueFormatError", message, &["Password"]));
            }
            ("UserName", Value::String(username)) if taken.contains(username) => {
                let message = format!("There is an account {username} already.");
                return Err(bad_request(
                    "ResourceAlreadyExists",
                    &message,
                    &["ManagerAccount", "UserName", username],
                ));
            }
            ("UserName", Value::String(username)) if is_username(username) => {
                account.username.clone_from(username);
            }
            ("RoleId", Value::String(word)) => match Role::ALL.into_iter().find(|role| role.word() == word) {
                Some(role) => account.role = role,
                None => {
                    let message = format!(
                        "The value {word} for the property RoleId is not in the list of acceptable values."
                    );
                    return Err(bad_request("PropertyValueNotInList", &message, &[word, "RoleId"]));
                }
            },
            ("Enabled", Value::Bool(enabled)) => account.enabled = *enabled,
            ("Locked", Value::Bool(false)) => {}
            (name, value) => return Err(refuse(name, value)),
        }
    }
    Ok(())
}

fn is_username(name: &str) -> bool {
    (1..=16).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// A list with a change applied (DSP0266, "PATCH on array properties"): `null` takes an element out, `{}` leaves it,
/// and what is beyond the end of the change is gone.
fn patched(old: &[String], change: &[Value]) -> Option<Vec<String>> {
    let mut list = Vec::new();
    for (at, item) in change.iter().enumerate() {
        match item {
            Value::Null => {}
            Value::String(text) => list.push(text.clone()),
            Value::Object(fields) if fields.is_empty() => list.extend(old.get(at).cloned()),
            _ => return None,
        }
    }
    Some(list)
}

fn boot(wanted: &Value, was: Option<(String, bool)>) -> Result<Option<(String, bool)>, Response> {
    let text = |name: &str| wanted.get(name).and_then(Value::as_str);
    let target = match text("BootSourceOverrideTarget") {
        Some(target) if system_boot_targets().contains(&target) => target.to_owned(),
        Some(target) => return Err(refuse("BootSourceOverrideTarget", &Value::String(target.to_owned()))),
        None => was.as_ref().map_or_else(|| "None".to_owned(), |(target, _)| target.clone()),
    };
    let enabled = text("BootSourceOverrideEnabled").unwrap_or("Once");
    match enabled {
        "Disabled" => Ok(None),
        _ if target == "None" => Ok(None),
        "Once" => Ok(Some((target, false))),
        "Continuous" => Ok(Some((target, true))),
        other => Err(refuse("BootSourceOverrideEnabled", &Value::String(other.to_owned()))),
    }
}

fn refuse(name: &str, value: &Value) -> Response {
    let message = format!("The property {name} cannot be set to {value}.");
    bad_request("PropertyNotWritable", &message, &[name])
}
