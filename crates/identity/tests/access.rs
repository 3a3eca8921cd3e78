//! The decision, by table over every role, action and kind of object, and by property.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

use identity::access::system_actions;
use identity::decide;
use model::access::Limit;
use model::{Action, Actor, DeviceId, Grant, Object, Principal, Role, Scope};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn grant(id: i64, user: &str, role: Role, scope: &str) -> Grant {
    Grant { id, user: user.into(), role, scope: scope.parse().unwrap() }
}

fn device(zone: &str, label: &str) -> Object {
    let labels = BTreeMap::from([("rack".to_owned(), label.to_owned())]);
    Object::Device { id: DeviceId("7".into()), name: "r1-u07".into(), zone: zone.into(), labels }
}

fn user(name: &str) -> Actor {
    Actor::user(name, "web", None)
}

fn token(name: &str, limit: Option<(Role, &str)>) -> Actor {
    let principal = Principal::Token { id: "k7qd9w2m".into(), user: name.into() };
    let limit = limit.map(|(role, scope)| Limit { role, scope: scope.parse().unwrap() });
    Actor { principal, via: "api".into(), from: None, limit }
}

fn objects() -> Vec<(&'static str, Object)> {
    vec![
        ("here", device("management", "1")),
        ("elsewhere", device("lab", "2")),
        ("range here", Object::Range { range: "10.0.3.0/24".into(), zone: "management".into() }),
        ("range elsewhere", Object::Range { range: "10.0.4.0/24".into(), zone: "lab".into() }),
        ("self", Object::User { name: "alice".into() }),
        ("other", Object::User { name: "bob".into() }),
        ("appliance", Object::Appliance),
    ]
}

/// What the manual says of a scope, written down a second time and by name.
fn covered(scope: &str, object: &str, action: Action) -> bool {
    let own = action == Action::TokenOwn;
    match (scope, object) {
        (_, "self") if own => true,
        (_, _) if own => false,
        ("all", _) => true,
        ("zone:management", "here" | "range here") | ("label:rack=1", "here") => true,
        (_, "appliance") => matches!(action, Action::ApplianceView | Action::DeviceView),
        _ => false,
    }
}

#[test]
fn every_role_scope_action_and_object() {
    let mut allowed = 0;
    for role in Role::ALL {
        for scope in ["all", "zone:management", "label:rack=1"] {
            for action in Action::ALL {
                for (name, object) in objects() {
                    let grants = [grant(3, "alice", *role, scope)];
                    let decision = decide(&grants, &user("alice"), *action, &object);
                    let own = *action != Action::TokenOwn || name == "self";
                    let expected = role.includes(*action) && own && covered(scope, name, *action);
                    assert_eq!(
                        decision.allowed, expected,
                        "{role} over {scope}: {action} on {name}: {}",
                        decision.why
                    );
                    assert_eq!(decision.by.is_some(), expected);
                    assert!(
                        decision.why.starts_with(if expected { "yes: " } else { "no: " }),
                        "{}",
                        decision.why
                    );
                    assert!(!decide(&grants, &user("bob"), *action, &object).allowed, "another's grant");
                    allowed += usize::from(expected);
                }
            }
        }
    }
    assert!(allowed > 100, "{allowed}");
}

#[test]
fn every_role_and_limit_of_a_token() {
    for role in Role::ALL {
        for limit in Role::ALL {
            for scope in ["all", "zone:management", "label:rack=1"] {
                for action in Action::ALL {
                    for (name, object) in objects() {
                        let grants = [grant(3, "alice", *role, "all")];
                        let by_token =
                            decide(&grants, &token("alice", Some((*limit, scope))), *action, &object);
                        let by_user = decide(&grants, &user("alice"), *action, &object);
                        let within = limit.includes(*action) && covered(scope, name, *action);
                        let unlimited = *limit == Role::Administrator && scope == "all";
                        let expected =
                            by_user.allowed && within && (*action != Action::TokenOwn || unlimited);
                        assert_eq!(by_token.allowed, expected, "{action} on {name}: {}", by_token.why);
                    }
                }
            }
        }
    }
}

#[test]
fn parts_of_the_appliance_do_their_own_work_only() {
    let table = [
        ("poller", vec![Action::DeviceRefresh]),
        ("sweeper", vec![Action::DeviceDiscover]),
        ("adoption", vec![Action::DeviceAdopt]),
        ("operator", Action::ALL.to_vec()),
        ("stranger", vec![]),
        ("", vec![]),
    ];
    for (name, may) in table {
        assert_eq!(system_actions(name).unwrap_or_default(), may, "{name}");
        for action in Action::ALL {
            for (_, object) in objects() {
                let grants = [grant(1, name, Role::Administrator, "all")];
                let decision = decide(&grants, &Actor::system(name), *action, &object);
                assert_eq!(decision.allowed, may.contains(action), "{name}: {}", decision.why);
                assert_eq!(decision.by, None);
            }
        }
    }
}

