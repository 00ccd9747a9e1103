//! A reader's signed request: what someone asked to read, in their own hand. The event of a reading holds it, so nobody
//! can be said to have read what they did not ask for, and nobody can deny having asked.

use std::collections::BTreeSet;

use thiserror::Error;

use super::AuditEvent;
#[cfg(feature = "batch")]
use crate::sign::Batch;
use crate::{
    account::{KeyDirectory, KeyError},
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, InstanceId, ReportId, SessionId},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
};

/// How far the times of a request and of its event may be apart, in milliseconds: a day. Devices' clocks are wrong, and a
/// large file is fetched piece by piece under one request.
pub const READ_REQUEST_TOLERANCE: UnixMillis = 86_400_000;

/// The kind of a list's events: of its own, and of those in the records of reports that it delivered.
const LIST: &str = "list";

/// What somebody asks to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The server asked.
    pub instance: InstanceId,
    /// Who asks.
    pub account: AccountId,
    /// In which session.
    pub session: SessionId,
    /// The kind of the event that answering makes: `read`, `open`, `audit_read`, `list`.
    pub kind: String,
    /// The report; none for a list of them.
    pub report: Option<ReportId>,
    /// What of it: the event's detail begins with these words, `version=1 part=2 revision=0`. Empty for the whole.
    pub what: String,
}

/// What of a report, or of all of them, the routes that read deliver: [`Asked::what`], the same to who signs and who checks.
pub mod what {
    /// The list of reports.
    pub const REPORTS: &str = "of=reports";
    /// A report, but for what the others name; and its events.
    pub const REPORT: &str = "";
    /// The people whom its access chain names.
    pub const PEOPLE: &str = "of=people";
    /// Its grants.
    pub const GRANTS: &str = "of=grants";

    /// The sealed fields of a version.
    pub fn fields(version: impl std::fmt::Display) -> String {
        format!("version={version} part=0")
    }

    /// A file of a version's revision.
    pub fn part(version: u32, part: u32, revision: u32) -> String {
        format!("version={version} part={part} revision={revision}")
    }
}

/// Signed by the reader for one reading. The server can show it again for a day and for the same thing, as each piece of
/// a large file needs; it can't make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// What is asked.
    pub asked: Asked,
    /// The epoch of the account's key that signs.
    pub epoch: u32,
    /// Random, so that two readings are two requests.
    pub nonce: [u8; 16],
    /// When, by the reader's clock.
    pub time: UnixMillis,
}

impl SignedObject for ReadRequest {
    const NAME: &'static str = "read-request";
    const LIMIT: usize = 512;

    fn encode(&self, w: &mut Writer) {
        let asked = &self.asked;
        w.bytes(asked.instance.as_ref())
            .bytes(asked.account.as_ref())
            .bytes(asked.session.as_ref())
            .text(&asked.kind)
            .bytes(asked.report.as_ref().map_or(&[][..], |report| report.as_ref()))
            .text(&asked.what)
            .u32(self.epoch)
            .bytes(&self.nonce)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            asked: Asked {
                instance: InstanceId(r.array("instance")?),
                account: AccountId(r.array("account")?),
                session: SessionId(r.array("session")?),
                kind: r.text("kind", 64)?,
                report: r.optional("report")?.map(ReportId),
                what: r.text("what", 200)?,
            },
            epoch: r.u32("epoch")?,
            nonce: r.array("nonce")?,
            time: r.time("time")?,
        })
    }
}

