//! The flows as a client runs them, end to end without a server.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Chain, Person, T0, content_key, directory, grant_to, rng};
use crypto::{
    account::{
        AccountKey, KeyChain, Keyring, KeyringError, OrganisationError, OrganisationKey, PasskeySecret, RecoveryError,
        RecoveryKit, Role, RoleStatement, StateError, WayInError, WayInSecret, WayInSetup, fingerprint_groups,
        fingerprint_words, make_way_in, open_cache, open_state, rewrap_way_in, seal_cache, seal_state, unlock,
        verify_way_in,
    },
    grant::{
        AccessCode, CodeError, CodeKeys, CodeLength, CodeProof, InvitationSecret, ProofError, make_code_grant,
        open_code_seed, open_grant_seed, reseal_grant_seed,
    },
    ids::{GrantId, Hash32, InstanceId, InvitationId, PlaceholderId, SessionId},
    opaque::{
        FinishInput, LoginOutput, OpaqueError, OpaqueServer, Password, RegistrationOutput, login_finish, login_start,
        registration_finish, registration_start,
    },
    report::{
        Change, Grant, GrantStatus, Patient, Purpose, RevisionPlace, Right, Versions, Wrap, WrapKey, open_draft,
        open_wrap, recipient_key, seal_draft, seal_wrap,
    },
    secret::SecretBytes,
    sign::{Signed, VerifyError},
    stretch::KdfParams,
};

const INSTANCE: InstanceId = InstanceId([9; 16]);

fn finish_input(state: &SecretBytes, password: &str, response: Vec<u8>) -> FinishInput {
    let input = FinishInput {
        state: state.clone(),
        password: Password::new(password).unwrap(),
        response,
        instance: INSTANCE,
        kdf: KdfParams::FLOOR,
    };
    // As through a worker's message.
    FinishInput::from_bytes(input.to_bytes().expose()).unwrap()
}

fn register(server: &OpaqueServer, person: &Person, password: &str) -> (Vec<u8>, RegistrationOutput) {
    let mut rng = rng(50);
    let start = registration_start(&Password::new(password).unwrap(), &mut rng).unwrap();
    let response = server.registration_start(&person.id(), &start.message).unwrap();
    let done = registration_finish(&finish_input(&start.state, password, response), &mut rng).unwrap();
    let done = RegistrationOutput::from_bytes(done.to_bytes().expose()).unwrap();
    (server.registration_finish(&done.upload).unwrap(), done)
}

fn login(
    server: &OpaqueServer,
    person: &Person,
    record: Option<&[u8]>,
    password: &str,
) -> Result<LoginOutput, OpaqueError> {
    let mut rng = rng(51);
    let start = login_start(&Password::new(password).unwrap(), &mut rng).unwrap();
    let answer = server.login_start(&person.id(), record, &start.message, &mut rng).unwrap();
    let done = login_finish(&finish_input(&start.state, password, answer.response), &mut rng)?;
    let done = LoginOutput::from_bytes(done.to_bytes().expose()).unwrap();
    let key = server.login_finish(&answer.state, &done.finalization)?;
    assert_eq!(key, done.session_key);
    Ok(done)
}

#[test]
fn sign_up_sign_in_and_unlock() {
    let server = OpaqueServer::generate(INSTANCE, &mut rng(1));
    let server = OpaqueServer::from_bytes(INSTANCE, server.to_bytes().expose()).unwrap();
    let alice = Person::new(2);
    let (record, registered) = register(&server, &alice, "caf\u{e9} au lait");
    let setup = alice.way_in_setup();
    let way = make_way_in(setup, WayInSecret::Password(&registered.export_key), &mut rng(3)).unwrap();
    let way = Signed::parse(way.as_bytes()).unwrap();

    // The same password from another keyboard, decomposed.
    let done = login(&server, &alice, Some(&record), "cafe\u{301} au lait").unwrap();
    assert_eq!(done.server_key, registered.server_key);
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::Password(&done.export_key)), Ok(alice.ak.clone()));

    // A wrong password and an unknown account end alike.
    assert_eq!(login(&server, &alice, Some(&record), "wrong").unwrap_err(), OpaqueError::WrongPassword);
    assert_eq!(login(&server, &alice, None, "wrong").unwrap_err(), OpaqueError::WrongPassword);

    // Another instance's identity doesn't fit.
    let other = OpaqueServer::from_bytes(InstanceId([8; 16]), server.to_bytes().expose()).unwrap();
    assert_eq!(login(&other, &alice, Some(&record), "caf\u{e9} au lait").unwrap_err(), OpaqueError::WrongPassword);

    // Another person's way in, or one of another kind, is refused by name.
    let eve = Person::new(4);
    let secret = WayInSecret::Password(&done.export_key);
    assert_eq!(unlock(&way, &eve.chain, secret), Err(WayInError::WrongAccount));
    let kit = RecoveryKit::generate(&mut rng(5));
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::RecoveryKit(&kit)), Err(WayInError::WrongKind));
}

