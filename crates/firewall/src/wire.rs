//! Frames on a stream: four bytes of length, big-endian, and so many bytes.

use crate::message::MAX_FRAME;
use serde::Serialize;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long one frame may take once it has begun.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads a frame; `None` at the end of the stream. Waits for its beginning as long as it takes.
///
/// # Errors
/// The stream's, `InvalidData` for a frame that is too long, `TimedOut` for one that does not end.
pub async fn read<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if from.read(length.split_at_mut(1).0).await? == 0 {
        return Ok(None);
    }
    let frame = async {
        from.read_exact(length.split_at_mut(1).1).await?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_FRAME {
            let text = format!("a frame of {length} bytes: at most {MAX_FRAME}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        // Grows with what arrives, not with what was promised.
        let mut frame = Vec::new();
        from.take(length as u64).read_to_end(&mut frame).await?;
        if frame.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(frame))
    };
    timeout(PATIENCE, frame).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Writes a message as a frame.
///
/// # Errors
/// The stream's, `InvalidData` for a message that is too long, `TimedOut` if nobody reads it.
pub async fn write<W: AsyncWrite + Unpin, M: Serialize>(to: &mut W, message: &M) -> io::Result<()> {
    send(to, &serde_json::to_vec(message)?).await
}

async fn send<W: AsyncWrite + Unpin>(to: &mut W, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).ok().filter(|_| frame.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message is too long"))?;
    let both = async {
        to.write_all(&length.to_be_bytes()).await?;
        to.write_all(frame).await
    };
    timeout(PATIENCE, both).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Logged packets as the kernel sent them: in the stream, a frame that begins with a zero, which no JSON does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of the packet that follows the last one that was read before; a first one with a greater number says how
    /// many were lost.
    pub next: u32,
    /// When it was read, in microseconds since 1970.
    pub at: i64,
    /// The kernel's messages.
    pub bytes: Vec<u8>,
}

impl Piece {
    /// Writes it as a frame.
    ///
    /// # Errors
    /// The stream's.
    pub async fn write<W: AsyncWrite + Unpin>(&self, to: &mut W) -> io::Result<()> {
        let frame = [&[0], self.next.to_be_bytes().as_slice(), &self.at.to_be_bytes(), &self.bytes].concat();
        send(to, &frame).await
    }

    /// Reads a frame, if it is one.
    #[must_use]
    pub fn of(frame: &[u8]) -> Option<Self> {
        let (next, rest) = frame.strip_prefix(&[0])?.split_first_chunk()?;
        let (at, bytes) = rest.split_first_chunk()?;
        Some(Self { next: u32::from_be_bytes(*next), at: i64::from_be_bytes(*at), bytes: bytes.to_vec() })
    }
}
