//! Attacks on what the organisation signs.

use std::sync::Arc;

use api_types::{AccountId, B64, accounts::Role};
use client::{NoSecondFactor, Vault};
use crypto::{
    account::{KeyChain, OrganisationKey, RetentionRule, RetentionRules, Role as SignedRole, RoleStatement},
    encoding::Writer,
    ids::InstanceId,
    kem::hpke_seal,
    sign::{PublicSigningKey, SigningKey},
};
use malicious_server::{
    attack::{
        FORGED_APPROVAL, FORGED_RETENTION_RULES, ORGANISATION_KEY_SWAP, PLANTED_ORGANISATION_KEY,
        RETENTION_RULES_ROLLBACK,
    },
    double::{Fake, PASSWORD, World, device, email, rng},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn forged_approval() {
    run(&FORGED_APPROVAL, attempt).await;

    /// The server approves a doctor by itself, under a key of its own.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = OrganisationKey::generate(&mut rng());
        server.db().organisation = Some(B64(organisation.public().0.to_vec()));
        let ann = server.person("Ann Example", Role::Patient).await;
        let quack = approved_by(&server, &OrganisationKey::generate(&mut rng())).await;
        Ok(Won::if_so(ann.person(&quack).await?.approved))
    }
}

/// Somebody whose role is signed under this key.
async fn approved_by(server: &Arc<Fake>, organisation: &OrganisationKey) -> AccountId {
    let quack = server.person("Quinn Quack", Role::Doctor).await.account_id();
    let statement = RoleStatement {
        instance: crypto::ids::InstanceId(server.instance),
        account: crypto::ids::AccountId(quack.0),
        name: "Quinn Quack".into(),
        role: SignedRole::Doctor,
        time: server.now(),
    };
    let signed = organisation.sign(statement);
    server.db().accounts.get_mut(&quack).unwrap().approval = Some(B64::from(signed.as_bytes()));
    quack
}

#[tokio::test]
async fn organisation_key_swap() {
    run(&ORGANISATION_KEY_SWAP, attempt).await;

    /// The server exchanges the organisation's key for its own, and approves a doctor under that.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let name = |key: &OrganisationKey| server.db().organisation = Some(B64(key.public().0.to_vec()));
        name(&OrganisationKey::generate(&mut rng()));
        let ann = server.person("Ann Example", Role::Patient).await;
        let own = OrganisationKey::generate(&mut rng());
        name(&own);
        let quack = approved_by(&server, &own).await;
        let client = server.client_with(ann.remembered());
        let later = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        Ok(Won::if_so(later.person(&quack).await?.approved))
    }
}

#[tokio::test]
async fn planted_organisation_key() {
    run(&PLANTED_ORGANISATION_KEY, attempt).await;

    /// The server gives the administrator a key of its own as the organisation's, to approve with. Whoever comes later is named
    /// that key, and finds it borne out by everyone whom the administrator approved.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = OrganisationKey::generate(&mut rng()).public();
        server.db().organisation = Some(B64(organisation.0.to_vec()));
        let ada = server.person("Ada Admin", Role::Administrator).await;
        let dora = server.person("Dora Doctor", Role::Doctor).await.account_id();
        let own = SigningKey::generate(&mut rng());
        let chain = Fake::keys(&server.db())[&crypto::ids::AccountId(ada.account_id().0)].clone();
        let wrap = planted(&server, &organisation, &own, &chain);
        server.db().accounts.get_mut(&ada.account_id()).unwrap().organisation_wrap = Some(wrap);
        ada.refresh().await.unwrap();
        let doctor = ada.person(&dora).await.unwrap();
        ada.approve(&doctor).await?;
        server.db().organisation = Some(B64(own.public().0.to_vec()));
        let ann = server.person("Ann Example", Role::Patient).await;
        Ok(Won::if_so(ann.person(&dora).await?.approved))
    }

    /// The server's key, sealed to an administrator as the organisation's would be.
    fn planted(server: &Fake, organisation: &PublicSigningKey, own: &SigningKey, to: &KeyChain) -> B64 {
        let key = to.recipient();
        let mut info = Writer::with_context("organisation-key-wrap");
        info.bytes(&server.instance).bytes(&organisation.0).bytes(&to.account().0).bytes(&key.hash().0);
        B64(hpke_seal(key, None, &info.finish(), own.seed().expose(), &mut rng()).unwrap())
    }
}

/// A server of an organisation, and a patient of it.
async fn clinic() -> (Arc<Fake>, OrganisationKey, Vault<World>) {
    let server = Fake::new();
    let organisation = OrganisationKey::generate(&mut rng());
    server.db().organisation = Some(B64(organisation.public().0.to_vec()));
    let ann = server.person("Ann Example", Role::Patient).await;
    (server, organisation, ann)
}

/// Shows rules by which every report is kept for so long.
fn show(server: &Fake, signer: &OrganisationKey, number: u32, years: u16) {
    let rules = vec![RetentionRule { kind: String::new(), years }];
    let said = RetentionRules { instance: InstanceId(server.instance), number, time: server.now(), rules };
    server.db().retention_rules = Some(B64::from(signer.sign_rules(said).as_bytes()));
}

/// For how long the patient is to keep a letter.
async fn years(ann: &Vault<World>) -> client::Result<Option<u16>> {
    Ok(ann.retention_policy().await?.and_then(|policy| policy.years_for("Letter")))
}

#[tokio::test]
async fn forged_retention_rules() {
    run(&FORGED_RETENTION_RULES, attempt).await;

    /// The server has people erase what they were to keep: after one year, it says, in the organisation's name.
    async fn attempt() -> Attempt {
        let (server, organisation, ann) = clinic().await;
        show(&server, &organisation, 1, 30);
        assert_eq!(years(&ann).await.unwrap(), Some(30));
        show(&server, &OrganisationKey::generate(&mut rng()), 2, 1);
        Ok(Won::if_so(years(&ann).await? == Some(1)))
    }
}

#[tokio::test]
async fn retention_rules_rollback() {
    run(&RETENTION_RULES_ROLLBACK, attempt).await;

    /// The organisation found one year too short and made it thirty; the server shows the old rules again.
    async fn attempt() -> Attempt {
        let (server, organisation, ann) = clinic().await;
        show(&server, &organisation, 2, 30);
        assert_eq!(years(&ann).await.unwrap(), Some(30));
        show(&server, &organisation, 1, 1);
        Ok(Won::if_so(years(&ann).await? == Some(1)))
    }
}
