//! Links: `<origin>/sign-up#setup=<token>` and `<origin>/sign-up#invite=<token>&secret=<base64url>`. Fragments never reach a
//! server; the secret travels by QR or paper.

use api_types::B64;
use zeroize::Zeroizing;

use crate::api::b64;

/// What a sign-up link's fragment holds.
#[derive(Clone, PartialEq, Eq)]
pub struct SignUpLink {
    /// Invitation or set-up token.
    pub token: Zeroizing<String>,
    /// Whether it is the set-up link.
    pub set_up: bool,
    /// A patient's secret, 32 bytes.
    pub secret: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for SignUpLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignUpLink(..)")
    }
}

/// The link of an invitation, as text for a QR code or paper.
pub(crate) fn invitation(origin: &str, token: &str, secret: Option<&[u8]>) -> Zeroizing<String> {
    let mut link = Zeroizing::new(format!("{}/sign-up#invite={token}", origin.trim_end_matches('/')));
    if let Some(secret) = secret {
        link.push_str("&secret=");
        link.push_str(&Zeroizing::new(b64(secret)));
    }
    link
}

impl SignUpLink {
    /// Reads a whole link or its fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let fragment = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment).trim();
        let value = |name: &str| {
            fragment.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).filter(|v| !v.is_empty())
        };
        let (token, set_up) = match (value("setup"), value("invite")) {
            (Some(token), None) => (token, true),
            (None, Some(token)) => (token, false),
            _ => return None,
        };
        let fine = |c: u8| c.is_ascii_alphanumeric() || b"-_.~".contains(&c);
        if token.len() > 512 || !token.bytes().all(fine) {
            return None;
        }
        let secret = match value("secret") {
            None => None,
            Some(text) => Some(Zeroizing::new(B64::decode(text).filter(|s| s.0.len() == 32)?.0)),
        };
        Some(Self { token: Zeroizing::new(token.to_owned()), set_up, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_round_trip() {
        let link = invitation("https://clinic.example/", "abc-DEF_1", Some(&[7; 32]));
        let read = SignUpLink::parse(&link).expect("own link");
        assert_eq!((read.token.as_str(), read.set_up), ("abc-DEF_1", false));
        assert_eq!(read.secret.as_deref().map(|s| s.as_slice()), Some(&[7; 32][..]));
        assert!(SignUpLink::parse("https://x/sign-up#setup=t0k").is_some_and(|l| l.set_up));
        for bad in ["", "https://x/sign-up", "#invite=", "#invite=a&setup=b", "#invite=a b", "#invite=a&secret=AAAA"] {
            assert!(SignUpLink::parse(bad).is_none(), "{bad}");
        }
    }
}
