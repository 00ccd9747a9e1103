//! What counts of a witness's answer.

use tlog::{
    cosignature::CosignerKey,
    note::{Signature, signature_lines},
};

use super::WitnessFailure;

/// Longest answer that is read, bytes: a dozen ML-DSA-44 lines.
pub const MAX_ANSWER: usize = 64 * 1024;

/// The newest cosignature of this key over the checkpoint's text, and its time. Lines of other keys are ignored; one false
/// line in the key's name refuses the answer.
pub fn cosignature(body: &[u8], key: &CosignerKey, text: &str) -> Result<(Signature, u64), WitnessFailure> {
    let lines = signature_lines(body).map_err(|_| WitnessFailure::Malformed)?;
    let mut newest: Option<(Signature, u64)> = None;
    for line in lines.into_iter().filter(|line| line.is_of(key)) {
        let time = key.verify_time(text, &line.bytes).map_err(WitnessFailure::False)?;
        if time == 0 {
            return Err(WitnessFailure::NoTime);
        }
        if newest.as_ref().is_none_or(|(_, before)| time > *before) {
            newest = Some((line, time));
        }
    }
    newest.ok_or(WitnessFailure::NoLine)
}

#[cfg(test)]
mod tests {
    use tlog::{
        Hash,
        checkpoint::Checkpoint,
        cosignature::Cosigner,
        note::{KeyName, SignatureError},
    };

    use super::*;

    fn cosigner(name: &str, seed: u8) -> Cosigner {
        Cosigner::ed25519(KeyName::new(name).unwrap(), &[seed; 32])
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint::new("log.example", size, Hash([size as u8; 32])).unwrap()
    }

    fn line(by: &Cosigner, size: u64, time: u64) -> String {
        by.cosign(&checkpoint(size), time).unwrap().to_string()
    }

    fn taken(body: &str) -> Result<u64, WitnessFailure> {
        let key = cosigner("w.example", 1).key();
        cosignature(body.as_bytes(), &key, &checkpoint(5).to_string()).map(|(_, time)| time)
    }

    #[test]
    fn the_newest_line_of_the_key_counts() {
        let (own, other) = (cosigner("w.example", 1), cosigner("x.example", 2));
        assert_eq!(taken(&line(&own, 5, 7)), Ok(7));
        let several = [line(&own, 5, 7), line(&other, 5, 99), line(&own, 5, 9), line(&own, 5, 8)].concat();
        assert_eq!(taken(&several), Ok(9));
    }

    #[test]
    fn nothing_else_counts() {
        let own = cosigner("w.example", 1);
        let false_line = Err(WitnessFailure::False(SignatureError::BadSignature));
        assert_eq!(taken(&line(&own, 6, 7)), false_line, "another checkpoint");
        assert_eq!(taken(&[line(&own, 5, 7), line(&own, 6, 8)].concat()), false_line, "one of two");
        assert_eq!(taken(&line(&cosigner("w.example", 2), 5, 7)), Err(WitnessFailure::NoLine), "another key");
        assert_eq!(taken(&line(&cosigner("x.example", 1), 5, 7)), Err(WitnessFailure::NoLine), "another name");
        for garbage in ["", "\n", "ok\n", "— w.example AAAA\n", line(&own, 5, 7).trim_end()] {
            assert_eq!(taken(garbage), Err(WitnessFailure::Malformed), "{garbage:?}");
        }
    }
}