#[cfg(feature = "open")]
impl ReadRequest {
    /// Signs a fresh request with the keys of an epoch.
    pub fn sign(
        asked: Asked,
        time: UnixMillis,
        keys: &crate::account::EpochKeys,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Signed<Self> {
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        Signed::sign(Self { asked, epoch: keys.epoch, nonce, time }, &keys.signing)
    }
}

/// Why a request to read doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// There is none.
    #[error("there is no request of the reader")]
    Missing,
    /// It can't be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It asks something else, is of somebody else, or for another server or session.
    #[error("the reader asked for something else")]
    Other,
    /// Its time is more than a day from the other's.
    #[error("the reader asked at another time")]
    Time,
    /// The reader's key for it isn't known.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The reader didn't sign it.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// Requests whose signature was verified before, each with the key: the same bytes under the same key needn't be verified again.
/// Whether that key may sign for that reader, and what is asked, is.
#[derive(Debug, Default)]
pub struct VerifiedRequests(BTreeSet<Verified>);

/// The key, and the request that it signed.
type Verified = (PublicSigningKey, Hash32);

impl VerifiedRequests {
    /// Most that are remembered: some megabytes.
    const MOST: usize = 20_000;

    fn verify(&mut self, request: &Signed<ReadRequest>, key: &PublicSigningKey) -> Result<(), VerifyError> {
        let this = (*key, request.hash());
        if self.0.contains(&this) {
            return Ok(());
        }
        request.verify(key)?;
        self.remember(this);
        Ok(())
    }

    fn remember(&mut self, this: Verified) {
        if self.0.len() < Self::MOST {
            self.0.insert(this);
        }
    }
}

/// A request that is for what its event says, by somebody who may sign it. Whether they did wasn't verified yet.
#[cfg(feature = "batch")]
#[derive(Debug)]
pub struct Unverified {
    request: Signed<ReadRequest>,
    this: Verified,
}

#[cfg(feature = "batch")]
impl VerifiedRequests {
    /// Fewer are as quickly verified one by one.
    const FEW: usize = 8;

    /// Verifies the signatures of requests together, and remembers them if all hold. If not, or where there is no room for
    /// them, it remembers none, and says `false`: each is to be verified by itself.
    ///
    /// What it remembers, the keys' holders signed. It is not quite as strict as [`Signed::verify`]: a signature may count
    /// that is true by RFC 8032's equation with the cofactor only (`sign/batch.rs`). To make one takes the reader's private
    /// key, and purpose, so that a reader asked is as certain. A server that verifies a request before it delivers, as ours
    /// does ([`Signed::verify_now`]), refuses such a one: it stands in an event only where server and reader both wanted
    /// that, and whether it counts as the reader's, which it is, or is refused may hang on what else is verified with it.
    pub fn verify_together(&mut self, requests: &[Unverified]) -> bool {
        if requests.len() < Self::FEW {
            return true;
        }
        if self.0.len() + requests.len() > Self::MOST {
            return false;
        }
        let (mut batch, mut taken) = (Batch::default(), BTreeSet::new());
        for Unverified { request, this } in requests {
            if !taken.contains(this) && batch.add(request, &this.0) {
                taken.insert(*this);
            }
        }
        let all = batch.holds();
        if all {
            taken.into_iter().for_each(|this| self.remember(this));
        }
        all
    }
}

impl Signed<ReadRequest> {
    /// Verifies a request for exactly this, at about this time; its signature only where it isn't `known`.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn verify_request(
        &self,
        asked: &Asked,
        time: UnixMillis,
        keys: &impl KeyDirectory,
        known: &mut VerifiedRequests,
    ) -> Result<(), RequestError> {
        known.verify(self, self.signer(asked, keys)?)?;
        self.is_of(time)
    }

