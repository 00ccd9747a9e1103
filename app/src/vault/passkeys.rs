//! The browser's passkeys: `navigator.credentials`, as the `client` crate asks for it.

use api_types::passkeys::PasskeyCreation;
use client::{Authenticator, ClientError, PasskeyAnswer, PasskeyAsk, PasskeyError, PasskeyMade, PasskeySecret, Result};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

/// So long the browser waits for a person, in milliseconds; the server waits as long.
const TIMEOUT: u32 = 300_000;

/// The browser's own and those that it reaches.
#[derive(Debug, Clone, Copy)]
pub struct BrowserPasskeys;

impl Authenticator for BrowserPasskeys {
    async fn create(&self, options: &PasskeyCreation, input: [u8; 32]) -> Result<PasskeyMade> {
        own_name(&options.rp_id)?;
        let made = call("create", &creation(options, &input)).await?;
        let response = get(&made, "response");
        let prf = get(&extensions(&made), "prf");
        Ok(PasskeyMade {
            credential_id: bytes(&made, "rawId"),
            client_data: bytes(&response, "clientDataJSON"),
            attestation_object: bytes(&response, "attestationObject"),
            has_prf: get(&prf, "enabled").is_truthy(),
            secret: secret(&prf),
        })
    }

    async fn get(&self, ask: PasskeyAsk) -> Result<PasskeyAnswer> {
        own_name(&ask.rp_id)?;
        let answer = call("get", &request(&ask)).await?;
        let response = get(&answer, "response");
        Ok(PasskeyAnswer {
            credential_id: bytes(&answer, "rawId"),
            client_data: bytes(&response, "clientDataJSON"),
            authenticator_data: bytes(&response, "authenticatorData"),
            signature: bytes(&response, "signature"),
            user_handle: bytes(&response, "userHandle"),
            secret: secret(&get(&extensions(&answer), "prf")),
        })
    }
}

/// Under a wider name another host of the same domain could ask the same passkey for the same secret.
fn own_name(rp_id: &str) -> Result<()> {
    let host = web_sys::window().and_then(|window| window.location().hostname().ok());
    if host.as_deref() == Some(rp_id) { Ok(()) } else { Err(PasskeyError::Unsupported.into()) }
}

/// `PublicKeyCredentialCreationOptions`.
fn creation(options: &PasskeyCreation, input: &[u8]) -> Object {
    let algorithms = options
        .algorithms
        .iter()
        .map(|algorithm| object(&[("type", "public-key".into()), ("alg", JsValue::from_f64(*algorithm as f64))]));
    let exclude = options.exclude.iter().map(|id| descriptor(&id.0));
    object(&[
        ("challenge", buffer(&options.challenge.0)),
        ("rp", object(&[("id", text(&options.rp_id)), ("name", text(&options.rp_name))]).into()),
        (
            "user",
            object(&[
                ("id", buffer(&options.user_id.0)),
                ("name", text(&options.user_name)),
                ("displayName", text(&options.user_display_name)),
            ])
            .into(),
        ),
        ("pubKeyCredParams", algorithms.collect::<Array>().into()),
        ("excludeCredentials", exclude.collect::<Array>().into()),
        (
            "authenticatorSelection",
            object(&[
                ("residentKey", "required".into()),
                ("requireResidentKey", JsValue::TRUE),
                ("userVerification", "required".into()),
            ])
            .into(),
        ),
        ("attestation", "none".into()),
        ("timeout", JsValue::from(TIMEOUT)),
        ("extensions", object(&[("prf", prf(input))]).into()),
    ])
}

/// `PublicKeyCredentialRequestOptions`.
fn request(ask: &PasskeyAsk) -> Object {
    let only = ask.only.iter().map(|id| descriptor(id));
    object(&[
        ("challenge", buffer(&ask.challenge)),
        ("rpId", text(&ask.rp_id)),
        ("allowCredentials", only.collect::<Array>().into()),
        ("userVerification", "required".into()),
        ("timeout", JsValue::from(TIMEOUT)),
        ("extensions", object(&[("prf", prf(&ask.input))]).into()),
    ])
}

fn prf(input: &[u8]) -> JsValue {
    object(&[("eval", object(&[("first", buffer(input))]).into())]).into()
}

fn descriptor(id: &[u8]) -> Object {
    object(&[("type", "public-key".into()), ("id", buffer(id))])
}

async fn call(method: &str, public_key: &Object) -> Result<JsValue> {
    let unsupported = ClientError::Passkey(PasskeyError::Unsupported);
    let Some(window) = web_sys::window() else { return Err(unsupported) };
    let credentials = get(&window.navigator(), "credentials");
    let Ok(function) = get(&credentials, method).dyn_into::<js_sys::Function>() else { return Err(unsupported) };
    let options = object(&[("publicKey", public_key.into())]);
    let answer = function.call1(&credentials, &options).and_then(|promise| promise.dyn_into::<Promise>());
    let answered = match answer {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(credential) if credential.is_object() => Ok(credential),
        Ok(_) => Err(PasskeyError::Declined.into()),
        Err(error) => Err(refused(&error).into()),
    }
}

/// The names that WebAuthn gives (sections 5.1.3 and 5.1.4).
fn refused(error: &JsValue) -> PasskeyError {
    match get(error, "name").as_string().as_deref() {
        Some("InvalidStateError") => PasskeyError::Known,
        Some("NotSupportedError" | "SecurityError") => PasskeyError::Unsupported,
        // Declined, too late, or another question is still open.
        _ => PasskeyError::Declined,
    }
}

fn extensions(credential: &JsValue) -> JsValue {
    let function = get(credential, "getClientExtensionResults").dyn_into::<js_sys::Function>();
    function.and_then(|function| function.call0(credential)).unwrap_or(JsValue::UNDEFINED)
}

/// What the pseudo-random function gave. The browser's own copy can be overwritten, ours is wiped.
fn secret(prf: &JsValue) -> Option<PasskeySecret> {
    let first = get(&get(prf, "results"), "first");
    let view = view(&first)?;
    let output = Zeroizing::new(view.to_vec());
    view.fill(0, 0, view.length());
    PasskeySecret::from_slice(&output)
}

fn view(value: &JsValue) -> Option<Uint8Array> {
    let is_bytes = value.is_instance_of::<js_sys::ArrayBuffer>() || value.is_instance_of::<Uint8Array>();
    is_bytes.then(|| Uint8Array::new(value))
}

fn bytes(from: &JsValue, name: &str) -> Vec<u8> {
    view(&get(from, name)).map(|view| view.to_vec()).unwrap_or_default()
}

fn get(from: &JsValue, name: &str) -> JsValue {
    Reflect::get(from, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // A plain object takes every property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

fn text(value: &str) -> JsValue {
    value.into()
}

fn buffer(value: &[u8]) -> JsValue {
    Uint8Array::from(value).into()
}
