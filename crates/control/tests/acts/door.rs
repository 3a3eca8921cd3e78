//! The one way to act: refused and written down, or written down and done.

use crate::world::{World, operator};
use audit::{Note, Status};
use control::Door;
use model::command::{BoxFuture, Command, Part};
use model::{Action, Actor, Failure, Kind, Object, Permit, Role, Scope};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// What the part below is asked for.
#[derive(Clone, Debug, Default)]
struct Push {
    how: How,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum How {
    #[default]
    Well,
    Badly,
    Crashing,
    WhenTold,
}

impl Command for Push {
    type Outcome = u64;

    fn action(&self) -> Action {
        Action::DevicePower
    }

    fn detail(&self) -> Value {
        json!({ "how": format!("{:?}", self.how) })
    }
}

/// A part that looks at the audit log while it acts.
struct Button {
    log: audit::Log,
    pushed: AtomicU64,
    begun: Notify,
    go_on: Notify,
}

impl Button {
    fn new(world: &World) -> Arc<Self> {
        let (log, pushed) = (world.log.clone(), AtomicU64::new(0));
        Arc::new(Self { log, pushed, begun: Notify::new(), go_on: Notify::new() })
    }

    fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::SeqCst)
    }

    async fn push(&self, permit: Permit, command: Push) -> Result<u64, Failure> {
        let entries = self.log.list(audit::Query { limit: 1, ..audit::Query::default() }).await.unwrap();
        assert_eq!(entries[0].record, permit.record(), "the act's record is on disk before the act");
        assert_eq!((entries[0].status, entries[0].action), (Status::Pending, Some(permit.action())));
        assert_eq!((&entries[0].actor, &entries[0].object), (permit.actor(), &Some(permit.object().clone())));
        self.begun.notify_one();
        match command.how {
            How::Well => {}
            How::Badly => return Err(Failure::new(Kind::TimedOut, "push", "the button", "it is stuck")),
            How::Crashing => panic!("the button broke"),
            How::WhenTold => self.go_on.notified().await,
        }
        Ok(self.pushed.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl Part<Push> for Button {
    fn object(&self, _command: &Push) -> Result<Object, Failure> {
        Ok(Object::Range { range: "10.0.0.0/24".into(), zone: "management".into() })
    }

    fn perform(&self, permit: Permit, command: Push) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(self.push(permit, command))
    }
}

async fn push(door: &Door, actor: &Actor, button: &Arc<Button>, how: How) -> Result<u64, Failure> {
    door.run(actor, button, Push { how }).await
}

#[tokio::test]
async fn the_record_is_on_disk_before_the_act_and_says_how_it_ended() {
    let world = World::new().await;
    let button = Button::new(&world);
    assert_eq!(push(&world.door, &operator(), &button, How::Well).await.unwrap(), 1);
    assert_eq!(world.entries().await[0].status, Status::Ok);
    let failure = push(&world.door, &operator(), &button, How::Badly).await.unwrap_err();
    let entry = &world.entries().await[0];
    assert_eq!((entry.status, entry.reason.clone()), (Status::Failed, Some(failure.to_string())));
    assert_eq!(entry.detail, json!({ "how": "Badly" }));
}

#[tokio::test]
async fn an_act_that_crashes_is_a_failure_and_its_record_says_so() {
    let world = World::new().await;
    let button = Button::new(&world);
    let failure = push(&world.door, &operator(), &button, How::Crashing).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    let entry = &world.entries().await[0];
    assert_eq!(entry.status, Status::Failed, "{entry:?}");
    push(&world.door, &operator(), &button, How::Well).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_written_down_and_nothing_is_done() {
    let world = World::new().await;
    world.user("mia", &[(Role::Viewer, Scope::All), (Role::Operator, Scope::Zone("lab".into()))]).await;
    let button = Button::new(&world);
    let mia = Actor::user("mia", "web", None);
    let refusal = push(&world.door, &mia, &button, How::Well).await.unwrap_err();
    assert_eq!(refusal.kind, Kind::Refused);
    assert_eq!(button.pushed(), 0);
    let entry = &world.entries().await[0];
    assert_eq!((entry.note, entry.action), (Some(Note::Refused), Some(Action::DevicePower)));
    assert_eq!(entry.actor, mia);
    // Asking beforehand is written down just the same.
    let again = world.door.admit(&mia, &*button, &Push::default()).await.unwrap_err();
    assert_eq!((again, world.notes(Note::Refused).await), (refusal, 2));
    // Nobody known, and a part of the appliance that may something else, are refused too.
    let anonymous =
        Actor { principal: model::Principal::Anonymous, via: "web".into(), from: None, limit: None };
    assert_eq!(
        push(&world.door, &anonymous, &button, How::Well).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
    assert_eq!(
        push(&world.door, &Actor::system("poller"), &button, How::Well).await.unwrap_err().kind,
        Kind::Refused
    );
    assert_eq!(button.pushed(), 0);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let world = World::new().await;
    let button = Button::new(&world);
    world.log.stop().await;
    let failure = push(&world.door, &operator(), &button, How::Well).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert!(failure.hint.unwrap().starts_with("nothing was done"));
    assert_eq!(button.pushed(), 0);
}

#[tokio::test]
async fn an_act_that_has_begun_ends_even_when_whoever_asked_goes_away() {
    let world = World::new().await;
    let button = Button::new(&world);
    let actor = operator();
    {
        let asked = push(&world.door, &actor, &button, How::WhenTold);
        tokio::select! {
            _ = asked => panic!("it ended before it was told to"),
            () = button.begun.notified() => {}
        }
    }
    assert_eq!(button.pushed(), 0);
    button.go_on.notify_one();
    world.door.close().await;
    assert_eq!(button.pushed(), 1);
    assert_eq!(world.entries().await[0].status, Status::Ok);
}

#[tokio::test]
async fn a_disabled_user_may_nothing_from_that_moment() {
    let world = World::new().await;
    world.user("ada", &[(Role::Administrator, Scope::All)]).await;
    world.user("mia", &[(Role::Operator, Scope::All)]).await;
    let button = Button::new(&world);
    let mia = Actor::user("mia", "web", None);
    push(&world.door, &mia, &button, How::Well).await.unwrap();
    let disable = model::command::access::SetUserEnabled { name: "mia".into(), enabled: false };
    world.door.run(&operator(), world.door.access(), disable).await.unwrap();
    assert_eq!(push(&world.door, &mia, &button, How::Well).await.unwrap_err().kind, Kind::Refused);
    assert_eq!(button.pushed(), 1);
}
