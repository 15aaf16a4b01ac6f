//! A connection: requests in, bytes out.

use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{BodyLength, Head, dechunked};

/// A connection with a client.
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    /// Bytes on their way out; kept so that its memory is.
    pub(crate) output: Vec<u8>,
}

/// A request that is there whole.
pub(crate) struct Received {
    pub(crate) head: Head,
    body: Whereabouts,
    length: usize,
}

enum Whereabouts {
    InPlace(Range<usize>),
    Apart(Vec<u8>),
}

/// The parts of a request.
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Each event of a stream is a packet of its own.
        let _ = stream.set_nodelay(true);
        Self { stream, input: Vec::with_capacity(8192), output: Vec::with_capacity(4096) }
    }

    /// The next request; none when the client is done, an error's text when it does not speak HTTP.
    pub(crate) async fn receive(&mut self) -> Result<Option<Received>, &'static str> {
        let head = loop {
            if let Some(head) = Head::parse(&self.input)? {
                break head;
            }
            if self.read().await.is_err() {
                return Ok(None);
            }
        };
        if head.expects_leave && self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Ok(None);
        }
        let start = head.length;
        let (body, length) = match head.body {
            BodyLength::Known(size) => {
                self.input.reserve((start + size).saturating_sub(self.input.len()));
                while self.input.len() < start + size {
                    if self.read().await.is_err() {
                        return Ok(None);
                    }
                }
                (Whereabouts::InPlace(start..start + size), start + size)
            }
            BodyLength::Chunked => loop {
                if let Some((body, length)) = dechunked(&self.input[start..])? {
                    break (Whereabouts::Apart(body), start + length);
                }
                if self.read().await.is_err() {
                    return Ok(None);
                }
            },
        };
        Ok(Some(Received { head, body, length }))
    }

    /// The parts of a request that was received last.
    pub(crate) fn parts<'a>(&'a self, received: &'a Received) -> Parts<'a> {
        let Received { head, body, .. } = received;
        let text = |range: &Range<usize>| std::str::from_utf8(&self.input[range.clone()]).unwrap_or("?");
        Parts {
            method: text(&head.method),
            target: text(&head.target),
            headers: &self.input[head.headers.clone()],
            body: match body {
                Whereabouts::InPlace(range) => &self.input[range.clone()],
                Whereabouts::Apart(body) => body,
            },
        }
    }

    /// Forgets a request that was received last.
    pub(crate) fn forget(&mut self, received: Received) {
        self.input.drain(..received.length);
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.input.capacity() - self.input.len() < 1024 {
            self.input.reserve(8192);
        }
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends what is in `output`, and empties it.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let written = self.stream.write_all(&self.output).await;
        self.output.clear();
        written
    }

    /// Waits for something; an error when the client is gone before.
    pub(crate) async fn until<T>(&mut self, event: impl Future<Output = T>) -> io::Result<T> {
        let mut event = pin!(event);
        loop {
            tokio::select! {
                value = &mut event => return Ok(value),
                read = self.read() => read?,
            }
        }
    }

    /// Waits so long; an error when the client is gone before.
    pub(crate) async fn wait(&mut self, milliseconds: u64) -> io::Result<()> {
        self.until(tokio::time::sleep(Duration::from_millis(milliseconds))).await
    }

    /// Ends the connection: with a reset, or as if all had been said.
    pub(crate) async fn cut(&mut self, reset: bool) {
        if reset {
            // Dropped without lingering: the client sees a reset.
            let _ = self.stream.set_zero_linger();
        } else {
            let _ = self.stream.shutdown().await;
        }
    }
}
