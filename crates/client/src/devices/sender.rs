//! [`Sender`]: a device at work. It looks up whom it sends to, verifies their keys as any client does, seals a report to them
//! and signs it. It keeps no key to what it sent.

use std::sync::Arc;

use api_types::{ReportId, accounts::Role};
use crypto::{
    account::{Device, DeviceRecord},
    ids::AccountId as CryptoAccountId,
    sign::{Signed, SigningKey},
};

use super::{DeviceFile, DeviceMemory, KnownDevice};
use crate::{
    bulk::{Bulk, Control},
    content::ReportFields,
    error::{ClientError, Result},
    ids::ToApi,
    log::Stopped,
    people::{Directory, Person},
    platform::Platform,
    refusal::Refusal,
    session::Client,
    state::ClientState,
    transport::Transport,
    vault::Vault,
};

/// A file to send.
pub struct SendFile<'f, P: Platform> {
    /// What it is to be called.
    pub name: &'f str,
    /// Where its bytes are.
    pub source: &'f <P::Bulk as Bulk>::Source,
    /// Progress, and how to stop.
    pub control: &'f Control,
}

/// A device that may send.
pub struct Sender<P: Platform> {
    pub(super) vault: Vault<P>,
    pub(super) key: SigningKey,
    record: Signed<DeviceRecord>,
}

/// Whom a report goes to, with the keys that it is sealed to.
pub(super) struct Parties {
    pub(super) patient: Person,
    pub(super) owner: Person,
    pub(super) keys: Directory,
}

impl<P: Platform> Sender<P> {
    /// Opens a device's file. `kept` is what [`Sender::remembered`] gave the last time, if there was one.
    ///
    /// # Errors
    /// [`ClientError::DeviceFile`] for a damaged file; [`Refusal::InstanceChanged`] and [`Refusal::OrganisationKeyChanged`] for
    /// another server than the device's; no connection.
    pub async fn open(platform: P, file: &DeviceFile, kept: Option<DeviceMemory>) -> Result<Self> {
        let (record, key) = (file.record()?, file.key()?);
        let DeviceMemory { memory, state } = kept.unwrap_or_else(|| file.remembered().clone());
        let state = ClientState::parse(&state.0).map_err(|_| ClientError::DeviceFile)?;
        let client = Client::with_memory(platform, memory);
        // Another server must not see the token.
        let pinned = client.pinned().await?;
        if pinned.instance != record.claimed().instance {
            return Err(Refusal::InstanceChanged.into());
        }
        client.platform().transport().set_token(Some(file.token()));
        let id = CryptoAccountId::of_device(&record);
        let vault = Vault::of_device(Arc::clone(client.shared()), pinned, id, state, file.token())?;
        Ok(Self { vault, key, record })
    }

    /// What to keep beside the file until next time. Not secret.
    pub fn remembered(&self) -> DeviceMemory {
        DeviceMemory::of(self.vault.remembered(), &self.vault.state())
    }

    /// The refusal of the server's log by which this run ended, if there was one.
    pub fn stopped(&self) -> Option<Stopped> {
        self.vault.stopped()
    }

    /// What its owner calls it.
    pub fn name(&self) -> &str {
        &self.record.claimed().name
    }

    /// Now, but never before it was made: nothing that it signed then would count.
    pub(super) fn signing_time(&self) -> i64 {
        self.vault.now().max(self.record.claimed().time)
    }

    /// Seals a report to a patient, found by their exact e-mail, and to the device's owner, and sends it. Without an e-mail the
    /// owner is the patient.
    ///
    /// # Errors
    /// A field that is missing or breaks a limit; [`ClientError::Missing`] where nobody has that e-mail;
    /// [`ClientError::NotAPatient`]; [`ClientError::DeviceEnded`] once the device's time is over; refusals of the keys; the server's
    /// `api_token_invalid` once the device was removed; no connection. Nothing is left behind but uploads that the server
    /// forgets.
    pub async fn send(
        &self,
        patient: Option<&str>,
        fields: ReportFields,
        files: &[SendFile<'_, P>],
    ) -> Result<ReportId> {
        if self.signing_time() >= self.record.claimed().expires_at {
            return Err(ClientError::DeviceEnded);
        }
        self.vault.check_log().await?;
        let parties = self.parties(patient).await?;
        let named = !fields.patient_name.trim().is_empty();
        let patient_name = if named { fields.patient_name.clone() } else { parties.patient.name.clone() };
        let fields = ReportFields { patient_name, ..fields };
        fields.check_complete()?;
        let body = self.seal(&parties, fields, files).await?;
        let report = ReportId(crypto::encoding::sha256(&body.genesis.0).0);
        let taken = self.vault.api().create_report(&body).await?;
        if taken.id != report {
            return Err(Refusal::OtherThing.into());
        }
        Ok(report)
    }

    pub(super) fn id(&self) -> CryptoAccountId {
        CryptoAccountId::of_device(&self.record)
    }

    /// The owner and the patient, with keys that verified and are pinned from now on.
    async fn parties(&self, patient: Option<&str>) -> Result<Parties> {
        let owner = self.vault.person(&self.record.claimed().owner.api()).await?;
        owner.may_receive()?;
        let device = Device::verify(&self.id(), &self.record, &self.vault.pinned().instance, &owner.chain);
        let why = |e: crypto::account::DeviceError| Refusal::DeviceForged {
            device: self.id().to_string(),
            why: e.to_string(),
        };
        let device = device.map_err(why)?;
        let patient = match patient {
            None => owner.clone(),
            Some(email) => {
                let found = self.vault.find_by_email(email).await?;
                found.ok_or(ClientError::Missing { what: "An account with that e-mail" })?
            }
        };
        patient.may_receive()?;
        if patient.role != Role::Patient {
            return Err(ClientError::NotAPatient);
        }
        let mut keys = Directory::default();
        for person in [&owner, &patient] {
            self.vault.pin(&person.chain);
            keys.0.insert(person.chain.account(), Arc::clone(&person.chain));
        }
        let known = KnownDevice { device, owner_name: owner.name.clone() };
        keys.2.insert(self.id(), Arc::new(known));
        Ok(Parties { patient, owner, keys })
    }
}
