//! The labels of e-mail addresses in the keys tree, made with a key that is made once: with another, what is bound
//! already would seem bound to nothing.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Mutex, PoisonError},
};

use sea_orm::ConnectionTrait;
use tlog::{
    leaf::{KeyTreeLeaf, Label},
    vrf::{LabelKey, LabelPublicKey, PROOF_LEN},
};
use zeroize::Zeroizing;

use super::{LogError, key};
use crate::{
    ServiceError, ServiceResult, random,
    secrets::SecretsDir,
    storage::log_keys::{self, Bound},
};

/// Its file below `secrets/`: 32 bytes.
const FILE: &str = "log-vrf-key";

/// Bindings kept in memory; beyond it all are forgotten and made anew.
const KEPT_MAX: usize = 10_000;

/// Gives e-mail addresses their labels.
pub struct Labels {
    key: LabelKey,
    /// Of accounts, which are shown theirs with each sign-in: the proof takes as long as the rest of that.
    kept: Mutex<HashMap<String, (Label, [u8; PROOF_LEN])>>,
}

impl fmt::Debug for Labels {
    /// Without the addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Labels")
    }
}

impl Labels {
    /// The key; made where there is no label yet, else compared with the newest.
    ///
    /// # Errors
    /// [`LogError::KeyMissing`], [`LogError::OtherKey`].
    pub async fn load(secrets: &SecretsDir, conn: &impl ConnectionTrait) -> Result<Self, LogError> {
        let newest = log_keys::newest_binding(conn).await?;
        let file = match &newest {
            None => secrets.creating().load_or_create(FILE, make)?,
            Some(bound) => key::kept(secrets, FILE, bound.seq + 1)?,
        };
        let file = Zeroizing::new(file);
        let bytes = file.as_slice().try_into().map_err(|_| secrets.damaged(FILE))?;
        let key = LabelKey::from_bytes(bytes).map_err(|_| secrets.damaged(FILE))?;
        let labels = Self { key, kept: Mutex::default() };
        match newest {
            Some(bound) if !labels.made(&bound)? => Err(LogError::OtherKey { file: FILE }),
            _ => Ok(labels),
        }
    }

    /// What verifies proofs.
    pub fn public(&self) -> LabelPublicKey {
        self.key.public()
    }

    /// The label of a normalised e-mail.
    pub fn label(&self, email_key: &str) -> ServiceResult<Label> {
        let made = self.public().verify(email_key.as_bytes(), &self.prove(email_key));
        made.map_err(|error| ServiceError::Internal(format!("a label: {error}")))
    }

    /// What shows anyone who has the normalised e-mail that its label is that.
    pub fn prove(&self, email_key: &str) -> [u8; PROOF_LEN] {
        self.key.prove(email_key.as_bytes())
    }

    /// Label and proof of an account's own address. Not of one that somebody asks about: how long it takes would tell whether
    /// it is an account's.
    pub fn of_account(&self, email_key: &str) -> ServiceResult<(Label, [u8; PROOF_LEN])> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(email_key) {
            return Ok(known.clone());
        }
        let proof = self.prove(email_key);
        let label = self.public().verify(email_key.as_bytes(), &proof);
        let label = label.map_err(|error| ServiceError::Internal(format!("a label: {error}")))?;
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(email_key.to_owned(), (label.clone(), proof));
        Ok((label, proof))
    }

    fn made(&self, bound: &Bound) -> Result<bool, LogError> {
        // Of deleted accounts nobody knows the address: with only those left, there is nothing to compare with.
        let Some(bound) = &bound.known else { return Ok(true) };
        let label = self.label(&bound.email_key)?;
        let has_it = |data: &Vec<u8>| matches!(KeyTreeLeaf::parse(data), Ok(KeyTreeLeaf::Binding { label: stored, .. }) if stored == label);
        Ok(bound.data.iter().any(has_it))
    }
}

/// One in sixteen random values is a key.
fn make() -> io::Result<Vec<u8>> {
    loop {
        let bytes = Zeroizing::new(random::bytes::<32>().map_err(io::Error::other)?);
        if LabelKey::from_bytes(*bytes).is_ok() {
            return Ok(bytes.to_vec());
        }
    }
}