/// Another server with the same keys ends what one began, and one with other keys doesn't.
#[test]
fn a_login_begun_on_one_server_ends_on_another() {
    let keys = OpaqueServer::generate(INSTANCE, &mut rng(1)).to_bytes();
    let [first, second] = [(); 2].map(|()| OpaqueServer::from_bytes(INSTANCE, keys.expose()).unwrap());
    let alice = Person::new(2);
    let (record, _) = register(&first, &alice, "correct");
    let start = login_start(&Password::new("correct").unwrap(), &mut rng(51)).unwrap();
    let begin = |server: &OpaqueServer, login: u8, record: Option<&[u8]>| {
        server.login_start_as(&[login; 32], &alice.id(), record, &start.message).unwrap()
    };
    let answer = begin(&first, 7, Some(&record));
    let again = begin(&second, 7, Some(&record));
    assert_eq!((&answer.response, answer.state.expose()), (&again.response, again.state.expose()));
    let done = login_finish(&finish_input(&start.state, "correct", answer.response.clone()), &mut rng(52)).unwrap();
    assert_eq!(second.login_finish(&again.state, &done.finalization), Ok(done.session_key.clone()));

    let others = OpaqueServer::generate(INSTANCE, &mut rng(3));
    for other in [begin(&first, 8, Some(&record)), begin(&others, 7, Some(&record)), begin(&first, 7, None)] {
        assert_ne!(other.response, answer.response);
        assert!(first.login_finish(&other.state, &done.finalization).is_err());
    }
    let unknown = |_| begin(&first, 9, None).response;
    assert_eq!(unknown(1), unknown(2), "an account that nobody has is answered in the same way");
}

#[test]
fn unknown_emails_get_stable_pseudonyms() {
    let server = OpaqueServer::generate(INSTANCE, &mut rng(1));
    assert_eq!(server.pseudonym("a@example.org"), server.pseudonym("a@example.org"));
    assert_ne!(server.pseudonym("a@example.org"), server.pseudonym("b@example.org"));
    assert!(server.registration_start(&server.pseudonym("x"), b"junk").is_err());
}

#[test]
fn recovery_kit() {
    let mut rng = rng(10);
    let alice = Person::new(11);
    let kit = RecoveryKit::generate(&mut rng);
    let words = kit.words();
    assert_eq!(words.len(), 24);
    assert!(kit.check_word(1, words[0]) && kit.check_word(24, &format!(" {} ", words[23].to_uppercase())));
    assert!(!kit.check_word(0, words[0]) && !kit.check_word(25, words[0]) && !kit.check_word(2, "zzz"));
    let typed = words.join("\n  ").to_uppercase();
    assert_eq!(RecoveryKit::parse(&typed), Ok(kit.clone()));
    assert_eq!(RecoveryKit::parse("abandon"), Err(RecoveryError::WrongCount(1)));
    let mut wrong = words.clone();
    wrong[4] = "healthsecure";
    assert_eq!(RecoveryKit::parse(&wrong.join(" ")), Err(RecoveryError::UnknownWord(5)));
    let mut swapped = words.clone();
    swapped.swap(0, 1);
    assert_eq!(RecoveryKit::parse(&swapped.join(" ")), Err(RecoveryError::Checksum));

    let setup = alice.way_in_setup();
    let way = make_way_in(setup, WayInSecret::RecoveryKit(&kit), &mut rng).unwrap();
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::RecoveryKit(&kit)), Ok(alice.ak.clone()));
    let other = RecoveryKit::generate(&mut rng);
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::RecoveryKit(&other)), Err(WayInError::WrongSecret));

    // The server takes the proof key from the signed way in.
    let proof_key = verify_way_in(&way, &alice.chain).unwrap().proof_key.unwrap();
    let proof = kit.prove(INSTANCE, alice.id(), Hash32([5; 32]));
    assert_eq!(proof.verify(&proof_key).unwrap().challenge, Hash32([5; 32]));
    let forged = other.prove(INSTANCE, alice.id(), Hash32([5; 32]));
    assert_eq!(forged.verify(&proof_key), Err(VerifyError::BadSignature));

    let way_in = way.claimed();
    assert_eq!(proof.verify_recovery(way_in, &INSTANCE, &Hash32([5; 32])), Ok(()));
    let replayed = proof.verify_recovery(way_in, &INSTANCE, &Hash32([6; 32]));
    assert_eq!(replayed, Err(WayInError::WrongAccount));
    let bad = WayInError::Verify(VerifyError::BadSignature);
    assert_eq!(forged.verify_recovery(way_in, &INSTANCE, &Hash32([5; 32])), Err(bad));

    // Rotation needs no secret; the old wrap then holds the old key only.
    let fresh = AccountKey::generate(&mut rng);
    let setup = WayInSetup { account_key: &fresh, generation: 1, ..setup };
    let rotated = rewrap_way_in(&way, &alice.chain, setup, &mut rng).unwrap();
    assert_eq!(unlock(&rotated, &alice.chain, WayInSecret::RecoveryKit(&kit)), Ok(fresh));
    assert_eq!(rotated.claimed().generation, 1);
}

