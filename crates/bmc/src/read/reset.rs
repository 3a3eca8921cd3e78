//! The ways in which a server can be reset, as advertised (DSP0266, actions).

use super::field::{Fields, shown};
use model::device::Reset;
use model::inventory::FaultKind;
use serde_json::Value;

/// The action's place in a ComputerSystem resource.
const ACTION: &str = "Actions/#ComputerSystem.Reset";

/// The reset types that the action's own list of allowable values names; empty where it has none.
pub fn types(fields: &mut Fields<'_>) -> Vec<Reset> {
    for list in ["ResetType@Redfish.AllowableValues", "ResetType@DMTF.AllowableValues"] {
        let field = format!("{ACTION}/{list}");
        let values = fields.list(&field);
        if !values.is_empty() {
            return known(fields, &field, values);
        }
    }
    Vec::new()
}

/// The link to the action's ActionInfo (DSP0268), which lists the values where the action itself does not.
pub fn info_link(value: &Value) -> Option<String> {
    let action = value.get("Actions")?.get("#ComputerSystem.Reset")?;
    crate::client::document::link(action.get("@Redfish.ActionInfo")?).map(str::to_owned)
}

/// The reset types that an ActionInfo resource allows.
pub fn types_of_info(fields: &mut Fields<'_>) -> Vec<Reset> {
    for (at, parameter) in fields.list("Parameters").iter().enumerate() {
        if parameter.get("Name").and_then(Value::as_str) == Some("ResetType") {
            let field = format!("Parameters/{at}/AllowableValues");
            return match parameter.get("AllowableValues") {
                Some(Value::Array(values)) => known(fields, &field, values),
                None | Some(Value::Null) => Vec::new(),
                Some(other) => {
                    fields.fault(
                        &field,
                        FaultKind::WrongType,
                        format!("{} where a list must be", shown(other)),
                    );
                    Vec::new()
                }
            };
        }
    }
    Vec::new()
}

fn known(fields: &mut Fields<'_>, field: &str, values: &[Value]) -> Vec<Reset> {
    let mut resets = Vec::new();
    for value in values {
        match value.as_str().and_then(Reset::from_redfish) {
            Some(reset) if !resets.contains(&reset) => resets.push(reset),
            Some(_) => {}
            None => fields.fault(
                field,
                FaultKind::BadValue,
                format!("{} is no reset type that is known", shown(value)),
            ),
        }
    }
    resets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_types_are_left_out() {
        let value = json!({"Actions": {"#ComputerSystem.Reset": {"ResetType@Redfish.AllowableValues": ["On", "On", "Explode", 3, "ForceOff"]}}});
        let mut fields = Fields::new("/s/1", &value);
        assert_eq!(types(&mut fields), [Reset::On, Reset::ForceOff]);
        assert_eq!(fields.into_faults().len(), 1);
    }

    #[test]
    fn types_by_action_info() {
        let value = json!({"Parameters": [{"Name": "Other"}, {"Name": "ResetType", "AllowableValues": ["On", "PowerCycle"]}]});
        assert_eq!(types_of_info(&mut Fields::new("/a", &value)), [Reset::On, Reset::PowerCycle]);
        for spoiled in [
            json!({}),
            json!({"Parameters": null}),
            json!({"Parameters": [{"Name": "ResetType", "AllowableValues": 1}]}),
        ] {
            assert!(types_of_info(&mut Fields::new("/a", &spoiled)).is_empty());
        }
    }
}
