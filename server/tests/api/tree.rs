//! A tree of the log as a stranger reads it: from its public files alone, over HTTP, with the crate `tlog`.

use std::time::{Duration, Instant};

use api_types::{audit::AuditEvent, instance::Instance};
use reqwest::StatusCode;
use tlog::{
    Hash,
    checkpoint::{Checkpoint, Log},
    leaf::EventOpening,
    merkle::{Node, consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion, root},
    note::{Verifier, VerifierKey},
    tile::{Bundle, BundleId, Resource, Tile, TileId, TileMap, Tiles, tiles_for},
};

/// Where the log is, and who signs it.
pub struct Published {
    base: String,
    log: Log,
    http: reqwest::Client,
}

impl Published {
    /// The events of a server, with the key that it names.
    pub async fn of(origin: &str) -> Self {
        Self::tree(format!("{origin}/log/events"), &instance(origin).await.log_key)
    }

    /// Its keys, likewise.
    pub async fn keys(origin: &str) -> Self {
        Self::tree(format!("{origin}/log/keys"), &instance(origin).await.log_keys_key)
    }

    fn tree(base: String, key: &str) -> Self {
        let key: VerifierKey = key.parse().unwrap();
        Self { base, log: Log::new(key.name().as_str(), vec![key.clone()]), http: reqwest::Client::new() }
    }

    /// Its origin, which is its key's name.
    pub fn origin(&self) -> &str {
        self.log.origin()
    }

    /// Its key, as text.
    pub fn key(&self) -> String {
        self.log.keys()[0].to_string()
    }

    /// Any file.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}/{path}", self.base)).send().await.unwrap()
    }

    async fn bytes(&self, file: Resource) -> Vec<u8> {
        let answer = self.get(&file.to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        answer.bytes().await.unwrap().to_vec()
    }

    /// The newest checkpoint, verified.
    pub async fn checkpoint(&self) -> Checkpoint {
        let note = self.bytes(Resource::Checkpoint).await;
        self.log.open(&note).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&note))).checkpoint
    }

    /// The first checkpoint with so many leaves, and how long it took to come.
    pub async fn reaching(&self, size: u64) -> (Checkpoint, Duration) {
        let begun = Instant::now();
        loop {
            let found = self.get("checkpoint").await.status() == StatusCode::OK;
            if found {
                let checkpoint = self.checkpoint().await;
                if checkpoint.size() >= size {
                    return (checkpoint, begun.elapsed());
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the log doesn't go on to {size}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The tiles that nodes are read from.
    async fn tiles(&self, nodes: &[Node], size: u64) -> TileMap {
        let mut map = TileMap::new();
        for id in tiles_for(nodes, size) {
            let bytes = self.bytes(Resource::Tile(id)).await;
            map.insert(&id, Tile::parse(&id, &bytes).unwrap());
        }
        map
    }

    /// Whether a delivered event is the leaf that it says to be.
    pub async fn includes(&self, checkpoint: &Checkpoint, event: &AuditEvent) -> bool {
        self.includes_leaf(checkpoint, &opening(event).commitment().leaf_hash(), event.leaf_index.unwrap()).await
    }

    /// Whether a leaf stands at a place.
    pub async fn includes_leaf(&self, checkpoint: &Checkpoint, leaf: &Hash, index: u64) -> bool {
        let size = checkpoint.size();
        let map = self.tiles(&inclusion_nodes(index, size), size).await;
        let proof = prove_inclusion(&Tiles::new(&map, size), index, size).unwrap();
        proof.verify(leaf, index, size, checkpoint.root()).is_ok()
    }

    /// Panics unless the older tree is the beginning of the newer.
    pub async fn assert_consistent(&self, old: &Checkpoint, new: &Checkpoint) {
        let size = new.size();
        let map = self.tiles(&consistency_nodes(old.size(), size), size).await;
        let proof = prove_consistency(&Tiles::new(&map, size), old.size(), size).unwrap();
        proof.verify(old.size(), old.root(), size, new.root()).unwrap();
    }

    /// Every leaf's data, checked against the checkpoint: the whole tree as a mirror takes it.
    pub async fn leaves(&self, checkpoint: &Checkpoint) -> Vec<Vec<u8>> {
        let size = checkpoint.size();
        let mut leaves = Vec::new();
        let mut map = TileMap::new();
        for level in 0..8 {
            for index in (0..).map_while(|index| TileId::in_tree(level, index, size)) {
                let bytes = self.bytes(Resource::Tile(index)).await;
                map.insert(&index, Tile::parse(&index, &bytes).unwrap());
            }
        }
        for id in (0..).map_while(|index| BundleId::in_tree(index, size)) {
            let bundle = Bundle::parse(&id, &self.bytes(Resource::Bundle(id)).await).unwrap();
            leaves.extend(bundle.entries().to_vec());
        }
        assert_eq!(root(&Tiles::new(&map, size), size).unwrap(), *checkpoint.root());
        let mut tree = tlog::merkle::CompactRange::new();
        leaves.iter().map(|data| tlog::leaf_hash(data)).for_each(|leaf: Hash| tree.push(leaf));
        assert_eq!(tree.root(), *checkpoint.root(), "the bundles are of the same tree");
        leaves
    }
}

/// What a server says of itself.
pub async fn instance(origin: &str) -> Instance {
    reqwest::get(format!("{origin}/api/v1/instance")).await.unwrap().json().await.unwrap()
}

/// What an entitled reader got of an event's leaf.
pub fn opening(event: &AuditEvent) -> EventOpening {
    let salt = event.salt.as_ref().unwrap().0[..].try_into().unwrap();
    EventOpening::new(salt, event.event.clone().unwrap().0).unwrap()
}
