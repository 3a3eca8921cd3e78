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

/// The moment that a text means, which may also be a span before now: `90s`, `15m`, `2h`, `7d`, `4w`.
pub(crate) fn before(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let span = text.char_indices().next_back().and_then(|(at, unit)| {
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let number: u32 = text.get(..at)?.parse().ok()?;
        Some(SignedDuration::from_secs(i64::from(number) * seconds))
    });
    match span {
        Some(span) => now.checked_sub(span).ok(),
        None => parse(text),
    }
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
        let now = parse("2026-11-16T12:00:00Z").unwrap();
        for (text, wanted) in
            [("2h", "2026-11-16T10:00:00Z"), (" 90s", "2026-11-16T11:58:30Z"), ("1w", "2026-11-09T12:00:00Z")]
        {
            assert_eq!(before(text, now).unwrap().to_string(), wanted);
        }
        assert_eq!(before("2026-11-16", now), parse("2026-11-16"));
        for text in ["", "h", "-2h", "2y", "99999999999d", "4000000000w", "2 h", "ü"] {
            assert_eq!(before(text, now), None, "{text}");
        }
        assert_eq!(week_before(parse("2026-11-16").unwrap()), parse("2026-11-09").unwrap());
    }
}
