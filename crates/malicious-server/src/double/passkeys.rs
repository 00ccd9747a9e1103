//! Passkeys that open the account, and a new account key by itself. Nobody's answer is looked at.

use api_types::{
    AccountId, B64, SecondFactorId,
    accounts::{RotateAccountKey, WayIn, WayInKind},
    passkeys::{NewPasskey, PasskeyAdded, PasskeyCreation},
};
use client::{
    Authenticator, PasskeyAnswer, PasskeyAsk, PasskeyError, PasskeyMade, PasskeySecret,
    transport::{Method, Request},
};

use super::{Answer, Fake, accounts::way, json, random, read};

/// An authenticator whose passkey gives this. It only makes one.
pub struct Key(pub [u8; 32]);

impl Key {
    /// What opens the account.
    pub fn secret(&self) -> PasskeySecret {
        PasskeySecret::from_slice(&self.0).unwrap()
    }
}

impl Authenticator for Key {
    async fn create(&self, _: &PasskeyCreation, _: [u8; 32]) -> client::Result<PasskeyMade> {
        Ok(PasskeyMade {
            credential_id: self.0.to_vec(),
            client_data: Vec::new(),
            attestation_object: Vec::new(),
            has_prf: true,
            secret: Some(self.secret()),
        })
    }

    async fn get(&self, _: PasskeyAsk) -> client::Result<PasskeyAnswer> {
        Err(PasskeyError::Declined.into())
    }
}

impl Fake {
    pub(super) fn passkeys(&self, request: &Request, parts: &[&str], me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        Some(match (request.method, parts) {
            (Method::Post, ["account", "passkeys", "start"]) => json(&PasskeyCreation {
                ceremony_id: B64(random::<32>().to_vec()),
                challenge: B64(random::<32>().to_vec()),
                rp_id: "clinic.example".to_owned(),
                rp_name: "Test clinic".to_owned(),
                user_id: B64(me.0[..16].to_vec()),
                user_name: db.accounts[me].email.clone(),
                user_display_name: db.accounts[me].name.clone(),
                algorithms: vec![-7],
                exclude: Vec::new(),
            }),
            (Method::Post, ["account", "passkeys"]) => {
                let NewPasskey { way_in, .. } = read(request);
                let of = db.accounts.get_mut(me).unwrap();
                of.ways_in.extend(way_in.iter().map(|new| way(new, WayInKind::Passkey)));
                json(&PasskeyAdded { id: SecondFactorId(random()), codes: Vec::new() })
            }
            (Method::Post, ["account", "key"]) => {
                let body: RotateAccountKey = read(request);
                db.accounts.get_mut(me).unwrap().rotate(body.rotation);
                json(&())
            }
            _ => return None,
        })
    }

    /// Takes them off as an administrator does: the account key stays. Gives the ways in that went.
    pub fn take_passkeys_off(&self, account: &AccountId) -> Vec<WayIn> {
        let mut db = self.db();
        let ways = &mut db.accounts.get_mut(account).unwrap().ways_in;
        ways.extract_if(.., |way| way.kind == WayInKind::Passkey).collect()
    }

    /// Shows ways in that went.
    pub fn bring_back(&self, account: &AccountId, ways: &[WayIn]) {
        self.db().accounts.get_mut(account).unwrap().ways_in.extend_from_slice(ways);
    }
}
