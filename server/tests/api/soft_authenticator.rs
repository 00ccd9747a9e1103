//! An authenticator in software: keeps passkeys, answers as WebAuthn says (sections 6.1 and 6.5), and can be told to lie.

use std::sync::Mutex;

use api_types::passkeys::PasskeyCreation;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use client::{Authenticator, PasskeyAnswer, PasskeyAsk, PasskeyError, PasskeyMade, PasskeySecret, Result};
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};

use crate::person::rng;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// What it does that an honest one, or an honest browser, would not.
#[derive(Debug, Clone, Default)]
pub struct Lies {
    /// Another site asks.
    pub origin: Option<String>,
    /// For another relying party.
    pub rp_id: Option<String>,
    /// Nobody was asked for finger or PIN.
    pub not_verified: bool,
    /// Another challenge is answered.
    pub challenge: Option<Vec<u8>>,
    /// Another account is named.
    pub user_handle: Option<Vec<u8>>,
    /// A clone: its counter stands still.
    pub counter_stands: bool,
    /// Another key signs.
    pub key: Option<SigningKey>,
}

struct Held {
    id: Vec<u8>,
    user: Vec<u8>,
    key: SigningKey,
    prf: [u8; 32],
    counter: u32,
}

/// The authenticator.
pub struct Soft {
    origin: String,
    has_prf: bool,
    held: Mutex<Vec<Held>>,
    pub lies: Mutex<Lies>,
}

impl Soft {
    /// In a browser at this origin; with or without a pseudo-random function.
    pub fn new(origin: &str, has_prf: bool) -> Self {
        Self { origin: origin.to_owned(), has_prf, held: Mutex::default(), lies: Mutex::default() }
    }

    pub fn lie(&self, lies: Lies) {
        *self.lies.lock().unwrap() = lies;
    }

    fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let lies = self.lies.lock().unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(lies.challenge.as_deref().unwrap_or(challenge));
        let origin = lies.origin.as_deref().unwrap_or(&self.origin);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#).into_bytes()
    }

    fn head(&self, rp_id: &str, more: u8, counter: u32) -> Vec<u8> {
        let lies = self.lies.lock().unwrap();
        let verified = if lies.not_verified { 0 } else { VERIFIED };
        let rp_id = lies.rp_id.as_deref().unwrap_or(rp_id);
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(PRESENT | verified | more);
        data.extend(counter.to_be_bytes());
        data
    }
}

fn prf(key: &[u8; 32], input: &[u8]) -> Option<PasskeySecret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(input);
    PasskeySecret::from_slice(&mac.finalize().into_bytes())
}

/// A P-256 key as COSE writes it (RFC 9053, section 7.1.1): `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`.
fn cose(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..], x, &[0x22, 0x58, 0x20], y].concat()
}

/// `{"fmt": "none", "attStmt": {}, "authData": …}`.
fn attestation(data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [&[0xa3][..], b"\x63fmt\x64none", b"\x67attStmt\xa0", b"\x68authData", &[0x58, length], data].concat()
}

impl Authenticator for Soft {
    async fn create(&self, options: &PasskeyCreation, _input: [u8; 32]) -> Result<PasskeyMade> {
        let mut held = self.held.lock().unwrap();
        if options.exclude.iter().any(|id| held.iter().any(|held| held.id == id.0)) {
            return Err(PasskeyError::Known.into());
        }
        assert!(options.algorithms.contains(&-7), "ES256");
        let new = Held {
            id: crypto::secret::Secret::<16>::random(&mut rng()).expose().to_vec(),
            user: options.user_id.0.clone(),
            key: SigningKey::from_slice(crypto::secret::Secret::<32>::random(&mut rng()).expose()).unwrap(),
            prf: *crypto::secret::Secret::<32>::random(&mut rng()).expose(),
            counter: 1,
        };
        let mut data = self.head(&options.rp_id, HAS_CREDENTIAL, new.counter);
        data.extend([0; 16]);
        data.extend(u16::try_from(new.id.len()).unwrap().to_be_bytes());
        data.extend(&new.id);
        data.extend(cose(&new.key));
        let made = PasskeyMade {
            credential_id: new.id.clone(),
            client_data: self.client_data("webauthn.create", &options.challenge.0),
            attestation_object: attestation(&data),
            has_prf: self.has_prf,
            secret: None,
        };
        held.push(new);
        Ok(made)
    }

    async fn get(&self, ask: PasskeyAsk) -> Result<PasskeyAnswer> {
        let lies = self.lies.lock().unwrap().clone();
        let mut held = self.held.lock().unwrap();
        // The one made last, where nobody names one.
        let wanted = |held: &&mut Held| ask.only.as_ref().is_none_or(|id| *id == held.id);
        let passkey = held.iter_mut().rev().find(wanted).ok_or(PasskeyError::Declined)?;
        if !lies.counter_stands {
            passkey.counter += 1;
        }
        let authenticator_data = self.head(&ask.rp_id, 0, passkey.counter);
        let client_data = self.client_data("webauthn.get", &ask.challenge);
        let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
        let signature: Signature = lies.key.as_ref().unwrap_or(&passkey.key).sign(&signed);
        Ok(PasskeyAnswer {
            credential_id: passkey.id.clone(),
            client_data,
            authenticator_data,
            signature: signature.to_der().as_bytes().to_vec(),
            user_handle: lies.user_handle.unwrap_or_else(|| passkey.user.clone()),
            secret: if self.has_prf { prf(&passkey.prf, &ask.input) } else { None },
        })
    }
}
