//! Sign-in, first logins, sessions.

use crate::world::{PASSWORD, World, operator};
use audit::Note;
use identity::session::{IDLE, LIFETIME};
use jiff::SignedDuration;
use model::command::access::{ResetUser, SetUserEnabled};
use model::{Kind, Role, Scope, Secret};

const VIEWER: &[(Role, Scope)] = &[(Role::Viewer, Scope::All)];

#[tokio::test]
async fn whatever_is_wrong_the_words_are_the_same_and_it_is_written_down() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let code = world.code(&mia.key);
    let tries = [
        ("mia", "wrong password here", code.as_str()),
        ("mia", PASSWORD, "000000"),
        ("nobody", PASSWORD, code.as_str()),
    ];
    let mut answers = Vec::new();
    for (at, (name, password, code)) in tries.into_iter().enumerate() {
        let refusal = world.try_in(name, password, code, &format!("192.0.2.{}", at + 1)).await.unwrap_err();
        assert_eq!(refusal.kind, Kind::Unauthenticated);
        answers.push(refusal);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(world.notes(Note::SignInFailed).await, 3);
    // A user who never enrolled has no password that could be right.
    world.user("new", VIEWER).await;
    assert_eq!(world.try_in("new", "", "", "192.0.2.9").await.unwrap_err().kind, Kind::Unauthenticated);
    // The wrong tries used nothing up.
    assert!(world.stands(&world.sign_in(&mia).await).await);
}

#[tokio::test]
async fn guessing_is_slowed_then_locked_and_a_finding_says_so() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let mut slowed = false;
    for _ in 0..40 {
        match world.try_in("mia", "a guess of a password", "123456", "198.51.100.7").await.unwrap_err() {
            failure if failure.kind == Kind::Throttled && failure.cause.starts_with("locked") => break,
            failure => slowed |= failure.kind == Kind::Throttled,
        }
        world.later(SignedDuration::from_secs(20));
    }
    assert!(slowed, "it was never slowed");
    let locked = world.try_in("mia", PASSWORD, &world.code(&mia.key), "198.51.100.7").await.unwrap_err();
    assert!(locked.cause.starts_with("locked"), "the right password does not open a lock: {locked}");
    assert_eq!(world.notes(Note::Lockout).await, 1, "told once");
    let findings = world.store.findings(10).await.unwrap();
    assert_eq!(findings[0].finding.kind, "sign_in_locked");
    // The owner comes in from elsewhere, and from there too when the lock has ended.
    assert!(world.stands(&world.sign_in(&mia).await).await);
    world.later(SignedDuration::from_mins(16));
    world.try_in("mia", PASSWORD, &world.code(&mia.key), "198.51.100.7").await.unwrap();
}

#[tokio::test]
async fn a_code_works_once() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let code = world.code(&mia.key);
    world.try_in("mia", PASSWORD, &code, "192.0.2.1").await.unwrap();
    let again = world.try_in("mia", PASSWORD, &code, "192.0.2.1").await.unwrap_err();
    assert_eq!(again.kind, Kind::Unauthenticated);
    world.later(SignedDuration::from_secs(30));
    world.try_in("mia", PASSWORD, &world.code(&mia.key), "192.0.2.1").await.unwrap();
    // The enrolment's own code is used up too.
    let link = world.user("eva", VIEWER).await;
    let before = world.now();
    let eva = world.enrol("eva", &link).await.unwrap();
    world.clock.set(before);
    assert!(world.try_in("eva", PASSWORD, &world.code(&eva.key), "192.0.2.1").await.is_err());
}

#[tokio::test]
async fn a_recovery_code_works_once_and_that_is_written_down() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let (first, second) = (mia.recovery[0].expose(), mia.recovery[1].expose());
    world.try_in("mia", PASSWORD, first, "192.0.2.1").await.unwrap();
    assert!(world.try_in("mia", PASSWORD, first, "192.0.2.1").await.is_err());
    world.try_in("mia", PASSWORD, second, "192.0.2.1").await.unwrap();
    assert_eq!(world.notes(Note::RecoveryCode).await, 2);
    assert_eq!(world.store.user("mia").await.unwrap().unwrap().recovery.len(), mia.recovery.len() - 2);
}

