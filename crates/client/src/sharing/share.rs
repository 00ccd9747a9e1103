//! Giving access: straight to a person's key, or with an access code besides; to a team's.

use std::sync::Arc;

use api_types::{
    AccountId, B64, GrantId as ApiGrantId, ReportId,
    grants::{CreateGrant, Right, Wrap as WrapBody},
    limits::{SHARE_DEFAULT_MS, SHARE_MAX_MS, SHARE_MIN_MS},
};
use crypto::{
    grant::{AccessCode, CodeKeys, CodeLength, make_code_grant},
    ids::GrantId,
    report::{AccessState, AccountRecipient, Change, Grant, Recipient, TeamRecipient, Versions, seal_wrap},
};
use zeroize::Zeroizing;

use super::{
    entries::{append, purpose, refuse_wrap, reshare_grant},
    tries::Tries,
};
use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    ids::{ToApi, right_to_crypto},
    people::{Directory, Person, Verification},
    platform::{Platform, rng},
    reports::OpenReport,
    teams::CareTeam,
    vault::Vault,
};

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

/// What a grant says besides for whom it is.
pub(super) struct Terms<'a> {
    pub right: Right,
    pub purpose: &'a str,
    pub id: GrantId,
    pub expires_at: i64,
}

/// For whom a grant is.
pub(super) enum To<'a> {
    /// A person, perhaps with an access code.
    Person(&'a Person, Option<&'a Code>),
    /// A team.
    Team(&'a CareTeam),
}

impl To<'_> {
    /// The recipient as it is signed, with the sealed seed of a code; their keys join the others.
    fn recipient(&self, state: &AccessState, grant: GrantId, keys: &mut Directory) -> Result<(Recipient, Option<B64>)> {
        match self {
            Self::Team(team) => {
                keys.1.insert(team.chain.team(), Arc::clone(&team.chain));
                Ok((Recipient::Team(TeamRecipient::current(&team.chain)), None))
            }
            Self::Person(person, code) => {
                keys.0.insert(person.chain.account(), Arc::clone(&person.chain));
                let Some(code) = code else {
                    return Ok((Recipient::Account(AccountRecipient::current(&person.chain)), None));
                };
                let made = make_code_grant(&state.report(), &grant, &person.chain, &code.keys, &mut rng());
                let made = made.map_err(|_| ClientError::Internal("a code could not be sealed"))?;
                Ok((made.recipient, Some(B64(made.sealed_seed))))
            }
        }
    }
}

/// A code and what it stretches to, made once and kept over tries.
pub(super) struct Code {
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
        let terms = Terms { right: share.right, purpose: &share.purpose, id, expires_at };
        let expires_at = self.send_grant(report, &terms, &To::Person(&person, code.as_ref())).await?;
        Ok(Shared { grant: id.api(), code: code.map(|c| c.shown), expires_at, with: person })
    }

    /// Makes a grant, again where the access chain grew meanwhile. Gives the end that it got.
    pub(super) async fn send_grant(&self, report: &ReportId, terms: &Terms<'_>, to: &To<'_>) -> Result<i64> {
        let mut tries = Tries::default();
        loop {
            let open = self.report(report).await?;
            let (body, state) = self.grant_body(&open, terms, to)?;
            match self.api().create_grant(report, &body).await {
                Ok(()) => {
                    self.see_access(&state);
                    self.save_state_soon().await;
                    return Ok(state.grant(&terms.id).map_or(terms.expires_at, |g| g.grant.expires_at));
                }
                Err(e) => tries.again(e)?,
            }
        }
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

    fn grant_body(&self, open: &OpenReport, terms: &Terms<'_>, to: &To<'_>) -> Result<(CreateGrant, AccessState)> {
        let mut state = open.access.state.clone();
        let mut keys = open.access.keys.clone();
        let (recipient, sealed_seed) = to.recipient(&state, terms.id, &mut keys)?;
        let parent = reshare_grant(self, &state)?;
        // A child never outranks its parent: same versions, no longer life.
        let limits = parent.and_then(|id| state.grant(&id)).map(|p| (p.grant.versions, p.grant.expires_at));
        let (versions, limit) = limits.unwrap_or((Versions::ALL, 0));
        let expires_at = terms.expires_at;
        let expires_at = if limit != 0 && (expires_at == 0 || expires_at > limit) { limit } else { expires_at };
        let grant = Grant {
            id: terms.id,
            recipient,
            right: right_to_crypto(terms.right),
            purpose: purpose(terms.purpose)?,
            versions,
            expires_at,
            parent,
        };
        let entry = append(self, &mut state, &keys, Change::Grant(grant))?;
        let wraps = wraps_to(self, open, &terms.id, &state, &keys)?;
        Ok((CreateGrant { entry: B64::from(entry.as_bytes()), wraps, sealed_seed }, state))
    }
}

/// The content key of each version that a grant covers, wrapped for it.
pub(crate) fn wraps_to<P: Platform>(
    vault: &Vault<P>,
    open: &OpenReport,
    grant: &GrantId,
    state: &AccessState,
    keys: &Directory,
) -> Result<Vec<WrapBody>> {
    let granted = state.grant(grant).ok_or(ClientError::Internal("a grant is not in its own chain"))?;
    let mut wraps = Vec::new();
    for (info, manifest) in open.versions.iter().zip(&open.manifests) {
        if !granted.grant.versions.contains(info.version) {
            continue;
        }
        let key = vault.version_key(open, info.version)?;
        let place = manifest.claimed().place;
        let wrap = seal_wrap(&key, place, granted, state, keys, &mut rng()).map_err(|e| refuse_wrap(granted, &e))?;
        wraps.push(WrapBody {
            version: info.version,
            revision: info.revision,
            grant_id: grant.api(),
            wrap: B64(wrap.to_bytes()),
        });
    }
    Ok(wraps)
}
