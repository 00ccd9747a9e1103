//! Wraps: moved, weakened, sealed elsewhere.

use crypto::{
    encoding::DecodeError,
    ids::{GrantId, Hash32},
    kem::{HpkeError, Suite, hpke_seal},
    report::{Change, Recipient, RevisionPlace, Right, Wrap, WrapError, WrapKey, open_wrap, recipient_key, seal_wrap},
};

use crate::common::{Chain, Person, content_key, directory, grant_to, rng};

struct World {
    doctor: Person,
    patient: Person,
    chain: Chain,
}

const GRANT: GrantId = GrantId([1; 16]);

impl World {
    fn new() -> Self {
        let (doctor, patient) = (Person::new(1), Person::new(2));
        let chain = Chain::founded(&doctor, &patient);
        Self { doctor, patient, chain }
    }

    fn place(&self) -> RevisionPlace {
        RevisionPlace { report: self.chain.report(), version: 1, revision: 0 }
    }

    fn wrap(&self) -> Wrap {
        let keys = directory([&self.doctor, &self.patient]);
        let state = self.chain.replay(&keys).unwrap();
        seal_wrap(&content_key(1), self.place(), state.grant(&GRANT).unwrap(), &state, &keys, &mut rng(3)).unwrap()
    }

    fn check(&self, wrap: &Wrap) -> Result<(), WrapError> {
        let keys = directory([&self.doctor, &self.patient]);
        wrap.check(&self.place(), &GRANT, &self.chain.replay(&keys).unwrap())
    }

    fn open(&self, wrap: &Wrap) -> Result<(), WrapError> {
        open_wrap(wrap, WrapKey::Keyring(&self.patient.keyring)).map(drop)
    }
}

#[test]
fn pass_as_sealed() {
    let world = World::new();
    let wrap = world.wrap();
    assert_eq!(wrap.suite, Suite::XWing);
    assert_eq!((world.check(&wrap), world.open(&wrap)), (Ok(()), Ok(())));
}

#[test]
fn fail_transplanted() {
    let world = World::new();
    let moved = |change: fn(&mut Wrap)| {
        let mut wrap = world.wrap();
        change(&mut wrap);
        (world.check(&wrap).unwrap_err(), world.open(&wrap).unwrap_err())
    };
    let hpke = || WrapError::Hpke(HpkeError::NotAuthentic);
    assert_eq!(moved(|w| w.place.report.0[0] ^= 1), (WrapError::WrongPlace, hpke()));
    assert_eq!(moved(|w| w.place.version = 2), (WrapError::WrongPlace, hpke()));
    assert_eq!(moved(|w| w.place.revision = 1), (WrapError::WrongPlace, hpke()));
    assert_eq!(moved(|w| w.grant.0[0] ^= 1), (WrapError::WrongGrant, hpke()));
    assert_eq!(moved(|w| w.access_head = Hash32([0; 32])), (WrapError::UnknownHead, hpke()));
}

#[test]
fn fail_wrong_epoch() {
    let world = World::new();
    let mut wrap = world.wrap();
    wrap.epoch = 1;
    assert_eq!(world.open(&wrap), Err(WrapError::WrongEpoch(1)));
}

#[test]
fn fail_wrong_key() {
    let world = World::new();
    let wrap = world.wrap();
    assert_eq!(open_wrap(&wrap, WrapKey::Keyring(&world.doctor.keyring)), Err(WrapError::WrongKey));
    let mut wrap = world.wrap();
    wrap.key_hash.0[0] ^= 1;
    assert_eq!(world.open(&wrap), Err(WrapError::WrongKey));
}

#[test]
fn fail_changed_at_every_byte() {
    let world = World::new();
    let bytes = world.wrap().to_bytes();
    for i in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[i] ^= 4;
        let result = Wrap::parse(&changed).map_err(WrapError::from).and_then(|w| {
            world.check(&w)?;
            world.open(&w)
        });
        assert!(result.is_err(), "byte {i}");
    }
}

#[test]
fn fail_cut_and_extended() {
    let bytes = World::new().wrap().to_bytes();
    assert_eq!(Wrap::parse(&bytes[..bytes.len() - 1]), Err(DecodeError::Truncated));
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Wrap::parse(&longer), Err(DecodeError::Trailing));
}

