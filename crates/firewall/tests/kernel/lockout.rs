//! Policies that lock the administrator out, with everything killed: the kernel falls back by itself.

use crate::ground::{Ground, PORT};
use crate::trial::{confirm_open, try_locked};
use std::time::{Duration, Instant};

/// How often; `make prove` asks for a hundred.
fn rounds() -> u32 {
    std::env::var("PORTCULLIS_PROVE_LOCKOUTS").ok().and_then(|number| number.parse().ok()).unwrap_or(5)
}

#[tokio::test]
async fn a_lock_out_is_taken_back_by_the_kernel_whatever_was_killed() {
    let Some(mut ground) = Ground::new("a_lock_out_is_taken_back") else { return };
    ground.start();
    let first = confirm_open(&mut ground.client().await).await;
    let mut listener = ground.listen(PORT);
    let mut slowest = Duration::ZERO;
    for round in 0..rounds() {
        let seconds = 1 + round % 2;
        let mut client = ground.client().await;
        let begun = Instant::now();
        try_locked(&mut client, seconds).await;
        drop(client);
        assert!(ground.knock(PORT).is_none() || begun.elapsed() >= Duration::from_secs(seconds.into()));
        ground.kill();
        let limit = Duration::from_secs(u64::from(seconds) + 2);
        if round % 3 == 2 {
            // Power is cut while the administrator is locked out: the machine comes up with what was confirmed.
            assert!(ground.reboot().status.success());
            listener = ground.listen(PORT);
            assert!(ground.knock(PORT).is_some(), "round {round}: locked out after the reboot");
        } else {
            while ground.knock(PORT).is_none() {
                assert!(begun.elapsed() < limit, "round {round}: still locked out");
            }
            slowest = slowest.max(begun.elapsed().saturating_sub(Duration::from_secs(seconds.into())));
        }
        ground.start();
        let status = ground.client().await.status().await.unwrap();
        assert_eq!((status.confirmed, status.trial), (Some(first), None), "round {round}");
        assert!(ground.knock(PORT).is_some(), "round {round}: the restart has locked out");
    }
    drop(listener);
    println!("{} lock-outs taken back, the slowest {slowest:?} after the time-out", rounds());
}
