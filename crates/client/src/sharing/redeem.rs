//! Receiving: shares that wait, codes redeemed, a new code asked for.

use api_types::{
    B64, ErrorCode, GrantId, ReportId,
    grants::{GrantInfo, GrantKind, RedeemGrant, StoreGrantSeed},
};
use crypto::{
    grant::{CodeError, CodeProof, open_code_seed, reseal_grant_seed},
    ids::Hash32,
    report::{AccessState, Grant, GrantStatus, Recipient},
};

use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

/// A share that waits for its code, has expired or is locked. As the server says; redeeming verifies.
pub type PendingShare = GrantInfo;

impl<P: Platform> Vault<P> {
    /// Shares to oneself that don't open yet or any more.
    ///
    /// # Errors
    /// No connection.
    pub async fn pending_shares(&self) -> Result<Vec<PendingShare>> {
        let list = self.api().list_grants().await?;
        Ok(list.items.into_iter().filter(|g| g.kind == GrantKind::Code).collect())
    }

    /// Redeems an access code. The grant is verified in the report's signed chain before a try is spent. Returns the
    /// report that it opens.
    ///
    /// # Errors
    /// [`ClientError::CodeShape`] before anything is sent; [`ClientError::WrongCode`] with the tries left; `code_locked`;
    /// `share_expired`; a refusal by name.
    pub async fn redeem(&self, grant: &GrantId, typed: &str) -> Result<ReportId> {
        let code = crate::code::parse(typed)?;
        let id = grant.crypto();
        let challenge = self.api().challenge_grant(grant).await?;
        let report = ReportId(crypto::encoding::sha256(&challenge.genesis.0).0);
        let access = self.verify_access(&report, &challenge.genesis, &challenge.entries).await?;
        let granted = self.check_redeemable(&access.state, &id)?;
        let keys = crate::code::keys(self.platform().heavy(), &code, &id).await?;
        let bytes: [u8; 32] = (&challenge.challenge.0[..]).try_into().map_err(|_| Refusal::OtherThing)?;
        let session = self.session().id.crypto();
        let proof = CodeProof::for_grant(Hash32(bytes), id, &granted.recipient, &self.chain(), session)
            .ok_or(Refusal::GrantUnknown)?;
        let body = RedeemGrant { challenge: challenge.challenge, signature: B64::from(keys.prove(proof).as_bytes()) };
        let redeemed = self.api().redeem_grant(grant, &body).await.map_err(wrong_code)?;
        if redeemed.report_id != report {
            return Err(Refusal::OtherThing.into());
        }
        let report_id = access.state.report();
        let opened =
            open_code_seed(&report_id, &id, &granted.recipient, &self.keyring(), &keys, &redeemed.sealed_seed.0);
        let seed = opened.map_err(|e| match e {
            CodeError::WrongCode => ClientError::WrongCode { tries_left: None },
            _ => Refusal::GrantSeedForged.into(),
        })?;
        let resealed = reseal_grant_seed(&self.account_key(), &self.id(), &id, &seed, &mut rng());
        self.api().store_grant_seed(grant, &StoreGrantSeed { seed: B64(resealed) }).await?;
        self.save_state_soon().await;
        Ok(report)
    }

    /// A grant by code to oneself that is live in the verified chain.
    fn check_redeemable(&self, state: &AccessState, id: &crypto::ids::GrantId) -> Result<Grant> {
        let found = state.grant(id).ok_or(Refusal::GrantUnknown)?;
        match &found.grant.recipient {
            Recipient::Code { account, .. } if *account == self.id() => {}
            _ => return Err(Refusal::GrantUnknown.into()),
        }
        match state.status(found) {
            GrantStatus::Live => Ok(found.grant.clone()),
            GrantStatus::Expired => Err(api_types::Problem::new(ErrorCode::ShareExpired).into()),
            GrantStatus::Revoked { .. } | GrantStatus::ParentEnded | GrantStatus::HolderClosed => {
                Err(Refusal::RevokedGrantReplayed.into())
            }
        }
    }

    /// Asks whoever shared for a new code.
    ///
    /// # Errors
    /// No connection.
    pub async fn request_again(&self, grant: &GrantId) -> Result<()> {
        self.api().request_grant_again(grant).await
    }
}

fn wrong_code(e: ClientError) -> ClientError {
    match e {
        ClientError::Problem(p) if p.code == ErrorCode::WrongCode => {
            ClientError::WrongCode { tries_left: p.tries_left }
        }
        other => other,
    }
}
