//! Users, grants, tokens, sessions, links and settings: written, read back, changed, removed.

use crate::sample::{at, link, session, store, token, user};
use model::{Role, Scope};

#[tokio::test]
async fn users_are_kept_whole_and_changed_by_part() {
    let (_folder, store) = store();
    let full = store::User {
        password: Some("$argon2id$v=19$…".into()),
        totp: Some(vec![0, 255, 1]),
        totp_last_step: Some(59_000_000),
        recovery: vec!["a".into(), "b".into()],
        last_sign_in: Some(at(9)),
        ..user("mona")
    };
    store.create_user(&full).await.unwrap();
    store.create_user(&user("adam")).await.unwrap();
    assert_eq!(store.user("mona").await.unwrap(), Some(full.clone()));
    assert_eq!(store.users().await.unwrap(), [user("adam"), full.clone()]);
    assert_eq!(store.count_users().await.unwrap(), 2);
    assert!(!format!("{full:?}").contains("argon2id"));

    let twice = store.create_user(&user("mona")).await.unwrap_err();
    assert!(twice.is_duplicate());
    assert_eq!(twice.to_string(), "create user mona: there is one of that name already");
    assert_eq!(model::Failure::from(twice).kind, model::Kind::Conflict);

    assert!(store.set_password("mona", Some("new".into())).await.unwrap());
    assert!(store.set_second_factor("mona", Some(vec![9]), &["c".into()]).await.unwrap());
    assert!(store.signed_in("mona", at(10)).await.unwrap());
    let changed = store.user("mona").await.unwrap().unwrap();
    assert_eq!(
        (changed.password.as_deref(), changed.totp, changed.totp_last_step),
        (Some("new"), Some(vec![9]), None)
    );
    assert_eq!((changed.recovery, changed.last_sign_in), (vec!["c".to_owned()], Some(at(10))));
    assert!(store.put_user(&full).await.unwrap());
    assert_eq!(store.user("mona").await.unwrap(), Some(full));
    for there in [
        store.set_password("eve", None).await,
        store.delete_user("eve").await,
        store.put_user(&user("eve")).await,
    ] {
        assert!(!there.unwrap());
    }
}

#[tokio::test]
async fn second_factors_and_recovery_codes_work_once() {
    let (_folder, store) = store();
    store.create_user(&store::User { recovery: vec!["a".into(), "b".into()], ..user("mona") }).await.unwrap();
    let used = |step| store.use_totp_step("mona", step);
    assert!(used(10).await.unwrap());
    assert!(!used(10).await.unwrap(), "the same step");
    assert!(!used(9).await.unwrap(), "an older step");
    assert!(used(11).await.unwrap());
    assert!(!store.use_totp_step("eve", 10).await.unwrap());

    let tries = futures(8, |_| store.use_recovery_code("mona", "a")).await;
    assert_eq!(tries.into_iter().filter(|used| *used).count(), 1, "of eight at once");
    assert!(!store.use_recovery_code("mona", "z").await.unwrap());
    assert_eq!(store.user("mona").await.unwrap().unwrap().recovery, ["b"]);
}

