//! Content security policy of pages and of the files that they load.

use axum::http::HeaderValue;

/// What both have in common. Scripts come from this origin; WASM may be compiled, `eval` may not. PDFs are shown in a
/// frame on a blob; a patient's pictures are blobs. `require-trusted-types-for` is absent: the framework fills templates
/// through `innerHTML`, and a default policy that lets all of it pass would protect nothing.
const COMMON: &str = "default-src 'none'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
    connect-src 'self'; worker-src 'self'; frame-src blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

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
    fn a_strange_nonce_opens_nothing() {
        let policy = document("x'; script-src *");
        assert!(!policy.to_str().expect("ascii").contains('*'));
    }
}
