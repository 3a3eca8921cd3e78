//! Somebody must be left who may manage users.

use crate::world::{World, operator};
use model::command::access::{AddGrant, RevokeGrant, SetUserEnabled};
use model::{Failure, Kind, Role, Scope};

const ADMINISTRATOR: &[(Role, Scope)] = &[(Role::Administrator, Scope::All)];

impl World {
    async fn enable(&self, name: &str, enabled: bool) -> Result<(), Failure> {
        let set = SetUserEnabled { name: name.into(), enabled };
        self.door.run(&operator(), self.door.access(), set).await
    }

    async fn take_back(&self, user: &str, grant: i64) -> Result<(), Failure> {
        self.door.run(&operator(), self.door.access(), RevokeGrant { user: user.into(), grant }).await
    }

    fn grant_of(&self, user: &str) -> i64 {
        self.door.grants(&operator()).into_iter().find(|grant| grant.user == user).unwrap().id
    }
}

#[tokio::test]
async fn the_last_administrator_is_neither_disabled_nor_demoted() {
    let world = World::new().await;
    world.user("ada", ADMINISTRATOR).await;
    assert_eq!(world.enable("ada", false).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(world.take_back("ada", world.grant_of("ada")).await.unwrap_err().kind, Kind::Conflict);
    // An administrator of a zone, or a disabled one, could not manage users.
    world.user("bob", &[(Role::Administrator, Scope::Zone("lab".into()))]).await;
    world.user("eve", ADMINISTRATOR).await;
    world.enable("eve", false).await.unwrap();
    assert_eq!(world.enable("ada", false).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(world.take_back("ada", world.grant_of("ada")).await.unwrap_err().kind, Kind::Conflict);
    // With a second one it may be, and then the second is the last.
    world.enable("eve", true).await.unwrap();
    world.enable("ada", false).await.unwrap();
    assert_eq!(world.enable("eve", false).await.unwrap_err().kind, Kind::Conflict);
    world.enable("bob", false).await.unwrap();
}

#[tokio::test]
async fn two_administrators_who_disable_each_other_at_once_do_not_both_succeed() {
    for _ in 0..10 {
        let world = World::new().await;
        world.user("ada", ADMINISTRATOR).await;
        world.user("eve", ADMINISTRATOR).await;
        let (one, two) = tokio::join!(world.enable("ada", false), world.enable("eve", false));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn who_is_not_there_is_not_found() {
    let world = World::new().await;
    for enabled in [true, false] {
        assert_eq!(world.enable("nobody", enabled).await.unwrap_err().kind, Kind::NotFound);
    }
    let add = AddGrant { user: "nobody".into(), role: Role::Viewer, scope: Scope::All };
    assert_eq!(world.door.run(&operator(), world.door.access(), add).await.unwrap_err().kind, Kind::NotFound);
    world.user("ada", ADMINISTRATOR).await;
    world.user("bob", &[(Role::Viewer, Scope::All)]).await;
    // A grant is taken back from the one who holds it.
    assert_eq!(world.take_back("ada", world.grant_of("bob")).await.unwrap_err().kind, Kind::NotFound);
    assert!(world.door.grants(&operator()).iter().any(|grant| grant.user == "bob"));
}
