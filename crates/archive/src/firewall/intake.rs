//! What waits in memory until it is on disk: bounded, and what has no room is counted.

use super::losses::Losses;
use jiff::Timestamp;
use model::firewall_log::{Entry, Loss, Position, Why};
use std::sync::Arc;

/// A piece is written when so many entries wait, however early that is.
pub const PIECE: usize = 64 * 1024;
/// So many entries wait at most, some 35 MB: twice what comes at 100,000 a second while a piece is written.
const MOST: usize = 192 * 1024;
/// The lines of other firewalls among them are at most so large together, in bytes.
const MOST_TEXT: usize = 32 * 1024 * 1024;

/// An entry, and when it was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// In microseconds since 1970, by the appliance's clock.
    pub received: i64,
    /// The entry.
    pub entry: Entry,
}

impl Received {
    /// The hour in which it was received.
    pub const fn hour(&self) -> i64 {
        self.received.div_euclid(3_600_000_000)
    }

    fn text(&self) -> usize {
        self.entry.message.as_ref().map_or(0, |message| message.len())
    }
}

/// What waits.
#[derive(Debug, Default)]
pub struct Intake {
    waiting: Vec<Received>,
    text: usize,
    /// What is being written: it is found until it is on disk.
    writing: Arc<Vec<Received>>,
    /// What is missing, and waits.
    losses: Losses,
    /// What is missing, and is being written.
    writing_losses: Losses,
}

impl Intake {
    /// Takes entries in; returns how many had no room.
    pub fn add(&mut self, entries: Vec<Entry>, now: Timestamp) -> u64 {
        let received = now.as_microsecond();
        let mut refused = 0;
        for entry in entries {
            let row = Received { received, entry };
            if self.waiting.len() >= MOST || self.text + row.text() > MOST_TEXT {
                refused += 1;
            } else {
                self.text += row.text();
                self.waiting.push(row);
            }
        }
        if refused > 0 {
            self.lose(Loss { from: now, to: now, why: Why::Buffer, count: Some(refused) });
        }
        refused
    }

    /// Notes what is missing.
    pub fn lose(&mut self, loss: Loss) {
        self.losses.add(loss);
    }

    /// What is missing, and not on disk yet.
    pub fn losses(&self) -> impl Iterator<Item = Loss> {
        self.writing_losses.all().iter().chain(self.losses.all()).copied()
    }

    /// Whether a piece is full.
    pub const fn is_full(&self) -> bool {
        self.waiting.len() >= PIECE
    }

    /// Whether there is anything to write.
    pub const fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.losses.is_empty()
    }

    /// Takes the first of what waits for writing: at most a piece, of one hour; and what is missing. [`Self::written`] or
    /// [`Self::given_up`] ends that.
    pub fn take(&mut self) -> (Arc<Vec<Received>>, Losses) {
        let hour = self.waiting.first().map(Received::hour);
        let number = self.waiting.iter().take(PIECE).take_while(|row| Some(row.hour()) == hour).count();
        let rest = self.waiting.split_off(number);
        let piece = std::mem::replace(&mut self.waiting, rest);
        self.text -= piece.iter().map(Received::text).sum::<usize>().min(self.text);
        self.writing = Arc::new(piece);
        self.writing_losses = std::mem::take(&mut self.losses);
        (Arc::clone(&self.writing), self.writing_losses.clone())
    }

    /// What was taken is on disk.
    pub fn written(&mut self) {
        self.writing = Arc::default();
        self.writing_losses = Losses::default();
    }

    /// What was taken could not be written: the entries are lost, what was missing is still to be told. Returns how many.
    pub fn given_up(&mut self, now: Timestamp) -> u64 {
        let writing = std::mem::take(&mut self.writing);
        let since_then = std::mem::replace(&mut self.losses, std::mem::take(&mut self.writing_losses));
        self.losses.extend(since_then.all().iter().copied());
        let count = u64::try_from(writing.len()).unwrap_or_default();
        if let Some(first) = writing.first() {
            let from = super::decode::moment(first.received);
            self.lose(Loss { from, to: now.max(from), why: Why::Disk, count: Some(count) });
        }
        count
    }

    /// What is not on disk yet and matches, each with its place: `next` says how many entries of an hour are on disk.
    pub fn find(
        &self,
        next: impl Fn(i64) -> u64,
        mut matches: impl FnMut(Position, &Received) -> bool,
    ) -> Vec<(Position, Received)> {
        let mut found = Vec::new();
        let mut at: Option<Position> = None;
        for row in self.writing.iter().chain(&self.waiting) {
            let hour = row.hour();
            let place = match at {
                Some(at) if at.hour == hour => Position { hour, row: at.row + 1 },
                _ => Position { hour, row: next(hour) },
            };
            at = Some(place);
            if matches(place, row) {
                found.push((place, row.clone()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_piece_is_of_one_hour_and_stays_to_be_found_until_it_is_written() {
        let mut intake = Intake::default();
        // 1,800,000,000 is a full hour.
        intake.add(vec![Entry::default(); 3], at(3598));
        intake.add(vec![Entry::default(); 2], at(3601));
        let places = |intake: &Intake| {
            let all = intake.find(|hour| if hour == 500_000 { 10 } else { 0 }, |_, _| true);
            all.iter().map(|(place, _)| (place.hour, place.row)).collect::<Vec<_>>()
        };
        let all = [(500_000, 10), (500_000, 11), (500_000, 12), (500_001, 0), (500_001, 1)];
        assert_eq!(places(&intake), all);
        assert_eq!(intake.take().0.len(), 3);
        assert_eq!(places(&intake), all);
        intake.written();
        assert_eq!(places(&intake), all[3..]);
        assert_eq!(intake.take().0.len(), 2);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let mut intake = Intake::default();
        let refused = intake.add(vec![Entry::default(); MOST + 5], at(0));
        assert_eq!((refused, intake.losses().next().unwrap().count), (5, Some(5)));
        assert!(intake.is_full());
        let mut written = 0;
        while !intake.waiting.is_empty() {
            written += intake.take().0.len();
            intake.written();
        }
        assert_eq!(written, MOST);
        let long = Entry { message: Some("x".repeat(MOST_TEXT / 4).into()), ..Entry::default() };
        assert_eq!(intake.add(vec![long.clone(); 5], at(0)), 1, "long lines are bounded together");
        intake.take();
        assert_eq!(intake.add(vec![long; 4], at(0)), 0);
    }

    #[test]
    fn what_could_not_be_written_is_lost_and_what_was_missing_is_not_forgotten() {
        let mut intake = Intake::default();
        intake.add(vec![Entry::default(); 3], at(0));
        intake.lose(Loss { from: at(1), to: at(1), why: Why::Kernel, count: Some(7) });
        intake.take();
        intake.lose(Loss { from: at(2), to: at(2), why: Why::Kernel, count: Some(1) });
        assert_eq!(intake.losses().filter_map(|loss| loss.count).sum::<u64>(), 8);
        assert_eq!(intake.given_up(at(3)), 3);
        let told: Vec<_> = intake.losses().map(|loss| (loss.why, loss.count)).collect();
        assert_eq!(told, [(Why::Kernel, Some(8)), (Why::Disk, Some(3))]);
        intake.take();
        intake.written();
        assert!(intake.is_empty() && intake.losses().count() == 0);
    }
}
