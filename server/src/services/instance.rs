//! `GET /instance`: what a client must know before anyone signs in. Public, and not an event.

use api_types::{B64, ErrorCode, identities::IdentityProvider, instance::Instance};

use crate::{AppState, ServiceError, ServiceResult, keep_events::KeepEvents, services::backups, storage};

/// The instance as clients see it.
pub async fn get(state: &AppState) -> ServiceResult<Instance> {
    let row = storage::instance::load(state.db.read()).await?;
    let row = row.ok_or(ServiceError::Refused(ErrorCode::Unavailable))?;
    let identity_providers = state.identity_providers.all();
    let identity_providers =
        identity_providers.map(|it| IdentityProvider { id: it.id.clone(), name: it.name.clone() }).collect();
    Ok(Instance {
        instance_id: B64(row.instance_id.to_vec()),
        name: row.name,
        organisation_key: row.organisation_key.map(|key| B64(key.to_vec())),
        set_up: row.set_up_at.is_some(),
        open_sign_up: state.config.open_sign_up,
        mail: state.mailer.is_some(),
        log_key: state.log.vkey().to_owned(),
        log_keys_key: state.key_log.vkey().to_owned(),
        log_vrf_key: B64(state.labels.public().to_bytes().to_vec()),
        keep_events_days: state.config.keep_events.map(KeepEvents::days),
        keep_drafts_days: state.config.keep.drafts_days(),
        erased_in_backups: backups::erased(state).await?,
        passkeys: state.relying_party.is_offered(),
        identity_providers,
        phone: state.sms.is_some(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