#[test]
fn fail_downgraded_suite() {
    // A grant that names the recipient's X25519 key though the record offers X-Wing.
    let world = World::new();
    let keys = directory([&world.doctor, &world.patient]);
    let mut state = world.chain.replay(&keys).unwrap().grant(&GRANT).unwrap().clone();
    let x25519 = world.patient.keyring.current().x25519.public();
    let Recipient::Account(to) = &mut state.grant.recipient else { unreachable!() };
    (to.suite, to.key_hash) = (Suite::X25519, x25519.hash());
    assert_eq!(recipient_key(&state, &keys).unwrap_err(), WrapError::DowngradedSuite);
}

#[test]
fn fail_other_key_record_answered() {
    // A server that answers with another account's record, or with none.
    let world = World::new();
    let keys = directory([&world.doctor, &world.patient]);
    let granted = world.chain.replay(&keys).unwrap().grant(&GRANT).unwrap().clone();
    let without = directory([&world.doctor]);
    assert!(matches!(recipient_key(&granted, &without), Err(WrapError::Keys(_))));
    let mut other = granted.clone();
    let Recipient::Account(to) = &mut other.grant.recipient else { unreachable!() };
    to.key_hash.0[0] ^= 1;
    assert_eq!(recipient_key(&other, &keys).unwrap_err(), WrapError::WrongKey);
    to_epoch(&mut other, 4);
    assert_eq!(recipient_key(&other, &keys).unwrap_err(), WrapError::WrongEpoch(4));
}

fn to_epoch(granted: &mut crypto::report::GrantState, epoch: u32) {
    if let Recipient::Account(to) = &mut granted.grant.recipient {
        to.epoch = epoch;
    }
}

#[test]
fn fail_version_not_granted_and_revoked() {
    let mut world = World::new();
    let colleague = Person::new(5);
    let mut grant = grant_to(9, &colleague, Right::View);
    grant.versions.to = 1;
    let id = grant.id;
    world.chain.push(&world.patient, Change::Grant(grant));
    let keys = directory([&world.doctor, &world.patient, &colleague]);
    let state = world.chain.replay(&keys).unwrap();
    let granted = state.grant(&id).unwrap();
    let second = RevisionPlace { version: 2, ..world.place() };
    let result = seal_wrap(&content_key(1), second, granted, &state, &keys, &mut rng(1));
    assert_eq!(result, Err(WrapError::NotGranted));

    // A replayed wrap of a revoked grant.
    let wrap = seal_wrap(&content_key(1), world.place(), granted, &state, &keys, &mut rng(1)).unwrap();
    world.chain.push(&world.patient, Change::Revoke(id));
    let state = world.chain.replay(&keys).unwrap();
    assert_eq!(wrap.check(&world.place(), &id, &state), Err(WrapError::NotGranted));
}

#[test]
fn fail_hpke() {
    let alice = Person::new(1);
    let to = alice.chain.recipient();
    let sealed = hpke_seal(to, None, b"here", b"x", &mut rng(2)).unwrap();
    let open = |info: &[u8], sealed: &[u8]| alice.keyring.hpke_open(to, info, sealed).map(drop);
    assert_eq!(open(b"here", &sealed), Ok(()));
    assert_eq!(open(b"there", &sealed), Err(HpkeError::NotAuthentic));
    assert_eq!(open(b"here", &sealed[..1120 + 15]), Err(HpkeError::Truncated));
    assert_eq!(open(b"here", &sealed[..100]), Err(HpkeError::Truncated));
}

#[test]
fn fail_wrap_to_another_recipient() {
    let world = World::new();
    let keys = directory([&world.doctor, &world.patient]);
    let state = world.chain.replay(&keys).unwrap();
    let granted = state.grant(&GRANT).unwrap();
    let check = |change: fn(&mut Wrap)| {
        let mut wrap = world.wrap();
        change(&mut wrap);
        wrap.check_recipient(granted, &keys)
    };
    assert_eq!(check(|_| ()), Ok(()));
    assert_eq!(check(|w| w.key_hash.0[0] ^= 1), Err(WrapError::WrongKey));
    assert_eq!(check(|w| w.epoch = 1), Err(WrapError::WrongKey));
    assert_eq!(check(|w| w.suite = Suite::X25519), Err(WrapError::WrongKey));
}
