//! Reading and writing, plain or through TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_rustls::TlsStream;

use super::state::State;

/// Encrypted bytes that TLS holds for a peer that does not read; they come on top of the queue.
pub(super) const TLS_BUFFER: usize = 32 << 10;

/// The event loop's end of a connection. The writing side of plain TCP is in the connection's
/// [`State`], where other threads reach it.
pub(super) enum Transport {
    Plain(OwnedReadHalf),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Takes a plain stream apart.
    pub(super) fn plain(stream: TcpStream, state: &mut State) -> Self {
        let (read, write) = stream.into_split();
        state.plain = Some(write);
        Self::Plain(read)
    }

    /// Reads what is there; 0 bytes is the peer's end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let done = match self {
            Self::Plain(read) => Pin::new(read).poll_read(cx, &mut buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
        };
        match ready!(done) {
            Ok(()) => Poll::Ready(Ok(buffer.filled().len())),
            // The peer ended without TLS's closing alert. SIP knows by itself where messages end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(0)),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Writes from the waiting messages, to the end of the first one at most.
    pub(super) fn poll_write(
        &mut self,
        state: &mut State,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let State { queue, plain, .. } = state;
        let Some(front) = queue.front() else {
            return Poll::Ready(Ok(0));
        };
        let bytes = front.bytes.get(front.sent..).unwrap_or_default();
        let written = match (self, plain) {
            (Self::Plain(_), Some(write)) => ready!(Pin::new(write).poll_write(cx, bytes))?,
            (Self::Plain(_), None) => 0,
            (Self::Tls(stream), _) => ready!(Pin::new(stream).poll_write(cx, bytes))?,
        };
        match written {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => Poll::Ready(Ok(written)),
        }
    }

    /// Sends what TLS has encrypted and not yet written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Says goodbye in order.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // The writing side shuts down when the state drops it.
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