#[tokio::test]
async fn a_link_works_once_for_a_day_and_a_weak_password_does_not_use_it_up() {
    let world = World::new().await;
    let link = world.user("mia", VIEWER).await;
    let weak = world.gate.enrol(link.expose(), "mia".into(), &"000000".into(), None).await.unwrap_err();
    assert_eq!(weak.kind, Kind::Invalid);
    world.enrol("mia", &link).await.unwrap();
    assert_eq!(world.enrol("mia", &link).await.err().unwrap().kind, Kind::Unauthenticated);
    assert!(world.gate.enrolment("pcl_00000000_nonsense").await.is_err());

    let late = world.user("late", VIEWER).await;
    world.later(SignedDuration::from_hours(24));
    assert_eq!(world.enrol("late", &late).await.err().unwrap().kind, Kind::Unauthenticated);

    let gone = world.user("gone", VIEWER).await;
    let disable = SetUserEnabled { name: "gone".into(), enabled: false };
    world.door.run(&operator(), world.door.access(), disable).await.unwrap();
    assert!(world.enrol("gone", &gone).await.is_err());
}

#[tokio::test]
async fn two_browsers_that_use_a_link_at_once_make_one_login() {
    let world = World::new().await;
    let link = world.user("mia", VIEWER).await;
    let (one, two) = tokio::join!(world.enrol("mia", &link), world.enrol("mia", &link));
    assert!(one.is_ok() != two.is_ok(), "one of them must be told that the link was used");
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_and_with_its_user() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let idle = world.sign_in(&mia).await;
    world.later(IDLE - SignedDuration::from_secs(1));
    assert!(world.stands(&idle).await);
    world.later(IDLE - SignedDuration::from_secs(1));
    assert!(world.stands(&idle).await, "use keeps it");
    world.later(IDLE + SignedDuration::from_secs(1));
    assert!(!world.stands(&idle).await);
    assert!(!world.stands(&idle).await, "it stays ended");

    let old = world.sign_in(&mia).await;
    let mut age = SignedDuration::ZERO;
    while age < LIFETIME - SignedDuration::from_mins(20) {
        assert!(world.stands(&old).await);
        world.later(SignedDuration::from_mins(20));
        age += SignedDuration::from_mins(20);
    }
    world.later(SignedDuration::from_mins(20));
    assert!(!world.stands(&old).await);

    let disabled = world.sign_in(&mia).await;
    let set = |enabled| SetUserEnabled { name: "mia".into(), enabled };
    world.door.run(&operator(), world.door.access(), set(false)).await.unwrap();
    assert!(!world.stands(&disabled).await);
    world.door.run(&operator(), world.door.access(), set(true)).await.unwrap();
    assert!(!world.stands(&disabled).await, "it does not come back with the user");

    world.later(SignedDuration::from_secs(30));
    let reset = world.sign_in(&mia).await;
    world.door.run(&operator(), world.door.access(), ResetUser { name: "mia".into() }).await.unwrap();
    assert!(!world.stands(&reset).await);
    assert!(world.try_in("mia", PASSWORD, &world.code(&mia.key), "192.0.2.1").await.is_err());
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let first = world.sign_in(&mia).await;
    world.later(SignedDuration::from_secs(30));
    let second = world.sign_in(&mia).await;
    assert_ne!(first, second);
    world.gate.sign_out(&first).await;
    assert!(!world.stands(&first).await);
    assert!(world.stands(&second).await);
    assert_eq!(world.notes(Note::SignOut).await, 1);
}

#[tokio::test]
async fn a_cookie_that_was_planted_is_worth_nothing_after_the_sign_in() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let planted: Secret<String> = identity::session::mint().unwrap().token;
    assert!(!world.stands(planted.expose()).await);
    let own = world.sign_in(&mia).await;
    assert!(!world.stands(planted.expose()).await);
    assert_ne!(planted.expose(), &own);
    for nonsense in ["", "x", "\u{0}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert!(!world.stands(nonsense).await);
    }
}

#[tokio::test]
async fn new_factors_are_chosen_with_the_present_ones_and_end_every_session() {
    let world = World::new().await;
    let mia = world.person("mia", VIEWER).await;
    let cookie = world.sign_in(&mia).await;
    world.later(SignedDuration::from_secs(30));
    let attempt = |password: &str, code: String| control::gate::Attempt {
        name: "mia".into(),
        password: password.into(),
        code: code.as_str().into(),
        from: None,
        agent: String::new(),
    };
    let wrong = attempt("not the password", world.code(&mia.key));
    assert_eq!(world.gate.renew_login(&wrong).await.unwrap_err().kind, Kind::Unauthenticated);
    let link = world.gate.renew_login(&attempt(PASSWORD, world.code(&mia.key))).await.unwrap();
    assert!(world.stands(&cookie).await, "nothing ends before the link is used");
    let renewed = world.enrol("mia", &link).await.unwrap();
    assert!(!world.stands(&cookie).await);
    world.later(SignedDuration::from_secs(60));
    assert!(
        world.try_in("mia", PASSWORD, &world.code(&mia.key), "192.0.2.1").await.is_err(),
        "the old key is gone"
    );
    assert!(world.stands(&world.sign_in(&renewed).await).await);
}
