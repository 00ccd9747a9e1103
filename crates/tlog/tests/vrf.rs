//! Labels, by the vector of c2sp.org/vrf-r255.
#![allow(clippy::unwrap_used)]

use tlog::vrf::{LabelKey, LabelPublicKey, VrfError};

/// c2sp.org/vrf-r255, “Test vector”.
#[test]
fn labels_are_the_specifications() {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let secret = bytes("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500");
    let key = LabelKey::from_bytes(secret.try_into().unwrap()).unwrap();
    let public = bytes("54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
    assert_eq!(key.public().to_bytes()[..], public);
    let alpha = bytes("633273702e6f72672f7672662d72323535");
    let proof = key.prove(&alpha);
    let expected = "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff926\
        5c805525233e2284dbed45e593b8eea31d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c";
    assert_eq!(proof[..], bytes(expected));
    let label = key.public().verify(&alpha, &proof).unwrap();
    let beta = "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736\
        03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794";
    assert_eq!(label.as_bytes(), bytes(beta));
    assert_eq!(key.public().verify(b"other", &proof), Err(VrfError::Mismatch));
    let mut wrong = proof;
    wrong[40] ^= 1;
    assert_eq!(key.public().verify(&alpha, &wrong), Err(VrfError::Mismatch));
    assert_eq!(key.public().verify(&alpha, &[0xff; 80]), Err(VrfError::Form));
    assert_eq!(LabelPublicKey::from_bytes([0; 32]).unwrap_err(), VrfError::Key);
    assert_eq!(LabelKey::from_bytes([0; 32]).unwrap_err(), VrfError::Key);
    assert_eq!(LabelKey::from_bytes([0xff; 32]).unwrap_err(), VrfError::Key);
}
