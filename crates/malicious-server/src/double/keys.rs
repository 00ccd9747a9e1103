//! The double's public log of keys: each account's record and address, and whatever a test puts there besides.

use std::collections::BTreeMap;

use api_types::{
    AccountId, B64, TeamId as ApiTeamId,
    accounts::{EmailBinding, RotateKeys},
    sign_up::FinishSignUp,
    teams::NewTeamRoster,
};
use bytes::Bytes;
use client::{
    email_key,
    transport::{Method, Request, Response, TransportError},
};
use crypto::{account::KeyRecord, ids::TeamId, sign::Signed, team::TeamRoster};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tlog::{
    HASH_LEN, Hash,
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    leaf::{KeyTreeLeaf, Label},
    leaf_hash,
    note::{KeyName, SigningKey},
    tile::{Bundle, Edge, FULL, Resource},
    vrf::LabelKey,
};

use super::{Fake, random, read};

/// Tiles by level and index, and the root.
type Built = (BTreeMap<(u8, u64), Vec<u8>>, Hash);

pub struct Keys {
    pub key: SigningKey,
    pub labels: LabelKey,
    pub leaves: Vec<Vec<u8>>,
    /// Whether whatever is shown to anyone gets into it, so that what is shown is all that a test is about.
    takes_all: bool,
    /// The tree of so many leaves.
    built: Option<(usize, Built)>,
    /// Files that were asked for, and how long they were.
    pub asked: Vec<(String, usize)>,
    /// Changes a file on its way out.
    pub lie: Option<fn(&str, &mut Vec<u8>)>,
    /// What is in the path of files that it says it can't give out just now.
    pub unavailable: Option<&'static str>,
}

/// A fresh key of labels.
pub fn label_key() -> LabelKey {
    std::iter::repeat_with(random).find_map(|bytes| LabelKey::from_bytes(bytes).ok()).unwrap()
}

/// The proof of an address's label.
pub fn prove(labels: &LabelKey, email: &str) -> B64 {
    B64(labels.prove(email_key(email).as_bytes()).to_vec())
}

impl Keys {
    pub(super) fn new(takes_all: bool) -> Self {
        let key = SigningKey::from_seed(KeyName::new("clinic.example/log/keys").unwrap(), &random());
        let (leaves, asked) = (Vec::new(), Vec::new());
        Self { key, labels: label_key(), leaves, takes_all, built: None, asked, lie: None, unavailable: None }
    }

    pub fn label(&self, email: &str) -> Label {
        let email = email_key(email);
        self.labels.public().verify(email.as_bytes(), &self.labels.prove(email.as_bytes())).unwrap()
    }

    /// Appends a leaf; gives its place.
    pub fn push(&mut self, leaf: &KeyTreeLeaf) -> u64 {
        self.leaves.push(leaf.to_bytes());
        self.leaves.len() as u64 - 1
    }

    /// Appends the binding of an address.
    pub fn bind(&mut self, email: &str, account: AccountId) -> u64 {
        let label = self.label(email);
        self.push(&KeyTreeLeaf::binding(label, &account.0))
    }

    /// Leaves of so many others.
    pub fn others(&mut self, accounts: usize) {
        for _ in 0..accounts {
            let id = random();
            self.push(&KeyTreeLeaf::binding(Label::new([random::<32>(), random()].concat()).unwrap(), &id));
            self.push(&KeyTreeLeaf::key(&id, 0, &id));
        }
    }

    /// The first place of a leaf.
    fn place(&self, leaf: &KeyTreeLeaf) -> Option<u64> {
        let data = leaf.to_bytes();
        self.leaves.iter().position(|leaf| *leaf == data).map(|place| place as u64)
    }

    /// The place of a leaf that is to be shown.
    fn shown(&mut self, leaf: &KeyTreeLeaf) -> Option<u64> {
        match self.place(leaf) {
            None if self.takes_all => Some(self.push(leaf)),
            place => place,
        }
    }

    fn binding(&mut self, email: &str, account: AccountId) -> Option<EmailBinding> {
        let leaf_index = self.shown(&KeyTreeLeaf::binding(self.label(email), &account.0))?;
        Some(EmailBinding { leaf_index, proof: prove(&self.labels, email) })
    }

    fn built(&mut self) -> &Built {
        let size = self.leaves.len();
        if self.built.as_ref().is_none_or(|(of, _)| *of != size) {
            let mut edge = Edge::new();
            self.leaves.iter().for_each(|data| edge.push(leaf_hash(data)));
            let tiles = edge.take().into_iter().map(|(id, tile)| ((id.level(), id.index()), tile.to_bytes()));
            self.built = Some((size, (tiles.collect(), edge.root())));
        }
        &self.built.as_ref().unwrap().1
    }

    fn file(&mut self, path: &str, witnesses: &[Cosigner]) -> Option<Vec<u8>> {
        let size = self.leaves.len() as u64;
        match path.parse().unwrap() {
            Resource::Checkpoint => {
                let root = self.built().1;
                let name = self.key.verifier().to_string();
                let checkpoint = Checkpoint::new(name.split('+').next().unwrap(), size, root).unwrap();
                let mut note = checkpoint.sign(&self.key).unwrap();
                for witness in witnesses {
                    note.add(witness.cosign(&checkpoint, 1_700_000_000).unwrap()).unwrap();
                }
                Some(note.to_string().into_bytes())
            }
            Resource::Tile(id) => {
                let tile = self.built().0.get(&(id.level(), id.index()))?;
                tile.get(..HASH_LEN * usize::from(id.width())).map(<[_]>::to_vec)
            }
            Resource::Bundle(id) => {
                let first = (id.index() * u64::from(FULL)) as usize;
                let entries = self.leaves.get(first..first + usize::from(id.width()))?;
                Some(Bundle::new(entries.to_vec()).unwrap().to_bytes())
            }
            other => panic!("{other}"),
        }
    }

