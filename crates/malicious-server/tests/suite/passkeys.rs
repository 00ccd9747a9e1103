//! Attacks by passkeys that opened the account.

use api_types::accounts::{Role, WayInKind};
use crypto::{
    account::{KeyChain, WayInSecret, unlock},
    ids::AccountId,
    sign::Signed,
};
use malicious_server::{
    attack::RETURNED_PASSKEY,
    double::{Fake, passkeys::Key},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn returned_passkey() {
    run(&RETURNED_PASSKEY, attempt).await;

    /// A phone with a passkey was lost, and an administrator took the passkey off. Its owner unlocked by the key that their
    /// device keeps, which makes no new one. When they change the password, the server shows the passkey's way in again.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let (id, kept, phone) = (ann.account_id(), ann.account_key(), Key([7; 32]));
        ann.add_passkey("Phone", &phone).await.unwrap();
        let lost = server.take_passkeys_off(&id);
        let later = ann.lock().unlock_with(kept).await.unwrap();
        server.bring_back(&id, &lost);
        later.change_password("another password entirely").await?;
        let stored = server.db().accounts[&id].clone();
        let chain = KeyChain::parse(&AccountId(id.0), &stored.key_records).unwrap();
        let way = stored.ways_in.iter().find(|way| way.kind == WayInKind::Passkey).unwrap();
        let way = Signed::parse(&way.record.0).unwrap();
        let opened = unlock(&way, &chain, WayInSecret::Passkey(&phone.secret()));
        Ok(Won::if_so(opened.is_ok_and(|key| key == later.account_key())))
    }
}
