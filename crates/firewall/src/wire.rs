//! Frames on a stream: four bytes of length, big-endian, and so many bytes; and sockets that are handed over on it.

use crate::message::MAX_FRAME;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long one frame or handing over may take once it has begun.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Reads a frame; `None` at the end of the stream. Waits for its beginning as long as it takes.
///
/// # Errors
/// The stream's, `InvalidData` for a frame that is too long, `TimedOut` for one that does not end.
pub async fn read<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<Vec<u8>>> {
    match from.read_u8().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        first => rest(first?, from).await.map(Some),
    }
}

/// Reads what follows a frame's first byte.
///
/// # Errors
/// As [`read`].
pub async fn rest<R: AsyncRead + Unpin>(first: u8, from: &mut R) -> io::Result<Vec<u8>> {
    let frame = async {
        let mut length = [first, 0, 0, 0];
        from.read_exact(length.split_at_mut(1).1).await?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_FRAME {
            let text = format!("a frame of {length} bytes: at most {MAX_FRAME}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        // Grows with what arrives, not with what was promised.
        let mut frame = Vec::new();
        from.take(length as u64).read_to_end(&mut frame).await?;
        if frame.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(frame) }
    };
    timeout(PATIENCE, frame).await?
}

/// Writes a message as a frame.
///
/// # Errors
/// The stream's, `InvalidData` for a message that is too long, `TimedOut` if nobody reads it.
pub async fn write<W: AsyncWrite + Unpin, M: Serialize>(to: &mut W, message: &M) -> io::Result<()> {
    let frame = serde_json::to_vec(message)?;
    let length = u32::try_from(frame.len()).ok().filter(|_| frame.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message is too long"))?;
    let both = async {
        to.write_all(&length.to_be_bytes()).await?;
        to.write_all(&frame).await
    };
    timeout(PATIENCE, both).await?
}

/// Hands sockets over (`SCM_RIGHTS`), on a byte that says which of them there are.
///
/// # Errors
/// The stream's.
pub async fn hand_over(to: &UnixStream, sockets: [Option<BorrowedFd<'_>>; 2]) -> io::Result<()> {
    let which = sockets.iter().zip([1, 2]).map(|(socket, bit)| if socket.is_some() { bit } else { 0 }).sum();
    let sockets: Vec<BorrowedFd<'_>> = sockets.into_iter().flatten().collect();
    let send = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        beside.push(SendAncillaryMessage::ScmRights(&sockets));
        sendmsg(to, &[IoSlice::new(&[which])], &mut beside, SendFlags::NOSIGNAL)?;
        Ok(())
    };
    timeout(PATIENCE, to.async_io(Interest::WRITABLE, send)).await?
}
