//! Names of resources in FHIR's bundles.

use crypto::encoding::sha256;

/// A UUID that is always the same for a name (RFC 9562, version 8, of its SHA-256), as a URN.
pub fn urn(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&sha256(name.as_bytes()).0[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
