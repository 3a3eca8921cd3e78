//! What a service root says to anybody, before any credential is sent; all of it may be a lie. Pure.

use model::book::Claim;
use serde_json::Value;

/// The longest text that is taken over from a claim.
const LONGEST: usize = 128;

/// Where makers put a serial number or service tag in the root, as JSON pointers (RFC 6901).
const SERIALS: &[&str] = &[
    "/Oem/Dell/ServiceTag",
    "/Oem/Hpe/Manager/0/SerialNumber",
    "/Oem/Hpe/Moniker/SerialNumber",
    "/Oem/Lenovo/SerialNumber",
    "/Oem/Supermicro/SerialNumber",
];

/// What a service root claims. `None` if it is no Redfish service root.
#[must_use]
pub fn of_root(root: &Value) -> Option<Claim> {
    let redfish_version = text(root.get("RedfishVersion"));
    let kind = root.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    let links = ["Systems", "Managers", "Chassis", "Links"]
        .iter()
        .any(|name| root.get(name).is_some_and(Value::is_object));
    if !(redfish_version.is_some() || kind.contains("ServiceRoot.")) || !links {
        return None;
    }
    Some(Claim {
        service_uuid: text(root.get("UUID")),
        vendor: text(root.get("Vendor")).or_else(|| vendor_in_oem(root)),
        product: text(root.get("Product")),
        redfish_version,
        serial: SERIALS.iter().find_map(|pointer| text(root.pointer(pointer))),
        mac: None,
    })
}

fn vendor_in_oem(root: &Value) -> Option<String> {
    let oem = root.get("Oem")?.as_object()?;
    oem.keys().find(|key| !key.contains('@')).and_then(|key| clean(key))
}

/// The serial number in a certificate's subject, where its common name carries one: Dell's
/// `idrac-SVCTAG`, HPE's `ILO` + serial number.
#[must_use]
pub fn serial_in_subject(subject: &str) -> Option<String> {
    let name = subject.split(',').find_map(|part| part.trim().strip_prefix("CN="))?;
    let host = name.split('.').next()?.trim();
    let lower = host.to_ascii_lowercase();
    let prefix = ["idrac-", "ilo-", "ilo", "xcc-"].into_iter().find(|prefix| lower.starts_with(prefix))?;
    let serial = host.get(prefix.len()..)?;
    let plausible = (5..=20).contains(&serial.len()) && serial.chars().all(|c| c.is_ascii_alphanumeric());
    // A serial number has a digit in it; `ilodefault` has none.
    (plausible && serial.chars().any(|c| c.is_ascii_digit())).then(|| serial.to_ascii_uppercase())
}

fn text(value: Option<&Value>) -> Option<String> {
    clean(value?.as_str()?)
}

/// One short line without control characters: it is printed on terminals too.
fn clean(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_root_claims() {
        let claim = of_root(&json!({
            "@odata.type": "#ServiceRoot.v1_6_0.ServiceRoot", "RedfishVersion": "1.9.0", "UUID": "u",
            "Vendor": "Dell", "Product": "Integrated Dell Remote Access Controller", "Systems": {},
            "Oem": { "Dell": { "ServiceTag": "ABC1234" } },
        }))
        .unwrap();
        assert_eq!(claim.serial.as_deref(), Some("ABC1234"));
        assert_eq!(claim.vendor.as_deref(), Some("Dell"));
        let claim = of_root(&json!({ "RedfishVersion": 7, "@odata.type": "#ServiceRoot.v1_0_0.ServiceRoot",
            "UUID": null, "Oem": { "Hpe": {} }, "Managers": {} }))
        .unwrap();
        assert_eq!(
            (claim.redfish_version, claim.service_uuid, claim.vendor.as_deref()),
            (None, None, Some("Hpe"))
        );
    }

    #[test]
    fn what_is_no_root_claims_nothing() {
        for other in
            [json!({}), json!([]), json!({ "RedfishVersion": "1.0" }), json!({ "hello": { "Systems": {} } })]
        {
            assert_eq!(of_root(&other), None, "{other}");
        }
    }

    #[test]
    fn claims_are_bounded_and_clean() {
        let claim =
            of_root(&json!({ "RedfishVersion": "1\n.0", "Systems": {}, "Product": "x".repeat(5000) }))
                .unwrap();
        assert_eq!(claim.redfish_version.as_deref(), Some("1.0"));
        assert_eq!(claim.product.unwrap().len(), LONGEST);
        let named =
            of_root(&json!({ "RedfishVersion": "1", "Systems": {}, "Oem": { "A\u{1b}[2J\u{9b}B": {} } }));
        assert_eq!(named.unwrap().vendor.as_deref(), Some("A[2JB"));
    }

    #[test]
    fn serials_stand_in_subjects() {
        assert_eq!(serial_in_subject("C=US, O=Dell Inc., CN=idrac-1ABC234").as_deref(), Some("1ABC234"));
        assert_eq!(serial_in_subject("CN=ILOCZ12345678.example.net, O=HPE").as_deref(), Some("CZ12345678"));
        for none in ["", "CN=localhost", "CN=idrac-", "CN=ilodefault", "O=x"] {
            assert_eq!(serial_in_subject(none), None, "{none}");
        }
    }
}
