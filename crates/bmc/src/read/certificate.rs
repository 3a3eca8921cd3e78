//! Certificates that a controller holds (DSP0268 Certificate; HPE's own schema has an object around it).

use super::field::Fields;
use crate::client::describe_certificate;
use model::inventory::{Fault, FaultKind, HeldCertificate};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// The longest certificate that is read, in bytes of its text.
const MAX_PEM: usize = 64 * 1024;

/// The parts of a name (DSP0268, Identifier), and how they are written (RFC 4514).
const PARTS: &[(&str, &str)] = &[
    ("CommonName", "CN"),
    ("OrganizationalUnit", "OU"),
    ("Organization", "O"),
    ("City", "L"),
    ("State", "ST"),
    ("Country", "C"),
];

/// Reads a Certificate resource. What the certificate itself says goes before what is said of it.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (HeldCertificate, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let place =
        if fields.value("X509CertificateInformation").is_some() { "X509CertificateInformation/" } else { "" };
    let mut certificate = HeldCertificate {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        subject: name(&mut fields, &format!("{place}Subject")),
        issuer: name(&mut fields, &format!("{place}Issuer")),
        not_before: fields.moment(&format!("{place}ValidNotBefore")),
        not_after: fields.moment(&format!("{place}ValidNotAfter")),
        fingerprint: None,
    };
    if let Some(der) = whole(&mut fields) {
        let said = describe_certificate(&der, false);
        let told = |said: String, known: Option<String>| Some(said).filter(|said| !said.is_empty()).or(known);
        certificate.subject = told(said.subject, certificate.subject.take());
        certificate.issuer = told(said.issuer, certificate.issuer.take());
        certificate.not_after = said.not_after.or(certificate.not_after);
        certificate.fingerprint = Some(said.fingerprint.to_string());
    }
    (certificate, fields.into_faults())
}

/// A name: an object of its parts, or a text.
fn name(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    match fields.value(field)? {
        Value::String(_) => fields.text(field),
        _ => {
            let parts = PARTS.iter().filter_map(|(part, short)| {
                fields.text(&format!("{field}/{part}")).map(|text| format!("{short}={text}"))
            });
            let parts: Vec<String> = parts.collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
    }
}

/// The certificate itself, where it stands in the document as PEM (RFC 7468).
fn whole<'a>(fields: &mut Fields<'a>) -> Option<CertificateDer<'a>> {
    let text = fields.value("CertificateString")?;
    let pem = text.as_str().filter(|text| text.len() <= MAX_PEM && !text.trim().is_empty());
    let der = pem.and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok());
    if der.is_none() && text.as_str().is_none_or(|text| !text.trim().is_empty()) {
        fields.fault("CertificateString", FaultKind::BadValue, "no certificate in PEM".into());
    }
    der
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_dates_as_they_are_said() {
        let standard = json!({"Id": "1", "Subject": {"CommonName": "idrac", "Organization": "Dell Inc.", "Email": null, "Country": 5},
            "Issuer": {}, "ValidNotAfter": "2032-11-23T01:28:00+00:00", "ValidNotBefore": "soon", "CertificateString": "-----BEGIN"});
        let (certificate, faults) = parse("/c/1", &standard);
        assert_eq!(certificate.subject.as_deref(), Some("CN=idrac, O=Dell Inc."));
        assert_eq!((certificate.issuer, certificate.not_before), (None, None));
        assert_eq!(certificate.not_after.unwrap().to_string(), "2032-11-23T01:28:00Z");
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["Subject/Country", "ValidNotBefore", "CertificateString"]);
        let hpe = json!({"Id": "HttpsCert", "X509CertificateInformation": {"Subject": "CN = ILO", "ValidNotAfter": "2038-01-17T07:07:34Z"}});
        let (certificate, faults) = parse("/c/1", &hpe);
        assert_eq!(certificate.subject.as_deref(), Some("CN = ILO"));
        assert!(certificate.not_after.is_some() && faults.is_empty());
    }

    #[test]
    fn the_certificate_itself_is_believed() {
        let made = rcgen::generate_simple_self_signed(vec!["bmc.example".into()]).unwrap();
        let value = json!({"Id": "1", "CertificateString": made.cert.pem(), "Issuer": {"CommonName": "somebody else"}});
        let (certificate, faults) = parse("/c/1", &value);
        assert!(faults.is_empty());
        assert_eq!(certificate.issuer, certificate.subject);
        assert!(certificate.fingerprint.is_some() && certificate.not_after.is_some());
    }
}
