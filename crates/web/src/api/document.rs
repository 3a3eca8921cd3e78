//! The OpenAPI document: what the endpoints say of themselves, and what all of them have in common.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response};
use utoipa::{IntoResponses, PartialSchema as _};

const ABOUT: &str = "The JSON API of a Portcullis appliance. Every answer that is not a success is a `Failure`, \
     also for unknown paths (404) and methods (405). Every request carries a token, as `Authorization: Bearer pct_…`. \
     Numbers of records, sweeps and jobs are integers below 2^53.";

/// What can go wrong anywhere, by status.
const FAILURES: &[(&str, &str)] = &[
    ("400", "The request cannot be read: its path, an unknown field in its query, or no JSON."),
    ("401", "There is no token, or it is not known or has ended."),
    ("403", "No grant of the token's user, within the token's limit, allows it."),
    ("404", "There is no such thing, or the token's user may not see it."),
    ("408", "The body did not arrive in time."),
    ("409", "It contradicts the present state, or the object is held by another act."),
    ("413", "The body is too large."),
    ("415", "The body is not declared as application/json."),
    ("422", "The request can be read, but a value in it is not acceptable."),
    ("429", "Too many tries; later again."),
    ("502", "The controller cannot be reached, refuses the credential, or does not answer as it should."),
    ("503", "The appliance itself cannot: disk full, database gone."),
    ("504", "The controller did not do it in time."),
];

/// What an act can end with that goes to a controller.
pub(crate) struct ThroughController;

impl IntoResponses for ThroughController {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer = |status: &str| (status.to_owned(), RefOr::Ref(Ref::new(reference(status))));
        ["429", "502", "504"].into_iter().map(answer).collect()
    }
}

fn reference(status: &str) -> String {
    format!("#/components/responses/Failure{status}")
}

/// What the document begins with.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Portcullis")
        .version(crate::view::VERSION)
        .description(Some(ABOUT))
        .license(Some(utoipa::openapi::License::new("Apache-2.0")));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pct_…").build();
    let mut components = Components::new();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert("Failure".into(), model::Failure::schema());
    components.schemas.insert("Kind".into(), model::Kind::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("bearer", Vec::<String>::new())]))
        .build()
}

/// The whole document, made from the router's own list of endpoints.
#[must_use]
pub fn document() -> Value {
    let (_, api) = super::endpoints().split_for_parts();
    let mut document = serde_json::to_value(&api).unwrap_or_default();
    let shared: Map<String, Value> = FAILURES.iter().map(|(status, text)| shared(status, text)).collect();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".to_owned(), Value::Object(shared));
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        for (method, operation) in item {
            complete(method, operation);
        }
    }
    document
}

fn shared(status: &str, text: &str) -> (String, Value) {
    let schema = json!({ "$ref": "#/components/schemas/Failure" });
    let mut response =
        json!({ "description": text, "content": { "application/json": { "schema": schema } } });
    if let Some(response) = response.as_object_mut().filter(|_| status == "401") {
        let header =
            json!({ "description": "`Bearer realm=\"portcullis\"`", "schema": { "type": "string" } });
        response.insert("headers".to_owned(), json!({ "WWW-Authenticate": header }));
    }
    (format!("Failure{status}"), response)
}

/// Adds the failures that follow from what an endpoint is.
fn complete(method: &str, operation: &mut Value) {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |place: &str| {
        parameters.into_iter().flatten().any(|parameter| parameter.get("in") == Some(&Value::from(place)))
    };
    let mut statuses = vec!["400", "401", "403", "503"];
    if has("path") {
        statuses.extend(["404", "422"]);
    }
    if has("query") {
        statuses.extend(["404", "422"]);
    }
    if operation.get("requestBody").is_some() {
        statuses.extend(["404", "408", "413", "415", "422"]);
    }
    if method != "get" {
        statuses.extend(["409", "422"]);
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses.iter_mut() {
        if let (Some(text), Some(response)) = (success(status), response.as_object_mut()) {
            response.entry("description").or_insert_with(|| text.into());
        }
    }
    for status in statuses {
        responses.entry(status).or_insert_with(|| json!({ "$ref": reference(status) }));
    }
}

/// What a success says where its handler does not say more.
fn success(status: &str) -> Option<&'static str> {
    match status {
        "200" => Some("The answer."),
        "201" => Some("It was made."),
        "202" => Some("It was begun, and goes on by itself."),
        "204" => Some("It was done."),
        _ => None,
    }
}

/// Every endpoint: path, method in lower case, operation.
pub(super) fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object);
    let items = paths.into_iter().flatten().filter_map(|(path, item)| Some((path, item.as_object()?)));
    items
        .flat_map(|(path, item)| item.iter().map(move |(method, it)| (path.clone(), method.clone(), it)))
        .collect()
}
