//! Writes down, before a segment is sealed, what is about to be sealed under a file's key.

use api_types::{B64, UploadId};
use crypto::ids::Hash32;

use super::OpenDraft;
use crate::{
    bulk::Ledger,
    error::{ClientError, Result},
    platform::Platform,
};

/// One file of a draft.
pub(super) struct FileLedger<'a, P: Platform> {
    pub draft: &'a OpenDraft<P>,
    pub part: u32,
    /// Its upload: another file may take the number of one that was removed.
    pub upload: UploadId,
}

impl<P: Platform> FileLedger<'_, P> {
    /// Notes a hash. False if it was there.
    fn note(&self, segment: u64, plain: Hash32) -> Result<bool> {
        let index = usize::try_from(segment).map_err(|_| ClientError::Internal("a part has too many segments"))?;
        let mut outcome = Ok(false);
        self.draft.change(|draft| {
            let file = match draft.file_mut(self.part) {
                Ok(file) if file.upload == self.upload => file,
                Ok(_) => {
                    outcome = Err(ClientError::Missing { what: "That file" });
                    return false;
                }
                Err(e) => {
                    outcome = Err(e);
                    return false;
                }
            };
            if file.plain.len() <= index {
                file.plain.resize(index + 1, B64::default());
            }
            let new = B64(plain.0.to_vec());
            outcome = match &file.plain[index] {
                known if *known == new => Ok(false),
                known if known.0.is_empty() => Ok(true),
                _ => Err(ClientError::SourceChanged),
            };
            if let Ok(true) = outcome {
                file.plain[index] = new;
            }
            matches!(outcome, Ok(true))
        });
        outcome
    }
}

impl<P: Platform> Ledger for FileLedger<'_, P> {
    async fn intend(&self, segment: u64, plain: Hash32) -> Result<()> {
        // Noted before: it is durable only if the save that took it is through, which `save` waits for.
        self.note(segment, plain)?;
        self.draft.save().await
    }
}
