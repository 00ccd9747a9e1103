//! The keys tree from outside: every key record and e-mail address is in it, from the transaction that made it on, and
//! whoever is given a record or an address is told what to look for.

use api_types::{
    ErrorCode,
    accounts::{AccountList, AdminAccountList, EmailBinding, OwnAccount, PublicAccount, Role},
};
use axum::http::Method;
use entities::{log_key_entries, log_tiles};
use sea_orm::{ConnectionTrait, EntityTrait};
use server::{
    AppState,
    log::{self, LogError},
    state::StartError,
    storage::{log::Tree, log_keys},
};
use tlog::{
    checkpoint::Checkpoint,
    leaf::{KeyTreeLeaf, Label},
    vrf::LabelPublicKey,
};

use crate::{
    harness::{Server, zeros},
    person::{Applicant, Person, approval, founder},
    scene::Scene,
    tree::{Published, instance},
    world::World,
};

/// What a stranger verifies with.
struct Keys {
    log: Published,
    labels: LabelPublicKey,
    checkpoint: Checkpoint,
}

impl Keys {
    async fn of(server: &Server, size: u64) -> Self {
        let key = instance(&server.origin).await.log_vrf_key.0;
        let labels = LabelPublicKey::from_bytes(key.try_into().unwrap()).unwrap();
        let log = Published::keys(&server.origin).await;
        let (checkpoint, _) = log.reaching(size).await;
        Self { log, labels, checkpoint }
    }

    /// Whether all records of an account stand where it says.
    async fn have(&self, account: &PublicAccount) -> bool {
        assert_eq!(account.key_leaves.len(), account.key_records.len());
        for (epoch, (record, index)) in (0..).zip(account.key_records.iter().zip(&account.key_leaves)) {
            let leaf = KeyTreeLeaf::key(&account.id.0, epoch, &record.0).leaf_hash();
            if !self.log.includes_leaf(&self.checkpoint, &leaf, *index).await {
                return false;
            }
        }
        true
    }

    fn label(&self, email: &str, binding: &EmailBinding) -> Option<Label> {
        let proof = binding.proof.0.clone().try_into().unwrap();
        self.labels.verify(email.as_bytes(), &proof).ok()
    }

    /// Whether an address is bound to an account where it says.
    async fn bind(&self, email: &str, account: &PublicAccount, binding: &EmailBinding) -> bool {
        let Some(label) = self.label(email, binding) else { return false };
        let leaf = KeyTreeLeaf::binding(label, &account.id.0).leaf_hash();
        self.log.includes_leaf(&self.checkpoint, &leaf, binding.leaf_index).await
    }
}

