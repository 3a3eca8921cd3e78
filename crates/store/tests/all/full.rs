//! A full disk: a file system of 8 MiB in a mount namespace of its own, where that is permitted.

use crate::sample::{device, user};
use std::path::Path;
use std::process::Command;
use store::Store;

const FOLDER: &str = "PORTCULLIS_TEST_FULL_FOLDER";

/// Fills the disk, is refused, makes room, and goes on.
async fn fill(folder: &Path) {
    let path = folder.join("p.db");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    store.create_user(&user("mona")).await.unwrap();
    let ballast = folder.join("ballast");
    let free = 8 << 20;
    let filled = std::fs::write(&ballast, vec![0; free]).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);

    let mut written = 0;
    let full = loop {
        match store.put_device(&device(written)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(full.is_full(), "{full}");
    assert!(full.to_string().contains("no space left"), "{full}");
    assert!(model::Failure::from(full).hint.is_some());
    assert_eq!(
        store.count_devices().await.unwrap(),
        u64::from(written),
        "reads go on, and nothing is there by half"
    );
    let no_room = store.backup(&folder.join("backup")).await.unwrap_err();
    assert!(no_room.is_full(), "{no_room:?}");
    assert!(!folder.join("backup").exists() && !folder.join("backup.partial").exists());

    std::fs::remove_file(&ballast).unwrap();
    store.put_device(&device(written)).await.unwrap();
    assert_eq!(store.count_users().await.unwrap(), 1);
    println!("FULL AND WELL AGAIN after {written} devices");
}

#[tokio::test]
async fn a_full_disk_is_told_and_left_again() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return fill(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=8m none "$FOLDER" || exit 77; PORTCULLIS_TEST_FULL_FOLDER="$FOLDER" exec "$0" "$@""#;
    let ran = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full::a_full_disk_is_told_and_left_again", "--nocapture"])
        .env("FOLDER", folder.path())
        .output();
    let said = |output: &std::process::Output| {
        [output.stdout.clone(), output.stderr.clone()].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
    };
    match ran {
        Ok(output) if output.status.success() => {
            assert!(said(&output).contains("FULL AND WELL AGAIN"), "{}", said(&output));
        }
        Ok(output) if !said(&output).contains("test full::") => {
            println!("SKIPPED a_full_disk_is_told_and_left_again: no mount here: {}", said(&output).trim());
        }
        Ok(output) => panic!("{}", said(&output)),
        Err(error) => println!("SKIPPED a_full_disk_is_told_and_left_again: no `unshare` here: {error}"),
    }
}
