//! The handlers, a file per resource. They parse, call a service, and answer; no rules live here.

use utoipa_axum::router::OpenApiRouter;

use crate::AppState;

pub mod extract;
pub mod limits;

pub mod account;
pub mod accounts;
pub mod admin;
pub mod closing;
pub mod devices;
pub mod drafts;
pub mod email_change;
pub mod email_verification;
pub mod emergency;
pub mod escrow;
pub mod events;
pub mod grants;
pub mod health;
pub mod identities;
pub mod instance;
pub mod invitations;
pub mod live;
pub mod log;
pub mod parts;
pub mod passkeys;
pub mod phones;
pub mod quotas;
pub mod recovery;
pub mod recovery_shares;
pub mod reports;
pub mod retention;
pub mod second_factors;
pub mod session;
pub mod sign_in;
pub mod sign_up;
pub mod teams;
pub mod tokens;
pub mod uploads;
pub mod versions;

/// Largest body that carries a keyring and a client state, base64url included.
pub const ACCOUNT_BODY_MAX: usize = 2 * 1024 * 1024;

/// Every resource, without the prefix.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(instance::routes())
        .merge(sign_up::routes())
        .merge(sign_in::routes())
        .merge(identities::routes())
        .merge(recovery::routes())
        .merge(session::routes())
        .merge(account::routes())
        .merge(closing::routes())
        .merge(email_verification::routes())
        .merge(email_change::routes())
        .merge(second_factors::routes())
        .merge(passkeys::routes())
        .merge(tokens::routes())
        .merge(devices::routes())
        .merge(phones::routes())
        .merge(emergency::routes())
        .merge(recovery_shares::routes())
        .merge(escrow::routes())
        .merge(accounts::routes())
        .merge(invitations::routes())
        .merge(admin::routes())
        .merge(quotas::routes())
        .merge(retention::routes())
        .merge(events::routes())
        .merge(drafts::routes())
        .merge(uploads::routes())
        .merge(reports::routes())
        .merge(versions::routes())
        .merge(parts::routes())
        .merge(grants::routes())
        .merge(teams::routes())
        .merge(live::routes())
}
