//! Signs of life of a transfer. A connection may be dead and say nothing: a network that changed, a machine that slept.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, stream};

use super::TransportError;
use crate::platform::{Environment, SystemClock};

/// Without a sign of life for so long a transfer counts as broken.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of a body that go out at a time.
const PIECE: usize = 128 * 1024;

/// When something last moved, by the wall clock: it goes on while a machine sleeps, so that what died meanwhile is known a moment
/// after waking.
#[derive(Clone)]
pub(super) struct Pulse(Arc<AtomicI64>);

impl Pulse {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(SystemClock.now())))
    }

    /// Something moved.
    pub(super) fn beat(&self) {
        self.0.store(SystemClock.now(), Ordering::Relaxed);
    }

    fn silent(&self) -> Duration {
        let since = SystemClock.now().saturating_sub(self.0.load(Ordering::Relaxed));
        Duration::from_millis(u64::try_from(since).unwrap_or(0))
    }

    /// Waits for a transfer as long as it shows signs of life.
    pub(super) async fn watch<A>(
        &self,
        transfer: impl Future<Output = Result<A, TransportError>>,
    ) -> Result<A, TransportError> {
        self.watch_for(SILENCE, transfer).await
    }

    async fn watch_for<A>(
        &self,
        silence: Duration,
        transfer: impl Future<Output = Result<A, TransportError>>,
    ) -> Result<A, TransportError> {
        let mut transfer = pin!(transfer);
        loop {
            match tokio::time::timeout(LOOK.min(silence), &mut transfer).await {
                Ok(done) => return done,
                Err(_) if self.silent() >= silence => return Err(TransportError::TimedOut),
                Err(_) => {}
            }
        }
    }

    /// A body in pieces; each one that the connection takes is a sign of life.
    pub(super) fn pieces(&self, body: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let (pulse, starts) = (self.clone(), (0..body.len()).step_by(PIECE));
        stream::iter(starts.map(move |start| {
            pulse.beat();
            Ok(body.slice(start..body.len().min(start + PIECE)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_transfer_without_a_sign_of_life_is_broken() {
        let (pulse, silence) = (Pulse::new(), Duration::from_secs(1));
        let never = std::future::pending::<Result<(), TransportError>>();
        assert_eq!(pulse.watch_for(silence, never).await, Err(TransportError::TimedOut));
        let beats = async {
            for _ in 0..6 {
                tokio::time::sleep(silence / 4).await;
                pulse.beat();
            }
            Ok(7)
        };
        pulse.beat();
        assert_eq!(pulse.watch_for(silence, beats).await, Ok(7), "slow is not broken");
    }

    #[tokio::test]
    async fn a_machine_that_slept_finds_out_at_once() {
        let pulse = Pulse::new();
        pulse.0.fetch_sub(2 * SILENCE.as_millis() as i64, Ordering::Relaxed);
        let never = std::future::pending::<Result<(), TransportError>>();
        let begun = std::time::Instant::now();
        assert_eq!(pulse.watch(never).await, Err(TransportError::TimedOut));
        assert!(begun.elapsed() < SILENCE / 4, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_body_is_the_same_in_pieces() -> Result<(), Infallible> {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let body = Bytes::from((0..len).map(|i| (i % 251) as u8).collect::<Vec<_>>());
            let pieces: Vec<Bytes> = Pulse::new().pieces(body.clone()).try_collect().await?;
            assert!(pieces.concat() == body, "{len}");
            assert_eq!(pieces.len(), len.div_ceil(PIECE));
        }
        Ok(())
    }
}
