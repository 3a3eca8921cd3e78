//! The document in git is the one that the program serves.

use crate::harness::Harness;
use std::path::PathBuf;

#[tokio::test]
async fn openapi_document_in_git_is_the_one_that_is_served() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document = web::api::document();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap_or_default()).unwrap_or_default();
    assert!(
        kept == document,
        "docs/openapi.json is not what the router says; renew it: UPDATE_OPENAPI=1 cargo test -p web openapi"
    );
    let served = Harness::start().await.ask(None, "GET", "/openapi.json", None).await;
    assert_eq!(served.json(), document);
}

#[test]
fn openapi_names_every_answer_and_every_reference_leads_somewhere() {
    let document = web::api::document();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let described = response["description"].is_string() || response["$ref"].is_string();
                assert!(described, "{name} does not describe {status}");
            }
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
            for status in ["400", "401", "403", "503"] {
                assert!(responses.contains_key(status), "{name} does not say {status}");
            }
        }
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &serde_json::Value, references: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(|it| it.as_str()).map(str::to_owned));
            fields.values().for_each(|it| collect(it, references));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|it| collect(it, references)),
        _ => {}
    }
}
