//! The cipher suite and the bridges to the library's older generation of traits.

use opaque_ke::{
    CipherSuite, Identifiers, Ristretto255, TripleDh,
    errors::InternalError,
    generic_array::{ArrayLength, GenericArray},
    ksf::Ksf,
};
use rand_core::CryptoRng;

use crate::{ids::InstanceId, stretch::KdfParams};

/// Context of the key exchange.
pub(super) const CONTEXT: &[u8] = b"healthsecure/v1/opaque";

/// Argon2id's salt: OPAQUE's stretching input is already salted by the OPRF (RFC 9807, section 3).
const KSF_SALT: [u8; 16] = [0; 16];

pub(super) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_010::Sha512>;
    type Ksf = Stretch;
}

/// Our own key stretching: its `Default` is the floor.
#[derive(Default, Clone, Copy)]
pub(super) struct Stretch(pub(super) KdfParams);

impl Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let mut out = GenericArray::default();
        if self.0.hash(&input, &KSF_SALT, &mut out) { Ok(out) } else { Err(InternalError::KsfError) }
    }
}

pub(super) fn identifiers(instance: &InstanceId) -> Identifiers<'_> {
    Identifiers { client: None, server: Some(instance.as_ref()) }
}

/// Gives a rand_core 0.10 generator to a library of the 0.6 generation.
pub(super) struct Bridge<'a, R>(pub(super) &'a mut R);

impl<R: CryptoRng> rand_core_06::RngCore for Bridge<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

impl<R: CryptoRng> rand_core_06::CryptoRng for Bridge<'_, R> {}
