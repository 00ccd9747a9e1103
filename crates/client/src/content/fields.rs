//! What a person types, and how long it may be.

use api_types::limits::{
    EMAIL_MAX, LONG_FIELD_MAX_CHARS, NAME_MAX_CHARS, PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, SHORT_FIELD_MAX_CHARS,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A field that has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// "Report ID" as typed.
    ReportNumber,
    /// Title.
    Title,
    /// Patient's name.
    PatientName,
    /// Patient's number.
    PatientId,
    /// Kind of report.
    Kind,
    /// Diagnosis.
    Diagnosis,
    /// Treatment plan.
    TreatmentPlan,
    /// Prescription.
    Prescription,
    /// A file's name.
    FileName,
    /// A file's size.
    FileSize,
    /// Number of files.
    Files,
    /// A person's full name.
    Name,
    /// E-mail.
    Email,
    /// Password.
    Password,
    /// How long a share lives.
    Expiry,
    /// Why a grant is made.
    Purpose,
    /// A search.
    Search,
    /// Members of a team.
    Members,
    /// Rules on how long reports are kept.
    Retention,
    /// All fields together.
    Report,
}

impl Field {
    /// Whether it is one of a report's long texts, with lines.
    fn has_lines(self) -> bool {
        matches!(self, Self::Diagnosis | Self::TreatmentPlan | Self::Prescription)
    }

    /// The most characters that a report may have there.
    pub fn max_chars(self) -> usize {
        if self.has_lines() { LONG_FIELD_MAX_CHARS } else { SHORT_FIELD_MAX_CHARS }
    }

    /// Its name in the page, the API and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReportNumber => "report_number",
            Self::Title => "title",
            Self::PatientName => "patient_name",
            Self::PatientId => "patient_id",
            Self::Kind => "kind",
            Self::Diagnosis => "diagnosis",
            Self::TreatmentPlan => "treatment_plan",
            Self::Prescription => "prescription",
            Self::FileName => "file_name",
            Self::FileSize => "file_size",
            Self::Files => "files",
            Self::Name => "name",
            Self::Email => "email",
            Self::Password => "password",
            Self::Expiry => "expiry",
            Self::Purpose => "purpose",
            Self::Search => "search",
            Self::Members => "members",
            Self::Retention => "retention",
            Self::Report => "report",
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Fewer than the least.
    #[error("is shorter than {0} characters")]
    TooShort(usize),
    /// More than the most.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// More than the most, in bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// More than the most.
    #[error("are more than {0}")]
    TooMany(usize),
    /// The same as another one.
    #[error("stands there twice")]
    Doubled,
    /// Holds a control character.
    #[error("has a character that can't be shown")]
    ControlCharacter,
    /// Not of the right form.
    #[error("does not have the right form")]
    Form,
    /// Outside its range.
    #[error("is outside of what is allowed")]
    Range,
}

/// A field that was refused before anything was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError {
    /// Which.
    pub field: Field,
    /// Why.
    pub problem: FieldProblem,
}

/// An error about a field.
pub(crate) fn wrong(field: Field, problem: FieldProblem) -> FieldError {
    FieldError { field, problem }
}

fn check(field: Field, text: &str, max: usize, lines: bool) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(wrong(field, FieldProblem::TooLong(max)));
    }
    let allowed = |c: char| lines && matches!(c, '\n' | '\r' | '\t');
    match text.chars().any(|c| c.is_control() && !allowed(c)) {
        true => Err(wrong(field, FieldProblem::ControlCharacter)),
        false => Ok(()),
    }
}

/// A line that must not be empty and has at most `max` characters.
pub(crate) fn check_line(field: Field, text: &str, max: usize) -> Result<(), FieldError> {
    if text.trim().is_empty() {
        return Err(wrong(field, FieldProblem::Empty));
    }
    check(field, text, max, false)
}

/// A kind of report; may be empty.
pub(crate) fn check_kind(kind: &str) -> Result<(), FieldError> {
    check(Field::Kind, kind, SHORT_FIELD_MAX_CHARS, false)
}

/// A full name in the form that servers store and approvals sign: NFC, single spaces.
pub(crate) fn normal_name(name: &str) -> Result<String, FieldError> {
    let normal: String = name.nfc().collect();
    let line = normal.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    check_line(Field::Name, &line, NAME_MAX_CHARS)?;
    Ok(line.trim().to_owned())
}

/// An e-mail: something before and after one at sign, no spaces. The server decides what it delivers to.
pub(crate) fn check_email(email: &str) -> Result<(), FieldError> {
    if email.len() > EMAIL_MAX {
        return Err(wrong(Field::Email, FieldProblem::TooLong(EMAIL_MAX)));
    }
    let parts = email.split_once('@');
    let fine = parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if fine && !email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Ok(())
    } else {
        Err(wrong(Field::Email, FieldProblem::Form))
    }
}

/// Whether a password is too short to sign in alone. Characters are counted after NFC.
pub(crate) fn is_short(password: &str) -> bool {
    password.nfc().count() < PASSWORD_MIN_CHARS
}

/// A new password's length, in characters after NFC.
pub(crate) fn check_password(password: &str, min: usize) -> Result<(), FieldError> {
    match password.nfc().count() {
        n if n < min => Err(wrong(Field::Password, FieldProblem::TooShort(min))),
        n if n > PASSWORD_MAX_CHARS => Err(wrong(Field::Password, FieldProblem::TooLong(PASSWORD_MAX_CHARS))),
        _ => Ok(()),
    }
}

