//! Giving access: straight to a person's key, or with an access code besides.

use api_types::{
    AccountId, B64, ErrorCode, GrantId as ApiGrantId, ReportId,
    grants::{CreateGrant, Right, Wrap as WrapBody},
    limits::{SHARE_DEFAULT_MS, SHARE_MAX_MS, SHARE_MIN_MS},
};
use crypto::{
    grant::{AccessCode, CodeKeys, CodeLength, make_code_grant},
    ids::GrantId,
    report::{AccountRecipient, Change, Grant, Recipient, Versions, seal_wrap},
};
use zeroize::Zeroizing;

use super::entries::{append, purpose, refuse_wrap, reshare_grant};
use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    ids::{ToApi, right_to_crypto},
    people::{Person, Verification},
    platform::{Platform, rng},
    reports::OpenReport,
    vault::Vault,
};

/// How often a share is repeated when the access chain grew meanwhile.
const TRIES: usize = 3;

/// What to share, with whom, how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// To whom.
    pub to: AccountId,
    /// What they may do. Never [`Right::Own`].
    pub right: Right,
    /// Why: 1 to 32 characters of `a`–`z`, `0`–`9`, `-`. The server sees it.
    pub purpose: String,
    /// Life in milliseconds from now; 0 for no end (only without a code).
    pub expires_in: i64,
    /// Whether an access code is needed besides the recipient's key.
    pub with_code: bool,
}

impl Share {
    /// Reading, with a code, for 24 hours.
    pub fn with_code(to: AccountId) -> Self {
        let purpose = "treatment".to_owned();
        Self { to, right: Right::View, purpose, expires_in: SHARE_DEFAULT_MS, with_code: true }
    }

    fn check(&self) -> Result<()> {
        let range = |fine: bool| if fine { Ok(()) } else { Err(wrong(Field::Expiry, FieldProblem::Range)) };
        purpose(&self.purpose)?;
        if self.right == Right::Own {
            return Err(ClientError::NotAllowed);
        }
        match self.with_code {
            true => range((SHARE_MIN_MS..=SHARE_MAX_MS).contains(&self.expires_in))?,
            false => range(self.expires_in == 0 || self.expires_in >= SHARE_MIN_MS)?,
        }
        Ok(())
    }
}

/// A share that was made.
pub struct Shared {
    /// The grant.
    pub grant: ApiGrantId,
    /// The code to tell the recipient, shown this once: `ABCD-EFGH`. Empty without a code.
    pub code: Option<Zeroizing<String>>,
    /// When it ends; 0 for never.
    pub expires_at: i64,
    /// With whom, with the state of their key.
    pub with: Person,
}

/// A code and what it stretches to, made once and kept over tries.
struct Code {
    shown: Zeroizing<String>,
    keys: CodeKeys,
}

impl<P: Platform> Vault<P> {
    /// Shares a report. The recipient's key is checked against the pin, the chain against what was seen, and the new
    /// grant against the chain before anything is sent.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] by the chain, a field that breaks a limit, a refusal, no connection.
    pub async fn share(&self, report: &ReportId, share: &Share) -> Result<Shared> {
        share.check()?;
        let person = self.person(&share.to).await?;
        person.may_receive()?;
        self.pin(&person.chain);
        let id = GrantId::random(&mut rng());
        let code = if share.with_code { Some(self.make_code(&person, &id).await?) } else { None };
        let expires_at = if share.expires_in == 0 { 0 } else { self.now().saturating_add(share.expires_in) };
        for _ in 0..TRIES {
            let open = self.report(report).await?;
            let body = self.grant_body(&open, share, &person, (id, expires_at), code.as_ref())?;
            match self.api().create_grant(report, &body.0).await {
                Ok(()) => {
                    self.see_access(&body.1);
                    self.save_state_soon().await;
                    let code = code.map(|c| c.shown);
                    let expires_at = body.1.grant(&id).map_or(expires_at, |g| g.grant.expires_at);
                    return Ok(Shared { grant: id.api(), code, expires_at, with: person });
                }
                Err(e) if e.problem() == Some(ErrorCode::AccessHeadMoved) => {}
                Err(e) => return Err(e),
            }
        }
        Err(ClientError::from(api_types::Problem::new(ErrorCode::AccessHeadMoved)))
    }

    async fn make_code(&self, person: &Person, grant: &GrantId) -> Result<Code> {
        let length = match person.verification {
            Verification::Verified => CodeLength::Verified,
            _ => CodeLength::Unverified,
        };
        let code = AccessCode::generate(length, &mut rng());
        let keys = crate::code::keys(self.platform().heavy(), &code, grant).await?;
        Ok(Code { shown: Zeroizing::new(code.display()), keys })
    }

    fn grant_body(
        &self,
        open: &OpenReport,
        share: &Share,
        person: &Person,
        (id, expires_at): (GrantId, i64),
        code: Option<&Code>,
    ) -> Result<(CreateGrant, crypto::report::AccessState)> {
        let mut state = open.access.state.clone();
        let mut keys = open.access.keys.clone();
        keys.0.insert(person.chain.account(), person.chain.clone());
        let (recipient, sealed_seed) = match code {
            None => (Recipient::Account(AccountRecipient::current(&person.chain)), None),
            Some(code) => {
                let made = make_code_grant(&state.report(), &id, &person.chain, &code.keys, &mut rng());
                let made = made.map_err(|_| ClientError::Internal("a code could not be sealed"))?;
                (made.recipient, Some(B64(made.sealed_seed)))
            }
        };
        let parent = reshare_grant(self, &state)?;
        // A child never outranks its parent: same versions, no longer life.
        let limits = parent.and_then(|id| state.grant(&id)).map(|p| (p.grant.versions, p.grant.expires_at));
        let (versions, limit) = limits.unwrap_or((Versions::ALL, 0));
        let expires_at = if limit != 0 && (expires_at == 0 || expires_at > limit) { limit } else { expires_at };
        let grant = Grant {
            id,
            recipient,
            right: right_to_crypto(share.right),
            purpose: purpose(&share.purpose)?,
            versions,
            expires_at,
            parent,
        };
        let entry = append(self, &mut state, &keys, Change::Grant(grant))?;
        let granted = state.grant(&id).ok_or(ClientError::Internal("a grant is not in its own chain"))?;
        let mut wraps = Vec::new();
        for (info, manifest) in open.versions.iter().zip(&open.manifests) {
            if !versions.contains(info.version) {
                continue;
            }
            let key = self.version_key(open, info.version)?;
            let place = manifest.claimed().place;
            let wrap =
                seal_wrap(&key, place, granted, &state, &keys, &mut rng()).map_err(|e| refuse_wrap(granted, &e))?;
            wraps.push(WrapBody {
                version: info.version,
                revision: info.revision,
                grant_id: id.api(),
                wrap: B64(wrap.to_bytes()),
            });
        }
        Ok((CreateGrant { entry: B64::from(entry.as_bytes()), wraps, sealed_seed }, state))
    }
}