#[test]
fn a_passkey_opens_its_way_in_and_no_other_does() {
    let mut rng = rng(21);
    let alice = Person::new(22);
    let [phone, other] = [[3; 32], [4; 32]].map(|output: [u8; 32]| PasskeySecret::from_slice(&output).unwrap());
    let setup = alice.way_in_setup();
    let way = make_way_in(setup, WayInSecret::Passkey(&phone), &mut rng).unwrap();
    assert_eq!(way.claimed().proof_key, None, "the server checks its signature, not the secret");
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::Passkey(&phone)), Ok(alice.ak.clone()));
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::Passkey(&other)), Err(WayInError::WrongSecret));
    let kit = RecoveryKit::generate(&mut rng);
    assert_eq!(unlock(&way, &alice.chain, WayInSecret::RecoveryKit(&kit)), Err(WayInError::WrongKind));
    let fresh = AccountKey::generate(&mut rng);
    let next = WayInSetup { account_key: &fresh, generation: 1, ..setup };
    let rotated = rewrap_way_in(&way, &alice.chain, next, &mut rng).unwrap();
    assert_eq!(unlock(&rotated, &alice.chain, WayInSecret::Passkey(&phone)), Ok(fresh));
}

#[test]
fn a_wrap_moved_between_ways_in_or_generations_does_not_open() {
    let mut rng = rng(12);
    let alice = Person::new(13);
    let kit = RecoveryKit::generate(&mut rng);
    let setup = alice.way_in_setup();
    let way = make_way_in(setup, WayInSecret::RecoveryKit(&kit), &mut rng).unwrap();
    let mut moved = way.claimed().clone();
    moved.generation = 7;
    let moved = Signed::sign(moved, &alice.keyring.current().signing);
    let result = unlock(&moved, &alice.chain, WayInSecret::RecoveryKit(&kit));
    assert_eq!(result, Err(WayInError::Wrap(crypto::kem::HpkeError::NotAuthentic)));

    // A server that exchanges the public half and wrap can't sign.
    let eve = Person::new(14);
    let forged = Signed::sign(way.claimed().clone(), &eve.keyring.current().signing);
    assert_eq!(
        unlock(&forged, &alice.chain, WayInSecret::RecoveryKit(&kit)),
        Err(WayInError::Verify(VerifyError::BadSignature))
    );
}

