//! Part 0: a versioned JSON envelope around fields and files.

use api_types::limits::{FILES_MAX, PART0_MAX};
use serde::{Deserialize, Serialize};

use super::{
    Field, FieldError, FieldProblem, FileType, ReportFields,
    fields::{check_file_name, wrong},
    part_secret::{PartSecret, StatedSecret},
};
use crate::refusal::Refusal;

const FORMAT: &str = "healthsecure.report";
const VERSION: u32 = 1;

/// Whether a report is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Only its author sees it.
    Draft,
    /// A version exists.
    Completed,
}

/// A file of a version.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Part number, 1 or more.
    pub part: u32,
    /// Name, never a path.
    pub name: String,
    /// Plaintext bytes.
    pub size: u64,
    /// By its first bytes, when it was added. Sniff again before showing it.
    pub file_type: FileType,
}

impl std::fmt::Debug for FileEntry {
    /// Never the name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileEntry(part {}, {} bytes)", self.part, self.size)
    }
}

/// The plaintext of part 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartZero {
    format: String,
    version: u32,
    /// The fields.
    pub fields: ReportFields,
    /// Always [`Status::Completed`] in a version.
    pub status: Status,
    /// Parts besides part 0. A part that no file names is the empty remnant of a file removed before completion.
    pub parts: u32,
    /// The files, ascending by part.
    pub files: Vec<FileEntry>,
    /// The earlier version whose content this one brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u32>,
    /// What opens those files that the version's content key doesn't, ascending by part. Counts in revision 0 alone: new keys
    /// seal every file anew, under the content key of their revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<StatedSecret>,
}

#[derive(Deserialize)]
struct Envelope {
    format: String,
    version: u32,
}

impl PartZero {
    /// A completed version's part 0.
    pub fn new(fields: ReportFields, files: Vec<FileEntry>) -> Self {
        let parts = files.iter().map(|f| f.part).max().unwrap_or(0);
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            fields,
            status: Status::Completed,
            parts,
            files,
            restores: None,
            secrets: Vec::new(),
        }
    }

    /// Of a version behind the first: what opens the files that came from elsewhere, and what it brings back.
    pub(crate) fn going_on(self, secrets: Vec<StatedSecret>, restores: Option<u32>) -> Self {
        Self { secrets, restores, ..self }
    }

    /// What opens a file, where the version's content key doesn't.
    pub(crate) fn secret(&self, part: u32) -> Option<&PartSecret> {
        self.secrets.iter().find(|stated| stated.part == part).map(|stated| &stated.secret)
    }

    /// Its JSON.
    ///
    /// # Errors
    /// A field or all together too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FieldError> {
        self.fields.check()?;
        if self.files.len() > FILES_MAX {
            return Err(wrong(Field::Files, FieldProblem::TooMany(FILES_MAX)));
        }
        let json = serde_json::to_vec(self).map_err(|_| wrong(Field::Report, FieldProblem::Form))?;
        // Room for header and tags.
        match json.len() + 4096 > PART0_MAX {
            true => Err(wrong(Field::Report, FieldProblem::TooLarge(PART0_MAX as u64))),
            false => Ok(json),
        }
    }

    /// Reads JSON that an author sealed.
    ///
    /// # Errors
    /// [`Refusal::ContentFormat`] for another format or version, or damaged content.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        let damaged = |_| Refusal::ContentFormat("damaged".to_owned());
        let envelope: Envelope = serde_json::from_slice(json).map_err(damaged)?;
        if envelope.format != FORMAT || envelope.version != VERSION {
            return Err(Refusal::ContentFormat(format!("version {}", envelope.version)));
        }
        let part0: Self = serde_json::from_slice(json).map_err(damaged)?;
        let ascending = part0.files.windows(2).all(|pair| pair[0].part < pair[1].part);
        let within = part0.files.iter().all(|file| (1..=part0.parts).contains(&file.part));
        let named = part0.files.iter().all(|file| check_file_name(&file.name).is_ok());
        let stated = part0.secrets.windows(2).all(|pair| pair[0].part < pair[1].part)
            && part0.secrets.iter().all(|stated| (1..=part0.parts).contains(&stated.part));
        let fits = part0.fields.check().is_ok() && part0.parts as usize <= FILES_MAX && named;
        match ascending && within && stated && fits {
            true => Ok(part0),
            false => Err(Refusal::ContentFormat("damaged".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_versions() {
        let fields = ReportFields { patient_name: "Ann".into(), title: "X-ray".into(), ..Default::default() };
        let file = FileEntry { part: 1, name: "a.pdf".into(), size: 3, file_type: FileType::Pdf };
        let part0 = PartZero::new(fields, vec![file]);
        let json = part0.to_bytes().expect("within limits");
        assert_eq!(PartZero::parse(&json), Ok(part0));
        let text = String::from_utf8(json).expect("JSON is UTF-8");
        let newer = text.replace("\"version\":1", "\"version\":2");
        assert_eq!(PartZero::parse(newer.as_bytes()), Err(Refusal::ContentFormat("version 2".into())));
        let beyond = text.replace("\"part\":1", "\"part\":2");
        assert!(PartZero::parse(beyond.as_bytes()).is_err());
        assert!(PartZero::parse(b"<html>").is_err());
        let secret = PartSecret(crypto::secret::Secret::new([7; 44]));
        let stating = |part| {
            let fields = ReportFields { patient_name: "Ann".into(), ..Default::default() };
            let file = FileEntry { part: 1, name: "a.pdf".into(), size: 3, file_type: FileType::Pdf };
            let stated = StatedSecret { part, secret: secret.clone() };
            let part0 = PartZero::new(fields, vec![file]).going_on(vec![stated], Some(1));
            PartZero::parse(&part0.to_bytes().expect("within limits"))
        };
        let carried = stating(1).expect("a file of its own");
        assert_eq!((carried.secret(1), carried.secret(2), carried.restores), (Some(&secret), None, Some(1)));
        assert!(!format!("{carried:?}").contains('7'), "no secret is printed");
        assert!(stating(2).is_err() && stating(0).is_err(), "of no file");
        let short = serde_json::from_str::<StatedSecret>("{\"part\":1,\"secret\":\"AAAA\"}");
        assert!(short.is_err(), "a secret of three bytes");
        for name in ["../a.pdf", "a/b.pdf", "..", "", "a\\u001b[2Jb.pdf"] {
            let other = text.replace("a.pdf", name);
            assert!(PartZero::parse(other.as_bytes()).is_err(), "an author's own program may write {name:?}");
        }
    }
}