    /// Whose signature it must bear, if it is for exactly this.
    fn signer<'k>(&self, asked: &Asked, keys: &'k impl KeyDirectory) -> Result<&'k PublicSigningKey, RequestError> {
        self.is_for(asked)?;
        let request = self.claimed();
        Ok(keys.signer(&asked.account, request.epoch, request.time)?)
    }

    /// As [`Signed::verify_request`], under the account's current key alone: what a server asks before it delivers.
    ///
    /// # Errors
    /// [`RequestError`]; a request of an earlier epoch is [`RequestError::Key`].
    pub fn verify_now(
        &self,
        asked: &Asked,
        now: UnixMillis,
        epoch: u32,
        current: &PublicSigningKey,
    ) -> Result<(), RequestError> {
        let request = self.claimed();
        if request.epoch != epoch {
            return Err(KeyError::EpochUnknown(request.epoch).into());
        }
        self.is_for(asked)?;
        self.verify(current)?;
        self.is_of(now)
    }

    fn is_for(&self, asked: &Asked) -> Result<(), RequestError> {
        if self.claimed().asked == *asked { Ok(()) } else { Err(RequestError::Other) }
    }

    /// The last of the checks: only what is signed for this can be of another time.
    fn is_of(&self, time: UnixMillis) -> Result<(), RequestError> {
        let apart = self.claimed().time.abs_diff(time);
        if apart <= READ_REQUEST_TOLERANCE.unsigned_abs() { Ok(()) } else { Err(RequestError::Time) }
    }
}

impl AuditEvent {
    /// Whether it is the reading of a report, which its reader must have signed: done, by somebody, and of a kind that
    /// delivers something.
    pub fn is_reading(&self) -> bool {
        let delivers = matches!(self.kind.as_str(), "read" | "open" | "audit_read" | LIST);
        delivers && self.outcome == super::Outcome::Allowed && self.report.is_some()
    }

    /// Verifies the request that the event holds: its reader's own, for what the event says.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn verify_reader(&self, instance: &InstanceId, keys: &impl KeyDirectory) -> Result<(), RequestError> {
        self.verify_reader_once(instance, keys, &mut VerifiedRequests::default())
    }

    /// As [`AuditEvent::verify_reader`], without verifying the signature anew of a request that is `known`.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn verify_reader_once(
        &self,
        instance: &InstanceId,
        keys: &impl KeyDirectory,
        known: &mut VerifiedRequests,
    ) -> Result<(), RequestError> {
        let (request, asked) = self.asked(instance)?;
        request.verify_request(&asked, self.time, keys, known)
    }

    /// The request that the event holds, where it is for what the event says, its reader's key is there, and its signature
    /// isn't `known`: to be verified together with others before [`AuditEvent::verify_reader_once`], which judges each.
    #[cfg(feature = "batch")]
    pub fn unverified(
        &self,
        instance: &InstanceId,
        keys: &impl KeyDirectory,
        known: &VerifiedRequests,
    ) -> Option<Unverified> {
        let (request, asked) = self.asked(instance).ok()?;
        let this = (*request.signer(&asked, keys).ok()?, request.hash());
        (!known.0.contains(&this)).then_some(Unverified { request, this })
    }

    /// The request that the event holds, and what it must ask: what the event says.
    fn asked(&self, instance: &InstanceId) -> Result<(Signed<ReadRequest>, Asked), RequestError> {
        let request = self.request.as_ref().ok_or(RequestError::Missing)?;
        let request = Signed::<ReadRequest>::parse(request)?;
        let (Some(account), Some(session)) = (self.actor, self.session) else { return Err(RequestError::Other) };
        let what = &request.claimed().asked.what;
        let listed = self.kind == LIST;
        if !begins_with(&self.detail, what) || (listed && what != what::REPORTS) {
            return Err(RequestError::Other);
        }
        let asked = Asked {
            instance: *instance,
            account,
            session,
            kind: self.kind.clone(),
            // Who asks for a list names none of its reports.
            report: self.report.as_ref().map(|link| link.report).filter(|_| !listed),
            what: what.clone(),
        };
        Ok((request, asked))
    }
}

/// Whether a detail begins with these words, as whole words.
fn begins_with(detail: &str, words: &str) -> bool {
    match detail.strip_prefix(words) {
        Some(rest) => words.is_empty() || rest.is_empty() || rest.starts_with(' '),
        None => false,
    }
}

#[cfg(test)]
mod tests;