#[test]
fn keyring_and_epochs() {
    let mut alice = Person::new(20);
    let old_sealed = alice.keyring.seal(&alice.ak, &alice.id(), &mut rng(21));
    assert_eq!(Keyring::open(&alice.ak, &alice.chain, &old_sealed).unwrap(), alice.keyring);

    let id = alice.id();
    let old_recipient = alice.chain.recipient().clone();
    let sealed_to_old = crypto::kem::hpke_seal(&old_recipient, None, b"info", b"hello", &mut rng(22)).unwrap();
    alice.rotate(T0 + 5, 23);
    assert_eq!((alice.id(), alice.chain.epoch()), (id, 1));
    assert_eq!(alice.keyring.hpke_open(&old_recipient, b"info", &sealed_to_old).unwrap().expose(), b"hello");

    // A server that serves the keyring of before is caught.
    assert_eq!(
        Keyring::open(&alice.ak, &alice.chain, &old_sealed),
        Err(KeyringError::Behind { keyring: 0, logged: 1 })
    );
    // One that serves another's records, too.
    let eve = Person::new(24);
    assert!(matches!(Keyring::open(&alice.ak, &eve.chain, &old_sealed), Err(KeyringError::Sealed(_))));
    // The signature of an ended epoch counts for so long after its end as two clocks may differ.
    let last = T0 + 5 + crypto::account::EPOCH_OVERLAP;
    assert!(alice.chain.signer(0, last).is_ok());
    assert!(alice.chain.signer(0, last + 1).is_err());
    // A pinned record stays.
    let hash0 = alice.chain.records()[0].hash();
    assert!(alice.chain.continues(0, &hash0).is_ok());
    assert!(alice.chain.continues(1, &hash0).is_err());
    let blobs: Vec<_> = alice.chain.records().iter().map(|r| r.as_bytes().to_vec()).collect();
    assert_eq!(KeyChain::parse(&id, &blobs).unwrap(), alice.chain);
}

#[test]
fn fingerprints_show_one_person_only() {
    let (alice, eve) = (Person::new(30), Person::new(31));
    assert_ne!(fingerprint_words(&alice.chain), fingerprint_words(&eve.chain));
    assert!(fingerprint_groups(&alice.chain).iter().all(|g| g.len() == 5));
}

#[test]
fn counted_objects_refuse_a_roll_back() {
    let alice = Person::new(40);
    let mut rng = rng(41);
    let id = alice.id();
    let sealed = seal_state(&alice.ak, &id, 7, b"pins", &mut rng);
    let (counter, payload) = open_state(&alice.ak, &id, 7, &sealed).unwrap();
    assert_eq!((counter, payload.expose()), (7, &b"pins"[..]));
    assert_eq!(open_state(&alice.ak, &id, 8, &sealed), Err(StateError::RolledBack { found: 7, seen: 8 }));
    let mut forged = sealed.clone();
    forged[8] = 9; // the counter's last byte
    assert!(matches!(open_state(&alice.ak, &id, 8, &forged), Err(StateError::Sealed(_))));

    let chain = Chain::new(&alice, Patient::Account(id), 1);
    let draft = seal_draft(&alice.ak, &chain.report(), 3, b"draft", &mut rng);
    assert_eq!(open_draft(&alice.ak, &chain.report(), 0, &draft).unwrap().1.expose(), b"draft");
    // A draft doesn't open as a state, nor the other way round.
    assert!(open_state(&alice.ak, &id, 0, &draft).is_err());

    let cached = seal_cache(&alice.ak, &id, "reports", b"rows", &mut rng);
    assert_eq!(open_cache(&alice.ak, &id, "reports", &cached).unwrap().expose(), b"rows");
    assert!(open_cache(&alice.ak, &id, "people", &cached).is_err());
}

#[test]
fn organisation_key() {
    let (admin, doctor) = (Person::new(60), Person::new(61));
    let mut rng = rng(62);
    let key = OrganisationKey::generate(&mut rng);
    let statement = RoleStatement {
        instance: INSTANCE,
        account: doctor.id(),
        name: "Dr. Ada Example".into(),
        role: Role::Doctor,
        time: T0,
    };
    let signed = Signed::parse(key.sign(statement).as_bytes()).unwrap();
    assert_eq!(signed.verify_role(&key.public(), &INSTANCE, &doctor.id()).unwrap().role, Role::Doctor);
    assert_eq!(signed.verify_role(&key.public(), &INSTANCE, &admin.id()), Err(OrganisationError::WrongSubject));
    let other = OrganisationKey::generate(&mut rng);
    assert!(signed.verify_role(&other.public(), &INSTANCE, &doctor.id()).is_err());

    let wrap = key.wrap(&INSTANCE, &admin.chain, &mut rng).unwrap();
    assert_eq!(OrganisationKey::open(&INSTANCE, &key.public(), &admin.chain, &admin.keyring, &wrap), Ok(key.clone()));
    assert!(OrganisationKey::open(&INSTANCE, &key.public(), &doctor.chain, &doctor.keyring, &wrap).is_err());
    assert!(OrganisationKey::open(&INSTANCE, &other.public(), &admin.chain, &admin.keyring, &wrap).is_err());
}

