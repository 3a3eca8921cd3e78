//! A moment that a person or a program names: a date, or RFC 3339.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Where nobody says since when.
const DAYS: i64 = 7;

/// The moment that a text means; none if it is neither.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return date.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
    }
    text.parse().ok()
}

/// Seven days before.
pub(crate) fn week_before(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments_are_read_and_nothing_else() {
        assert_eq!(parse("2026-11-16").unwrap().to_string(), "2026-11-16T00:00:00Z");
        assert_eq!(parse(" 2026-11-16T07:00:00+01:00 ").unwrap().to_string(), "2026-11-16T06:00:00Z");
        for text in ["", "monday", "2026-13-01", "2026-11-16T07:00", "16.11.2026"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(week_before(parse("2026-11-16").unwrap()), parse("2026-11-09").unwrap());
    }
}
