//! How long reports of each kind are kept, as the organisation has its people do. The server doesn't know of what kind a report
//! is: owners' clients apply the rules, so they take none that the organisation did not sign.

use super::OrganisationError;
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::InstanceId,
    sign::{PublicSigningKey, Signed, SignedObject},
};

/// Most rules of a statement.
pub const RETENTION_RULES_MAX: usize = 64;
/// Most years that a rule says.
pub const RETENTION_YEARS_MAX: u16 = 100;
/// Longest name of a kind, bytes (200 characters).
const KIND_MAX: usize = 800;

/// "Reports of this kind are kept for so many years."
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetentionRule {
    /// The kind as people write it; empty for every kind that no other rule names.
    pub kind: String,
    /// Years since the newest version, 1 to [`RETENTION_YEARS_MAX`].
    pub years: u16,
}

/// All rules, under the organisation key. A statement of a higher number replaces those before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules {
    /// The instance.
    pub instance: InstanceId,
    /// From 1.
    pub number: u32,
    /// When it was signed.
    pub time: UnixMillis,
    /// Ascending by kind, each kind once; none at all where the organisation has no rules any more.
    pub rules: Vec<RetentionRule>,
}

impl SignedObject for RetentionRules {
    const NAME: &'static str = "retention-rules";
    const LIMIT: usize = 64 * 1024;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).u32(self.number).time(self.time).nested(|w| {
            self.rules.iter().for_each(|rule| {
                w.text(&rule.kind).u16(rule.years);
            });
        });
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let instance = InstanceId(r.array("instance")?);
        let number = r.u32("number")?;
        if number == 0 {
            return Err(DecodeError::Invalid { field: "number" });
        }
        Ok(Self { instance, number, time: r.time("time")?, rules: rules(r.nested("rules", Self::LIMIT)?)? })
    }
}

fn rules(mut r: Reader<'_>) -> Result<Vec<RetentionRule>, DecodeError> {
    let mut rules: Vec<RetentionRule> = Vec::new();
    while !r.is_empty() {
        let rule = RetentionRule { kind: r.text("kind", KIND_MAX)?, years: r.u16("years")? };
        if rule.years == 0 || rule.years > RETENTION_YEARS_MAX {
            return Err(DecodeError::Invalid { field: "years" });
        }
        if rules.last().is_some_and(|last| last.kind >= rule.kind) {
            return Err(DecodeError::Invalid { field: "kind" });
        }
        if rules.len() == RETENTION_RULES_MAX {
            return Err(DecodeError::TooLong { field: "rules", limit: RETENTION_RULES_MAX });
        }
        rules.push(rule);
    }
    Ok(rules)
}

impl Signed<RetentionRules> {
    /// Verifies that the organisation said it of this instance.
    ///
    /// # Errors
    /// [`OrganisationError::Verify`], [`OrganisationError::WrongSubject`].
    pub fn verify_rules(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
    ) -> Result<&RetentionRules, OrganisationError> {
        let said = self.verify_under(Defence::RulesSigned, organisation)?;
        if said.instance == *instance { Ok(said) } else { Err(OrganisationError::WrongSubject) }
    }
}
