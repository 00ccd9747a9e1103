//! Transfers that break: how often and after what rests they are tried again.

use api_types::ErrorCode;
use client::{ClientError, Result, bulk::Control};
use futures::future::{Either, select};

use super::{idle::Waiting, pool::Pool};
use crate::browser;

/// Longest rest, in milliseconds.
const REST_MAX: i32 = 30_000;
/// How often a stop is looked for meanwhile.
const LOOK: i32 = 500;
/// Tries again where a caller tells people of it soon.
const MOMENT: u32 = 2;

/// How often one transfer broke, and how often it may. When the vault locks it goes on no more: whoever waits has its keys.
pub(super) struct Broken<'a> {
    times: u32,
    most: u32,
    /// Whether nothing is written by it.
    reads: bool,
    pool: &'a Pool,
    ended: u32,
    waiting: Waiting,
}

impl<'a> Broken<'a> {
    pub(super) fn for_a_moment(pool: &'a Pool) -> Self {
        Self { times: 0, most: MOMENT, reads: false, pool, ended: pool.times_ended(), waiting: Waiting::begin() }
    }

    pub(super) fn patient(pool: &'a Pool) -> Self {
        Self { most: u32::MAX, ..Self::for_a_moment(pool) }
    }

    /// As patient, of one that only reads: also while the server can't write down who reads.
    pub(super) fn reading(pool: &'a Pool) -> Self {
        Self { reads: true, ..Self::patient(pool) }
    }

    fn passes(&self, error: &ClientError) -> bool {
        if self.reads { error.is_transient_for_reading() } else { error.is_transient() }
    }

    fn check(&self, control: &Control) -> Result<()> {
        if self.pool.times_ended() == self.ended { control.check() } else { Err(ClientError::Cancelled) }
    }

    /// Waits where the transfer may be tried again: a second, then twice as long each time. Else gives the error back.
    pub(super) async fn again(&mut self, control: &Control, error: ClientError) -> Result<()> {
        // A server that answers, and fails, is no connection to wait for.
        let most = if error.problem() == Some(ErrorCode::Internal) { self.most.min(MOMENT) } else { self.most };
        if !self.passes(&error) || self.times >= most {
            return Err(error);
        }
        control.lost(true);
        let end = browser::now() + i64::from(rest_after(self.times));
        self.times = self.times.saturating_add(1);
        while browser::now() < end {
            self.check(control)?;
            self.waiting.stay_awake();
            browser::sleep_or_online(LOOK).await;
        }
        self.check(control)
    }

    /// What a try comes to. Meanwhile it counts as use: its bytes may be slow, or nobody knows yet that the line is lost.
    pub(super) async fn awake<F: Future>(&self, work: F) -> F::Output {
        let mut work = Box::pin(work);
        loop {
            self.waiting.stay_awake();
            match select(work, Box::pin(browser::sleep(LOOK))).await {
                Either::Left((done, _)) => return done,
                Either::Right(((), waiting)) => work = waiting,
            }
        }
    }

    /// It got through.
    pub(super) fn through(&self, control: &Control) {
        if self.times > 0 {
            control.lost(false);
        }
    }
}

/// What some work comes to, or a stop that was asked for meanwhile; then the work is given up.
///
/// # Errors
/// [`ClientError::Cancelled`].
pub(super) async fn unless_stopped<F: Future>(control: &Control, work: F) -> Result<F::Output> {
    let mut work = Box::pin(work);
    loop {
        control.check()?;
        match select(work, Box::pin(browser::sleep(LOOK))).await {
            Either::Left((done, _)) => return Ok(done),
            Either::Right(((), waiting)) => work = waiting,
        }
    }
}

fn rest_after(times: u32) -> i32 {
    REST_MAX.min(1000 << times.min(5))
}
