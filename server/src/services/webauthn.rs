//! This server as a relying party of WebAuthn; what a ceremony means is webauthn-rs' to check.

use api_types::{
    B64, ErrorCode, SessionId,
    passkeys::{NewPasskey, PasskeyAssertion},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Webauthn,
    WebauthnBuilder,
};

use crate::{
    ServiceError, ServiceResult, clock::MINUTE, config::Origin, services::pending::Pending,
    storage::ceremonies::CeremonyKind,
};

/// So long an authenticator may take.
const WAIT: api_types::UnixMillis = 5 * MINUTE;

/// Registrations that wait for authenticators.
pub static REGISTRATIONS: Pending<Registration> = Pending::new(CeremonyKind::PasskeyRegistration, WAIT);
/// Challenges that any passkey may answer.
pub static CHALLENGES: Pending<DiscoverableAuthentication> = Pending::new(CeremonyKind::Passkey, WAIT);
/// Those that were asked for in sessions.
pub static OWN_CHALLENGES: Pending<DiscoverableAuthentication> = Pending::new(CeremonyKind::OwnPasskey, WAIT);

/// This server, as authenticators know it.
#[derive(Debug)]
pub struct RelyingParty {
    /// Absent where the origin's host is an address: WebAuthn asks for a name.
    webauthn: Option<Webauthn>,
}

/// A registration between start and finish.
#[derive(Debug, Serialize, Deserialize)]
pub struct Registration {
    /// In which session.
    pub session: SessionId,
    /// webauthn-rs'.
    pub state: PasskeyRegistration,
}

impl RelyingParty {
    /// Of an origin, under the organisation's name.
    pub fn new(origin: &Origin, name: &str) -> Self {
        let webauthn = Url::parse(origin.as_str()).ok().and_then(|url| {
            let host = url.domain()?.to_owned();
            WebauthnBuilder::new(&host, &url).ok()?.rp_name(name).build().ok()
        });
        Self { webauthn }
    }

    /// Whether passkeys can be used here.
    pub fn is_offered(&self) -> bool {
        self.webauthn.is_some()
    }

    /// The relying party, where there is one.
    pub fn get(&self) -> ServiceResult<&Webauthn> {
        self.webauthn.as_ref().ok_or_else(|| {
            ServiceError::because(ErrorCode::Conflict, "passkeys need a host name, and this server's origin has none")
        })
    }
}

/// A new credential as webauthn-rs takes it; what its extensions gave stays with the client.
pub fn registered(new: &NewPasskey) -> ServiceResult<RegisterPublicKeyCredential> {
    let response = json!({ "attestationObject": &new.attestation_object, "clientDataJSON": &new.client_data });
    parsed(&new.credential_id, response)
}

/// An answer as webauthn-rs takes it.
pub fn asserted(given: &PasskeyAssertion) -> ServiceResult<PublicKeyCredential> {
    let response = json!({
        "authenticatorData": &given.authenticator_data,
        "clientDataJSON": &given.client_data,
        "signature": &given.signature,
        "userHandle": &given.user_handle,
    });
    parsed(&given.credential_id, response)
}

fn parsed<T: DeserializeOwned>(id: &B64, response: Value) -> ServiceResult<T> {
    let value = json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} });
    serde_json::from_value(value).map_err(|_| ErrorCode::PasskeyFailed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_host_name() {
        let offered = |origin| RelyingParty::new(&Origin::parse(origin).unwrap(), "Clinic").is_offered();
        assert!(offered("https://health.example.org") && offered("http://localhost:3000"));
        assert!(!offered("http://127.0.0.1:3000") && !offered("https://[2001:db8::1]"));
    }
}