const PLACE_VERSION: u32 = 1;

fn place(chain: &Chain) -> RevisionPlace {
    RevisionPlace { report: chain.report(), version: PLACE_VERSION, revision: 0 }
}

#[test]
fn share_by_code_redeem_and_revoke() {
    let (patient, doctor, colleague) = (Person::new(70), Person::new(71), Person::new(72));
    let keys = directory([&patient, &doctor, &colleague]);
    let mut rng = rng(73);
    let mut chain = Chain::founded(&doctor, &patient);
    let grant = GrantId([3; 16]);
    let code = AccessCode::generate(CodeLength::Verified, &mut rng);
    assert_eq!(code.display().len(), 9);
    let stretched = code.stretch(&grant).unwrap();
    let made = make_code_grant(&chain.report(), &grant, &colleague.chain, &stretched, &mut rng).unwrap();
    let entry = Grant {
        id: grant,
        recipient: made.recipient.clone(),
        right: Right::View,
        purpose: Purpose::new("second-opinion").unwrap(),
        versions: Versions { from: 1, to: 1 },
        expires_at: T0 + 86_400_000,
        parent: None,
    };
    chain.push(&patient, Change::Grant(entry));
    let state = chain.replay(&keys).unwrap();
    let granted = state.grant(&grant).unwrap();
    assert!(state.may_read(colleague.id(), 1) && !state.may_read(colleague.id(), 2));

    // The wrap goes to the grant's own key, while the code is out.
    let wrap = seal_wrap(&content_key(1), place(&chain), granted, &state, &keys, &mut rng).unwrap();
    let wrap = Wrap::parse(&wrap.to_bytes()).unwrap();

    // The redeemer types the code sloppily and proves it.
    let typed = AccessCode::parse(&code.display().to_lowercase()).unwrap();
    let stretched = CodeKeys::from_bytes(typed.stretch(&grant).unwrap().to_bytes().expose()).unwrap();
    let session = SessionId([4; 16]);
    let proof = CodeProof::for_grant(Hash32([6; 32]), grant, &made.recipient, &colleague.chain, session).unwrap();
    let proof = Signed::<CodeProof>::parse(stretched.prove(proof).as_bytes()).unwrap();
    let crypto::report::Recipient::Code { proof: proof_key, .. } = &made.recipient else { unreachable!() };
    assert_eq!(proof.verify(proof_key).unwrap().challenge, Hash32([6; 32]));
    let wrong = AccessCode::generate(CodeLength::Verified, &mut rng).stretch(&grant).unwrap();
    let forged = wrong.prove(proof.claimed().clone());
    assert_eq!(forged.verify(proof_key), Err(VerifyError::BadSignature));

    let expected = proof.claimed().clone();
    assert_eq!(proof.verify_proof(&made.recipient, &expected), Ok(()));
    let bad = ProofError::Verify(VerifyError::BadSignature);
    assert_eq!(forged.verify_proof(&made.recipient, &expected), Err(bad));
    let other = CodeProof { challenge: Hash32([7; 32]), ..expected.clone() };
    assert_eq!(proof.verify_proof(&made.recipient, &other), Err(ProofError::WrongSubject));
    let account = crypto::report::Recipient::Account(crypto::report::AccountRecipient::current(&colleague.chain));
    assert_eq!(proof.verify_proof(&account, &expected), Err(ProofError::NotACodeGrant));

    // The seed opens with the private key and the code together, not with one of them.
    let open = |person: &Person, keys: &CodeKeys, seed: &[u8]| {
        open_code_seed(&chain.report(), &grant, &made.recipient, &person.keyring, keys, seed)
    };
    let seed = open(&colleague, &stretched, &made.sealed_seed).unwrap();
    assert_eq!(open(&colleague, &wrong, &made.sealed_seed), Err(CodeError::WrongCode));
    assert_eq!(open(&doctor, &stretched, &made.sealed_seed), Err(CodeError::WrongCode));
    let mut changed = made.sealed_seed.clone();
    changed[5] ^= 1;
    assert_eq!(open(&colleague, &stretched, &changed), Err(CodeError::WrongSealedSeed));

    // Kept under the account key, it opens the wrap later.
    let kept = reseal_grant_seed(&colleague.ak, &colleague.id(), &grant, &seed, &mut rng);
    let (key, epoch) = recipient_key(granted, &keys).unwrap();
    assert_eq!(epoch, 0);
    let seed = open_grant_seed(&colleague.ak, &colleague.id(), &grant, &key, &kept).unwrap();
    wrap.check(&place(&chain), &grant, &state).unwrap();
    assert_eq!(open_wrap(&wrap, WrapKey::Grant(&seed)).unwrap(), content_key(1));

    // Revoked: the wrap no longer counts, and no new one can be made.
    chain.push(&patient, Change::Revoke(grant));
    let state = chain.replay(&keys).unwrap();
    let granted = state.grant(&grant).unwrap();
    assert_eq!(state.status(granted), GrantStatus::Revoked { seq: 4 });
    assert_eq!(wrap.check(&place(&chain), &grant, &state), Err(crypto::report::WrapError::NotGranted));
    assert!(seal_wrap(&content_key(2), place(&chain), granted, &state, &keys, &mut rng).is_err());
    assert!(!state.may_read(colleague.id(), 1));
}

