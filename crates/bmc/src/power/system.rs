//! What switching and polling need of a ComputerSystem document (DSP0268); pure.

use model::device::{Health, Power, Reset};
use serde_json::Value;

/// The most resets that are taken from one list; the schema knows thirteen.
const MOST_RESETS: usize = 32;

/// A reading of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its power; unknown where the controller does not say or says something that is not understood.
    pub power: Power,
    /// Its health, with everything inside it where the controller says that.
    pub health: Health,
    /// Whatever changes when the server boots: the time of its last reset and how far its boot is.
    pub boot: Option<String>,
    /// How it can be reset, where the document says so.
    pub reset: Option<ResetAction>,
}

/// The reset action of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResetAction {
    /// Where it is posted to.
    pub target: String,
    /// The values that the controller takes; empty where only [`ResetAction::info`] tells.
    pub offers: Vec<Reset>,
    /// The `ActionInfo` resource that tells the values.
    pub info: Option<String>,
}

/// Reads a ComputerSystem. What is missing or spoilt is unknown.
#[must_use]
pub fn read(system: &Value) -> Reading {
    let status = system.get("Status");
    let health = |key| status.and_then(|status| status.get(key)).and_then(Value::as_str).map(health);
    // sushy-tools spells it HealthRollUp.
    let rolled_up =
        health("HealthRollup").or_else(|| health("HealthRollUp")).filter(|it| *it != Health::Unknown);
    Reading {
        power: system.get("PowerState").and_then(Value::as_str).map_or(Power::Unknown, power),
        health: rolled_up.or_else(|| health("Health")).unwrap_or(Health::Unknown),
        boot: boot(system),
        reset: action(system),
    }
}

/// From the name on the wire (schema Resource `PowerState`).
#[must_use]
pub fn power(name: &str) -> Power {
    match name {
        "On" => Power::On,
        "Off" => Power::Off,
        "PoweringOn" => Power::PoweringOn,
        "PoweringOff" => Power::PoweringOff,
        "Paused" => Power::Paused,
        _ => Power::Unknown,
    }
}

fn health(name: &str) -> Health {
    match name {
        "OK" => Health::Ok,
        "Warning" => Health::Warning,
        "Critical" => Health::Critical,
        _ => Health::Unknown,
    }
}

fn boot(system: &Value) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let progress = system.get("BootProgress");
    let last_reset = text(system.get("LastResetTime"));
    let state = text(progress.and_then(|progress| progress.get("LastState")));
    let at = text(progress.and_then(|progress| progress.get("LastStateTime")));
    let boot = format!("{last_reset}|{state}|{at}");
    (boot.len() > 2).then_some(boot)
}

fn action(system: &Value) -> Option<ResetAction> {
    let action = system.get("Actions")?.get("#ComputerSystem.Reset")?;
    let target = action.get("target")?.as_str()?.to_owned();
    let info = action.get("@Redfish.ActionInfo").and_then(Value::as_str).map(str::to_owned);
    Some(ResetAction { target, offers: resets(action.get("ResetType@Redfish.AllowableValues")), info })
}

/// The values of `ResetType` in an `ActionInfo` resource (DSP0266, action info).
#[must_use]
pub fn offers_in_action_info(info: &Value) -> Vec<Reset> {
    let parameters = info.get("Parameters").and_then(Value::as_array).into_iter().flatten();
    let of_reset = |parameter: &&Value| parameter.get("Name").and_then(Value::as_str) == Some("ResetType");
    parameters
        .into_iter()
        .find(of_reset)
        .map(|parameter| resets(parameter.get("AllowableValues")))
        .unwrap_or_default()
}

/// How a task is (DSP0268 Task, `TaskState`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Under way.
    Runs,
    /// Ended well.
    Ended,
    /// Ended badly, with what the controller says of it.
    Failed(String),
}

/// Reads a task or what its monitor answers. What names no state runs still.
#[must_use]
pub fn task(task: &Value) -> TaskState {
    match task.get("TaskState").and_then(Value::as_str) {
        Some("Completed") => TaskState::Ended,
        Some(state @ ("Exception" | "Killed" | "Cancelled" | "Interrupted")) => {
            let said = task.get("Messages").and_then(Value::as_array).into_iter().flatten();
            let said = said.filter_map(|message| message.get("Message")?.as_str());
            let said: Vec<String> = said.take(3).map(|text| text.chars().take(300).collect()).collect();
            TaskState::Failed(format!("{state} {}", said.join(" ")).trim_end().to_owned())
        }
        _ => TaskState::Runs,
    }
}

fn resets(list: Option<&Value>) -> Vec<Reset> {
    let names = list.and_then(Value::as_array).into_iter().flatten().take(MOST_RESETS);
    let mut resets: Vec<Reset> = names.filter_map(Value::as_str).filter_map(Reset::from_redfish).collect();
    resets.sort_unstable();
    resets.dedup();
    resets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_or_not_understood_is_unknown() {
        for spoilt in
            [json!(null), json!({}), json!({ "PowerState": 7 }), json!({ "PowerState": "Reset" }), json!([])]
        {
            let reading = read(&spoilt);
            assert_eq!(
                (reading.power, reading.health, reading.reset),
                (Power::Unknown, Health::Unknown, None)
            );
        }
        assert_eq!(power("off"), Power::Unknown, "the schema's words are exact");
    }

    #[test]
    fn a_system_is_read() {
        let reading = read(&json!({
            "PowerState": "PoweringOn",
            "Status": { "Health": "OK", "HealthRollup": "Critical" },
            "LastResetTime": "2026-01-02T03:04:05Z",
            "Actions": { "#ComputerSystem.Reset": {
                "target": "/x/Reset", "@Redfish.ActionInfo": "/x/Info",
                "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "Frobnicate", 9, "On"],
            } },
        }));
        assert_eq!(reading.power, Power::PoweringOn);
        assert_eq!(reading.health, Health::Critical);
        assert_eq!(reading.boot.as_deref(), Some("2026-01-02T03:04:05Z||"));
        let action = reading.reset.unwrap();
        assert_eq!((action.target.as_str(), action.info.as_deref()), ("/x/Reset", Some("/x/Info")));
        assert_eq!(action.offers, [Reset::On, Reset::ForceOff]);
    }

    #[test]
    fn tasks_end_well_or_badly() {
        assert_eq!(task(&json!({ "TaskState": "Completed" })), TaskState::Ended);
        assert_eq!(task(&json!({ "TaskState": "Running" })), TaskState::Runs);
        assert_eq!(task(&json!({ "TaskState": null })), TaskState::Runs);
        let failed =
            task(&json!({ "TaskState": "Exception", "Messages": [{ "Message": "no power supply" }, 7] }));
        assert_eq!(failed, TaskState::Failed("Exception no power supply".into()));
    }

    #[test]
    fn action_info_names_the_values() {
        let info = json!({ "Parameters": [
            { "Name": "Other", "AllowableValues": ["Nmi"] },
            { "Name": "ResetType", "AllowableValues": ["ForceRestart", "On"] },
        ] });
        assert_eq!(offers_in_action_info(&info), [Reset::On, Reset::ForceRestart]);
        assert_eq!(offers_in_action_info(&json!({ "Parameters": null })), []);
    }
}
