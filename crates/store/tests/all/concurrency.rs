//! Many tasks at once, and the end of a store.

use crate::sample::{at, device, store, user};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_write_and_read_their_own_writes() {
    let (_folder, store) = store();
    let mut tasks = JoinSet::new();
    for number in 0..600 {
        let store = store.clone();
        tasks.spawn(async move {
            store.put_device(&device(number)).await.unwrap();
            assert_eq!(store.device(&device(number).id).await.unwrap(), Some(device(number)));
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(store.count_devices().await.unwrap(), 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_uses_the_step() {
    let (_folder, store) = store();
    store.create_user(&user("mona")).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        tasks.spawn(async move { store.use_totp_step("mona", 77).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|used| *used).count(), 1);
}

#[tokio::test]
async fn what_was_asked_for_is_written_though_nobody_waits() {
    let (folder, store) = store();
    let path = folder.path().join("p.db");
    let mut asked = Box::pin(store.put_setting("asked", &1));
    std::future::poll_fn(|context| {
        let _ = asked.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(asked);
    drop(store);
    let store = store::Store::open(path.to_str().unwrap()).unwrap();
    assert_eq!(store.setting::<u32>("asked").await.unwrap(), Some(1));
}

#[tokio::test]
async fn two_stores_on_one_file_see_each_other() {
    let (folder, one) = store();
    let two = store::Store::open(&format!("sqlite:{}", folder.path().join("p.db").display())).unwrap();
    one.create_user(&user("mona")).await.unwrap();
    two.signed_in("mona", at(3)).await.unwrap();
    assert_eq!(one.user("mona").await.unwrap().unwrap().last_sign_in, Some(at(3)));
}
