//! Taking what was given: a code redeemed, a bearer grant claimed, as an honest client does it.

use api_types::{
    B64,
    grants::{ClaimGrant, RedeemChallenge, RedeemGrant, Redeemed, StoreGrantSeed},
    invitations::{CreateInvitation, CreatedInvitation, InvitationToken},
};
use crypto::{
    grant::{BearerKeys, CodeKeys, CodeProof, open_code_seed, reseal_grant_seed},
    ids,
    report::{Change, Recipient},
};

use crate::{
    sealing::{Made, blob},
    world::{Person, World, rng},
};

/// Proves a code and opens the seed. Gives what is to be stored.
pub async fn prove(
    world: &World,
    who: &Person,
    made: &Made,
    id: ids::GrantId,
    to: &Recipient,
    keys: &CodeKeys,
) -> StoreGrantSeed {
    let path = format!("/grants/{id}");
    let challenge: RedeemChallenge = world.post(who, &format!("{path}/challenge"), &()).await.json();
    let random = ids::Hash32(challenge.challenge.0.clone().try_into().unwrap());
    let proof = CodeProof::for_grant(random, id, to, &who.chain, ids::SessionId(who.session.0)).unwrap();
    let body = RedeemGrant { challenge: challenge.challenge, signature: keys.prove(proof).as_bytes().into() };
    let redeemed: Redeemed = world.post(who, &format!("{path}/redeem"), &body).await.json();
    let report = ids::ReportId(made.id.0);
    let seed = open_code_seed(&report, &id, to, &who.keyring, keys, &redeemed.sealed_seed.0).unwrap();
    let seed = reseal_grant_seed(&who.ak, &who.chain.account(), &id, &seed, &mut rng());
    StoreGrantSeed { seed: seed.into() }
}

/// Proves a code, opens the seed and stores it: the grant is live afterwards.
pub async fn redeem(world: &World, who: &Person, made: &Made, id: ids::GrantId, to: &Recipient, keys: &CodeKeys) {
    let body = prove(world, who, made, id, to, keys).await;
    world.put(who, &format!("/grants/{id}/seed"), &body).await.ok();
}

/// A patient who has an account takes a doctor's invitation, which binds the placeholder to it.
pub async fn accept(world: &World, doctor: &Person, patient: &Person, placeholder: ids::PlaceholderId) {
    let body = CreateInvitation {
        role: api_types::accounts::Role::Patient,
        email: None,
        placeholder: Some(api_types::PlaceholderId(placeholder.0)),
        expires_in: None,
    };
    let created: CreatedInvitation = world.post(doctor, "/invitations", &body).await.json();
    let token = InvitationToken { token: created.token };
    world.post(patient, "/invitations/accept", &token).await.ok();
}

/// A claim of a bearer grant with the keys that the invitation's secret gives.
pub fn claiming(now: i64, who: &Person, made: &mut Made, id: ids::GrantId, keys: &BearerKeys) -> ClaimGrant {
    made.knows(who);
    let change = Change::Claim(keys.claim(&ids::ReportId(made.id.0), id, &who.chain));
    let seed = reseal_grant_seed(&who.ak, &who.chain.account(), &id, &keys.kem, &mut rng());
    ClaimGrant { entry: blob(&made.append(now, who, change)), seed: B64(seed) }
}

/// Claims it.
pub async fn claim(world: &World, who: &Person, made: &mut Made, id: ids::GrantId, keys: &BearerKeys) {
    let body = claiming(world.now(), who, made, id, keys);
    world.post(who, &format!("/reports/{}/grants/{id}/claim", made.id), &body).await.ok();
}
