//! Backup while others write, and restore.

use crate::sample::{at, device, store, user};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use store::{Error, Existing, Store, restore};

fn open(path: &Path) -> Store {
    Store::open(path.to_str().unwrap()).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_one_file_of_one_moment() {
    let (folder, store) = store();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut writers = tokio::task::JoinSet::new();
    let all_or_none = store.clone();
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    writers.spawn(async move {
        for round in 0_i64.. {
            let mut fleet: Vec<_> = (0..50).map(device).collect();
            fleet.iter_mut().for_each(|device| device.last_seen = at(round));
            all_or_none.put_devices(fleet).await.unwrap();
            if stopped.has_changed().unwrap() {
                let _ = stopped.changed().await;
                return;
            }
        }
    });
    for number in 0..5 {
        let to = elsewhere.path().join(format!("{number}.backup"));
        store.backup(&to).await.unwrap();
        assert_eq!(mode(&to), 0o600);
        let copy = elsewhere.path().join(format!("{number}.db"));
        restore(&to, &copy, Existing::Keep).unwrap();
        let devices = open(&copy).devices().await.unwrap();
        assert!(devices.is_empty() || devices.len() == 50, "{}", devices.len());
        assert!(
            devices.windows(2).all(|pair| pair[0].last_seen == pair[1].last_seen),
            "two moments in one backup"
        );
    }
    stop.send(true).unwrap();
    writers.join_all().await;
    assert!(files(elsewhere.path()).iter().all(|name| name.ends_with(".backup") || name.ends_with(".db")));
    assert_eq!(mode(&folder.path().join("p.db")), 0o600);
    assert_eq!(mode(&folder.path().join("p.db-wal")), 0o600);
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let (folder, store) = store();
    let to = folder.path().join("backup");
    std::fs::write(&to, "precious").unwrap();
    let refused = store.backup(&to).await.unwrap_err();
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read(&to).unwrap(), b"precious");
    let nowhere = store.backup(&folder.path().join("no/such/folder")).await.unwrap_err();
    assert!(nowhere.to_string().starts_with("create "), "{nowhere}");
}

#[tokio::test]
async fn a_live_database_is_never_replaced_and_a_closed_one_only_when_told() {
    let (folder, store) = store();
    let (to, backup) = (folder.path().join("p.db"), folder.path().join("backup"));
    store.create_user(&user("before")).await.unwrap();
    store.backup(&backup).await.unwrap();
    store.create_user(&user("after")).await.unwrap();

    assert!(matches!(restore(&backup, &to, Existing::Keep), Err(Error::Exists { .. })));
    let refused = restore(&backup, &to, Existing::SetAside).unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    assert_eq!(store.count_users().await.unwrap(), 2, "untouched");
    drop(store);

    restore(&backup, &to, Existing::SetAside).unwrap();
    assert_eq!(mode(&to), 0o600);
    let restored = open(&to);
    assert_eq!(restored.users().await.unwrap(), [user("before")]);
    drop(restored);
    let aside = open(&folder.path().join("p.db.before-restore"));
    assert_eq!(aside.count_users().await.unwrap(), 2, "what was replaced is kept whole");
    drop(aside);
    assert_eq!(files(folder.path()), ["backup", "p.db", "p.db.before-restore"]);
}

#[tokio::test]
async fn a_log_that_was_left_behind_is_not_applied_to_what_is_restored() {
    let (folder, store) = store();
    let (path, backup) = (folder.path().join("p.db"), folder.path().join("backup"));
    store.create_user(&user("before")).await.unwrap();
    store.backup(&backup).await.unwrap();
    store.create_user(&user("after")).await.unwrap();
    let log = std::fs::read(folder.path().join("p.db-wal")).unwrap();
    drop(store);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("p.db-wal"), log).unwrap();
    restore(&backup, &path, Existing::Keep).unwrap();
    assert_eq!(open(&path).users().await.unwrap(), [user("before")]);
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let (folder, store) = store();
    let (path, backup) = (folder.path().join("p.db"), folder.path().join("backup"));
    store.put_devices((0..200).map(device).collect::<Vec<_>>()).await.unwrap();
    store.backup(&backup).await.unwrap();
    drop(store);
    let whole = std::fs::read(&backup).unwrap();
    let spoilt = |bytes: &[u8]| {
        let file = folder.path().join("spoilt");
        std::fs::write(&file, bytes).unwrap();
        restore(&file, &path, Existing::SetAside).unwrap_err()
    };
    assert!(matches!(spoilt(b""), Error::Foreign { .. }), "empty");
    assert!(matches!(
        spoilt(b"not a database at all, but long enough to look at it. ".repeat(40).as_slice()),
        Error::Foreign { .. }
    ));
    let short = spoilt(&whole[..whole.len() / 2]);
    assert!(matches!(short, Error::Damaged { .. }), "{short}");
    let mut scribbled = whole.clone();
    scribbled[8192..12288].fill(0xa5);
    let scribbled = spoilt(&scribbled);
    assert!(matches!(scribbled, Error::Damaged { .. }), "{scribbled}");
    assert!(matches!(
        restore(Path::new("/no/such/backup"), &path, Existing::SetAside),
        Err(Error::Open { .. })
    ));
    assert_eq!(open(&path).count_devices().await.unwrap(), 200);
}

#[tokio::test]
async fn a_damaged_database_is_replaced() {
    let (folder, store) = store();
    let (path, backup) = (folder.path().join("p.db"), folder.path().join("backup"));
    store.create_user(&user("mona")).await.unwrap();
    store.backup(&backup).await.unwrap();
    drop(store);
    std::fs::write(&path, b"the disk ate it ".repeat(1000)).unwrap();
    assert!(matches!(Store::open(path.to_str().unwrap()), Err(Error::Foreign { .. })));
    restore(&backup, &path, Existing::SetAside).unwrap();
    assert_eq!(open(&path).count_users().await.unwrap(), 1);
}
