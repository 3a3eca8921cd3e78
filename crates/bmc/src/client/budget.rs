//! How many bytes of answers may be on their way into memory at once, over all controllers.
//!
//! Most answers are small, and these take from nothing. One that grows takes a place in a size, and when it
//! grows out of that a place in the next; each size has so many places. So a small answer never waits for a
//! large one; and as the sizes are taken in order, nobody waits in a circle. Whoever waits does so within the
//! request's own deadline.
//!
//! Besides there is room for what came inside of answers and waits for its turn in a reading: who finds none does
//! without, and asks when its turn comes. And there is room for what need not be packed while it waits: who finds none packs it.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What needs no place: five thousand answers of this size are still only 160 MB.
const FREE: usize = 32 * 1024;

/// The sizes that need one, in bytes, and the share of the budget that is for them, in quarters. Beyond the
/// last there is what [`super::Limits::body`] allows.
const SIZES: [(usize, usize); 3] = [(256 * 1024, 2), (2 * 1024 * 1024, 1), (16 * 1024 * 1024, 1)];

/// The part of the budget that is for what waits for its turn, in quarters, beside all of the rest.
const WAITING: usize = 1;

/// So many bytes may wait without being packed, beside all of the rest.
const LOOSE: usize = 16 * 1024 * 1024;

/// The bytes of all answers together. Cheap to clone; every clone is the same budget.
#[derive(Clone, Debug)]
pub struct Budget {
    places: [Arc<Semaphore>; 3],
    room: Room,
    loose: Room,
}

impl Budget {
    /// A budget of so many bytes; a place of each size there is in any case.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let places = |(size, quarters): (usize, usize)| {
            let places = (bytes / 4).saturating_mul(quarters) / size;
            Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)))
        };
        Self { places: SIZES.map(places), room: Room::new(bytes / 4 * WAITING), loose: Room::new(LOOSE) }
    }

    /// The room for what waits for its turn.
    #[must_use]
    pub fn room(&self) -> Room {
        self.room.clone()
    }

    /// The room for what waits without being packed.
    #[must_use]
    pub fn loose(&self) -> Room {
        self.loose.clone()
    }

    /// Where an answer begins.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), taken: Vec::new(), size: FREE }
    }
}

/// Room for so many bytes. Cheap to clone; every clone is the same room.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Room {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// Takes so many of them until what is returned is dropped; none if there are not so many free.
    #[must_use]
    pub fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }
}

/// One answer's part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    taken: Vec<OwnedSemaphorePermit>,
    size: usize,
}

impl Share {
    /// Waits until there is a place for so many bytes altogether.
    pub async fn grow(&mut self, bytes: usize) {
        while bytes > self.size {
            let at = self.taken.len();
            let (Some((size, _)), Some(places)) = (SIZES.get(at), self.budget.places.get(at)) else { return };
            // It is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { return };
            self.taken.push(place);
            self.size = *size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_large_answer_waits_for_a_large_one_and_a_small_one_for_none() {
        let budget = Budget::new(0);
        let mut large = budget.share();
        large.grow(10_000_000).await;
        let mut other = budget.share();
        assert!(other.grow(FREE).now_or_never().is_some());
        assert!(other.grow(FREE + 1).now_or_never().is_none(), "the only place is taken");
        drop(large);
        assert!(other.grow(FREE + 1).now_or_never().is_some());
        assert!(other.grow(100_000_000).now_or_never().is_some(), "what is more, the client refuses");
    }

    #[test]
    fn the_places_are_what_the_budget_allows() {
        let budget = Budget::new(256 * 1024 * 1024);
        let room = budget.room();
        assert_eq!(budget.places.map(|places| places.available_permits()), [512, 32, 4]);
        let half = room.take(32 * 1024 * 1024);
        assert!(half.is_some() && room.take(32 * 1024 * 1024 + 1).is_none());
        drop(half);
        assert!(room.take(64 * 1024 * 1024).is_some());
    }
}
