//! Signing entries of an access chain, each tried on the verified state before it is sent.

use crypto::{
    account::KeyChain,
    encoding::sha256,
    ids::{GrantId, PlaceholderId},
    report::{
        AccessEntry, AccessState, AccountRecipient, Change, Grant, GrantState, Patient, Purpose, Recipient, Right,
        Versions, WrapError,
    },
    sign::Signed,
};

use crate::{
    drafts::ReportDraft,
    error::{ClientError, Result},
    ids::ToApi,
    people::Directory,
    platform::{Platform, rng},
    refusal::Refusal,
    reports::refuse_chain,
    vault::Vault,
};

/// A purpose that is known to have the right form.
pub(crate) fn purpose(code: &str) -> Result<Purpose> {
    Purpose::new(code)
        .map_err(|_| crate::content::wrong(crate::content::Field::Purpose, crate::content::FieldProblem::Form).into())
}

/// Why nothing may be sealed to a grant.
pub(crate) fn refuse_wrap(grant: &GrantState, error: &WrapError) -> ClientError {
    match error {
        WrapError::WrongKey | WrapError::WrongEpoch(_) | WrapError::DowngradedSuite | WrapError::Keys(_) => {
            let account = grant.holder().map_or_else(|| "an invitation".to_owned(), |a| a.to_string());
            Refusal::KeyRecordChanged { account }.into()
        }
        WrapError::TeamUnknown => ClientError::Missing { what: "That team" },
        _ => ClientError::Internal("a content key could not be wrapped"),
    }
}

/// Signs the next entry of a chain and applies it to the state: what wouldn't count is never sent.
pub(crate) fn append<P: Platform>(
    vault: &Vault<P>,
    state: &mut AccessState,
    keys: &Directory,
    change: Change,
) -> Result<Signed<AccessEntry>> {
    let keyring = vault.keyring();
    let own = keyring.current();
    let entry = AccessEntry {
        report: state.report(),
        seq: state.next_seq(),
        previous: state.head(),
        time: vault.signing_time().max(state.last_time()),
        author: vault.id(),
        epoch: own.epoch,
        change,
    };
    let entry = Signed::sign(entry, &own.signing);
    state.apply(&entry, keys).map_err(|e| match refuse_chain(&e) {
        // One's own entry that nobody would accept: not entitled, by the chain.
        Refusal::GrantInjected { .. } => ClientError::NotAllowed,
        other => other.into(),
    })?;
    Ok(entry)
}

fn whole(recipient: Recipient, right: Right, why: &str) -> Result<Change> {
    Ok(Change::Grant(Grant {
        id: GrantId::random(&mut rng()),
        recipient,
        right,
        purpose: purpose(why)?,
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }))
}

fn to_account(chain: &KeyChain, right: Right, why: &str) -> Result<Change> {
    whole(Recipient::Account(AccountRecipient::current(chain)), right, why)
}

/// What begins a report's access: the owner's grant; the author's, where that is someone else; and for a patient without an
/// account the key that their invitation's secret opens.
pub(crate) fn founding<P: Platform>(
    vault: &Vault<P>,
    draft: &ReportDraft,
    keys: &Directory,
) -> Result<(Vec<Signed<AccessEntry>>, AccessState)> {
    let genesis = draft.genesis()?;
    let mut state = AccessState::replay(&genesis, &[], keys, vault.now()).map_err(|e| refuse_chain(&e))?;
    let mut entries = Vec::new();
    for change in first_changes(vault, &state, keys)? {
        entries.push(append(vault, &mut state, keys, change)?);
    }
    Ok((entries, state))
}

fn first_changes<P: Platform>(vault: &Vault<P>, state: &AccessState, keys: &Directory) -> Result<Vec<Change>> {
    match state.genesis().patient {
        Patient::Account(patient) if patient == vault.id() => Ok(vec![to_account(&vault.chain(), Right::Own, "own")?]),
        Patient::Account(patient) => {
            let chain = keys.0.get(&patient).ok_or(ClientError::Missing { what: "The patient's key" })?;
            Ok(vec![to_account(chain, Right::Own, "own")?, to_account(&vault.chain(), Right::Reshare, "author")?])
        }
        Patient::Placeholder(placeholder) => {
            Ok(vec![to_account(&vault.chain(), Right::Own, "custody")?, bearer(vault, state, placeholder)?])
        }
    }
}

fn bearer<P: Platform>(vault: &Vault<P>, state: &AccessState, placeholder: PlaceholderId) -> Result<Change> {
    let secret = vault.state().placeholders.get(&placeholder).cloned();
    let secret = secret.ok_or(ClientError::Missing { what: "That patient's invitation" })?;
    whole(secret.keys(&state.report()).recipient(placeholder), Right::Own, "patient")
}

/// A short name of a placeholder for a QR code's caption: the first eight hexadecimal characters of its hash.
pub(super) fn short_name(placeholder: &PlaceholderId) -> String {
    sha256(placeholder.as_ref()).to_string().chars().take(8).collect()
}

/// The own live grant that allows passing on, if one isn't the owner.
pub(super) fn reshare_grant<P: Platform>(vault: &Vault<P>, state: &AccessState) -> Result<Option<GrantId>> {
    if state.owner() == vault.id() {
        return Ok(None);
    }
    let found = state.grants_of(vault.id()).find(|g| state.effective_right(g) >= Right::Reshare);
    found.map(|g| Some(g.grant.id)).ok_or(ClientError::NotAllowed)
}

/// An account as the API names it, for messages.
pub(super) fn api_holder(grant: &GrantState) -> Option<api_types::AccountId> {
    grant.holder().map(|a| a.api())
}
