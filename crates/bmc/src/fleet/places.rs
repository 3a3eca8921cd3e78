//! How many full readings are under way at once, over all controllers.
//!
//! A reading under way holds hundreds of kilobytes: what came inside of answers, what was asked for ahead, and what
//! was made of it so far. So only so many are at it at once, and the others wait before they have begun. A
//! reading whose controller makes it wait gives its place up until the answer is there: sick controllers never hold
//! up healthy ones. Acts, looks at the state and sensors take no place, and neither does a full reading that somebody
//! asks for by itself.

use crate::Error;
use crate::client::{Document, Get};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// So many readings are at it at once. At the 200 to 500 ms that most makers' controllers take to answer, these
/// and their further connections are about what two cores can read; a thousand readings of 200 ms stay within 200 MB.
const INSIDE: usize = 120;
/// So many more may have given their place up while they wait for an answer.
const OUTSIDE: usize = 512;
/// So many that somebody asked for need no place: one that a person waits for starts at once, beside
/// a job that reads the fleet.
const ASKED: usize = 16;
/// A controller that takes longer to answer makes its reading wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// The places of the fleet. Cheap to clone; every clone is the same places.
#[derive(Clone)]
pub struct Places {
    /// One waits here for the next free place; the others wait behind it, so that a reading that has its answer
    /// comes before all of those that have not begun.
    door: Arc<Semaphore>,
    inside: Arc<Semaphore>,
    outside: Arc<Semaphore>,
    asked: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self::new(INSIDE, OUTSIDE, ASKED)
    }
}

impl Places {
    fn new(inside: usize, outside: usize, asked: usize) -> Self {
        let places = |most| Arc::new(Semaphore::new(most));
        Self { door: places(1), inside: places(inside), outside: places(outside), asked: places(asked) }
    }

    /// Waits for a place. `asked`: somebody asked for this reading.
    pub async fn take(&self, asked: bool) -> Place {
        let place = |held| Place { places: self.clone(), held, has_begun: false };
        if asked && let Ok(permit) = self.asked.clone().try_acquire_owned() {
            return place(Held::Asked { _permit: permit });
        }
        let _turn = self.door.acquire().await;
        place(self.enter().await)
    }

    async fn enter(&self) -> Held {
        match self.inside.clone().acquire_owned().await {
            Ok(permit) => Held::Inside { _permit: permit },
            // It is never closed.
            Err(_) => Held::Nothing,
        }
    }
}

/// What a reading holds.
enum Held {
    /// It was asked for.
    Asked { _permit: OwnedSemaphorePermit },
    /// One of the places.
    Inside { _permit: OwnedSemaphorePermit },
    /// It waits for its controller, and was answered before.
    Outside { _permit: OwnedSemaphorePermit },
    /// Nothing has come yet.
    Nothing,
}

/// One reading's place; free again when dropped.
pub struct Place {
    places: Places,
    held: Held,
    /// Whether anything was answered: before, it holds nothing.
    has_begun: bool,
}

impl Place {
    /// Waits for an answer, without the place if that takes long.
    async fn wait<T>(&mut self, answer: impl Future<Output = T>) -> T {
        tokio::pin!(answer);
        let mut came = timeout(PATIENCE, &mut answer).await.ok();
        if came.is_none()
            && let Some(_outside) = self.step_out()
        {
            came = Some(answer.as_mut().await);
            self.held = self.places.enter().await;
        }
        let answer = match came {
            Some(came) => came,
            None => answer.await,
        };
        self.has_begun = true;
        answer
    }

    /// Gives the place up, if it has one and may.
    fn step_out(&mut self) -> Option<Held> {
        if !matches!(self.held, Held::Inside { .. }) {
            return None;
        }
        let outside = if self.has_begun {
            Held::Outside { _permit: self.places.outside.clone().try_acquire_owned().ok()? }
        } else {
            Held::Nothing
        };
        self.held = Held::Nothing;
        Some(outside)
    }
}

/// Asks as `source` does, from a place.
pub struct Placed<'a, G> {
    /// What asks.
    pub source: &'a mut G,
    /// Where.
    pub place: Place,
}

impl<G: Get> Get for Placed<'_, G> {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        self.place.wait(self.source.get(path)).await
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        self.source.resolve(link)
    }

    fn soon(&mut self, paths: &[String]) {
        self.source.soon(paths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::pending;
    use tokio::sync::oneshot;
    use tokio::time::{Instant, sleep};

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_waits_gives_its_place_up_and_comes_before_those_that_have_not_begun() {
        let places = Places::new(1, 1, 0);
        let mut slow = places.take(true).await;
        let (reply, answer) = oneshot::channel::<()>();
        let mut waits = Box::pin(slow.wait(answer));
        assert!((&mut waits).now_or_never().is_none());
        let mut second = Box::pin(places.take(false));
        assert!((&mut second).now_or_never().is_none(), "there is one place");
        sleep(PATIENCE).await;
        assert!((&mut waits).now_or_never().is_none());
        let second = second.await;
        let mut third = Box::pin(places.take(true));
        assert!((&mut third).now_or_never().is_none());
        assert!(reply.send(()).is_ok());
        assert!((&mut waits).now_or_never().is_none(), "its place is taken");
        let mut fourth = Box::pin(places.take(true));
        assert!((&mut fourth).now_or_never().is_none());
        drop(second);
        let third = third.await;
        assert!((&mut waits).now_or_never().is_none() && (&mut fourth).now_or_never().is_none());
        drop(third);
        assert!(waits.await.is_ok(), "only one that waited for a place already came before it");
        assert!((&mut fourth).now_or_never().is_none());
        drop(slow);
        assert!(fourth.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_give_their_place_up() {
        let places = Places::new(2, 1, 0);
        let (mut one, mut two) = (places.take(false).await, places.take(false).await);
        one.wait(async {}).await;
        two.wait(async {}).await;
        let begun = Instant::now();
        tokio::select! {
            () = one.wait(pending()) => {}
            () = two.wait(pending()) => {}
            third = async { sleep(PATIENCE * 2).await; places.take(false).now_or_never() } => {
                assert!(third.is_some() && places.take(false).now_or_never().is_none());
            }
        }
        assert!(begun.elapsed() >= PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_controller_that_answers_nothing_keeps_no_place() {
        let places = Places::new(1, 0, 0);
        let mut silent = places.take(false).await;
        tokio::select! {
            () = silent.wait(pending()) => {}
            _next = places.take(false) => {}
            () = sleep(PATIENCE * 2) => panic!("it keeps its place"),
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_by_itself_waits_for_nothing() {
        let places = Places::new(1, 0, 1);
        let _fleet = places.take(false).await;
        let mut next = Box::pin(places.take(false));
        assert!((&mut next).now_or_never().is_none());
        let person = places.take(true).now_or_never();
        assert!(person.is_some());
        assert!(places.take(true).now_or_never().is_none());
        drop(person);
        assert!(places.take(true).now_or_never().is_some());
    }
}
