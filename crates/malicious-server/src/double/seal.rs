//! Versions sealed by hand: what another program, or a dishonest contributor, could add.

use std::collections::BTreeMap;

use api_types::{B64, ReportId, grants::Wrap as WrapBody, reports::NewVersion};
use client::{Vault, content::PartZero};
use crypto::{
    account::{KeyChain, Keyring},
    encoding::sha256,
    format::{PartKey, seal_all},
    ids::{AccountId, GrantId, Hash32},
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentHasher, ContentKey, Grant,
        Manifest, ManifestPart, Purpose, Recipient, RevisionPlace, Right, Versions, seal_statement, seal_wrap,
    },
    secret::Secret,
    sign::Signed,
};

use super::{Db, Fake, Revision, World, rng};
use crate::scene::fields;

pub(super) fn id(of: &api_types::AccountId) -> AccountId {
    AccountId(of.0)
}

impl Fake {
    /// Everybody's key records.
    pub fn keys(db: &Db) -> BTreeMap<AccountId, KeyChain> {
        db.accounts.iter().map(|(of, a)| (id(of), KeyChain::parse(&id(of), &a.key_records).unwrap())).collect()
    }

    /// Somebody's private keys.
    pub fn keyring(&self, of: &Vault<World>) -> Keyring {
        let db = self.db();
        let account = &db.accounts[&of.account_id()];
        let chain = KeyChain::parse(&id(&of.account_id()), &account.key_records).unwrap();
        Keyring::open(&of.account_key(), &chain, &account.keyring.0).unwrap()
    }

    /// The owner grants someone reading of some versions, straight to their key.
    pub fn grant_versions(&self, owner: &Vault<World>, to: &Vault<World>, report: &ReportId, versions: Versions) {
        let keyring = self.keyring(owner);
        let mut db = self.db();
        let (mut state, keys) = (self.replay(&db, report), Self::keys(&db));
        let grant = Grant {
            id: GrantId::random(&mut rng()),
            recipient: Recipient::Account(AccountRecipient::current(&keys[&id(&to.account_id())])),
            right: Right::View,
            purpose: Purpose::new("treatment").unwrap(),
            versions,
            expires_at: 0,
            parent: None,
        };
        let entry = AccessEntry {
            report: state.report(),
            seq: state.next_seq(),
            previous: state.head(),
            time: self.now(),
            author: id(&owner.account_id()),
            epoch: keyring.current().epoch,
            change: Change::Grant(grant),
        };
        let entry = Signed::sign(entry, &keyring.current().signing);
        state.apply(&entry, &keys).unwrap();
        db.reports.get_mut(report).unwrap().entries.push(B64::from(entry.as_bytes()));
    }

    /// Adds the next version, sealed and signed as it should be, with another plaintext of part 0.
    pub fn add_version(&self, author: &Vault<World>, report: &ReportId, change: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let keyring = self.keyring(author);
        let mut db = self.db();
        let (state, keys) = (self.replay(&db, report), Self::keys(&db));
        let version = db.reports[report].versions.len() as u32 + 1;
        let place = RevisionPlace { report: state.report(), version, revision: 0 };
        let key: ContentKey = Secret::random(&mut rng());
        let mut plain = PartZero::new(fields(), Vec::new()).to_bytes().unwrap();
        change(&mut plain);
        let part0 = seal_all(PartKey::fresh(&key, &place.part(0).context(), &mut rng()), &plain).unwrap();
        let statement = AuthorStatement {
            report: place.report,
            version,
            author: id(&author.account_id()),
            epoch: keyring.current().epoch,
            time: self.now(),
            parts: vec![ContentHasher::of(&plain)],
        };
        let statement = Signed::sign(statement, &keyring.current().signing);
        let statement = seal_statement(&key, &place, &statement, &mut rng());
        let parts = vec![ManifestPart::of(&part0).unwrap()];
        let manifest = after(&db, report, &state, place, id(&author.account_id()), sha256(&statement), parts);
        let manifest =
            Signed::sign(Manifest { epoch: keyring.current().epoch, ..manifest }, &keyring.current().signing);
        let wraps = wraps(&key, place, &state, &keys);
        let stored = db.reports.get_mut(report).unwrap();
        stored.wraps.extend(wraps.clone());
        let body = NewVersion {
            version,
            revision: 0,
            manifest: B64::from(manifest.as_bytes()),
            statement: B64(statement),
            part0: B64(part0.clone()),
            uploads: Vec::new(),
            draft: None,
            wraps,
        };
        stored.versions.insert(version, vec![Revision { body, parts: vec![part0] }]);
        version
    }
}

/// The manifest behind the newest one.
fn after(
    db: &Db,
    report: &ReportId,
    state: &AccessState,
    place: RevisionPlace,
    author: AccountId,
    statement: Hash32,
    parts: Vec<ManifestPart>,
) -> Manifest {
    let all = db.reports[report].versions.values().flatten();
    let last = all
        .map(|revision| Signed::<Manifest>::parse(&revision.body.manifest.0).unwrap())
        .max_by_key(|m| m.claimed().seq)
        .unwrap();
    Manifest {
        place,
        seq: last.claimed().seq + 1,
        previous: last.hash(),
        access_head: state.head(),
        author,
        signer: author,
        epoch: 0,
        time: last.claimed().time.max(state.last_time()) + 1,
        statement,
        parts,
    }
}

/// The content key for everybody who has access.
pub(super) fn wraps(
    key: &ContentKey,
    place: RevisionPlace,
    state: &AccessState,
    keys: &BTreeMap<AccountId, KeyChain>,
) -> Vec<WrapBody> {
    let covered = state.live_grants().filter(|g| g.grant.versions.contains(place.version));
    covered
        .map(|g| WrapBody {
            version: place.version,
            revision: place.revision,
            grant_id: api_types::GrantId(g.grant.id.0),
            wrap: B64(seal_wrap(key, place, g, state, keys, &mut rng()).unwrap().to_bytes()),
        })
        .collect()
}
