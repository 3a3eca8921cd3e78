//! Long answers: what a thread writes, or a file holds, goes out as it comes, in bounded memory.

use axum::body::{Body, Bytes};
use futures_util::stream;
use std::io;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

/// The size of a chunk, in bytes.
const CHUNK: usize = 64 * 1024;
/// So many chunks may wait: a slow reader holds no more than half a megabyte, and the thread waits for it.
const WAITING: usize = 8;

/// What a blocking writer is given.
pub(crate) type Writer = io::BufWriter<Pipe>;

/// A body that `write` fills from a thread of its own. Its failure breaks the answer off.
pub(crate) fn written<F, W>(write: W) -> Body
where
    F: Future<Output = io::Result<()>> + Send + 'static,
    W: FnOnce(Writer) -> F,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let writing = Box::pin(write(io::BufWriter::with_capacity(CHUNK, Pipe(sender))));
    Body::from_stream(stream::unfold((receiver, Some(writing)), |(mut receiver, mut writing)| async move {
        loop {
            let Some(running) = writing.as_mut() else {
                return receiver.recv().await.map(|chunk| (Ok(chunk), (receiver, writing)));
            };
            tokio::select! {
                biased;
                chunk = receiver.recv() => match chunk {
                    Some(chunk) => return Some((Ok(chunk), (receiver, writing))),
                    // Everything was written: what is left is to hear how it ended.
                    None => return running.await.err().map(|error| (Err(error), (receiver, None))),
                },
                ended = &mut *running => {
                    writing = None;
                    if let Err(error) = ended {
                        return Some((Err(error), (receiver, writing)));
                    }
                }
            }
        }
    }))
}

/// Hands what a thread writes to the task that answers.
pub(crate) struct Pipe(mpsc::Sender<Bytes>);

impl io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_gone| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body that reads a file to its end.
pub(crate) fn file(file: File) -> Body {
    Body::from_stream(stream::unfold(Some(file), |file: Option<File>| async move {
        let mut file = file?;
        let mut chunk = Vec::with_capacity(CHUNK);
        match (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(chunk)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}