/// The results of the same call made several times at once.
async fn futures<T>(times: usize, call: impl Fn(usize) -> T) -> Vec<bool>
where
    T: Future<Output = store::Result<bool>>,
{
    let mut calls: Vec<_> = (0..times).map(|time| Box::pin(call(time))).collect();
    let mut results = Vec::new();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(result) => {
                results.push(result.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    results
}

#[tokio::test]
async fn grants_are_numbered_and_belong_to_a_user() {
    let (_folder, store) = store();
    store.create_user(&user("mona")).await.unwrap();
    let rack: Scope = "label:rack=r1".parse().unwrap();
    let first = store.add_grant("mona", Role::Viewer, &Scope::All).await.unwrap();
    let second = store.add_grant("mona", Role::Operator, &rack).await.unwrap();
    let grants = store.grants_of("mona").await.unwrap();
    assert_eq!(grants.iter().map(|grant| grant.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!((grants[1].role, &grants[1].scope), (Role::Operator, &rack));
    assert!(store.add_grant("mona", Role::Operator, &rack).await.unwrap_err().is_duplicate());
    let missing = store.add_grant("eve", Role::Viewer, &Scope::All).await.unwrap_err();
    assert!(missing.is_missing(), "{missing}");
    assert!(!store.remove_grant("eve", first).await.unwrap(), "another's grant");
    assert!(store.remove_grant("mona", first).await.unwrap());
    assert_eq!(store.grants().await.unwrap().len(), 1);
    let third = store.add_grant("mona", Role::Viewer, &Scope::All).await.unwrap();
    assert!(third > second, "a number is never used again");
}

#[tokio::test]
async fn tokens_are_found_by_hash_and_end() {
    let (_folder, store) = store();
    store.create_user(&user("mona")).await.unwrap();
    store.create_token(&token("t1", "mona")).await.unwrap();
    store.create_token(&token("t2", "mona")).await.unwrap();
    assert_eq!(store.token_by_hash("hash of t1").await.unwrap(), Some(token("t1", "mona")));
    assert_eq!(store.token_by_hash("no").await.unwrap(), None);
    assert!(store.create_token(&token("t1", "mona")).await.unwrap_err().is_duplicate());
    assert!(store.create_token(&token("t3", "eve")).await.unwrap_err().is_missing());
    assert!(store.token_used("t1", at(7)).await.unwrap());
    assert!(!store.revoke_token("eve", "t1", at(8)).await.unwrap(), "another's token");
    assert!(store.revoke_token("mona", "t1", at(8)).await.unwrap());
    assert!(!store.revoke_token("mona", "t1", at(9)).await.unwrap(), "revoked before");
    let one = store.token("t1").await.unwrap().unwrap();
    assert_eq!((one.last_used, one.revoked_at), (Some(at(7)), Some(at(8))));
    assert_eq!(store.prune_tokens(at(9)).await.unwrap(), 1);
    assert_eq!(store.tokens_of("mona").await.unwrap(), [token("t2", "mona")]);
    assert_eq!(store.tokens().await.unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_end_by_age_by_user_and_one_by_one() {
    let (_folder, store) = store();
    for name in ["mona", "adam"] {
        store.create_user(&user(name)).await.unwrap();
    }
    for (hash, name) in [("1", "mona"), ("2", "mona"), ("3", "adam"), ("4", "adam")] {
        store.create_session(&session(hash, name)).await.unwrap();
    }
    assert_eq!(store.session("1").await.unwrap(), Some(session("1", "mona")));
    assert!(store.session_seen("4", at(50)).await.unwrap());
    assert!(store.session_proven("4", at(51)).await.unwrap());
    let seen = store.session("4").await.unwrap().unwrap();
    assert_eq!((seen.last_seen, seen.second_factor_at), (at(50), Some(at(51))));
    assert!(store.end_session("1").await.unwrap());
    assert_eq!(store.end_sessions_of("mona").await.unwrap(), 1);
    assert_eq!(store.end_stale_sessions(at(20), at(0)).await.unwrap(), 1, "not seen since");
    assert_eq!(store.sessions().await.unwrap(), [seen]);
    assert_eq!(store.end_stale_sessions(at(0), at(6)).await.unwrap(), 1, "too old however often seen");
}

#[tokio::test]
async fn links_work_once_and_not_after_their_end() {
    let (_folder, store) = store();
    store.create_user(&user("mona")).await.unwrap();
    store.create_link(&link("1", "mona")).await.unwrap();
    assert_eq!(store.link("1").await.unwrap(), Some(link("1", "mona")));
    assert_eq!(store.use_link("1", at(100)).await.unwrap(), None, "ended");
    let used = store.use_link("1", at(99)).await.unwrap().unwrap();
    assert_eq!(used.used_at, Some(at(99)));
    assert_eq!(store.use_link("1", at(99)).await.unwrap(), None, "used");
    store.create_link(&link("2", "mona")).await.unwrap();
    assert_eq!(store.link("1").await.unwrap(), None, "replaced by a newer one");
    assert_eq!(store.prune_links(at(101)).await.unwrap(), 1);
}

#[tokio::test]
async fn disabling_ends_what_is_open_and_deleting_removes_everything() {
    let (_folder, store) = store();
    store.create_user(&user("mona")).await.unwrap();
    store.add_grant("mona", Role::Viewer, &Scope::All).await.unwrap();
    store.create_token(&token("t1", "mona")).await.unwrap();
    store.create_session(&session("1", "mona")).await.unwrap();
    store.create_link(&link("1", "mona")).await.unwrap();

    assert!(store.set_user_enabled("mona", false, at(5)).await.unwrap());
    assert_eq!(store.token("t1").await.unwrap().unwrap().revoked_at, Some(at(5)));
    assert_eq!((store.session("1").await.unwrap(), store.link("1").await.unwrap()), (None, None));
    assert!(!store.user("mona").await.unwrap().unwrap().enabled);
    assert!(store.set_user_enabled("mona", true, at(6)).await.unwrap());
    assert!(store.token("t1").await.unwrap().unwrap().revoked_at.is_some(), "what ended stays ended");

    store.create_session(&session("2", "mona")).await.unwrap();
    store.create_link(&link("2", "mona")).await.unwrap();
    assert!(store.delete_user("mona").await.unwrap());
    assert_eq!(store.grants().await.unwrap(), []);
    assert_eq!(store.tokens().await.unwrap(), []);
    assert_eq!((store.sessions().await.unwrap(), store.link("2").await.unwrap()), (vec![], None));
}

#[tokio::test]
async fn settings_are_json_of_any_shape() {
    let (_folder, store) = store();
    assert_eq!(store.setting::<u32>("port").await.unwrap(), None);
    store.put_setting("port", &443).await.unwrap();
    store.put_setting("port", &8443).await.unwrap();
    store.put_setting("zones", &["a", "b"]).await.unwrap();
    assert_eq!(store.setting::<u32>("port").await.unwrap(), Some(8443));
    let wrong = store.setting::<Vec<u32>>("zones").await.unwrap_err();
    assert_eq!(wrong.to_string(), "read setting zones: the stored setting cannot be understood");
    let all = store.settings().await.unwrap();
    assert_eq!(all, [("port".into(), 8443.into()), ("zones".into(), serde_json::json!(["a", "b"]))]);
    assert!(store.delete_setting("port").await.unwrap());
    assert!(!store.delete_setting("port").await.unwrap());
}
