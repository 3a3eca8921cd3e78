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
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    if length > MAX_FRAME {
        let text = format!("a message of {length} bytes: at most {MAX_FRAME}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    frame.iter_mut().zip(length).for_each(|(to, byte)| *to = byte);
    let written = timeout(PATIENCE, to.write_all(&frame)).await;
    written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
