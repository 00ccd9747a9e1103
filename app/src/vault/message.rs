//! What the page and its workers say to each other. Messages are JavaScript objects so that keys (`CryptoKey`), files
//! and blobs cross without passing through WASM memory.
//!
//! To a worker: `heavy` (Argon2id), `judge` (a new password), `seal`, `open`, `reseal` (one segment each), `go` (the plaintext hash is noted, seal
//! it) and `drop` (give up). From a worker: `hashed`, `beat` (bytes move), `done`, `failed`. All but `heavy` carry the `id` of
//! their task.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// A message: named fields, `kind` first.
pub(super) struct Message(Object);

impl Message {
    pub(super) fn new(kind: &str) -> Self {
        Self(Object::new()).with("kind", kind)
    }

    pub(super) fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        // Setting a field of a fresh plain object can't fail.
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    pub(super) fn with_bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.with(name, Uint8Array::from(bytes))
    }

    /// What arrived; `None` where it is no object.
    pub(super) fn read(value: JsValue) -> Option<Self> {
        value.dyn_into().ok().map(Self)
    }

    pub(super) fn js(&self) -> &JsValue {
        &self.0
    }

    fn get(&self, name: &str) -> JsValue {
        Reflect::get(&self.0, &name.into()).unwrap_or(JsValue::UNDEFINED)
    }

    pub(super) fn kind(&self) -> String {
        self.text("kind").unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_string()
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).as_f64()
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.number("id").map(|id| id as u32)
    }

    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.object::<Uint8Array>(name).map(|array| array.to_vec())
    }

    pub(super) fn hash(&self, name: &str) -> Option<[u8; 32]> {
        self.bytes(name)?.try_into().ok()
    }

    pub(super) fn object<T: JsCast>(&self, name: &str) -> Option<T> {
        self.get(name).dyn_into().ok()
    }
}

/// Why a worker's task failed, as `failed` names it in `why`.
pub(super) mod why {
    /// The file can't be read, or is another than before.
    pub(in crate::vault) const SOURCE: &str = "source";
    /// No answer from the server.
    pub(in crate::vault) const OFFLINE: &str = "offline";
    /// The server refused; `status` and `body` say how.
    pub(in crate::vault) const REFUSED: &str = "refused";
    /// What the server sent doesn't verify; `detail` says where.
    pub(in crate::vault) const FORGED: &str = "forged";
    /// The task makes no sense, or WebCrypto refused.
    pub(in crate::vault) const BROKEN: &str = "broken";
}
