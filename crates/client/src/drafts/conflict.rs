//! Somebody saved a version while this draft of it was written: what they changed, what is changed here, and both together.
//! Nothing is lost either way: their version stays, and the draft is saved behind it.

use api_types::limits::{FILES_MAX, FILES_TOTAL_MAX};

use super::{DraftFile, OpenDraft, change::kept};
use crate::{
    content::{Field, FieldProblem, ReportFields, wrong},
    error::{ClientError, Result},
    platform::Platform,
    reports::VersionInfo,
    versions::{FileChange, Known, changed_files, known_files, may_change},
};

/// Whose text a field gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That of this draft.
    Mine,
    /// That of the version that was saved meanwhile.
    Theirs,
}

/// A field that this draft, or the version saved meanwhile, has differently than the version that both changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// Which.
    pub field: Field,
    /// In the version that both changed.
    pub base: String,
    /// In this draft.
    pub mine: String,
    /// In the version that was saved meanwhile.
    pub theirs: String,
}

impl FieldConflict {
    /// Whether both changed it, each to something else.
    pub fn is_contested(&self) -> bool {
        self.mine != self.base && self.theirs != self.base && self.mine != self.theirs
    }

    /// Whose text it gets where nobody chooses: theirs if they alone changed it.
    pub fn usual(&self) -> Side {
        if self.mine == self.base { Side::Theirs } else { Side::Mine }
    }
}

/// What was saved meanwhile, beside this draft.
pub struct Conflict {
    /// The version that both changed.
    pub base: VersionInfo,
    /// The newest version there is now.
    pub theirs: VersionInfo,
    /// Fields that aren't alike in all three.
    pub fields: Vec<FieldConflict>,
    /// What they changed of the files.
    pub files: Vec<FileChange>,
    base_files: Vec<Known>,
    their_files: Vec<Known>,
}

impl<P: Platform> OpenDraft<P> {
    /// What somebody saved since this draft was begun; none where it still changes the newest version.
    ///
    /// # Errors
    /// As [`crate::Vault::edit_report`].
    pub async fn conflict(&self) -> Result<Option<Conflict>> {
        // What it became itself is nobody else's.
        if self.settle().await?.is_some() {
            return Ok(None);
        }
        let Some(base) = self.base() else { return Ok(None) };
        let vault = self.vault();
        let open = vault.report(&self.id()).await?;
        may_change(&open)?;
        if open.latest == base {
            return Ok(None);
        }
        let base = vault.version(&open, base).await?;
        let theirs = vault.version(&open, open.latest).await?;
        let (base_files, their_files) = (known_files(&base), known_files(&theirs));
        Ok(Some(Conflict {
            fields: conflicts(&base.content.fields, &self.fields(), &theirs.content.fields),
            files: changed_files(base_files.clone(), their_files.clone()).0,
            base: base.info,
            theirs: theirs.info,
            base_files,
            their_files,
        }))
    }

    /// Whether this draft still is what a conflict was told about: it changes the same version, and none of the fields that both
    /// are asked about was typed in since.
    pub fn stands_as_in(&self, conflict: &Conflict) -> bool {
        let draft = self.lock();
        let as_told = |field: &FieldConflict| draft.fields.get(field.field) == field.mine;
        // A field that they left alone keeps one's own text, whatever was typed since.
        let asked = |field: &&FieldConflict| field.is_contested() || field.usual() == Side::Theirs;
        draft.base() == Some(conflict.base.version) && conflict.fields.iter().filter(asked).all(as_told)
    }

    /// Brings what was saved meanwhile into this draft, which goes on from there. Each field is taken from the side that
    /// `choose` names. Files that they added come in, those that they took out go, and what was added or taken out here stays
    /// so. Save it as a version then.
    ///
    /// # Errors
    /// More files, or larger ones, than a version may have: take some out first.
    pub fn merge(&self, conflict: &Conflict, choose: impl Fn(&FieldConflict) -> Side) -> Result<()> {
        let mut fields = self.fields();
        for field in conflict.fields.iter().filter(|field| choose(field) == Side::Theirs) {
            fields.set(field.field, field.theirs.clone());
        }
        fields.check()?;
        let mut outcome = Ok(());
        self.change(|draft| {
            let Some(base) = &mut draft.base else {
                outcome = Err(ClientError::Internal("a draft changes no version"));
                return false;
            };
            let files = merged(&draft.files, conflict);
            if files.len() > FILES_MAX {
                outcome = Err(wrong(Field::Files, FieldProblem::TooMany(FILES_MAX)).into());
                return false;
            }
            if files.iter().map(|file| file.size).sum::<u64>() > FILES_TOTAL_MAX {
                outcome = Err(wrong(Field::Files, FieldProblem::TooLarge(FILES_TOTAL_MAX)).into());
                return false;
            }
            base.version = conflict.theirs.version;
            (draft.fields, draft.files) = (fields, files);
            true
        });
        outcome
    }
}