/// The fields of a report. All may be empty in a draft.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportFields {
    /// What the page calls "Report ID".
    pub report_number: String,
    /// Title.
    pub title: String,
    /// Patient's name.
    pub patient_name: String,
    /// The clinic's number of the patient.
    pub patient_id: String,
    /// Kind: laboratory, radiology, letter.
    pub kind: String,
    /// Diagnosis.
    pub diagnosis: String,
    /// Treatment plan.
    pub treatment_plan: String,
    /// Prescription.
    pub prescription: String,
}

impl std::fmt::Debug for ReportFields {
    /// Never the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReportFields(..)")
    }
}

impl ReportFields {
    /// The limits of a draft: lengths and characters.
    ///
    /// # Errors
    /// The first field that breaks one.
    pub fn check(&self) -> Result<(), FieldError> {
        use Field::{Diagnosis, Kind, PatientId, PatientName, Prescription, ReportNumber, Title, TreatmentPlan};
        for field in [ReportNumber, Title, PatientName, PatientId, Kind, Diagnosis, TreatmentPlan, Prescription] {
            check(field, self.get(field), field.max_chars(), field.has_lines())?;
        }
        Ok(())
    }

    /// Each field with its text, in the order in which they are written.
    pub fn each(&self) -> [(Field, &str); 8] {
        [
            (Field::Title, &self.title),
            (Field::ReportNumber, &self.report_number),
            (Field::Kind, &self.kind),
            (Field::PatientName, &self.patient_name),
            (Field::PatientId, &self.patient_id),
            (Field::Diagnosis, &self.diagnosis),
            (Field::TreatmentPlan, &self.treatment_plan),
            (Field::Prescription, &self.prescription),
        ]
    }

    /// A field's text; empty where a report has no such field.
    pub fn get(&self, field: Field) -> &str {
        self.each().into_iter().find(|(of, _)| *of == field).map_or("", |(_, text)| text)
    }

    /// Sets a field; one that a report doesn't have changes nothing.
    pub fn set(&mut self, field: Field, text: String) {
        let place = match field {
            Field::Title => &mut self.title,
            Field::ReportNumber => &mut self.report_number,
            Field::Kind => &mut self.kind,
            Field::PatientName => &mut self.patient_name,
            Field::PatientId => &mut self.patient_id,
            Field::Diagnosis => &mut self.diagnosis,
            Field::TreatmentPlan => &mut self.treatment_plan,
            Field::Prescription => &mut self.prescription,
            _ => return,
        };
        *place = text;
    }

    /// What a completed report needs besides: a patient's name and something that says what it is.
    ///
    /// # Errors
    /// The first field that is missing.
    pub fn check_complete(&self) -> Result<(), FieldError> {
        self.check()?;
        check_line(Field::PatientName, &self.patient_name, SHORT_FIELD_MAX_CHARS)?;
        match self.title.trim().is_empty() && self.report_number.trim().is_empty() {
            true => Err(wrong(Field::Title, FieldProblem::Empty)),
            false => Ok(()),
        }
    }
}

/// A file's name as it is kept: no path, no control characters, at most 200 characters. Never used as a path.
pub(crate) fn check_file_name(name: &str) -> Result<(), FieldError> {
    check_line(Field::FileName, name, SHORT_FIELD_MAX_CHARS)?;
    match name.contains(['/', '\\']) || name == "." || name == ".." {
        true => Err(wrong(Field::FileName, FieldProblem::Form)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_signed_as_servers_store_it() {
        // Decomposed "é", a doubled space and spaces around.
        assert_eq!(normal_name("  Ame\u{301}lie  Roux "), Ok("Am\u{e9}lie Roux".to_owned()));
        assert_eq!(normal_name("   ").map_err(|e| e.problem), Err(FieldProblem::Empty));
    }

    #[test]
    fn every_field_is_read_and_set() {
        let mut fields = ReportFields::default();
        for (field, _) in ReportFields::default().each() {
            fields.set(field, field.as_str().to_owned());
        }
        assert!(fields.each().iter().all(|(field, text)| *text == field.as_str() && fields.get(*field) == *text));
        let written = serde_json::to_value(&fields).expect("fields serialise");
        assert!(written.as_object().is_some_and(|object| object.values().all(|text| text != "")), "none is left out");
        let before = fields.clone();
        fields.set(Field::Password, "no field of a report".to_owned());
        assert!(fields == before && fields.get(Field::Password).is_empty());
    }

    #[test]
    fn limits_name_their_field() {
        let fields = ReportFields { diagnosis: "é".repeat(LONG_FIELD_MAX_CHARS), ..Default::default() };
        assert_eq!(fields.check(), Ok(()));
        let fields = ReportFields { diagnosis: "é".repeat(LONG_FIELD_MAX_CHARS + 1), ..Default::default() };
        assert_eq!(fields.check().map_err(|e| e.field), Err(Field::Diagnosis));
        let fields = ReportFields { title: "a\nb".to_owned(), ..Default::default() };
        assert_eq!(fields.check(), Err(wrong(Field::Title, FieldProblem::ControlCharacter)));
        assert_eq!(ReportFields::default().check_complete(), Err(wrong(Field::PatientName, FieldProblem::Empty)));
    }

    #[test]
    fn people() {
        assert!(check_email("ann@example.org").is_ok());
        for bad in ["", "ann", "@x", "a@", "a b@x", "a@b@c", "a\n@x"] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            check_password("fourteen chars", PASSWORD_MIN_CHARS).map_err(|e| e.problem),
            Err(FieldProblem::TooShort(15))
        );
        assert!(check_password("fifteen charsss", PASSWORD_MIN_CHARS).is_ok());
        // Decomposed and composed count alike.
        assert!(check_password(&"e\u{301}".repeat(128), PASSWORD_MIN_CHARS).is_ok());
        for bad in ["../x", "a/b", "a\\b", "..", "", " "] {
            assert!(check_file_name(bad).is_err(), "{bad:?}");
        }
    }
}
