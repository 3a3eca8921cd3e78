//! What is written is read again as the same: fields that this version does not know and texts of every kind included.

use policy::document::{Scenario, Site};
use policy::read::{parse_scenario, parse_site, write};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Texts that a writer may get wrong: what looks like a number, a truth, a remark, a list or a tag, and many lines.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,12}",
        "[ -~äß中\u{1f512}]{0,60}",
        "[ -~\n]{0,200}",
        "([a-z]{1,9} ){10,40}",
        prop::sample::select(vec![
            "",
            " ",
            "~",
            "null",
            "true",
            "no",
            "1.0",
            "010",
            "0x1f",
            "1e3",
            ".inf",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "[a",
            "{a",
            "!a",
            "&a",
            "*a",
            "<<",
            "|",
            ">",
            "'",
            "\"",
            "%a",
            "@a",
            "`a",
            "\n",
            "a\n",
            "\na",
            "a\n\n",
            " a",
            "a ",
            "2026-06-04",
            "\ta",
            "a\tb",
            "---",
            "...",
            "?",
            ":",
            "-",
            "a\r\nb",
            "\u{85}",
            "\u{2028}",
            "=",
        ])
        .prop_map(str::to_owned),
    ]
}

fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A mapping with fields of its own added, whose names no type has.
fn with(mut value: Value, more: Map<String, Value>) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.extend(more);
    }
    value
}

fn strange() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(text().prop_map(|name| format!("x_{name}")), unknown(), 0..3)
        .prop_map(|entries| entries.into_iter().collect())
}

prop_compose! {
    fn rule()(app in text(), zones in prop::collection::vec(text(), 0..4), to in text(), why in text(), group in prop::option::of(text()),
        risk in prop::option::of(any::<u8>()), rate in prop::option::of(any::<u32>()), profile in unknown(),
        a in strange(), b in strange(), c in strange()) -> Value {
        let rule = json!({
            "application": with(json!({"app_id": app, "category": "networking", "risk": risk, "depends_on": [to]}), a),
            "zones": with(json!({"from": zones, "to": to}), b),
            "direction": "inbound",
            "action": "reject",
            "security_profiles": {"antivirus": profile},
            "decryption": {"mode": "ssl_forward_proxy", "exclusions": [why]},
            "logging": {"at_start": true, "priority": "high", "rate_limit": rate},
            "identity": {"user_group": group},
            "rationale": {"en": why},
        });
        with(rule, c)
    }
}

prop_compose! {
    fn scenario()(id in text(), version in text(), title in text(), rules in prop::collection::vec(rule(), 0..3), more in strange(), ours in strange()) -> Scenario {
        let value = with(json!({
            "schema_version": "1.0.0", "id": id, "version": version, "title": {"en": title, "zh-Hant": title},
            "authors": [with(json!({"name": title}), ours)],
            "threat_model": {"summary": {"en": title}, "key_controls": [id]},
            "references": [{"url": title, "retrieved": "2026-06-04", "endpoints": [id]}],
            "rules": rules,
        }), more);
        typed(value)
    }
}

prop_compose! {
    fn site()(name in text(), host in text(), more in strange(), zone in strange(), v6 in any::<[u8; 16]>(), v4 in any::<[u8; 4]>(), prefix in 0..32u8) -> Site {
        let (v6, v4) = (std::net::Ipv6Addr::from(v6), std::net::Ipv4Addr::from(v4));
        let value = with(json!({
            "schema_version": "1.0.0", "scenario": name,
            "appliance": {"zone": name, "addresses": [v4, v6]},
            "zones": {name.clone(): with(json!({"networks": [format!("{v4}/{prefix}"), format!("{v6}/{prefix}")], "vlan": 7, "segment": "choke_point"}), zone)},
            "applications": {name.clone(): {"services": ["tcp/443", "icmp/echo-request"], "multicast": [v4], "clear_text": true}},
            "groups": {host.clone(): [format!("{v4}/{prefix}")]},
            "compensating_controls": [{"application": name, "profiles": ["antivirus"], "control": {"en": host}}],
            "hosts": {host.clone(): [v6]},
            "tests": [{"from": host, "to": name, "service": "udp/1-9", "expect": "drop"}],
        }), more);
        typed(value)
    }
}

/// What was made up above is a document.
#[expect(clippy::unwrap_used, reason = "a test's own helper")]
fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_survives(scenario in scenario()) {
        let written = write(&scenario).unwrap();
        let reading = parse_scenario(written.as_bytes(), "s");
        let read = reading.document.ok_or_else(|| TestCaseError::fail(format!("{written}\n{:#?}", reading.diagnostics)))?;
        prop_assert_eq!(&read.content, &scenario, "{}", written);
        prop_assert_eq!(write(&read.content).unwrap(), written);
    }

    #[test]
    fn a_site_survives(site in site()) {
        let written = write(&site).unwrap();
        let reading = parse_site(written.as_bytes(), "s");
        let read = reading.document.ok_or_else(|| TestCaseError::fail(format!("{written}\n{:#?}", reading.diagnostics)))?;
        prop_assert_eq!(&read.content, &site, "{}", written);
    }
}