fn conflicts(base: &ReportFields, mine: &ReportFields, theirs: &ReportFields) -> Vec<FieldConflict> {
    let all = base.each().into_iter().map(|(field, text)| FieldConflict {
        field,
        base: text.to_owned(),
        mine: mine.get(field).to_owned(),
        theirs: theirs.get(field).to_owned(),
    });
    all.filter(|field| field.mine != field.base || field.theirs != field.base).collect()
}

/// Takes the first file out that has this name and content.
fn take(files: &mut Vec<Known>, name: &str, content: &[u8]) -> Option<Known> {
    let at = files.iter().position(|(file, of)| file.name == name && of.0[..] == *content)?;
    Some(files.remove(at))
}

fn merged(mine: &[DraftFile], conflict: &Conflict) -> Vec<DraftFile> {
    let (mut theirs, mut removed) = (conflict.their_files.clone(), conflict.base_files.clone());
    let mut files = Vec::new();
    for file in mine {
        let Some(stays) = &file.kept else {
            files.push(file.clone());
            continue;
        };
        take(&mut removed, &file.name, &stays.content.0);
        // What they took out goes.
        if let Some((there, content)) = take(&mut theirs, &file.name, &stays.content.0) {
            files.push(kept(file.part, &there, &content));
        }
    }
    for (there, content) in theirs {
        // What was taken out here stays so.
        if take(&mut removed, &there.name, &content.0).is_none() {
            files.push(kept(free(&files), &there, &content));
        }
    }
    files.sort_by_key(|file| file.part);
    files
}

/// The lowest number that no file has.
fn free(files: &[DraftFile]) -> u32 {
    (1..).find(|n| files.iter().all(|file| file.part != *n)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crypto::ids::Hash32;

    use super::*;
    use crate::{
        UploadState,
        content::{FileEntry, FileType},
    };

    fn known(part: u32, name: &str, content: u8) -> Known {
        (FileEntry { part, name: name.into(), size: 3, file_type: FileType::Pdf }, Hash32([content; 32]))
    }

    fn of((file, content): &Known) -> DraftFile {
        kept(file.part, file, content)
    }

    fn info(version: u32) -> VersionInfo {
        let author = api_types::AccountId([1; 32]);
        VersionInfo { version, revision: 0, author, time: 0, files: 0, rekey_pending: false }
    }

    fn between(base_files: Vec<Known>, their_files: Vec<Known>) -> Conflict {
        let (base, theirs) = (info(1), info(2));
        Conflict { base, theirs, fields: Vec::new(), files: Vec::new(), base_files, their_files }
    }

    #[test]
    fn files_of_both_are_there_and_what_either_took_out_is_gone() {
        let base = vec![known(1, "a", 1), known(2, "b", 2), known(3, "c", 3), known(4, "d", 4)];
        // They took b out, changed c, and added x; here a was taken out, and y added under the number of their x.
        let theirs = vec![known(1, "a", 1), known(2, "c", 9), known(3, "d", 4), known(4, "x", 7)];
        let mut uploaded = DraftFile { kept: None, version: 2, ..of(&known(5, "y", 8)) };
        uploaded.state = UploadState::Started;
        let mine = [of(&base[1]), of(&base[2]), of(&base[3]), uploaded];
        let files = merged(&mine, &between(base.clone(), theirs));
        let told: Vec<_> = files
            .iter()
            .map(|file| (file.part, file.name.as_str(), file.kept.as_ref().map(|kept| kept.part)))
            .collect();
        // d stands elsewhere in their version, and c is theirs: here it wasn't changed.
        assert_eq!(told, [(1, "c", Some(2)), (2, "x", Some(4)), (4, "d", Some(3)), (5, "y", None)]);
        // Nothing changed by them: all stays.
        let same = merged(&[of(&base[0]), of(&base[3])], &between(base.clone(), base));
        assert_eq!(same.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a", "d"]);
    }

    #[test]
    fn two_files_alike_are_two() {
        let twice = vec![known(1, "a", 1), known(2, "a", 1)];
        let one_left = merged(&[of(&twice[0])], &between(twice.clone(), twice.clone()));
        assert_eq!(one_left.len(), 1, "one was taken out here");
        let theirs_took = merged(&[of(&twice[0]), of(&twice[1])], &between(twice.clone(), twice[..1].to_vec()));
        assert_eq!(theirs_took.len(), 1, "one was taken out there");
    }

    #[test]
    fn a_field_is_contested_where_both_changed_it_differently() {
        let with = |title: &str, kind: &str, diagnosis: &str| ReportFields {
            title: title.into(),
            kind: kind.into(),
            diagnosis: diagnosis.into(),
            prescription: "same".into(),
            ..Default::default()
        };
        let found = conflicts(&with("a", "k", "d"), &with("b", "k", "mine"), &with("b", "theirs", "yours"));
        let told: Vec<_> = found.iter().map(|f| (f.field, f.is_contested(), f.usual())).collect();
        let expected = [
            (Field::Title, false, Side::Mine),
            (Field::Kind, false, Side::Theirs),
            (Field::Diagnosis, true, Side::Mine),
        ];
        assert_eq!(told, expected);
    }
}
