//! The embedded site: files, their hashes, the address that the hash of all gives them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use app::assets::Assets;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use super::{encoding, policy};

/// Under the hash of all an address never changes its content.
pub const FOREVER: &str = "public, max-age=31536000, immutable";
/// For files with a fixed address.
pub const A_DAY: &str = "public, max-age=86400";
/// Debug builds read the site from disk, where it changes under a fixed address.
const ALWAYS_ASK: &str = "no-cache";

/// Where the files come from. The program embeds them and not this library, so that neither it nor the tests are compiled
/// again when the page was built.
struct Embedded {
    names: fn() -> Vec<Cow<'static, str>>,
    get: fn(&str) -> Option<EmbeddedFile>,
}

static EMBEDDED: OnceLock<Embedded> = OnceLock::new();

/// Takes the site from what a program embeds. Said once, before the first request; a program that doesn't serves no page.
pub fn embed<E: RustEmbed>() {
    EMBEDDED.get_or_init(|| Embedded { names: || E::iter().collect(), get: E::get });
}

fn names() -> Vec<Cow<'static, str>> {
    EMBEDDED.get().map(|site| (site.names)()).unwrap_or_default()
}

fn get(path: &str) -> Option<EmbeddedFile> {
    EMBEDDED.get().and_then(|site| (site.get)(path))
}

/// A file in every encoding that it is stored in.
#[derive(Clone)]
struct File {
    plain: Bytes,
    /// `Content-Encoding` and bytes, the better first.
    encoded: Vec<(&'static str, Bytes)>,
    media_type: &'static str,
}

/// The embedded site.
#[derive(Clone)]
pub struct Site {
    files: HashMap<String, File>,
    /// What the page knows of it.
    pub assets: Assets,
}

/// The site, read once; debug builds read it anew each time, so that `make dev` shows changes.
pub fn site() -> Cow<'static, Site> {
    static SITE: OnceLock<Site> = OnceLock::new();
    if cfg!(debug_assertions) { Cow::Owned(Site::load()) } else { Cow::Borrowed(SITE.get_or_init(Site::load)) }
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn is_encoded(path: &str) -> bool {
    encoding::STORED.iter().any(|(_, suffix)| path.ends_with(suffix))
}

/// A file's compressed forms. Debug builds have none: what was compressed before may be older than the file.
fn encodings(path: &str) -> Vec<(&'static str, Bytes)> {
    if cfg!(debug_assertions) {
        return Vec::new();
    }
    let stored = encoding::STORED.iter();
    stored.filter_map(|(name, suffix)| get(&format!("{path}{suffix}")).map(|file| (*name, bytes(file.data)))).collect()
}

/// Media types are decided here: only scripts, styles, WASM, fonts, icons and texts are served at all.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

impl Site {
    fn load() -> Self {
        let mut files = HashMap::new();
        let mut hashes = BTreeMap::new();
        for path in names().iter().filter(|path| !is_encoded(path)) {
            let Some(file) = get(path) else { continue };
            hashes.insert(path.to_string(), file.metadata.sha256_hash());
            let encoded = encodings(path);
            files.insert(path.to_string(), File { plain: bytes(file.data), encoded, media_type: media_type(path) });
        }
        Self { files, assets: name(&hashes) }
    }

    /// Whether the program is there.
    pub fn complete(&self) -> bool {
        self.files.contains_key("pkg/healthsecure.js") && self.files.contains_key("pkg/healthsecure.wasm")
    }

    /// A file, in the best encoding that the browser takes.
    pub fn answer(&self, path: &str, asked: &HeaderMap, cache: &'static str) -> Response {
        let Some(file) = self.files.get(path) else { return StatusCode::NOT_FOUND.into_response() };
        let chosen = file.encoded.iter().find(|(name, _)| encoding::accepts(asked, name));
        let body = chosen.map_or(&file.plain, |(_, bytes)| bytes);
        let mut response = Response::new(Body::from(body.clone()));
        let headers = response.headers_mut();
        let cache = if cfg!(debug_assertions) { ALWAYS_ASK } else { cache };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy::file());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
        if let Some((name, _)) = chosen {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }
}

/// The address and the integrity hashes. Debug builds have a fixed address and no hashes: files change under them.
fn name(hashes: &BTreeMap<String, [u8; 32]>) -> Assets {
    if cfg!(debug_assertions) {
        return Assets { root: "/assets/dev".to_owned(), integrity: BTreeMap::new() };
    }
    let mut all = Sha256::new();
    for (path, hash) in hashes {
        all.update((path.len() as u64).to_be_bytes());
        all.update(path);
        all.update(hash);
    }
    let root = format!("/assets/{}", hex::encode(&all.finalize()[..16]));
    let integrity = hashes.iter().map(|(path, hash)| (path.clone(), format!("sha256-{}", STANDARD.encode(hash))));
    Assets { root, integrity: integrity.collect() }
}
