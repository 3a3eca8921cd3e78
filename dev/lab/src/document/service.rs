//! The service's own documents: root, sessions, accounts, updates, tasks.

use super::{Place, ROOT, View, link, set, status};
use crate::access::{Account, Role, Session};
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn services(&self, path: &[&str]) -> Option<(Place, Value)> {
        match path {
            [] => Some((Place::Root, self.root())),
            ["odata"] => Some((Place::Other, Self::odata())),
            ["SessionService", rest @ ..] => self.session_service(rest),
            ["AccountService", rest @ ..] => self.account_service(rest),
            ["UpdateService", rest @ ..] => self.update_service(rest),
            ["TaskService"] => Some((Place::Other, self.task_service())),
            ["TaskService", "Tasks"] => Some(self.collection(
                &format!("{ROOT}/TaskService/Tasks"),
                "TaskCollection",
                "Task Collection",
                &[],
            )),
            ["Registries", rest @ ..] => self.registries(rest),
            ["CertificateService", rest @ ..] => self.certificate_service(rest),
            ["LicenseService", rest @ ..] => self.license_service(rest),
            ["JsonSchemas"] => {
                let schema = "JsonSchemaFileCollection";
                Some(self.collection(&format!("{ROOT}/JsonSchemas"), schema, "Schema File Collection", &[]))
            }
            _ => None,
        }
    }

    fn root(&self) -> Value {
        let row = &self.row.root;
        let levels = row.expand_levels;
        let mut doc = json!({
            "@odata.id": ROOT,
            "@odata.type": format!("#ServiceRoot.{}.ServiceRoot", self.row.versions.root),
            "Id": row.id,
            "Name": row.name,
            "RedfishVersion": self.row.versions.redfish,
            "Links": { "Sessions": link(&format!("{ROOT}/SessionService/Sessions")) },
            "ProtocolFeaturesSupported": {
                "ExpandQuery": {
                    "ExpandAll": levels > 0 && row.expand_all,
                    "Levels": levels > 0,
                    "Links": levels > 0 && row.expand_all,
                    "NoLinks": levels > 0,
                    "MaxLevels": levels,
                },
                "FilterQuery": false,
                "SelectQuery": row.select,
                "OnlyMemberQuery": row.only_member,
                "ExcerptQuery": false,
                "DeepOperations": { "DeepPATCH": false, "DeepPOST": false },
            },
        });
        for name in [
            "Systems",
            "Chassis",
            "Managers",
            "SessionService",
            "AccountService",
            "UpdateService",
            "Registries",
            "JsonSchemas",
        ] {
            set(&mut doc, name, link(&format!("{ROOT}/{name}")));
        }
        for (name, has) in [
            ("CertificateService", self.row.layout.certificates),
            ("LicenseService", !self.row.layout.licences.is_empty()),
        ] {
            if has {
                set(&mut doc, name, link(&format!("{ROOT}/{name}")));
            }
        }
        set(&mut doc, "Tasks", link(&format!("{ROOT}/TaskService")));
        if let Some(vendor) = row.vendor {
            set(&mut doc, "Vendor", json!(vendor));
        }
        if let Some(product) = row.product {
            set(&mut doc, "Product", json!(product.replace("{model}", self.hardware.model.name)));
        }
        if row.uuid {
            set(&mut doc, "UUID", json!(self.hardware.service_uuid));
        }
        doc
    }

    fn odata() -> Value {
        let services: Vec<Value> =
            ["Systems", "Chassis", "Managers", "SessionService", "AccountService", "UpdateService"]
                .iter()
                .map(|name| json!({ "name": name, "kind": "Singleton", "url": format!("{ROOT}/{name}") }))
                .collect();
        json!({ "@odata.context": format!("{ROOT}/$metadata"), "value": services })
    }

    fn session_service(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/SessionService");
        match path {
            [] => {
                let told = self.row.access.timeout_told;
                let set_by_hand = self.access.timeout_seconds() != self.row.access.timeout_seconds;
                let doc = json!({
                    "@odata.id": base,
                    "@odata.type": format!("#SessionService.{}.SessionService", self.row.versions.sessions),
                    "Id": "SessionService",
                    "Name": "Session Service",
                    "ServiceEnabled": true,
                    "SessionTimeout": if set_by_hand { self.access.timeout_seconds() } else { told },
                    "Sessions": link(&format!("{base}/Sessions")),
                });
                Some((Place::SessionService, doc))
            }
            ["Sessions"] => {
                let ids: Vec<String> =
                    self.access.sessions().iter().map(|session| session.id.clone()).collect();
                Some(self.collection(
                    &format!("{base}/Sessions"),
                    "SessionCollection",
                    "Session Collection",
                    &ids,
                ))
            }
            ["Sessions", id] => {
                let session = self.access.sessions().iter().find(|session| session.id == *id)?;
                Some((Place::Other, self.session(session)))
            }
            _ => None,
        }
    }

    fn session(&self, session: &Session) -> Value {
        json!({
            "@odata.id": format!("{ROOT}/SessionService/Sessions/{}", session.id),
            "@odata.type": "#Session.v1_3_0.Session",
            "Id": session.id,
            "Name": "User Session",
            "UserName": session.username,
        })
    }

    fn account_service(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/AccountService");
        match path {
            [] => {
                let doc = json!({
                    "@odata.id": base,
                    "@odata.type": format!("#AccountService.{}.AccountService", self.row.versions.accounts),
                    "Id": "AccountService",
                    "Name": "Account Service",
                    "ServiceEnabled": true,
                    "AccountLockoutThreshold": self.row.access.lock_after,
                    "AccountLockoutDuration": self.row.access.lock_seconds,
                    "AccountLockoutCounterResetAfter": self.row.access.lock_seconds,
                    "MinPasswordLength": 8,
                    "MaxPasswordLength": 40,
                    "Accounts": link(&format!("{base}/Accounts")),
                    "Roles": link(&format!("{base}/Roles")),
                    "Status": status(Health::Ok),
                });
                Some((Place::AccountService, doc))
            }
            ["Accounts"] => {
                let ids: Vec<String> =
                    self.access.accounts().iter().map(|account| account.id.clone()).collect();
                let path = format!("{base}/Accounts");
                Some(self.collection(&path, "ManagerAccountCollection", "Accounts Collection", &ids))
            }
            ["Accounts", id] => {
                let account = self.access.accounts().iter().find(|account| account.id == *id)?;
                Some((Place::Account, self.account(&base, account)))
            }
            ["Roles"] => {
                let ids = Role::ALL.map(|role| role.word().to_owned());
                Some(self.collection(&format!("{base}/Roles"), "RoleCollection", "Roles Collection", &ids))
            }
            ["Roles", id] => {
                let role = Role::ALL.into_iter().find(|role| role.word() == *id)?;
                Some((Place::Role, self.role(&base, role)))
            }
            _ => None,
        }
    }

    fn account(&self, base: &str, account: &Account) -> Value {
        json!({
            "@odata.id": format!("{base}/Accounts/{}", account.id),
            "@odata.type": format!("#ManagerAccount.{}.ManagerAccount", self.row.versions.account),
            "Id": account.id,
            "Name": "User Account",
            "UserName": account.username,
            "Password": null,
            "RoleId": account.role.word(),
            "AccountTypes": ["Redfish"],
            "Enabled": account.enabled,
            "Locked": self.access.is_locked(),
            "Links": { "Role": link(&format!("{base}/Roles/{}", account.role.word())) },
        })
    }

    fn role(&self, base: &str, role: Role) -> Value {
        let privileges: &[&str] = match role {
            Role::Administrator => {
                &["Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"]
            }
            Role::Operator => &["Login", "ConfigureComponents", "ConfigureSelf"],
            Role::ReadOnly => &["Login", "ConfigureSelf"],
        };
        json!({
            "@odata.id": format!("{base}/Roles/{}", role.word()),
            "@odata.type": format!("#Role.{}.Role", self.row.versions.role),
            "Id": role.word(),
            "Name": "User Role",
            "RoleId": role.word(),
            "IsPredefined": true,
            "AssignedPrivileges": privileges,
        })
    }

    fn update_service(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/UpdateService");
        let items = || (self.row.firmware)(self.unit, self.hardware);
        match path {
            [] => {
                let doc = json!({
                    "@odata.id": base,
                    "@odata.type": format!("#UpdateService.{}.UpdateService", self.row.versions.update),
                    "Id": "UpdateService",
                    "Name": "Update Service",
                    "ServiceEnabled": true,
                    "FirmwareInventory": link(&format!("{base}/FirmwareInventory")),
                    "Actions": { "#UpdateService.SimpleUpdate": {
                        "target": format!("{base}/Actions/UpdateService.SimpleUpdate"),
                        "TransferProtocol@Redfish.AllowableValues": ["HTTP", "HTTPS"],
                    }},
                    "Status": status(Health::Ok),
                });
                Some((Place::UpdateService, doc))
            }
            ["FirmwareInventory"] => {
                let ids: Vec<String> = items().into_iter().map(|item| item.id).collect();
                let path = format!("{base}/FirmwareInventory");
                Some(self.collection(
                    &path,
                    "SoftwareInventoryCollection",
                    "Firmware Inventory Collection",
                    &ids,
                ))
            }
            ["FirmwareInventory", id] => {
                let item = items().into_iter().find(|item| item.id == *id)?;
                let mut doc = json!({
                    "@odata.id": format!("{base}/FirmwareInventory/{id}"),
                    "@odata.type": format!("#SoftwareInventory.{}.SoftwareInventory", self.row.versions.software),
                    "Id": item.id,
                    "Name": item.name,
                    "Description": item.description,
                    "Version": item.version,
                    "Updateable": item.updateable,
                    "Status": status(Health::Ok),
                });
                if let Some(date) = item.released {
                    set(&mut doc, "ReleaseDate", json!(date));
                }
                Some((Place::Firmware, doc))
            }
            _ => None,
        }
    }

    fn task_service(&self) -> Value {
        json!({
            "@odata.id": format!("{ROOT}/TaskService"),
            "@odata.type": format!("#TaskService.{}.TaskService", self.row.versions.tasks),
            "Id": "TaskService",
            "Name": "Task Service",
            "ServiceEnabled": true,
            "DateTime": self.time(self.now),
            "Tasks": link(&format!("{ROOT}/TaskService/Tasks")),
            "Status": status(Health::Ok),
        })
    }
}
