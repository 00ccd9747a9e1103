//! Recovery shares: who holds one, the sealed shares, their texts, and what they give together.

use crypto::{
    account::{
        CombineError, EPOCH_OVERLAP, KeyChain, KeyError, RecoveryKit, RecoveryShare, RecoverySplit, SHARE_CHARACTERS,
        ShareError, SplitError, WayInError, WayInKind, WayInSecret, check_together, combine_shares, make_way_in,
        open_share, split_recovery, unlock,
    },
    encoding::DecodeError,
    ids::{Hash32, WayInId},
    kem::Suite,
    sign::Signed,
};

use crate::common::{Person, T0, rng};

struct Split {
    owner: Person,
    contacts: Vec<Person>,
    secret: RecoveryKit,
    statement: Signed<RecoverySplit>,
    sealed: Vec<Vec<u8>>,
}

impl Split {
    fn made(threshold: u8, of: usize, seed: u64) -> Result<Self, SplitError> {
        Self::at(threshold, of, seed, T0)
    }

    fn at(threshold: u8, of: usize, seed: u64, time: i64) -> Result<Self, SplitError> {
        let owner = Person::new(1);
        let contacts: Vec<_> = (10..).take(of).map(Person::new).collect();
        let secret = RecoveryKit::generate(&mut rng(seed));
        let chains: Vec<&KeyChain> = contacts.iter().map(|person| &person.chain).collect();
        let by = (owner.id(), owner.keyring.current());
        let (statement, sealed) =
            split_recovery(by, WayInId([4; 16]), &secret, (&chains, threshold), time, &mut rng(seed + 1))?;
        Ok(Self { owner, contacts, secret, statement, sealed })
    }

    fn said(&self) -> &RecoverySplit {
        self.statement.claimed()
    }

    /// The same statement with something else in it, signed by its account all the same.
    fn but(&self, change: impl FnOnce(&mut RecoverySplit)) -> Signed<RecoverySplit> {
        let mut other = self.said().clone();
        change(&mut other);
        Signed::sign(other, &self.owner.keyring.current().signing)
    }

    fn refuses(&self, field: &'static str, change: impl FnOnce(&mut RecoverySplit)) {
        let signed = self.but(change);
        let parsed = Signed::<RecoverySplit>::parse(signed.as_bytes()).unwrap_err();
        assert_eq!(parsed, DecodeError::Invalid { field });
    }

    fn open(&self, at: usize) -> RecoveryShare {
        self.open_of(&self.statement, at, &self.sealed[at]).unwrap()
    }

    fn open_of(
        &self,
        statement: &Signed<RecoverySplit>,
        at: usize,
        sealed: &[u8],
    ) -> Result<RecoveryShare, SplitError> {
        let contact = &self.contacts[at];
        open_share(statement, sealed, (&contact.chain, &contact.keyring))
    }

    fn shares(&self, which: &[usize]) -> Vec<RecoveryShare> {
        which.iter().map(|at| RecoveryShare::parse(&self.open(*at).text()).unwrap()).collect()
    }
}

#[test]
fn any_shares_that_are_enough_give_the_secret_and_it_opens_its_way_in() {
    for (threshold, of) in [(2, 2), (2, 3), (3, 5), (5, 8), (8, 8)] {
        let split = Split::made(threshold, of, 3).unwrap();
        let statement = Signed::<RecoverySplit>::parse(split.statement.as_bytes()).unwrap();
        assert_eq!(statement.verify_split(&split.owner.chain).unwrap(), split.said());
        let enough = usize::from(threshold);
        let first: Vec<_> = (0..enough).collect();
        let last: Vec<_> = (of - enough..of).rev().collect();
        let all: Vec<_> = (0..of).collect();
        for which in [first, last, all] {
            let shares = split.shares(&which);
            assert_eq!(check_together(&shares), Ok(split.statement.split_id()));
            assert_eq!(combine_shares(split.said(), &shares).as_ref(), Ok(&split.secret), "{threshold} of {of}");
        }
    }
    let split = Split::made(2, 3, 3).unwrap();
    let secret = combine_shares(split.said(), &split.shares(&[2, 0])).unwrap();
    let way = make_way_in(split.owner.way_in_setup(), WayInSecret::RecoveryShares(&split.secret), &mut rng(6)).unwrap();
    assert_eq!((way.claimed().kind, way.claimed().proof_key), (WayInKind::RecoveryShares, Some(secret.proof_key())));
    assert_eq!(unlock(&way, &split.owner.chain, WayInSecret::RecoveryShares(&secret)), Ok(split.owner.ak.clone()));
    let other = unlock(&way, &split.owner.chain, WayInSecret::EmergencyContact(&secret));
    assert_eq!(other, Err(WayInError::WrongKind), "another kind");
}

