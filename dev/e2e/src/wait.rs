//! Until something is so, or a deadline has passed.

use anyhow::bail;
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer; `what` is for the message if there is none in time.
///
/// # Errors
/// If the deadline passes, or asking itself fails.
pub fn until<T>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if began.elapsed() > within {
            bail!("waited {} s in vain until {what}", within.as_secs());
        }
        thread::sleep(EVERY);
    }
}
