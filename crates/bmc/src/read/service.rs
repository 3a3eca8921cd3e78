//! The service root (DSP0268 ServiceRoot).

use super::field::Fields;
use model::inventory::{Fault, Service};
use serde_json::Value;

/// Reads a ServiceRoot resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Service, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let service = Service {
        redfish_version: fields.text("RedfishVersion"),
        vendor: fields.text("Vendor").or_else(|| crate::vendor::by_oem(value).map(|row| row.name.to_owned())),
        product: fields.text("Product"),
        uuid: fields.text("UUID"),
        name: fields.text("Name"),
    };
    (service, fields.into_faults())
}