    pub fn serve(&mut self, path: &str, limit: usize, witnesses: &[Cosigner]) -> Result<Response, TransportError> {
        if self.unavailable.is_some_and(|part| path.contains(part)) {
            return Ok(Response { status: 503, headers: Vec::new(), body: Bytes::new() });
        }
        let mut file = self.file(path, witnesses);
        if let (Some(lie), Some(file)) = (self.lie, &mut file) {
            lie(path, file);
        }
        self.asked.push((path.to_owned(), file.as_ref().map_or(0, Vec::len)));
        let (status, body) = file.map_or((404, Vec::new()), |file| (200, file));
        if body.len() > limit {
            return Err(TransportError::TooLarge);
        }
        Ok(Response { status, headers: Vec::new(), body: Bytes::from(body) })
    }

    /// Says of every account in an answer where its leaves are, and of one's own address its binding.
    fn fill(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(object) => {
                if let (Some(id), Some(records)) = (object.get("id"), object.get("key_records"))
                    && let (Some(id), Some(records)) = (parsed::<AccountId>(id), parsed::<Vec<B64>>(records))
                {
                    let leaf = |(epoch, record): (u32, &B64)| self.shown(&KeyTreeLeaf::key(&id.0, epoch, &record.0));
                    let leaves: Option<Vec<u64>> = (0..).zip(&records).map(leaf).collect();
                    object.insert("key_leaves".to_owned(), json!(leaves.unwrap_or_default()));
                }
                if let (Some(id), Some(rosters)) = (object.get("id"), object.get("rosters"))
                    && let (Some(id), Some(rosters)) = (parsed::<ApiTeamId>(id), parsed::<Vec<B64>>(rosters))
                {
                    let leaf = |(seq, roster): (u32, &B64)| self.shown(&KeyTreeLeaf::key(&id.0, seq, &roster.0));
                    let leaves: Option<Vec<u64>> = (0..).zip(&rosters).map(leaf).collect();
                    object.insert("leaves".to_owned(), json!(leaves.unwrap_or_default()));
                }
                if let (Some(public), Some(email)) = (object.get("public"), object.get("email"))
                    && let (Some(id), Some(email)) = (parsed::<AccountId>(&public["id"]), parsed::<String>(email))
                {
                    object.insert("binding".to_owned(), json!(self.binding(&email, id)));
                }
                object.values_mut().for_each(|inner| self.fill(inner));
            }
            _ => {}
        }
    }

    /// The same of a whole answer, and of an address that was looked up its binding.
    fn fill_answer(&mut self, path: &str, value: &mut Value) {
        self.fill(value);
        if let Some(email) = path.strip_prefix("accounts?email=")
            && value.is_object()
        {
            let email = email.replace("%40", "@");
            let id = value["items"][0].get("id").and_then(parsed::<AccountId>);
            value["binding"] = json!(id.and_then(|id| self.binding(&email, id)));
        }
    }

    /// Takes in what a request stores.
    fn store(&mut self, request: &Request, path: &str) {
        if request.method != Method::Post {
            return;
        }
        if path == "sign-up" {
            let body: FinishSignUp = read(request);
            self.bind(&body.email, body.account_id);
            self.push(&KeyTreeLeaf::key(&body.account_id.0, 0, &body.key_record.0));
        }
        if path == "account/keys" {
            let RotateKeys { key_record, .. } = read(request);
            let record = Signed::<KeyRecord>::parse(&key_record.0).unwrap();
            let said = record.claimed();
            self.push(&KeyTreeLeaf::key(&said.account.unwrap().0, said.epoch, &key_record.0));
        }
        if path == "teams" || path.ends_with("/rosters") {
            let NewTeamRoster { roster, .. } = read(request);
            let signed = Signed::<TeamRoster>::parse(&roster.0).unwrap();
            let team = signed.claimed().team.unwrap_or_else(|| TeamId::of(&signed));
            self.push(&KeyTreeLeaf::key(&team.0, signed.claimed().seq, &roster.0));
        }
    }
}

fn parsed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

impl Fake {
    /// Has the log of keys hold what is stored and nothing else; before anyone signs up.
    pub fn keep_keys(&self) {
        *self.keys.lock().unwrap() = Keys::new(false);
    }

    /// Changes it.
    pub fn with_keys<A>(&self, change: impl FnOnce(&mut Keys) -> A) -> A {
        change(&mut self.keys.lock().unwrap())
    }

    /// What an honest answer says of the log.
    pub(super) fn fill_keys(&self, request: &Request, value: &mut Value) {
        let mut keys = self.keys.lock().unwrap();
        let path = request.path.trim_start_matches("/api/v1/");
        keys.store(request, path);
        if path == "instance" {
            value["log_keys_key"] = json!(keys.key.verifier().to_string());
            value["log_vrf_key"] = json!(B64(keys.labels.public().to_bytes().to_vec()));
        }
        keys.fill_answer(path, value);
    }

    /// The same of an answer that was changed on its way out, where the log takes all that is shown.
    pub(super) fn fill_lies(&self, request: &Request, value: &mut Value) {
        let mut keys = self.keys.lock().unwrap();
        if keys.takes_all {
            keys.fill_answer(request.path.trim_start_matches("/api/v1/"), value);
        }
    }
}
