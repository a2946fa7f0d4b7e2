//! One connection under deadlines.
//!
//! The stream sees bytes, not requests; the endpoint sees requests, not bytes. They meet in [`State`]: while a request
//! is being answered the reading side may be silent; otherwise the head of a request must arrive in time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::Deadlines;

/// What stream and endpoint know of one connection.
#[derive(Debug)]
pub struct State {
    opened: Instant,
    /// Requests being answered, streams that are still being sent included.
    active: AtomicUsize,
    /// When the head that is arriving began, in milliseconds since `opened`, plus one; 0: none is arriving.
    head_since: AtomicU64,
}

impl State {
    pub fn new() -> Self {
        // Whoever connects is expected to ask at once.
        Self { opened: Instant::now(), active: AtomicUsize::new(0), head_since: AtomicU64::new(1) }
    }

    /// A request has arrived whole; the connection is busy until the returned value is dropped.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.active.fetch_add(1, Ordering::AcqRel);
        self.head_since.store(0, Ordering::Release);
        Busy(Arc::clone(self))
    }

    fn is_busy(&self) -> bool {
        self.active.load(Ordering::Acquire) > 0
    }

    fn bytes_arrived(&self) {
        if !self.is_busy() {
            let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1;
            // Only the first byte counts: dripping does not buy time.
            let _ = self.head_since.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    fn head_began(&self) -> Option<Instant> {
        match self.head_since.load(Ordering::Acquire) {
            0 => None,
            ms => Some(self.opened + Duration::from_millis(ms - 1)),
        }
    }
}

/// A request being answered.
#[derive(Debug)]
pub struct Busy(Arc<State>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection that closes itself when it does not get on.
pub struct Guarded<R> {
    stream: TcpStream,
    state: Arc<State>,
    deadlines: Deadlines,
    last_activity: Instant,
    reading: Pin<Box<Sleep>>,
    writing: Pin<Box<Sleep>>,
    is_write_waiting: bool,
    /// Given back when the connection ends.
    _registered: R,
}

impl<R> Guarded<R> {
    pub fn new(stream: TcpStream, state: Arc<State>, deadlines: Deadlines, registered: R) -> Self {
        let now = Instant::now();
        let sleep = || Box::pin(tokio::time::sleep_until(now + deadlines.head));
        Self {
            stream,
            state,
            deadlines,
            last_activity: now,
            reading: sleep(),
            writing: sleep(),
            is_write_waiting: false,
            _registered: registered,
        }
    }

    /// Waits on the reading side; an error once its time is up.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let now = Instant::now();
            let until = if self.state.is_busy() {
                self.last_activity = now;
                // Busy ends without waking the reading side: look again.
                now + self.deadlines.head
            } else {
                self.state
                    .head_began()
                    .map_or(self.last_activity + self.deadlines.idle, |began| began + self.deadlines.head)
            };
            if until <= now {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.reading.as_mut().reset(until);
            if self.reading.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Every kind of writing: progress resets the deadline, waiting runs into it. Flushing nothing is no activity, or
    /// looking at an idle connection would keep it alive.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
        sent_bytes: bool,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.is_write_waiting = false;
            if sent_bytes {
                self.last_activity = Instant::now();
            }
            return result;
        }
        if !self.is_write_waiting {
            self.is_write_waiting = true;
            self.writing.as_mut().reset(Instant::now() + self.deadlines.write);
        }
        match self.writing.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<R: Unpin> AsyncRead for Guarded<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if buf.filled().len() > before {
                    self.state.bytes_arrived();
                    self.last_activity = Instant::now();
                }
                // A client that drips is never pending for long: the deadline counts here, too.
                if let Some(began) = self.state.head_began().filter(|_| !self.state.is_busy())
                    && began + self.deadlines.head <= Instant::now()
                {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_read_deadline(cx).map(Err),
        }
    }
}

impl<R: Unpin> AsyncWrite for Guarded<R> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch_write(cx, result, true)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch_write(cx, result, true)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch_write(cx, result, false)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch_write(cx, result, false)
    }
}
