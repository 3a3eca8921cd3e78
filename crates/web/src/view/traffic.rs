//! Latency as a line, and what was learned in words.

use model::traffic::{PathLatency, QueryUse};
use std::fmt::Write as _;

/// The size of the picture, in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 60.0;

/// The last requests' times as a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spark {
    /// Of the line, as SVG's `points`.
    pub points: String,
    /// The longest, in words.
    pub worst: String,
    /// What it shows, for who cannot see it.
    pub text: String,
}

impl Spark {
    /// None without at least two requests.
    pub(crate) fn new(times: &[u32]) -> Option<Self> {
        let worst = times.iter().copied().max()?;
        let steps = u32::try_from(times.len()).ok()?.checked_sub(1).filter(|steps| *steps > 0)?;
        let mut points = String::new();
        for (at, ms) in (0u32..).zip(times) {
            let x = WIDTH * f64::from(at) / f64::from(steps);
            // Two units are left above and below, so that the line is not cut.
            let y = HEIGHT - 2.0 - (HEIGHT - 4.0) * f64::from(*ms) / f64::from(worst.max(1));
            let _ = write!(points, "{x:.1},{y:.1} ");
        }
        let last = times.last().copied().unwrap_or_default();
        let text = format!(
            "the last {} requests: the latest took {}, the longest {}",
            times.len(),
            duration(last.into()),
            duration(worst.into())
        );
        Some(Self { points: points.trim_end().to_owned(), worst: duration(worst.into()), text })
    }
}

/// A kind of path that is slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slow {
    pub path: String,
    pub count: u64,
    pub mean: String,
    pub worst: String,
    pub failed: u64,
}

/// The slowest kinds of paths.
pub(crate) fn slow(paths: &[PathLatency], most: usize) -> Vec<Slow> {
    let one = |path: &PathLatency| Slow {
        path: path.path.clone(),
        count: path.count,
        mean: duration(path.mean_ms.into()),
        worst: duration(path.worst_ms.into()),
        failed: path.failed,
    };
    paths.iter().take(most).map(one).collect()
}

/// What became of `$expand` or `$select`.
pub(crate) const fn query_words(became: QueryUse) -> &'static str {
    match became {
        QueryUse::Untried => "not tried yet",
        QueryUse::Absent => "not advertised",
        QueryUse::Works => "works",
        QueryUse::Ignored => "advertised, ignored",
        QueryUse::Refused => "advertised, answered with an error",
    }
}

/// `240 ms`, `4.2 s`, `3 min 20 s`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// `3.2 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_edge_to_edge_and_the_longest_touches_the_top() {
        let spark = Spark::new(&[0, 100, 50]).unwrap();
        assert_eq!(spark.points, "0.0,58.0 300.0,2.0 600.0,30.0");
        assert_eq!(spark.text, "the last 3 requests: the latest took 50 ms, the longest 100 ms");
        assert_eq!(Spark::new(&[7]), None);
        assert_eq!(Spark::new(&[]), None);
        assert!(Spark::new(&[0, 0]).unwrap().points.starts_with("0.0,58.0"));
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(
            ["999 ms", "4.2 s", "3 min 20 s"],
            [999, 4210, 200_000].map(duration).each_ref().map(|s| s.as_str())
        );
        assert_eq!(
            ["12 B", "1.5 kB", "3.2 MB"],
            [12, 1500, 3_240_000].map(bytes).each_ref().map(|s| s.as_str())
        );
    }
}
