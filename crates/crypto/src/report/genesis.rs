//! Genesis: the signed statement whose hash is the report's id.

use thiserror::Error;

use crate::{
    account::{KeyDirectory, KeyError},
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, PlaceholderId, ReportId},
    sign::{Signed, SignedObject, VerifyError},
};

/// Whom a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patient {
    /// A patient with an account, who owns the report from the first moment.
    Account(AccountId),
    /// A patient without one: the creator is custodian until a claim.
    Placeholder(PlaceholderId),
}

/// A report's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Who made it.
    pub creator: AccountId,
    /// Epoch of the creator's signing key.
    pub epoch: u32,
    /// Whom it is about.
    pub patient: Patient,
    /// When.
    pub time: UnixMillis,
    /// Makes the id unguessable.
    pub random: [u8; 32],
}

impl Genesis {
    /// Who owns the report before any entry: the patient's account if named, else the creator.
    pub fn first_owner(&self) -> AccountId {
        match self.patient {
            Patient::Account(account) => account,
            Patient::Placeholder(_) => self.creator,
        }
    }
}

impl SignedObject for Genesis {
    const NAME: &'static str = "genesis";
    const LIMIT: usize = 512;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.creator.as_ref()).u32(self.epoch);
        match &self.patient {
            Patient::Account(id) => w.u8(1).bytes(id.as_ref()),
            Patient::Placeholder(id) => w.u8(2).bytes(id.as_ref()),
        };
        w.time(self.time).bytes(&self.random);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let creator = AccountId(r.array("creator")?);
        let epoch = r.u32("epoch")?;
        let patient = match r.u8("patient kind")? {
            1 => Patient::Account(AccountId(r.array("patient")?)),
            2 => Patient::Placeholder(PlaceholderId(r.array("patient")?)),
            tag => return Err(DecodeError::UnknownTag { field: "patient kind", tag: tag.into() }),
        };
        Ok(Self { creator, epoch, patient, time: r.time("time")?, random: r.array("random")? })
    }
}

/// Why a genesis doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GenesisError {
    /// The creator's key is not known or had ended.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the creator.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It is the genesis of another report.
    #[error("the genesis is of another report")]
    WrongReport,
    /// A device, which reads nothing, would own it.
    #[error("the report would belong to a device")]
    OwnedByDevice,
}

impl ReportId {
    /// The report that a genesis begins: SHA-256 of its stored bytes.
    pub fn of(genesis: &Signed<Genesis>) -> Self {
        Self(genesis.hash().0)
    }
}

impl Signed<Genesis> {
    /// Verifies the creator's signature and that it is `report`'s genesis.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn verify_genesis(&self, report: &ReportId, keys: &impl KeyDirectory) -> Result<&Genesis, GenesisError> {
        if ReportId::of(self) != *report {
            return Err(GenesisError::WrongReport);
        }
        let claimed = self.claimed();
        if keys.device(&claimed.first_owner()).is_some() {
            return Err(GenesisError::OwnedByDevice);
        }
        let key = keys.signer(&claimed.creator, claimed.epoch, claimed.time)?;
        Ok(self.verify_under(Defence::GenesisSigned, key)?)
    }
}
