//! Content security policy of pages and of the files that they load, and the pages' integrity policy.

use app::assets::Assets;
use axum::http::{HeaderName, HeaderValue};

/// The header by which a document asks for a hash of every script that it loads by address.
pub const INTEGRITY_POLICY: HeaderName = HeaderName::from_static("integrity-policy");

/// Scripts that every document loads by address; the import map has the hashes of those that they import.
const LOADED: [&str; 3] = ["theme.js", "boot.js", "pkg/healthsecure.js"];

/// What both have in common. Scripts come from this origin; WASM may be compiled, `eval` may not. PDFs are shown in a
/// frame on a blob; a patient's pictures are blobs. `require-trusted-types-for` is absent: the framework fills templates
/// through `innerHTML`, and a default policy that lets all of it pass would protect nothing.
const COMMON: &str = "default-src 'none'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
    connect-src 'self'; worker-src 'self'; frame-src blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// What a document may ask the device for: the camera, for itself, to scan a code. Everything else that is not a page
/// keeps the default, which has the camera off too.
pub const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(self), geolocation=(), microphone=(), payment=(), usb=()");

/// A document's policy: inline scripts only with this response's nonce.
pub fn document(nonce: &str) -> HeaderValue {
    let scripts = if nonce.bytes().all(is_nonce_byte) { format!(" 'nonce-{nonce}'") } else { String::new() };
    let policy = format!("{}; script-src 'self'{scripts} 'wasm-unsafe-eval'", common());
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// A file's policy. A worker has the policy of its own response, so scripts carry one too.
pub fn file() -> HeaderValue {
    HeaderValue::from_str(&format!("{COMMON}; script-src 'self' 'wasm-unsafe-eval'"))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// No script by address without its hash. Only where the page names one for each: a build without hashes would lose its
/// program. Inline scripts have no address; the nonce stands for them.
pub fn integrity(assets: &Assets) -> Option<HeaderValue> {
    let all = LOADED.iter().all(|path| assets.integrity(path).is_some());
    all.then_some(HeaderValue::from_static("blocked-destinations=(script)"))
}

fn is_nonce_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// The common part; `make dev` sets LEPTOS_WATCH and reloads over a socket on another port, in debug builds only.
fn common() -> String {
    if cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some() {
        return COMMON.replace("connect-src 'self'", "connect-src 'self' ws:");
    }
    COMMON.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_inline_and_no_eval() {
        let policy = document("abc+/-_=");
        let policy = policy.to_str().expect("ascii");
        assert!(policy.contains("script-src 'self' 'nonce-abc+/-_=' 'wasm-unsafe-eval'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }

    #[test]
    fn a_build_without_a_hash_asks_for_none() {
        let hash = |path: &str| (path.to_owned(), "sha256-x".to_owned());
        let of =
            |paths: &[&str]| Assets { root: "/assets/1".into(), integrity: paths.iter().map(|p| hash(p)).collect() };
        assert!(integrity(&of(&LOADED)).is_some());
        assert!(integrity(&of(&LOADED[1..])).is_none() && integrity(&Assets::default()).is_none());
    }

    #[test]
    fn a_strange_nonce_opens_nothing() {
        let policy = document("x'; script-src *");
        assert!(!policy.to_str().expect("ascii").contains('*'));
    }
}