/// A share alone says nothing of the secret: of one and the same it may be anything.
#[test]
fn one_share_of_a_fixed_secret_is_uniform() {
    let split = Split::made(2, 2, 3).unwrap();
    let chains: Vec<&KeyChain> = split.contacts.iter().map(|person| &person.chain).collect();
    let (by, to) = ((split.owner.id(), split.owner.keyring.current()), (&chains[..], 2));
    let (first, contact) = (&split.contacts[0], &split.contacts[0].chain);
    let mut seen = [0u32; 256];
    for seed in 0..640 {
        let (statement, sealed) =
            split_recovery(by, WayInId([4; 16]), &split.secret, to, T0, &mut rng(100 + seed)).unwrap();
        let text = open_share(&statement, &sealed[0], (contact, &first.keyring)).unwrap().text();
        // In the middle of the value.
        let typed: Vec<u8> = text.bytes().filter(|c| *c != b'-').collect();
        seen[usize::from(typed[30])] += 1;
    }
    let used: Vec<_> = seen.iter().filter(|count| **count > 0).collect();
    assert_eq!(used.len(), 32, "each character of the alphabet occurs");
    assert!(used.iter().all(|count| (4..=50).contains(*count)), "about 20 times each: {used:?}");
}

#[test]
fn fail_flipped_bit_anywhere_in_a_split() {
    let split = Split::made(2, 2, 3).unwrap();
    let whole = split.statement.as_bytes();
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        if let Ok(parsed) = Signed::<RecoverySplit>::parse(&blob) {
            assert!(parsed.verify_split(&split.owner.chain).is_err(), "{byte}");
        }
    }
    for len in 0..whole.len() {
        assert!(Signed::<RecoverySplit>::parse(&whole[..len]).is_err(), "{len}");
    }
    let longer = [whole, &[0]].concat();
    assert_eq!(Signed::<RecoverySplit>::parse(&longer).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn fail_a_split_that_is_none() {
    for (threshold, of) in [(1, 2), (0, 3), (3, 2), (9, 8)] {
        let made = Split::made(threshold, of, 3).err();
        assert_eq!(made, Some(SplitError::Unsound(DecodeError::Invalid { field: "threshold" })), "{threshold} of {of}");
    }
    for of in [0, 1, 9, 300] {
        let made = Split::made(2, of, 3).err();
        assert_eq!(made, Some(SplitError::Unsound(DecodeError::Invalid { field: "holders" })), "{of}");
    }
    let split = Split::made(2, 3, 3).unwrap();
    let (owner, first) = (split.owner.id(), split.contacts[0].id());
    split.refuses("threshold", |said| said.threshold = 1);
    split.refuses("threshold", |said| said.threshold = 4);
    split.refuses("holders", |said| said.holders.truncate(1));
    split.refuses("index", |said| said.holders.swap(0, 1));
    split.refuses("index", |said| said.holders[2].index = 2);
    split.refuses("contact", |said| said.holders[1].contact = first);
    split.refuses("contact", |said| said.holders[1].contact = owner);
}

#[test]
fn fail_a_split_of_another_account_or_signer_or_after_its_epoch_ended() {
    let split = Split::made(2, 3, 3).unwrap();
    let other = Person::new(9);
    assert_eq!(split.statement.verify_split(&other.chain), Err(SplitError::WrongAccount));
    let forged = Signed::sign(split.said().clone(), &other.keyring.current().signing);
    assert!(matches!(forged.verify_split(&split.owner.chain), Err(SplitError::Verify(_))));

    let Split { mut owner, statement, .. } = Split::at(2, 2, 3, T0 + 6 + EPOCH_OVERLAP).unwrap();
    owner.rotate(T0 + 5, 8);
    assert_eq!(statement.verify_split(&owner.chain), Err(SplitError::Keys(KeyError::EpochEnded(0))));
    let Split { mut owner, statement, .. } = Split::at(2, 2, 3, T0 + 4).unwrap();
    owner.rotate(T0 + 5, 8);
    assert!(statement.verify_split(&owner.chain).is_ok(), "what was signed before stays");
}

#[test]
fn fail_a_sealed_share_cut_changed_or_of_somebody_else() {
    let split = Split::made(2, 3, 3).unwrap();
    let sealed = &split.sealed[0];
    for byte in [0, sealed.len() / 2, sealed.len() - 1] {
        let mut other = sealed.clone();
        other[byte] ^= 1;
        assert_eq!(split.open_of(&split.statement, 0, &other), Err(SplitError::WrongShare), "{byte}");
        assert_eq!(split.open_of(&split.statement, 0, &sealed[..byte]), Err(SplitError::WrongShare), "{byte}");
    }
    assert_eq!(split.open_of(&split.statement, 0, &split.sealed[1]), Err(SplitError::WrongShare));
    let owner = &split.owner;
    let of_nobody = open_share(&split.statement, sealed, (&owner.chain, &owner.keyring));
    assert_eq!(of_nobody, Err(SplitError::WrongKey), "no share is the owner's");
}

/// Where the hash is right, HPKE's info and the commitment still say whose share it is, of what, and which.
#[test]
fn fail_a_sealed_share_moved_to_another_place() {
    let split = Split::made(2, 3, 3).unwrap();
    let opened = |statement: &Signed<RecoverySplit>| split.open_of(statement, 0, &split.sealed[0]);
    assert!(opened(&split.but(|_| ())).is_ok());
    assert_eq!(opened(&split.but(|said| said.way_in = WayInId([5; 16]))), Err(SplitError::WrongShare));
    assert_eq!(opened(&split.but(|said| said.account = Person::new(9).id())), Err(SplitError::WrongShare));
    assert_eq!(opened(&split.but(|said| said.holders[0].index = 2)), Err(SplitError::WrongShare));
    assert_eq!(opened(&split.but(|said| said.holders[0].commitment = Hash32([1; 32]))), Err(SplitError::WrongShare));
    assert_eq!(opened(&split.but(|said| said.holders[0].key_hash = Hash32([1; 32]))), Err(SplitError::WrongKey));
    assert_eq!(opened(&split.but(|said| said.holders[0].contact_epoch = 1)), Err(SplitError::WrongKey));
    assert_eq!(opened(&split.but(|said| said.holders[0].suite = Suite::X25519)), Err(SplitError::WrongKey));
}

#[test]
fn a_share_opens_after_its_contact_made_new_keys() {
    let mut split = Split::made(2, 3, 3).unwrap();
    let before = split.open(1);
    split.contacts[1].rotate(T0 + 1, 8);
    assert_eq!(split.open(1), before);
}

#[test]
fn fail_a_text_that_is_no_share() {
    let share = Split::made(2, 3, 3).unwrap().open(0);
    let text = share.text();
    let plain: String = text.chars().filter(|c| *c != '-').collect();
    assert_eq!((text.len(), plain.len()), (SHARE_CHARACTERS + 17, SHARE_CHARACTERS));
    let spoken = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    assert_eq!(RecoveryShare::parse(&format!("  {spoken}\n")).as_ref(), Ok(&share));

    assert_eq!(RecoveryShare::parse(""), Err(ShareError::Length(0)));
    assert_eq!(RecoveryShare::parse(&plain[1..]), Err(ShareError::Length(SHARE_CHARACTERS - 1)));
    assert_eq!(RecoveryShare::parse(&format!("{plain}0")), Err(ShareError::Length(SHARE_CHARACTERS + 1)));
    assert_eq!(RecoveryShare::parse(&format!("{}U", &plain[1..])), Err(ShareError::Character(SHARE_CHARACTERS)));
    assert_eq!(RecoveryShare::parse(&format!("é{}", &plain[1..])), Err(ShareError::Character(1)));
    for at in 0..plain.len() {
        let mut typed = plain.clone().into_bytes();
        typed[at] = if typed[at] == b'7' { b'8' } else { b'7' };
        let typed = String::from_utf8(typed).unwrap();
        assert_eq!(RecoveryShare::parse(&typed), Err(ShareError::Mistyped), "{at}");
    }
}

#[test]
fn fail_shares_that_do_not_belong_together() {
    let (split, other) = (Split::made(3, 5, 3).unwrap(), Split::made(3, 5, 30).unwrap());
    let of = |which: &[usize]| check_together(&split.shares(which));
    assert_eq!(of(&[]), Err(CombineError::TooFew { have: 0, need: 2 }));
    assert_eq!(of(&[4, 1]), Err(CombineError::TooFew { have: 2, need: 3 }));
    assert_eq!(of(&[4, 1, 4]), Err(CombineError::Doubled { at: 3 }));
    let mut mixed = split.shares(&[0, 1]);
    mixed.extend(other.shares(&[2]));
    assert_eq!(check_together(&mixed), Err(CombineError::Foreign { at: 3 }));
    assert_eq!(combine_shares(split.said(), &mixed), Err(CombineError::Foreign { at: 3 }));
    assert_eq!(combine_shares(split.said(), &split.shares(&[0, 1])), Err(CombineError::TooFew { have: 2, need: 3 }));
}

/// What a holder may make up: a share that is typed right, of the right split, and not theirs.
#[test]
fn fail_a_share_that_was_never_made() {
    let (split, other) = (Split::made(2, 3, 3).unwrap(), Split::made(2, 3, 30).unwrap());
    let shares = split.shares(&[0, 1]);
    assert_eq!(combine_shares(other.said(), &shares), Err(CombineError::Wrong { at: 1 }));
    // The second holder's commitment is another: theirs alone is named.
    let changed = split.but(|said| said.holders[1].commitment = Hash32([1; 32]));
    assert_eq!(combine_shares(changed.claimed(), &shares), Err(CombineError::Wrong { at: 2 }));
    let higher = split.but(|said| said.threshold = 3);
    assert_eq!(combine_shares(higher.claimed(), &shares), Err(CombineError::Wrong { at: 1 }));
    let fewer = split.but(|said| said.holders.truncate(1));
    assert_eq!(combine_shares(fewer.claimed(), &shares), Err(CombineError::Wrong { at: 2 }));
}
