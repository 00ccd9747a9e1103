//! E-mail addresses: which label one has, and which account the tree binds it to.

use std::collections::BTreeMap;

use api_types::{
    AccountId,
    accounts::{EmailBinding, PublicAccount},
};
use crypto::defence::Defence;
use tlog::leaf::{KeyTreeLeaf, Label};
use unicode_normalization::UnicodeNormalization;

use crate::{error::Result, log::Claim, platform::Platform, refusal::Refusal, vault::Vault};

/// An address as it is compared, and as its label is made: without white space around it, NFC, lower case, NFC again.
pub fn email_key(email: &str) -> String {
    let nfc: String = email.trim().nfc().collect();
    nfc.to_lowercase().nfc().collect()
}

impl<P: Platform> Vault<P> {
    /// Verifies that an address that was looked up is bound to the account that was found.
    pub(crate) async fn prove_address(
        &self,
        email: &str,
        account: &PublicAccount,
        binding: Option<&EmailBinding>,
    ) -> Result<()> {
        let Some(claim) = self.address_claim(email, &account.id, binding)? else { return Ok(()) };
        self.prove_claims(vec![claim]).await?;
        match self.key_log().has_proved(claim.index, &claim.leaf) || !Defence::AddressBound.holds() {
            true => Ok(()),
            false => Err(Refusal::AddressNotBound { account: account.id.to_string() }.into()),
        }
    }

    /// The leaf that binds an address to an account, where it is said to be; `None` where nobody asks for a proof.
    fn address_claim(
        &self,
        email: &str,
        account: &AccountId,
        binding: Option<&EmailBinding>,
    ) -> Result<Option<Claim>, Refusal> {
        let binding = binding.ok_or(Refusal::AddressUnproved);
        let proved = binding.and_then(|binding| Ok((self.label(email, binding)?, binding.leaf_index)));
        let (label, index) = match proved {
            Err(_) if !Defence::AddressProved.holds() => return Ok(None),
            proved => proved?,
        };
        Ok(Some(Claim { index, leaf: KeyTreeLeaf::binding(label, &account.0).leaf_hash() }))
    }

    /// The label of an address, under the pinned key.
    fn label(&self, email: &str, binding: &EmailBinding) -> Result<Label, Refusal> {
        let key = self.key_log().labels.ok_or(Refusal::AddressUnproved)?;
        let proof = binding.proof.0[..].try_into().map_err(|_| Refusal::AddressUnproved)?;
        key.verify(email_key(email).as_bytes(), proof).map_err(|_| Refusal::AddressUnproved)
    }

    /// Every address that one is known to have or have had, by its label, with the leaf that binds it. Nobody else gets one that was left,
    /// so all of them stay watched. What is learnt here is saved with the next change; what was there beside it, at once.
    pub(super) async fn own_addresses(&self) -> Result<BTreeMap<Label, u64>> {
        let (label, leaf) = self.own_binding().await?;
        let mut state = self.state();
        if state.keys.note_address(label, leaf) && state.keys.addresses.len() > 1 {
            self.touch();
        }
        Ok(state.keys.addresses.clone())
    }

    /// Remembers one's own address, so that it stays watched once it is left.
    ///
    /// # Errors
    /// As [`Vault::scan_keys`]; as [`Vault::save_state`].
    pub(crate) async fn watch_own_address(&self) -> Result<()> {
        self.prove_claims(Vec::new()).await?;
        self.own_addresses().await?;
        self.touch();
        self.save_state().await
    }

    /// The label of one's own address, and the leaf that is to bind it; verified once in a session.
    async fn own_binding(&self) -> Result<(Label, u64)> {
        let (account, email, binding) = {
            let own = self.own_account();
            (own.public.clone(), own.email.clone(), own.binding.clone())
        };
        let binding = binding.ok_or(Refusal::AddressUnproved)?;
        let known = self.key_log().own_label().clone();
        if let Some((_, label)) = known.filter(|(of, _)| *of == email) {
            return Ok((label, binding.leaf_index));
        }
        self.prove_address(&email, &account, Some(&binding)).await?;
        let label = self.label(&email, &binding)?;
        *self.key_log().own_label() = Some((email, label.clone()));
        Ok((label, binding.leaf_index))
    }
}