async fn by_email(server: &Server, asker: &Person, email: &str) -> AccountList {
    server.get(&format!("/accounts?email={email}"), Some(&asker.token)).await.body()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_and_address_is_in_the_tree() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let lea = Applicant::new("Lea Patient", Role::Patient).sign_up(&server, None).await;
    let doc = Applicant::new("Dan Doctor", Role::Doctor).sign_up(&server, None).await;
    let body = approval(&server, &ada, &doc.applicant, crypto::account::Role::Doctor);
    server.post(&format!("/admin/accounts/{}/approve", doc.id), Some(&ada.token), &body).await;
    let keys = Keys::of(&server, 6).await;
    assert_eq!(keys.checkpoint.size(), 6, "a record and an address each");

    let found = by_email(&server, &ada, "LEA.patient@example.org").await;
    let binding = found.binding.unwrap();
    assert!(keys.have(&found.items[0]).await);
    assert!(keys.bind("lea.patient@example.org", &found.items[0], &binding).await);
    // What is told oneself is what is told others.
    let own: OwnAccount = server.get("/account", Some(&lea.token)).await.body();
    assert_eq!((own.binding, own.public.key_leaves), (Some(binding.clone()), found.items[0].key_leaves.clone()));
    assert_eq!(lea.signed_in.account.binding, Some(binding.clone()), "from the beginning");

    let by_name: AccountList = server.get("/accounts?name=Dan", Some(&lea.token)).await.body();
    assert!(keys.have(&by_name.items[0]).await && by_name.binding.is_none());
    let by_id: PublicAccount = server.get(&format!("/accounts/{}", doc.id), Some(&lea.token)).await.body();
    assert_eq!(by_id, by_name.items[0]);
    let all: AdminAccountList = server.get("/admin/accounts", Some(&ada.token)).await.body();
    for item in &all.items {
        assert!(keys.have(&item.account).await);
    }

    // The checks can fail.
    let (mut other, mut elsewhere) = (found.items[0].clone(), binding.clone());
    other.key_records[0].0[40] ^= 1;
    elsewhere.leaf_index ^= 1;
    assert!(!keys.have(&other).await && !keys.bind("lea.patient@example.org", &found.items[0], &elsewhere).await);
    assert!(!keys.bind("dan.doctor@example.org", &found.items[0], &binding).await);
    assert!(!keys.bind("lea.patient@example.org", &by_id, &binding).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_nobody_is_told_nothing_of_the_log() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    Applicant::new("Dan Doctor", Role::Doctor).sign_up(&server, None).await;
    for email in ["nobody@example.org", "dan.doctor@example.org"] {
        let answer = server.get(&format!("/accounts?email={email}"), Some(&ada.token)).await;
        assert_eq!(answer.text, r#"{"items":[]}"#, "not there, or not active: {email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_people_of_a_report_come_with_their_leaves() {
    let scene = Scene::new().await;
    let people = scene.by_author(Method::GET, &format!("/reports/{}/people", scene.made.id), ()).await;
    let answer: AccountList = serde_json::from_slice(&people.body).unwrap();
    let total = log_keys::count(scene.world.state.db.read()).await.unwrap();
    assert!(!answer.items.is_empty());
    for account in &answer.items {
        assert_eq!(account.key_leaves.len(), account.key_records.len());
        assert!(account.key_leaves.iter().all(|leaf| *leaf < total));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_up_leaves_no_entry() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let twice = Applicant { email: ada.applicant.email.clone(), ..Applicant::new("Eve", Role::Patient) };
    let body = twice.prepare(&server, None).await.unwrap();
    let answer = server.post("/sign-up", None, &body).await;
    assert_eq!(answer.code(), serde_json::to_value(ErrorCode::EmailTaken).unwrap().as_str().unwrap());
    assert_eq!(log_keys::count(server.state.db.read()).await.unwrap(), 2, "those of the founder");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_tells_neither_addresses_nor_ids() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let keys = Keys::of(&server, 2).await;
    let leaves = keys.log.leaves(&keys.checkpoint).await;
    let public = leaves.concat();
    let tells = |what: &[u8]| public.windows(what.len()).any(|w| w == what);
    let email = ada.applicant.email.as_bytes();
    let guesses = [tlog::leaf_hash(email).0.to_vec(), <sha2::Sha256 as sha2::Digest>::digest(email).to_vec()];
    assert!(!tells(email) && !tells(&ada.id.0) && guesses.iter().all(|guess| !tells(guess)));
    // Another server gives the same address another label.
    let other = Server::start().await;
    founder(&other).await;
    let other = Keys::of(&other, 2).await;
    let label = |leaves: &[Vec<u8>]| match KeyTreeLeaf::parse(&leaves[0]).unwrap() {
        KeyTreeLeaf::Binding { label, .. } => label,
        leaf => panic!("{leaf:?}"),
    };
    assert_ne!(label(&leaves), label(&other.log.leaves(&other.checkpoint).await));
    assert_eq!(keys.label("ada.founder@example.org", &ada.signed_in.account.binding.unwrap()), Some(label(&leaves)));
}

async fn execute(world: &World, sql: &str) {
    let tx = world.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

/// A world with some people, in whose database nothing moves any more.
async fn still() -> World {
    let world = World::new().await;
    for _ in 0..3 {
        world.patient().await;
        world.doctor().await;
    }
    world.state.audit.record(server::audit::EventDraft::anonymous(api_types::audit::Action::System)).await.unwrap();
    world.state.log.stop().await;
    world.state.key_log.stop().await;
    world
}

async fn entries(state: &AppState) -> Vec<log_key_entries::Model> {
    log_key_entries::Entity::find().all(state.db.read()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_from_before_get_their_entries_once() {
    let world = still().await;
    let whole = entries(&world.state).await;
    assert_eq!(whole.len(), 12);
    let mut orders = Vec::new();
    for _ in 0..2 {
        execute(&world, "DELETE FROM log_key_entries").await;
        execute(&world, "DELETE FROM log_trees WHERE tree = 'keys'").await;
        execute(&world, "DELETE FROM log_tiles WHERE tree = 'keys'").await;
        let again = AppState::open(world.state.config.clone()).await.unwrap();
        again.key_log.stop().await;
        assert_eq!(log::check_entries(again.db.read(), Tree::Keys).await.unwrap().leaves, 12);
        let mut data: Vec<_> = entries(&again).await.into_iter().map(|entry| entry.data).collect();
        orders.push(data.clone());
        data.sort();
        let mut before: Vec<_> = whole.iter().map(|entry| entry.data.clone()).collect();
        before.sort();
        assert_eq!(data, before, "the same, each once");
    }
    assert_eq!(orders[0], orders[1], "in an order of their own");
    let third = AppState::open(world.state.config.clone()).await.unwrap();
    assert_eq!(entries(&third).await.len(), 12, "and never again");
}

async fn refusal(world: &World) -> LogError {
    match AppState::open(world.state.config.clone()).await.map(drop) {
        Err(StartError::Log(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_or_exchanged_keys_are_not_replaced() {
    let world = still().await;
    let secrets = world.folder.path().join("secrets");
    let signing = secrets.join(log::key_file(Tree::Keys));
    let labels = secrets.join("log-vrf-key");
    for file in [&signing, &labels] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let aside = secrets.join("aside");
        std::fs::rename(file, &aside).unwrap();
        assert!(matches!(refusal(&world).await, LogError::KeyMissing { size: 12 | 11, .. }));
        assert!(!file.exists(), "none was made");
        std::fs::rename(&aside, file).unwrap();
    }
    let kept = std::fs::read(&labels).unwrap();
    let mut other = kept.clone();
    other[0] ^= 1;
    std::fs::write(&labels, other).unwrap();
    assert!(matches!(refusal(&world).await, LogError::OtherKey { .. }));
    std::fs::write(&labels, kept).unwrap();
    AppState::open(world.state.config.clone()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_tree_of_keys_is_not_served() {
    let world = still().await;
    let tiles = log_tiles::Entity::find().all(world.state.db.read()).await.unwrap();
    assert!(tiles.iter().any(|tile| tile.tree == "keys" && tile.level == -1));
    let zeros = format!("UPDATE log_tiles SET hashes = {} WHERE tree = 'keys' AND level = 0", zeros(384));
    execute(&world, &zeros).await;
    let said = refusal(&world).await.to_string();
    assert!(said.contains("in the tree of keys, tile 0 of level 0"), "{said}");
}
