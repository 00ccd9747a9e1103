//! Why a session was stopped for good.

/// What the reader is told, and what they can save. Nothing in it is secret: it outlives the reload that wipes the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What was found, in one line.
    pub why: String,
    /// The evidence: a JSON file that anyone can check.
    pub evidence: String,
}

#[cfg(feature = "hydrate")]
impl Stop {
    /// To keep over a reload.
    pub(super) fn to_text(&self) -> String {
        format!("{}\n{}", self.why, self.evidence)
    }

    /// What was kept.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (why, evidence) = text.split_once('\n')?;
        Some(Self { why: why.to_owned(), evidence: evidence.to_owned() })
    }
}
