//! A request's body on its way in, with a bound on how slow it may come.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// How slow a body may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The longest pause between two parts.
    pub(crate) idle: Duration,
    /// Bytes a second, over the time that we waited for the client. Zero for any.
    pub(crate) rate: u64,
}

/// Waiting less than this is never too slow: a connection may stutter.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a body broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// It came too slowly, or not at all.
    Stalled,
    /// The client went away, or sent what isn't HTTP.
    Broken,
}

/// What is known of a body while others hold it: how much came, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct BodyProgress {
    bytes: AtomicU64,
    fault: AtomicU8,
}

impl BodyProgress {
    /// Bytes that have come.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Why it broke off, if it did.
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        match self.fault.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(BodyFault::Stalled),
            _ => Some(BodyFault::Broken),
        }
    }

    fn fail(&self, fault: BodyFault) {
        let number = match fault {
            BodyFault::Stalled => 1,
            BodyFault::Broken => 2,
        };
        self.fault.store(number, Ordering::Relaxed);
    }
}

/// The body of a request as a stream of its bytes.
pub(crate) struct IncomingBody<B = Incoming> {
    body: B,
    pace: Pace,
    progress: Arc<BodyProgress>,
    /// When the pause that is now would be too long. Made at the first pause.
    limit: Option<Pin<Box<Sleep>>>,
    /// Since when we wait for the client, and how long we have waited before.
    waiting: Option<Instant>,
    waited: Duration,
}

impl<B: Body<Data = Bytes>> IncomingBody<B> {
    pub(crate) fn new(body: B, pace: Pace) -> Self {
        Self {
            body,
            pace,
            progress: Arc::default(),
            limit: None,
            waiting: None,
            waited: Duration::ZERO,
        }
    }

    /// What to look at after the body was given away.
    pub(crate) fn progress(&self) -> Arc<BodyProgress> {
        Arc::clone(&self.progress)
    }

    /// Its length, where the request says it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    fn stall(&self) -> String {
        self.progress.fail(BodyFault::Stalled);
        "it came too slowly".into()
    }

    /// A part came, after the pause that began at `waiting`.
    fn arrived(&mut self, bytes: &Bytes) -> Result<(), String> {
        if let Some(since) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        let length = bytes.len() as u64;
        let total = self.progress.bytes.fetch_add(length, Ordering::Relaxed) + length;
        let due = self.pace.rate.saturating_mul(self.waited.as_secs());
        if self.waited > PATIENCE && total < due {
            return Err(self.stall());
        }
        Ok(())
    }

    /// Nothing came. Too long?
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        if self.waiting.is_none() {
            let now = Instant::now();
            self.waiting = Some(now);
            let end = now + self.pace.idle;
            match &mut self.limit {
                Some(limit) => limit.as_mut().reset(end),
                None => self.limit = Some(Box::pin(tokio::time::sleep_until(end))),
            }
        }
        match self.limit.as_mut().map(|limit| limit.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(self.stall()),
            _ => Poll::Pending,
        }
    }
}

impl<B> Stream for IncomingBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    self.progress.fail(BodyFault::Broken);
                    return Poll::Ready(Some(Err(error.to_string())));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that we need.
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    let arrived = self.arrived(&bytes);
                    return Poll::Ready(Some(arrived.map(|()| bytes)));
                }
                Poll::Pending => return self.poll_pause(cx).map(|why| Some(Err(why))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A body of parts, each after a pause of so many seconds.
    fn body(
        parts: Vec<(u32, &'static [u8])>,
    ) -> IncomingBody<impl Body<Data = Bytes, Error = &'static str> + Unpin> {
        let parts = futures_util::stream::iter(parts).then(|(pause, part)| async move {
            tokio::time::sleep(pause * SECOND).await;
            match part {
                b"broken" => Err("gone"),
                part => Ok(Frame::data(Bytes::from_static(part))),
            }
        });
        let pace = Pace {
            idle: 60 * SECOND,
            rate: 100,
        };
        IncomingBody::new(StreamBody::new(Box::pin(parts)), pace)
    }

    async fn ends(parts: Vec<(u32, &'static [u8])>) -> (u64, Option<BodyFault>) {
        let mut body = body(parts);
        let progress = body.progress();
        while let Some(Ok(_)) = body.next().await {}
        (progress.bytes(), progress.fault())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_stutter() {
        let parts = vec![(0, &[0; 1000][..]), (14, b"x"), (0, &[0; 1000]), (5, b"y")];
        assert_eq!(ends(parts).await, (2002, None));
        assert_eq!(ends(vec![(59, &[0; 6000][..])]).await, (6000, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_not_stand_still() {
        let stalled = Some(BodyFault::Stalled);
        assert_eq!(ends(vec![(0, b"x"), (61, b"y")]).await, (1, stalled));
        assert_eq!(ends(vec![(61, b"y")]).await, (0, stalled));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_not_drip() {
        let drops = vec![(5, &b"x"[..]); 100];
        let (bytes, fault) = ends(drops).await;
        assert_eq!(fault, Some(BodyFault::Stalled));
        assert!(bytes < 10, "{bytes}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_go() {
        let parts = vec![(0, &b"abc"[..]), (1, b"broken")];
        assert_eq!(ends(parts).await, (3, Some(BodyFault::Broken)));
    }
}
