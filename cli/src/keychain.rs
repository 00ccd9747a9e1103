//! The operating system's keyring (Secret Service, Keychain, Credential Manager): the only place that keeps what opens
//! an account. Where there is none, `hs` asks for the password at every command.

use zeroize::Zeroizing;

const SERVICE: &str = "healthsecure-hs";

/// What is kept: an account key and a token, opaque here.
pub struct Keychain {
    profile: String,
    enabled: bool,
}

impl Keychain {
    /// `enabled` is false with `--no-keyring`.
    pub fn new(profile: &str, enabled: bool) -> Self {
        Self { profile: profile.to_owned(), enabled }
    }

    /// The kept secret; `None` where there is none or no keyring runs.
    pub async fn load(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.entry(|entry| entry.get_secret().ok().map(Zeroizing::new)).await.flatten()
    }

    /// Whether it could be kept.
    pub async fn save(&self, secret: Zeroizing<Vec<u8>>) -> bool {
        self.entry(move |entry| entry.set_secret(&secret).is_ok()).await.unwrap_or(false)
    }

    /// Forgets it.
    pub async fn remove(&self) {
        self.entry(|entry| entry.delete_credential().ok()).await;
    }

    /// The Secret Service speaks blocking D-Bus, which must not run on the async thread.
    async fn entry<T: Send + 'static>(&self, act: impl FnOnce(keyring::Entry) -> T + Send + 'static) -> Option<T> {
        if !self.enabled {
            return None;
        }
        let profile = self.profile.clone();
        tokio::task::spawn_blocking(move || keyring::Entry::new(SERVICE, &profile).ok().map(act)).await.ok().flatten()
    }
}
