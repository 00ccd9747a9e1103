//! What two versions differ in: fields, and files by what their authors signed of them.

use crypto::ids::Hash32;

use crate::{
    content::{Field, FileEntry, ReportFields},
    reports::{OpenVersion, VersionInfo},
};

/// A field that two versions have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Which.
    pub field: Field,
    /// In the one version.
    pub before: String,
    /// In the other.
    pub after: String,
}

/// A file that two versions don't have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// The other version alone has it.
    Added(FileEntry),
    /// The one version alone has it.
    Removed(FileEntry),
    /// Both have a file of this name, with another content.
    Changed {
        /// In the one version.
        before: FileEntry,
        /// In the other.
        after: FileEntry,
    },
    /// The same content under another name.
    Renamed {
        /// In the one version.
        before: FileEntry,
        /// In the other.
        after: FileEntry,
    },
}

/// Two versions side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The one.
    pub before: VersionInfo,
    /// The other.
    pub after: VersionInfo,
    /// Fields that differ, in the order in which they are written.
    pub fields: Vec<FieldChange>,
    /// Files that differ.
    pub files: Vec<FileChange>,
    /// Files that both have, alike.
    pub same_files: usize,
}

/// A file with its content hash.
pub(crate) type Known = (FileEntry, Hash32);

/// The files of a version, each with the content hash that its author signed.
pub(crate) fn known_files(version: &OpenVersion) -> Vec<Known> {
    let said = &version.statement.claimed().parts;
    let content = |part: u32| usize::try_from(part).ok().and_then(|at| said.get(at)).map(|said| said.content);
    version.content.files.iter().filter_map(|file| Some((file.clone(), content(file.part)?))).collect()
}

/// Compares two versions.
pub fn compare_versions(before: &OpenVersion, after: &OpenVersion) -> Comparison {
    let (files, same_files) = changed_files(known_files(before), known_files(after));
    Comparison {
        before: before.info.clone(),
        after: after.info.clone(),
        fields: changed_fields(&before.content.fields, &after.content.fields),
        files,
        same_files,
    }
}

fn changed_fields(before: &ReportFields, after: &ReportFields) -> Vec<FieldChange> {
    let pairs = before.each().into_iter().zip(after.each());
    let differ = pairs.filter(|((_, before), (_, after))| before != after);
    differ
        .map(|((field, before), (_, after))| FieldChange { field, before: before.to_owned(), after: after.to_owned() })
        .collect()
}

/// Takes the pairs of both lists for which `alike` holds out of them, each file once.
fn pairs(
    before: &mut Vec<Known>,
    after: &mut Vec<Known>,
    alike: impl Fn(&Known, &Known) -> bool,
) -> Vec<(Known, Known)> {
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for file in before.drain(..) {
        match after.iter().position(|other| alike(&file, other)) {
            Some(at) => found.push((file, after.remove(at))),
            None => rest.push(file),
        }
    }
    *before = rest;
    found
}

pub(crate) fn changed_files(mut before: Vec<Known>, mut after: Vec<Known>) -> (Vec<FileChange>, usize) {
    let same = pairs(&mut before, &mut after, |a, b| a.0.name == b.0.name && a.1 == b.1).len();
    let changed = pairs(&mut before, &mut after, |a, b| a.0.name == b.0.name);
    let renamed = pairs(&mut before, &mut after, |a, b| a.1 == b.1);
    let changed = changed.into_iter().map(|(a, b)| FileChange::Changed { before: a.0, after: b.0 });
    let renamed = renamed.into_iter().map(|(a, b)| FileChange::Renamed { before: a.0, after: b.0 });
    let removed = before.into_iter().map(|(file, _)| FileChange::Removed(file));
    let added = after.into_iter().map(|(file, _)| FileChange::Added(file));
    (changed.chain(renamed).chain(removed).chain(added).collect(), same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::FileType;

    fn file(part: u32, name: &str, content: u8) -> Known {
        (FileEntry { part, name: name.into(), size: 3, file_type: FileType::Pdf }, Hash32([content; 32]))
    }

    #[test]
    fn files_are_paired_by_name_and_content() {
        let before = vec![file(1, "a", 1), file(2, "b", 2), file(3, "c", 3), file(4, "d", 4), file(5, "a", 1)];
        let after = vec![file(1, "b", 9), file(2, "a", 1), file(3, "moved", 3), file(4, "new", 7)];
        let (changes, same) = changed_files(before, after);
        let told: Vec<_> = changes
            .iter()
            .map(|change| match change {
                FileChange::Added(file) => format!("+{}", file.name),
                FileChange::Removed(file) => format!("-{}{}", file.name, file.part),
                FileChange::Changed { before, after } => format!("~{}{}{}", before.name, before.part, after.part),
                FileChange::Renamed { before, after } => format!("{}>{}", before.name, after.name),
            })
            .collect();
        assert_eq!((told, same), (["~b21", "c>moved", "-d4", "-a5", "+new"].map(str::to_owned).to_vec(), 1));
    }

    #[test]
    fn fields_are_compared_in_their_order() {
        let before = ReportFields { title: "A".into(), diagnosis: "x".into(), ..Default::default() };
        let after =
            ReportFields { title: "B".into(), diagnosis: "x".into(), kind: "letter".into(), ..Default::default() };
        let changes = changed_fields(&before, &after);
        assert_eq!(changes.iter().map(|change| change.field).collect::<Vec<_>>(), [Field::Title, Field::Kind]);
        assert_eq!((changes[1].before.as_str(), changes[1].after.as_str()), ("", "letter"));
        assert!(changed_fields(&before, &before).is_empty());
    }
}
