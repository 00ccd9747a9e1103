//! Sealed bytes kept by this browser (IndexedDB): one entry for each key. Everything stored was sealed before; a browser
//! without the store only loses speed, so no failure here is an error to anybody.

use js_sys::{Promise, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

const DATABASE: &str = "healthsecure";
const STORE: &str = "sealed";

/// Waits for a request of IndexedDB.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        let target = request.clone();
        let success = Closure::once_into_js(move || {
            let value = target.result().unwrap_or(JsValue::UNDEFINED);
            // Nobody is left to hear it if this fails.
            let _ = resolve.call1(&JsValue::NULL, &value);
        });
        let failure = Closure::once_into_js(move || {
            let _ = reject.call0(&JsValue::NULL);
        });
        request.set_onsuccess(Some(success.unchecked_ref()));
        request.set_onerror(Some(failure.unchecked_ref()));
    });
    JsFuture::from(promise).await
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory = window().indexed_db()?.ok_or(JsValue::NULL)?;
    let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, 1)?;
    let upgrading = request.clone();
    let upgrade = Closure::once_into_js(move || {
        if let Ok(database) = upgrading.result().and_then(|result| result.dyn_into::<IdbDatabase>()) {
            // Fails only where the store exists, which version 1 can't have.
            let _ = database.create_object_store(STORE);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    done(&request).await?.dyn_into()
}

async fn with_store<F>(mode: IdbTransactionMode, ask: F) -> Result<JsValue, JsValue>
where
    F: FnOnce(&IdbObjectStore) -> Result<IdbRequest, JsValue>,
{
    let database = open().await?;
    let asked = (|| {
        let transaction = database.transaction_with_str_and_mode(STORE, mode)?;
        ask(&transaction.object_store(STORE)?)
    })();
    let answer = match asked {
        Ok(request) => done(&request).await,
        Err(error) => Err(error),
    };
    database.close();
    answer
}

/// What is kept under a key.
pub async fn get(key: &str) -> Option<Vec<u8>> {
    let found = with_store(IdbTransactionMode::Readonly, |store| store.get(&key.into())).await.ok()?;
    found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
}

/// Keeps sealed bytes under a key.
pub async fn put(key: &str, sealed: &[u8]) {
    let bytes = Uint8Array::from(sealed);
    let _ = with_store(IdbTransactionMode::Readwrite, |store| store.put_with_key(&bytes, &key.into())).await;
}

/// Removes everything.
pub async fn clear() {
    let _ = with_store(IdbTransactionMode::Readwrite, |store| store.clear()).await;
}
