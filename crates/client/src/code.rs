//! Access codes through the heavy step: a code and a grant in, the two keys out, as bytes.

use crypto::{
    encoding::{Reader, VERSION, Writer, split_version},
    grant::{AccessCode, CodeError, CodeKeys},
    ids::GrantId,
    secret::SecretBytes,
};

use crate::{
    error::{ClientError, Result},
    heavy::{HeavyError, HeavyKind, HeavySteps, HeavyTask},
};

/// Writes the input of [`HeavyKind::Code`].
fn input(code: &AccessCode, grant: &GrantId) -> SecretBytes {
    let mut w = Writer::body();
    w.bytes(code.display().as_bytes()).bytes(grant.as_ref());
    let mut out = vec![VERSION];
    out.extend_from_slice(&w.finish());
    SecretBytes::new(out)
}

/// Runs the stretching: what a worker does with [`HeavyKind::Code`].
pub(crate) fn stretch(input: &[u8]) -> Result<SecretBytes, HeavyError> {
    let malformed = |_| HeavyError::Malformed;
    let mut r = Reader::new(split_version(input).map_err(malformed)?);
    let code = r.text("code", 64).map_err(malformed)?;
    let grant = GrantId(r.array("grant").map_err(malformed)?);
    r.finish().map_err(malformed)?;
    let code = AccessCode::parse(&code).map_err(|_| HeavyError::Malformed)?;
    let keys = code.stretch(&grant).map_err(|_| HeavyError::Failed)?;
    Ok(SecretBytes::new(keys.to_bytes().expose().to_vec()))
}

/// Stretches a code where heavy steps run.
pub(crate) async fn keys(heavy: &impl HeavySteps, code: &AccessCode, grant: &GrantId) -> Result<CodeKeys> {
    let task = HeavyTask { kind: HeavyKind::Code, input: input(code, grant) };
    let keys = heavy.run(task).await?;
    CodeKeys::from_bytes(keys.expose()).ok_or(ClientError::HeavyStep)
}

/// Reads a typed code.
pub(crate) fn parse(typed: &str) -> Result<AccessCode> {
    AccessCode::parse(typed).map_err(|e| match e {
        CodeError::NotACode if typed.len() > 10 => ClientError::CodeShape { expected: 12 },
        _ => ClientError::CodeShape { expected: 8 },
    })
}
