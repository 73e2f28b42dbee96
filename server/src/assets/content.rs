//! An asset's bytes on their way out.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Bytes that are read from the disk at once: what one who reads slowly costs the server.
const PIECE: usize = 64 * 1024;

/// An asset's bytes, which come in pieces. They are there to the end, whatever becomes of the asset meanwhile.
#[derive(Debug)]
pub struct Content(Source);

#[derive(Debug)]
enum Source {
    Memory(Option<Bytes>),
    File { file: Arc<File>, at: u64, bytes: u64, readers: Arc<Semaphore> },
}

impl Content {
    pub(super) const fn memory(bytes: Bytes) -> Self {
        Self(Source::Memory(Some(bytes)))
    }

    /// So many bytes of a file, read by at most as many at once as `readers` admits.
    pub(super) fn file(file: File, bytes: u64, readers: Arc<Semaphore>) -> Self {
        Self(Source::File { file: Arc::new(file), at: 0, bytes, readers })
    }

    /// The next piece; `None` after the last one. Waits for the disk where that delays nobody else.
    ///
    /// # Errors
    /// The system's, also when the file is shorter than it was.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.0 {
            Source::Memory(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Source::File { at, bytes, .. } if *at >= *bytes => Ok(None),
            Source::File { file, at, bytes, readers } => {
                let _turn = readers.acquire().await.map_err(io::Error::other)?;
                let size = usize::try_from(*bytes - *at).unwrap_or(PIECE).min(PIECE);
                let (file, from) = (Arc::clone(file), *at);
                let read = spawn_blocking(move || {
                    let mut piece = vec![0; size];
                    file.read_exact_at(&mut piece, from).map(|()| Bytes::from(piece))
                });
                let piece = read.await.map_err(io::Error::other)??;
                *at += piece.len() as u64;
                Ok(Some(piece))
            }
        }
    }
}
