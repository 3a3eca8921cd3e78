//! What only shows from inside: older and newer schemas, a database that cannot grow or be written, work that panics,
//! a read beside a long write.

use super::migrate::{SCHEMA, create_at};
use crate::value::args;
use crate::work::Trouble;
use crate::{Error, Store};
use std::path::Path;

fn open(path: &Path) -> Result<Store, Error> {
    Store::open(path.to_str().unwrap())
}

/// Runs a statement on the connection that writes.
async fn run(store: &Store, sql: &'static str) {
    store.write("run", sql, move |c| c.each(sql, &[], &mut |_| Ok(()))).await.unwrap();
}

fn raw(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Everything that the schema is made of.
fn schema(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn every_older_schema_is_migrated_and_a_copy_kept() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(open(&fresh).unwrap());
    for old in 1..SCHEMA {
        let path = folder.path().join(format!("from-{old}.db"));
        create_at(&path, old);
        raw(&path, "INSERT INTO users VALUES ('mona', 'Mona', 1, NULL, NULL, NULL, '[]', 0, NULL)");
        let store = open(&path).unwrap();
        assert_eq!(store.user("mona").await.unwrap().unwrap().full_name, "Mona");
        assert_eq!(store.count_devices().await.unwrap(), 0);
        drop(store);
        assert_eq!(schema(&path), schema(&fresh), "from schema {old}");

        let copy = folder.path().join(format!("from-{old}.db.schema-{old}"));
        assert_eq!(super::restore::check(&copy).unwrap(), old);
        drop(open(&path).unwrap());
        assert_eq!(super::restore::check(&path).unwrap(), SCHEMA);
    }
}

#[tokio::test]
async fn an_inventory_that_was_written_before_packing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    create_at(&path, 2);
    raw(
        &path,
        r#"INSERT INTO devices VALUES ('d-1', 'one', '{}');
           INSERT INTO inventories VALUES ('d-1', 7, '{"requests":61,"systems":[{"id":"1"}]}')"#,
    );
    let store = open(&path).unwrap();
    let id = model::DeviceId("d-1".into());
    let mut kept = store.inventory(&id).await.unwrap().unwrap();
    assert_eq!((kept.requests, kept.systems.len()), (61, 1));
    kept.requests = 62;
    store.put_inventory(&id, &kept).await.unwrap();
    assert_eq!(store.inventory(&id).await.unwrap(), Some(kept));
    assert!(store.versions(&id).await.unwrap().is_empty(), "its history begins with the next reading");
}

#[tokio::test]
async fn a_session_that_an_older_version_wrote_down_is_kept_without_a_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    create_at(&path, 2);
    raw(
        &path,
        "INSERT INTO open_sessions (device, path, asked_at) VALUES ('d1', '/s/1', 5), ('d1', NULL, 6)",
    );
    let kept = open(&path).unwrap().open_sessions().await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|row| (row.device.0.as_str(), row.path.as_deref(), &row.way_in)).collect();
    assert_eq!(kept, [("d1", Some("/s/1"), &None), ("d1", None, &None)]);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    create_at(&path, 1);
    raw(&path, "CREATE TABLE sweeps (in_the_way)");
    let before = schema(&path);
    let error = open(&path).unwrap_err();
    assert!(matches!(error, Error::Migrate { to: 2, .. }), "{error}");
    assert_eq!(schema(&path), before);
    raw(&path, "DROP TABLE sweeps");
    open(&path).unwrap();
}

#[test]
fn a_newer_database_and_a_foreign_one_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    drop(open(&path).unwrap());
    raw(&path, "UPDATE schema_version SET version = 9");
    let newer = open(&path).unwrap_err();
    let told =
        format!("p.db: written by a newer Portcullis (schema 9, this one knows {SCHEMA}); run that version");
    assert!(newer.to_string().contains(&told), "{newer}");
    assert!(matches!(
        crate::restore(&path, &folder.path().join("to.db"), crate::Existing::Keep),
        Err(Error::Newer { .. })
    ));

    let foreign = folder.path().join("foreign.db");
    raw(&foreign, "CREATE TABLE somebody_elses (id)");
    let bytes = std::fs::read(&foreign).unwrap();
    assert!(matches!(open(&foreign), Err(Error::Foreign { .. })));
    assert_eq!(std::fs::read(&foreign).unwrap(), bytes);
    assert!(matches!(open(folder.path()), Err(Error::Open { .. })));
    assert!(matches!(open(Path::new("/no/such/folder/p.db")), Err(Error::Open { .. })));
}

#[tokio::test]
async fn a_database_that_cannot_grow_says_so_and_stays_usable() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("p.db")).unwrap();
    // SQLite makes of a limit that is too low the present size.
    run(&store, "PRAGMA max_page_count = 1").await;
    let mut rows = 0;
    let full = loop {
        match store.put_setting(&rows.to_string(), &"x".repeat(2000)).await {
            Ok(()) => rows += 1,
            Err(error) => break error,
        }
    };
    assert!(full.is_full(), "{full}");
    assert_eq!(
        full.to_string(),
        format!("write setting {rows}: no space left for the database; free some on its disk")
    );
    assert_eq!(store.settings().await.unwrap().len(), rows);
    run(&store, "PRAGMA max_page_count = 100000").await;
    store.put_setting("after", &1).await.unwrap();
}

#[tokio::test]
async fn a_read_only_database_says_so_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("p.db")).unwrap();
    store.put_setting("before", &1).await.unwrap();
    run(&store, "PRAGMA query_only = 1").await;
    let refused = store.put_setting("after", &1).await.unwrap_err();
    assert!(matches!(refused, Error::ReadOnly { .. }), "{refused}");
    assert_eq!(store.setting::<u32>("before").await.unwrap(), Some(1));
}

#[tokio::test]
async fn work_that_fails_or_panics_is_rolled_back_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("p.db")).unwrap();
    let insert = "INSERT INTO settings (key, document) VALUES ($1, '1')";
    let failed = store.write("test", "failure", move |c| -> Result<(), Trouble> {
        c.execute(insert, args!["failed"])?;
        Err(Trouble::Failed("on purpose".into()))
    });
    assert!(matches!(failed.await, Err(Error::Failed { .. })));
    let panicked = store.write("test", "panic", move |c| -> Result<(), Trouble> {
        c.execute(insert, args!["panicked"])?;
        panic!("on purpose")
    });
    let error = panicked.await.unwrap_err();
    assert_eq!(model::Failure::from(error).to_string(), "test panic: the work ended in a panic");
    store.put_setting("next", &1).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), [("next".to_owned(), 1.into())]);
}

#[tokio::test]
async fn a_read_does_not_wait_for_a_long_write_or_a_long_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("p.db")).unwrap();
    store.put_setting("key", &1).await.unwrap();
    // Neither ends before the other read has ended.
    let (let_go, held) = std::sync::mpsc::sync_channel::<()>(2);
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let hold = || {
        let held = std::sync::Arc::clone(&held);
        move |_: &dyn crate::work::Connection| {
            held.lock().unwrap().recv().map_err(|error| Trouble::Failed(error.into()))
        }
    };
    let long_write = store.write("hold", "writer", hold());
    let long_read = store.read("hold", "reader", hold());
    let short_read = async {
        assert_eq!(store.setting::<u32>("key").await.unwrap(), Some(1));
        let_go.send(()).unwrap();
        let_go.send(()).unwrap();
    };
    let (write, read, ()) = tokio::join!(long_write, long_read, short_read);
    assert!(write.is_ok() && read.is_ok());
}
