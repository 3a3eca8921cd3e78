//! Who may sign in (DSP0268 ManagerAccount), and how (AccountService). Passwords are never looked at.

use super::field::Fields;
use model::inventory::{Account, Fault, SignInRules};
use serde_json::Value;

/// Reads a ManagerAccount resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Account, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let account = Account {
        path: path.into(),
        id: fields.id(),
        // A name may well be what elsewhere means nothing.
        username: fields.word("UserName"),
        role: role(&mut fields),
        enabled: fields.truth("Enabled"),
        locked: fields.truth("Locked"),
        uses: fields.texts("AccountTypes"),
        must_change_password: fields.truth("PasswordChangeRequired"),
        password_expires: fields.text("PasswordExpiration"),
    };
    (account, fields.into_faults())
}

fn role(fields: &mut Fields<'_>) -> Option<String> {
    let linked = |fields: &mut Fields<'_>| {
        let link = fields.link(&["Links/Role"])?;
        link.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
    };
    fields.word("RoleId").or_else(|| linked(fields))
}

/// Whether this is a place for an account rather than an account, as the sixteen of an iDRAC are.
#[must_use]
pub fn is_empty_place(value: &Value) -> bool {
    let nameless = match value.get("UserName") {
        None | Some(Value::Null) => true,
        Some(name) => name.as_str().is_some_and(|name| name.trim().is_empty()),
    };
    nameless && value.get("Enabled").and_then(Value::as_bool) != Some(true)
}

/// Reads an AccountService resource.
#[must_use]
pub fn parse_rules(path: &str, value: &Value) -> (SignInRules, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let rules = SignInRules {
        lockout_threshold: fields.count("AccountLockoutThreshold"),
        lockout_seconds: fields.count("AccountLockoutDuration"),
        min_password_length: fields.count("MinPasswordLength"),
        ldap: fields.truth("LDAP/ServiceEnabled"),
        active_directory: fields.truth("ActiveDirectory/ServiceEnabled"),
    };
    (rules, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_password_is_never_kept() {
        let value = json!({"Id": "2", "UserName": "root", "Password": "calvin", "Enabled": "yes", "Locked": false,
            "AccountTypes": ["Redfish", 3, "IPMI"], "Links": {"Role": {"@odata.id": "/redfish/v1/AccountService/Roles/Administrator"}}});
        let (account, faults) = parse("/a/2", &value);
        assert_eq!(
            (account.username.as_deref(), account.role.as_deref()),
            (Some("root"), Some("Administrator"))
        );
        assert_eq!((account.enabled, account.locked), (None, Some(false)));
        assert_eq!(account.uses, ["Redfish", "IPMI"]);
        assert_eq!(faults.len(), 2);
        assert!(!serde_json::to_string(&(account, faults)).unwrap().contains("calvin"));
    }

    #[test]
    fn empty_places_are_no_accounts() {
        assert!(is_empty_place(&json!({"UserName": "", "Enabled": false})));
        assert!(is_empty_place(&json!({"UserName": null})));
        assert!(
            !is_empty_place(&json!({"UserName": "", "Enabled": true})),
            "anybody may sign in without a name"
        );
        assert!(!is_empty_place(&json!({"UserName": 5})), "a spoiled name is an account still");
    }
}