#[test]
fn nobody_may_nothing() {
    let nobody = Actor { principal: Principal::Anonymous, via: "web".into(), from: None, limit: None };
    for action in Action::ALL {
        for (name, object) in objects() {
            let grants =
                [grant(1, "", Role::Administrator, "all"), grant(2, "anonymous", Role::Administrator, "all")];
            assert!(!decide(&grants, &nobody, *action, &object).allowed, "{action} on {name}");
        }
    }
}

#[test]
fn the_reason_is_a_sentence() {
    let grants = [
        grant(2, "alice", Role::Viewer, "all"),
        grant(3, "alice", Role::Operator, "zone:management"),
        grant(4, "bob", Role::Administrator, "all"),
    ];
    let why = |actor: &Actor, action, object: &Object| decide(&grants, actor, action, object).why;
    let (here, elsewhere) = (device("management", "1"), device("lab", "1"));
    let power = Action::DevicePower;
    assert_eq!(why(&user("alice"), power, &here), "yes: grant 3 gives alice operator over zone:management");
    assert_eq!(
        why(&user("alice"), power, &elsewhere),
        "no: alice's grants that include device.power (3 operator over zone:management) do not cover device r1-u07"
    );
    assert_eq!(
        why(&user("alice"), Action::AuditView, &Object::Appliance),
        "no: alice's grants (2 viewer over all, 3 operator over zone:management) do not include audit.view"
    );
    assert_eq!(why(&user("eve"), power, &here), "no: eve has no grants");
    assert_eq!(
        why(&token("alice", Some((Role::Viewer, "all"))), power, &here),
        "no: grant 3 gives it to alice, but token k7qd9w2m is limited to viewer over all, \
         which does not give device.power on device r1-u07"
    );
    assert_eq!(
        why(&token("alice", Some((Role::Operator, "all"))), power, &here),
        "yes: grant 3 gives alice operator over zone:management, within the limit of token k7qd9w2m"
    );
    assert_eq!(
        why(&user("bob"), Action::TokenOwn, &Object::User { name: "alice".into() }),
        "no: token.own is about one's own tokens, and user alice is not bob"
    );
    assert_eq!(
        why(&Actor::system("poller"), power, &here),
        "no: the appliance's own poller may not device.power"
    );
    assert!(
        !decide(&grants, &token("alice", None), power, &here).allowed,
        "a token without a limit is refused"
    );
    let many: Vec<Grant> = (0..50).map(|id| grant(id, "eve", Role::Viewer, "all")).collect();
    assert!(decide(&many, &user("eve"), power, &here).why.contains("and 45 more"));
}

fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        "[ab]".prop_map(Scope::Zone),
        ("[xy]", "[12]").prop_map(|(key, value)| Scope::Label { key, value }),
    ]
}

fn any_grant() -> impl Strategy<Value = Grant> {
    (0_i64..99, "(alice|bob)", proptest::sample::select(Role::ALL), any_scope())
        .prop_map(|(id, user, role, scope)| Grant { id, user, role, scope })
}

fn any_object() -> impl Strategy<Value = Object> {
    let labels = proptest::collection::btree_map("[xy]", "[12]", 0..3);
    prop_oneof![
        ("[ab]", labels).prop_map(|(zone, labels)| Object::Device {
            id: DeviceId("1".into()),
            name: "d".into(),
            zone,
            labels
        }),
        "[ab]".prop_map(|zone| Object::Range { range: "10.0.0.0/24".into(), zone }),
        "(alice|bob)".prop_map(|name| Object::User { name }),
        Just(Object::Appliance),
    ]
}

proptest! {
    #[test]
    fn a_grant_more_takes_no_right_away(
        grants in proptest::collection::vec(any_grant(), 0..6),
        more in any_grant(),
        at in any::<proptest::sample::Index>(),
        action in proptest::sample::select(Action::ALL),
        object in any_object(),
        limit in proptest::option::of((proptest::sample::select(Role::ALL), any_scope())),
    ) {
        let actor = match limit {
            None => user("alice"),
            Some((role, scope)) => Actor { limit: Some(Limit { role, scope }), ..token("alice", None) },
        };
        let before = decide(&grants, &actor, action, &object);
        let mut widened = grants;
        widened.insert(at.index(widened.len() + 1), more);
        let after = decide(&widened, &actor, action, &object);
        prop_assert!(!before.allowed || after.allowed, "{} then {}", before.why, after.why);
    }

    #[test]
    fn a_token_never_exceeds_its_user(
        grants in proptest::collection::vec(any_grant(), 0..6),
        action in proptest::sample::select(Action::ALL),
        object in any_object(),
        role in proptest::sample::select(Role::ALL),
        scope in any_scope(),
    ) {
        let by_token = Actor { limit: Some(Limit { role, scope }), ..token("alice", None) };
        let by_token = decide(&grants, &by_token, action, &object);
        let by_user = decide(&grants, &user("alice"), action, &object);
        prop_assert!(!by_token.allowed || by_user.allowed, "{} but {}", by_token.why, by_user.why);
        if let Some(grant) = by_token.by {
            prop_assert!(role.includes(action) && grant.role.includes(action) && grant.user == "alice");
        }
    }
}
