//! What changes a BMC by request: resets, and what can be set.

use crate::answer::{Request, Response, bad_request, not_found, problem};
use crate::document::system_boot_targets;
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
            _ => false,
        }
    }

    pub(crate) fn act(&mut self, request: &Request<'_>, rest: &[&str], now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        if rest.first() == Some(&"UpdateService") {
            let message = "The action SimpleUpdate is not supported by this simulated controller.";
            return bad_request("ActionNotSupported", message, &["SimpleUpdate"]);
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
        let refused = match rest {
            ["Systems", _] => self.set_system(&body),
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
        for (name, value) in body.as_object()? {
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
        for (name, value) in body.as_object()? {
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
        for (name, value) in body.as_object()? {
            match (name.as_str(), value) {
                ("Password", Value::String(password)) if (8..=40).contains(&password.len()) => {
                    self.access.set_password(id, Secret::new(password.clone()));
                }
                ("Password", _) => {
                    let message = "The password must have 8 to 40 characters.";
                    return Some(bad_request("PropertyValueFormatError", message, &["Password"]));
                }
                (name, value) => return Some(refuse(name, value)),
            }
        }
        None
    }
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
