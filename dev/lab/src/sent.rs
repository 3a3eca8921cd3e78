//! The body of an answer on its way: whole, cut in the middle, or without an end.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How much of an endless body goes out at once, and how long until the next: 13 MB a second.
const PIECE: usize = 64 * 1024;
const PAUSE: Duration = Duration::from_millis(5);

/// A body on its way.
pub(crate) struct Sent {
    next: Option<Bytes>,
    /// The length that is announced; `None` for chunks.
    length: Option<u64>,
    then: Then,
}

enum Then {
    End,
    /// What was said before must have left when the connection breaks.
    Break(Pin<Box<Sleep>>),
    Again {
        piece: Bytes,
        pause: Pin<Box<Sleep>>,
    },
}

impl Sent {
    /// All of it.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        let length = Some(length(&bytes));
        Self { next: Some(bytes).filter(|bytes| !bytes.is_empty()), length, then: Then::End }
    }

    /// The first half; then the connection breaks.
    pub(crate) fn cut(bytes: Bytes) -> Self {
        // Announced is one byte more at least, so that half of nothing is missing too.
        let length = Some(length(&bytes).max(1));
        let half = bytes.slice(..bytes.len() / 2);
        Self {
            next: Some(half).filter(|half| !half.is_empty()),
            length,
            then: Then::Break(Box::pin(sleep(PAUSE))),
        }
    }

    /// It, without its end, and then members without end.
    pub(crate) fn endless(bytes: Bytes) -> Self {
        let begun = bytes.slice(..bytes.len().saturating_sub(1));
        let mut next = begun.to_vec();
        next.extend_from_slice(b",\"Members\":[{}");
        let member = b",{\"@odata.id\":\"/redfish/v1/Systems/0\"}".iter().copied();
        let piece: Vec<u8> = std::iter::repeat_n(member, PIECE / 38).flatten().collect();
        let then = Then::Again { piece: Bytes::from(piece), pause: Box::pin(sleep(PAUSE)) };
        Self { next: Some(Bytes::from(next)), length: None, then }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.next.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut self.then {
            Then::End => Poll::Ready(None),
            Then::Break(pause) => {
                let broken = || Some(Err(io::ErrorKind::ConnectionReset.into()));
                pause.as_mut().poll(cx).map(|()| broken())
            }
            Then::Again { piece, pause } => match pause.as_mut().poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) => {
                    *pause = Box::pin(sleep(PAUSE));
                    Poll::Ready(Some(Ok(Frame::data(piece.clone()))))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && matches!(self.then, Then::End)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