#[test]
fn invite_a_patient_and_pass_custody_by_claim() {
    let (doctor, patient) = (Person::new(80), Person::new(81));
    let keys = directory([&doctor, &patient]);
    let mut rng = rng(82);
    let placeholder = PlaceholderId([1; 16]);
    let mut chain = Chain::new(&doctor, Patient::Placeholder(placeholder), 2);
    chain.push(&doctor, Change::Grant(grant_to(1, &doctor, Right::Own)));
    let secret = InvitationSecret::generate(&mut rng);
    let bearer = secret.keys(&chain.report());
    let grant = Grant { recipient: bearer.recipient(placeholder), ..grant_to(2, &doctor, Right::Own) };
    chain.push(&doctor, Change::Grant(grant));
    let state = chain.replay(&keys).unwrap();
    assert!(state.in_custody() && state.is_founded() && state.owner() == doctor.id());
    let id = GrantId([2; 16]);
    let wrap = seal_wrap(&content_key(1), place(&chain), state.grant(&id).unwrap(), &state, &keys, &mut rng).unwrap();

    // The doctor can show the invitation again; the patient reads the secret from paper.
    let invitation = InvitationId([3; 16]);
    let kept = secret.seal(&doctor.ak, &doctor.id(), &invitation, &mut rng);
    let secret = InvitationSecret::open(&doctor.ak, &doctor.id(), &invitation, &kept).unwrap();
    let secret = InvitationSecret::from_slice(secret.secret().expose()).unwrap();
    let mac = secret.mac(&patient.chain.records()[0]);
    assert!(secret.check_mac(&patient.chain.records()[0], &mac).is_ok());
    assert!(secret.check_mac(&doctor.chain.records()[0], &mac).is_err());

    let bearer = secret.keys(&chain.report());
    assert_eq!(open_wrap(&wrap, WrapKey::Grant(&bearer.kem)).unwrap(), content_key(1));
    let claim = bearer.claim(&chain.report(), id, &patient.chain);
    chain.push(&patient, Change::Claim(claim));
    let state = chain.replay(&keys).unwrap();
    assert!(!state.in_custody() && state.owner() == patient.id() && state.is_founded());

    // From now on wraps go to the patient's account key, and the doctor's own grant counts as reshare.
    let wrap = seal_wrap(&content_key(2), place(&chain), state.grant(&id).unwrap(), &state, &keys, &mut rng).unwrap();
    assert_eq!(open_wrap(&wrap, WrapKey::Keyring(&patient.keyring)).unwrap(), content_key(2));
    assert!(open_wrap(&wrap, WrapKey::Grant(&bearer.kem)).is_err());
    assert_eq!(state.right_of(doctor.id()), Some(Right::Reshare));
}

#[test]
fn wraps_follow_an_accounts_new_epoch() {
    let (doctor, mut patient) = (Person::new(90), Person::new(91));
    let mut rng = rng(92);
    let chain = Chain::founded(&doctor, &patient);
    patient.rotate(T0 + 500, 93);
    let keys = directory([&doctor, &patient]);
    let state = chain.replay(&keys).unwrap();
    let granted = state.grant(&GrantId([1; 16])).unwrap();
    let wrap = seal_wrap(&content_key(1), place(&chain), granted, &state, &keys, &mut rng).unwrap();
    assert_eq!(wrap.epoch, 1);
    assert_eq!(open_wrap(&wrap, WrapKey::Keyring(&patient.keyring)).unwrap(), content_key(1));
}
