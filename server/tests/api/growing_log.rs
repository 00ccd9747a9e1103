//! A log in memory that signs what it is told to, also what an honest one never would.

use tlog::{
    Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    merkle::{CompactRange, ConsistencyProof, HashReader, Node, prove_consistency},
    note::{KeyName, Note, SigningKey},
    witness::AddCheckpoint,
};

/// Its leaves and its key; its origin is the key's name.
#[derive(Clone)]
pub struct GrowingLog {
    pub origin: String,
    pub key: SigningKey,
    leaves: Vec<Hash>,
}

impl GrowingLog {
    /// A log of a hundred leaves.
    pub fn new(origin: &str) -> Self {
        let key = SigningKey::from_seed(KeyName::new(origin).unwrap(), &[7; 32]);
        let leaves = (0..100u64).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        Self { origin: origin.to_owned(), key, leaves }
    }

    /// The same log, told otherwise from this leaf on.
    pub fn forked_at(&self, leaf: usize) -> Self {
        let mut fork = self.clone();
        fork.leaves[leaf..].iter_mut().for_each(|l| *l = leaf_hash(&l.0));
        fork
    }

    /// Its verifier key.
    pub fn vkey(&self) -> String {
        self.key.verifier().to_string()
    }

    /// The first leaves, as a checkpoint.
    pub fn head(&self, size: u64) -> Checkpoint {
        Checkpoint::new(&self.origin, size, range(&self.leaves[..size as usize]).root()).unwrap()
    }

    /// The same, signed.
    pub fn checkpoint(&self, size: u64) -> Note {
        self.head(size).sign(&self.key).unwrap()
    }

    /// That the first `new` leaves begin with the first `old`.
    pub fn prove(&self, old: u64, new: u64) -> ConsistencyProof {
        prove_consistency(self, old, new).unwrap()
    }

    /// The body of a request.
    pub fn request(&self, old: u64, new: u64) -> String {
        AddCheckpoint::new(old, self.prove(old, new), self.checkpoint(new)).unwrap().to_string()
    }
}

fn range(leaves: &[Hash]) -> CompactRange {
    let mut range = CompactRange::new();
    leaves.iter().for_each(|leaf| range.push(*leaf));
    range
}

impl HashReader for GrowingLog {
    type Error = std::convert::Infallible;

    fn read(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        let node = |n: &Node| {
            let (start, end) = ((n.index as usize) << n.level, (n.index as usize + 1) << n.level);
            range(&self.leaves[start..end]).root()
        };
        Ok(nodes.iter().map(node).collect())
    }
}
