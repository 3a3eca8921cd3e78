//! Certificates, and licences.

use super::{Place, ROOT, View, link, set, status};
use model::device::Health;
use serde_json::{Map, Value, json};

impl View<'_> {
    fn certificates_path(&self) -> String {
        format!("{}/NetworkProtocol/HTTPS/Certificates", self.manager_path())
    }

    pub(super) fn certificate_service(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/CertificateService");
        match path {
            _ if !self.row.layout.certificates => None,
            [] => {
                let mut doc = json!({
                    "Name": "Certificate Service",
                    "Description": "Certificate Service",
                    "CertificateLocations": link(&format!("{base}/CertificateLocations")),
                    "Actions": { "#CertificateService.ReplaceCertificate": {
                        "target": format!("{base}/Actions/CertificateService.ReplaceCertificate"),
                    }},
                });
                self.head(&mut doc, "CertificateService", &base, "CertificateService");
                Some((Place::CertificateService, doc))
            }
            ["CertificateLocations"] => {
                let mut doc = json!({
                    "Name": "Certificate Locations",
                    "Description": "Where certificates are",
                    "Links": { "Certificates": [link(&format!("{}/1", self.certificates_path()))] },
                });
                let path = format!("{base}/CertificateLocations");
                self.head(&mut doc, "CertificateLocations", &path, "CertificateLocations");
                Some((Place::CertificateLocations, doc))
            }
            _ => None,
        }
    }

    pub(super) fn certificates(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = self.certificates_path();
        match path {
            _ if !self.row.layout.certificates => None,
            [] => Some(self.collection(
                &base,
                "CertificateCollection",
                "HTTPS Certificates Collection",
                &["1".to_owned()],
            )),
            ["1"] => {
                let named = |kind: &str| match kind {
                    "C" => "Country",
                    "ST" => "State",
                    "L" => "City",
                    "O" => "Organization",
                    "OU" => "OrganizationalUnit",
                    _ => "CommonName",
                };
                let subject: Map<String, Value> = (self.row.subject)(self.unit, self.hardware)
                    .into_iter()
                    .map(|(kind, value)| (named(kind).to_owned(), json!(value)))
                    .collect();
                let issuer = if self.unit.ca_signed {
                    json!({ "Organization": "Portcullis lab", "CommonName": "Lab management CA" })
                } else {
                    Value::Object(subject.clone())
                };
                let (from, until) = crate::certificate::validity(self.unit);
                let mut doc = json!({
                    "Name": "HTTPS Certificate",
                    "Description": "HTTPS Certificate",
                    "CertificateType": "PEM",
                    "CertificateString": null,
                    "Subject": subject,
                    "Issuer": issuer,
                    "KeyUsage": ["ServerAuthentication"],
                    "ValidNotBefore": from,
                    "ValidNotAfter": until,
                });
                self.head(&mut doc, "Certificate", &format!("{base}/1"), "1");
                Some((Place::Certificate, doc))
            }
            _ => None,
        }
    }

    pub(super) fn license_service(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/LicenseService");
        let licences = self.row.layout.licences;
        match path {
            _ if licences.is_empty() => None,
            [] => {
                let mut doc = json!({
                    "Name": "License Service",
                    "Description": "License Service",
                    "ServiceEnabled": true,
                    "LicenseExpirationWarningDays": 0,
                    "Licenses": link(&format!("{base}/Licenses")),
                });
                self.head(&mut doc, "LicenseService", &base, "LicenseService");
                Some((Place::LicenseService, doc))
            }
            ["Licenses"] => {
                let ids: Vec<String> = licences.iter().map(|licence| licence.id.to_owned()).collect();
                Some(self.collection(
                    &format!("{base}/Licenses"),
                    "LicenseCollection",
                    "License Collection",
                    &ids,
                ))
            }
            ["Licenses", id] => {
                let licence = licences.iter().find(|licence| licence.id == *id)?;
                let mut doc = json!({
                    "Name": licence.name,
                    "Description": licence.name,
                    "EntitlementId": format!("LAB{}", self.unit.serial),
                    "LicenseType": "Production",
                    "LicenseOrigin": "BuiltIn",
                    "AuthorizationScope": "Service",
                    "Manufacturer": self.row.manufacturer,
                    "Removable": false,
                    "RemainingUseCount": 0,
                    "Status": status(Health::Ok),
                });
                set(&mut doc, "Links", json!({ "AuthorizedDevices": [link(&self.manager_path())] }));
                self.head(&mut doc, "License", &format!("{base}/Licenses/{id}"), id);
                Some((Place::License, doc))
            }
            _ => None,
        }
    }
}
