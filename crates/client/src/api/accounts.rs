//! Instance, sign-up, sign-in, recovery, sessions, accounts, invitations, administration.

use api_types::{
    AccountId, ApiTokenId, IdentityId, InvitationId, SecondFactorId, SessionId, WayInId,
    accounts::{
        AccountList, AccountStatus, AdminAccountList, ApproveAccount, ChangePassword, ChangeRecoveryKit, OwnAccount,
        PublicAccount, PutClientState, RotateAccountKey, RotateKeys, StartPasswordChange, VerifyEmail,
    },
    audit::{Action, AuditEventList, Outcome},
    backups::BackupStatus,
    closing::{CheckDeletion, DeleteAccount, PauseAccount, RemovalDue, RemoveAccount},
    devices::{DeviceAdded, DeviceList, NewDevice, RemoveDevice},
    email_change::{AnswerEmailChange, EmailChange, EmailChangeAnswered, StartEmailChange},
    emergency::{EmergencyContactList, EmergencyWords, NewEmergencyContact, RemoveEmergencyContact},
    escrow::{
        EndEscrowKey, EscrowOverview, EscrowedSecret, NewAccountEscrow, NewEscrowKey, OwnEscrow, RemoveAccountEscrow,
    },
    identities::{IdentityList, IdentitySignIn, IdentityStarted, IdentityToLink, StartIdentity, WaitingIdentity},
    instance::Instance,
    invitations::{CreateInvitation, CreatedInvitation, InvitationInfo, InvitationList, InvitationToken},
    mail::MailState,
    passkeys::{
        NewPasskey, PasskeyAdded, PasskeyChallenge, PasskeyConfirmation, PasskeyCreation, PasskeySignIn, RemovePasskey,
    },
    phones::{
        AddPhone, OwnPhone, PhoneCodeSent, PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn, UsePhone, VerifyPhone,
    },
    policies::Policies,
    quotas::{AccountQuota, Quota, QuotaDefault, SetQuota},
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
    recovery_shares::{HeldShareList, NewRecoverySplit, OwnRecoverySplit, RemoveRecoverySplit, SealedShare},
    retention::{PutRetentionRules, RetentionRules},
    second_factors::{ConfirmTotp, RecoveryCodes, SecondFactorList, StartTotp, TotpStarted},
    sessions::{CurrentSession, FinishConfirmation, SessionList, StartConfirmation},
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
    sign_up::{AskSignUpCode, CheckSignUpCode, FinishSignUp, RegistrationStarted, SignUpCodeAsked, StartSignUp},
    storage::StorageStatus,
    tokens::{ApiTokenCreated, ApiTokenList, NewApiToken},
};

use super::{Api, Query, name_of};
use crate::{error::Result, key_code::KeyCode, transport::Transport};

/// Which events `GET /admin/events` is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Older than this position.
    pub before: Option<u64>,
    /// By this account.
    pub actor: Option<AccountId>,
    /// Of this kind.
    pub action: Option<Action>,
    /// With this end.
    pub outcome: Option<Outcome>,
    /// From this time on, Unix milliseconds.
    pub from: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
}

macro_rules! calls {
    ($($(#[$meta:meta])* $name:ident($($arg:ident: $type:ty),*) -> $answer:ty = $verb:ident $path:expr $(, $body:ident)?;)*) => {
        $($(#[$meta])* ///
        /// # Errors
        /// No connection, a refusal with its code, or an answer that isn't this API's.
        pub async fn $name(&self, $($arg: $type),*) -> Result<$answer> {
            self.$verb($path $(, $body)?).await
        })*
    };
}
pub(super) use calls;

impl<T: Transport> Api<'_, T> {
    calls! {
        /// `GET /instance`.
        get_instance() -> Instance = get "/instance".to_owned();
        /// `POST /sign-up/code`.
        ask_sign_up_code(body: &AskSignUpCode) -> SignUpCodeAsked = post "/sign-up/code".to_owned(), body;
        /// `POST /sign-up/code/check`.
        check_sign_up_code(body: &CheckSignUpCode) -> () = post_unit "/sign-up/code/check".to_owned(), body;
        /// `POST /sign-up/start`.
        start_sign_up(body: &StartSignUp) -> RegistrationStarted = post "/sign-up/start".to_owned(), body;
        /// `POST /sign-up`.
        finish_sign_up(body: &FinishSignUp) -> SignedIn = post "/sign-up".to_owned(), body;
        /// `POST /sign-in/start`.
        start_sign_in(body: &StartSignIn) -> SignInStarted = post "/sign-in/start".to_owned(), body;
        /// `POST /sign-in/finish`.
        finish_sign_in(body: &FinishSignIn) -> SignedIn = post "/sign-in/finish".to_owned(), body;
        /// `POST /recovery/start`.
        start_recovery(body: &StartRecovery) -> RecoveryStarted = post "/recovery/start".to_owned(), body;
        /// `POST /recovery/verify`.
        verify_recovery(body: &VerifyRecovery) -> RecoveryVerified = post "/recovery/verify".to_owned(), body;
        /// `POST /recovery/finish`.
        finish_recovery(body: &FinishRecovery) -> SignedIn = post "/recovery/finish".to_owned(), body;
        /// `GET /session`.
        get_session() -> CurrentSession = get "/session".to_owned();
        /// `DELETE /session`.
        sign_out() -> () = delete "/session".to_owned();
        /// `GET /sessions`.
        list_sessions() -> SessionList = get "/sessions".to_owned();
        /// `DELETE /sessions/{session_id}`.
        end_session(id: &SessionId) -> () = delete format!("/sessions/{id}");
        /// `DELETE /sessions`.
        end_other_sessions() -> () = delete "/sessions".to_owned();
        /// `GET /account`.
        get_account() -> OwnAccount = get "/account".to_owned();
        /// `POST /session/confirmation/start`.
        start_confirmation(body: &StartConfirmation) -> SignInStarted
            = post "/session/confirmation/start".to_owned(), body;
        /// `POST /session/confirmation/finish`.
        finish_confirmation(body: &FinishConfirmation) -> ()
            = post_unit "/session/confirmation/finish".to_owned(), body;
        /// `POST /account/password/start`.
        start_password_change(body: &StartPasswordChange) -> RegistrationStarted
            = post "/account/password/start".to_owned(), body;
        /// `PUT /account/password`.
        change_password(body: &ChangePassword) -> () = put "/account/password".to_owned(), body;
        /// `PUT /account/recovery-kit`.
        change_recovery_kit(body: &ChangeRecoveryKit) -> () = put "/account/recovery-kit".to_owned(), body;
        /// `POST /account/key`.
        rotate_account_key(body: &RotateAccountKey) -> () = post_unit "/account/key".to_owned(), body;
        /// `POST /account/keys`.
        rotate_keys(body: &RotateKeys) -> () = post_unit "/account/keys".to_owned(), body;
        /// `POST /account/deletion`.
        delete_account(body: &DeleteAccount) -> () = post_unit "/account/deletion".to_owned(), body;
        /// `POST /account/deletion/check`.
        check_deletion(body: &CheckDeletion) -> () = post_unit "/account/deletion/check".to_owned(), body;
        /// `POST /account/disable`.
        pause_account(body: &PauseAccount) -> () = post_unit "/account/disable".to_owned(), body;
        /// `POST /account/email/verification`.
        send_email_verification() -> () = post_nothing "/account/email/verification".to_owned();
        /// `POST /email-verification`.
        verify_email(body: &VerifyEmail) -> () = post_unit "/email-verification".to_owned(), body;
        /// `GET /account/email/change`.
        get_email_change() -> EmailChange = get "/account/email/change".to_owned();
        /// `POST /account/email/change`.
        start_email_change(body: &StartEmailChange) -> () = post_unit "/account/email/change".to_owned(), body;
        /// `DELETE /account/email/change`.
        cancel_email_change() -> () = delete "/account/email/change".to_owned();
        /// `POST /email-change`.
        answer_email_change(body: &AnswerEmailChange) -> EmailChangeAnswered = post "/email-change".to_owned(), body;
        /// `GET /account/second-factors`.
        list_second_factors() -> SecondFactorList = get "/account/second-factors".to_owned();
        /// `POST /account/second-factors/totp`.
        start_totp(body: &StartTotp) -> TotpStarted = post "/account/second-factors/totp".to_owned(), body;
        /// `POST /account/second-factors/{factor_id}/confirm`.
        confirm_second_factor(id: &SecondFactorId, body: &ConfirmTotp) -> RecoveryCodes
            = post format!("/account/second-factors/{id}/confirm"), body;
        /// `DELETE /account/second-factors/{factor_id}`.
        remove_second_factor(id: &SecondFactorId) -> () = delete format!("/account/second-factors/{id}");
        /// `POST /account/passkeys/start`.
        start_passkey() -> PasskeyCreation = post_empty "/account/passkeys/start".to_owned();
        /// `POST /account/passkeys`.
        add_passkey(body: &NewPasskey) -> PasskeyAdded = post "/account/passkeys".to_owned(), body;
        /// `POST /account/passkeys/{factor_id}/remove`.
        remove_passkey(id: &SecondFactorId, body: &RemovePasskey) -> ()
            = post_unit format!("/account/passkeys/{id}/remove"), body;
        /// `GET /account/emergency-contacts`.
        list_emergency_contacts() -> EmergencyContactList = get "/account/emergency-contacts".to_owned();
        /// `POST /account/emergency-contacts`.
        add_emergency_contact(body: &NewEmergencyContact) -> ()
            = post_unit "/account/emergency-contacts".to_owned(), body;
        /// `POST /account/emergency-contacts/{way_in_id}/remove`.
        remove_emergency_contact(id: &WayInId, body: &RemoveEmergencyContact) -> ()
            = post_unit format!("/account/emergency-contacts/{id}/remove"), body;
        /// `POST /account/emergency-contacts/{way_in_id}/refuse`.
        refuse_emergency(id: &WayInId) -> () = post_nothing format!("/account/emergency-contacts/{id}/refuse");
        /// `GET /trusted`.
        list_trusted() -> EmergencyContactList = get "/trusted".to_owned();
        /// `POST /trusted/{way_in_id}/accept`.
        accept_trust(id: &WayInId) -> () = post_nothing format!("/trusted/{id}/accept");
        /// `POST /trusted/{way_in_id}/decline`.
        decline_trust(id: &WayInId) -> () = post_nothing format!("/trusted/{id}/decline");
        /// `POST /trusted/{way_in_id}/ask`.
        ask_emergency(id: &WayInId) -> () = post_nothing format!("/trusted/{id}/ask");
        /// `POST /trusted/{way_in_id}/words`.
        get_emergency_words(id: &WayInId) -> EmergencyWords = post_empty format!("/trusted/{id}/words");
        /// `GET /account/recovery-split`.
        get_recovery_split() -> OwnRecoverySplit = get "/account/recovery-split".to_owned();
        /// `POST /account/recovery-split`.
        make_recovery_split(body: &NewRecoverySplit) -> ()
            = post_unit "/account/recovery-split".to_owned(), body;
        /// `POST /account/recovery-split/{way_in_id}/remove`.
        remove_recovery_split(id: &WayInId, body: &RemoveRecoverySplit) -> ()
            = post_unit format!("/account/recovery-split/{id}/remove"), body;
        /// `GET /trusted/shares`.
        list_held_shares() -> HeldShareList = get "/trusted/shares".to_owned();
        /// `POST /trusted/shares/{way_in_id}/open`.
        open_held_share(id: &WayInId) -> SealedShare = post_empty format!("/trusted/shares/{id}/open");
        /// `GET /account/escrow`.
        get_escrow() -> OwnEscrow = get "/account/escrow".to_owned();
        /// `POST /account/escrow`.
        add_escrow(body: &NewAccountEscrow) -> () = post_unit "/account/escrow".to_owned(), body;
        /// `POST /account/escrow/{way_in_id}/remove`.
        remove_escrow(id: &WayInId, body: &RemoveAccountEscrow) -> ()
            = post_unit format!("/account/escrow/{id}/remove"), body;
        /// `POST /account/escrow/{way_in_id}/refuse`.
        refuse_escrow(id: &WayInId) -> () = post_nothing format!("/account/escrow/{id}/refuse");
        /// `GET /admin/escrow`.
        list_escrows(before: Option<&str>) -> EscrowOverview
            = get format!("/admin/escrow{}", Query::default().add("before", before).0);
        /// `POST /admin/escrow/key`.
        make_escrow_key(body: &NewEscrowKey) -> () = post_unit "/admin/escrow/key".to_owned(), body;
        /// `POST /admin/escrow/key/end`.
        end_escrow_key(body: &EndEscrowKey) -> () = post_unit "/admin/escrow/key/end".to_owned(), body;
        /// `POST /admin/escrow/accounts/{account_id}/ask`.
        ask_escrow(id: &AccountId) -> () = post_nothing format!("/admin/escrow/accounts/{id}/ask");
        /// `POST /admin/escrow/accounts/{account_id}/secret`.
        get_escrow_secret(id: &AccountId) -> EscrowedSecret
            = post_empty format!("/admin/escrow/accounts/{id}/secret");
        /// `POST /passkeys/challenge`.
        challenge_passkey() -> PasskeyChallenge = post_empty "/passkeys/challenge".to_owned();
        /// `POST /sign-in/passkey`.
        sign_in_with_passkey(body: &PasskeySignIn) -> SignedIn = post "/sign-in/passkey".to_owned(), body;
        /// `POST /session/confirmation/passkey`.
        confirm_with_passkey(body: &PasskeyConfirmation) -> ()
            = post_unit "/session/confirmation/passkey".to_owned(), body;
        /// `POST /identity-providers/{provider_id}/start`. The id is one of `GET /instance`.
        start_identity(provider: &str, body: &StartIdentity) -> IdentityStarted
            = post format!("/identity-providers/{provider}/start"), body;
        /// `GET /sign-in/identity`.
        get_waiting_identity() -> WaitingIdentity = get "/sign-in/identity".to_owned();
        /// `POST /sign-in/identity`.
        sign_in_with_identity(body: &IdentitySignIn) -> SignedIn = post "/sign-in/identity".to_owned(), body;
        /// `GET /account/identities`.
        list_identities() -> IdentityList = get "/account/identities".to_owned();
        /// `GET /account/identities/waiting`.
        get_identity_to_link() -> IdentityToLink = get "/account/identities/waiting".to_owned();
        /// `POST /account/identities`.
        link_identity() -> () = post_nothing "/account/identities".to_owned();
        /// `DELETE /account/identities/{identity_id}`.
        remove_identity(id: &IdentityId) -> () = delete format!("/account/identities/{id}");
        /// `GET /account/tokens`.
        list_api_tokens() -> ApiTokenList = get "/account/tokens".to_owned();
        /// `POST /account/tokens`.
        create_api_token(body: &NewApiToken) -> ApiTokenCreated = post "/account/tokens".to_owned(), body;
        /// `DELETE /account/tokens/{token_id}`.
        remove_api_token(id: &ApiTokenId) -> () = delete format!("/account/tokens/{id}");
        /// `GET /account/devices`.
        list_devices() -> DeviceList = get "/account/devices".to_owned();
        /// `POST /account/devices`.
        add_device(body: &NewDevice) -> DeviceAdded = post "/account/devices".to_owned(), body;
        /// `POST /account/devices/{device_id}/remove`.
        remove_device(id: &AccountId, body: &RemoveDevice) -> ()
            = post_unit format!("/account/devices/{id}/remove"), body;
        /// `GET /account/phone`.
        get_phone() -> OwnPhone = get "/account/phone".to_owned();
        /// `POST /account/phone`.
        add_phone(body: &AddPhone) -> PhoneCodeSent = post "/account/phone".to_owned(), body;
        /// `POST /account/phone/verify`.
        verify_phone(body: &VerifyPhone) -> () = post_unit "/account/phone/verify".to_owned(), body;
        /// `PUT /account/phone`.
        use_phone(body: &UsePhone) -> RecoveryCodes = put_for "/account/phone".to_owned(), body;
        /// `DELETE /account/phone`.
        remove_phone() -> () = delete "/account/phone".to_owned();
        /// `POST /sign-in/phone/start`.
        start_phone_sign_in(body: &StartPhoneSignIn) -> PhoneSignInStarted
            = post "/sign-in/phone/start".to_owned(), body;
        /// `POST /sign-in/phone`.
        sign_in_with_phone(body: &PhoneSignIn) -> SignedIn = post "/sign-in/phone".to_owned(), body;
        /// `POST /account/recovery-codes`.
        renew_recovery_codes() -> RecoveryCodes = post_empty "/account/recovery-codes".to_owned();
        /// `PUT /account/client-state`.
        put_client_state(body: &PutClientState) -> () = put "/account/client-state".to_owned(), body;
        /// `GET /accounts/{account_id}`.
        get_account_by_id(id: &AccountId) -> PublicAccount = get format!("/accounts/{id}");
        /// `GET /accounts?name=`.
        find_accounts_by_name(name: &str) -> AccountList
            = get format!("/accounts{}", Query::default().add("name", Some(name)).0);
        /// `GET /accounts?email=`.
        find_accounts_by_email(email: &str) -> AccountList
            = get format!("/accounts{}", Query::default().add("email", Some(email)).0);
        /// `GET /accounts?key=`.
        find_accounts_by_key(key: &KeyCode) -> AccountList
            = get format!("/accounts{}", Query::default().add("key", Some(format!("{}.{}", key.account, key.record))).0);
        /// `GET /invitations`.
        list_invitations() -> InvitationList = get "/invitations".to_owned();
        /// `POST /invitations`.
        create_invitation(body: &CreateInvitation) -> CreatedInvitation = post "/invitations".to_owned(), body;
        /// `DELETE /invitations/{invitation_id}`.
        withdraw_invitation(id: &InvitationId) -> () = delete format!("/invitations/{id}");
        /// `POST /invitations/look-up`.
        look_up_invitation(body: &InvitationToken) -> InvitationInfo = post "/invitations/look-up".to_owned(), body;
        /// `POST /invitations/accept`.
        accept_invitation(body: &InvitationToken) -> () = post_unit "/invitations/accept".to_owned(), body;
        /// `GET /admin/accounts`.
        list_accounts(status: Option<AccountStatus>, before: Option<&str>) -> AdminAccountList
            = get format!("/admin/accounts{}",
                Query::default().add("status", status.as_ref().and_then(name_of)).add("before", before).0);
        /// `POST /admin/accounts/{account_id}/approve`.
        approve_account(id: &AccountId, body: &ApproveAccount) -> ()
            = post_unit format!("/admin/accounts/{id}/approve"), body;
        /// `POST /admin/accounts/{account_id}/refuse`.
        refuse_account(id: &AccountId) -> () = post_nothing format!("/admin/accounts/{id}/refuse");
        /// `POST /admin/accounts/{account_id}/disable`.
        disable_account(id: &AccountId) -> () = post_nothing format!("/admin/accounts/{id}/disable");
        /// `POST /admin/accounts/{account_id}/enable`.
        enable_account(id: &AccountId) -> () = post_nothing format!("/admin/accounts/{id}/enable");
        /// `POST /admin/accounts/{account_id}/removal`.
        remove_account(id: &AccountId, body: &RemoveAccount) -> RemovalDue
            = post format!("/admin/accounts/{id}/removal"), body;
        /// `DELETE /admin/accounts/{account_id}/second-factors`.
        remove_account_second_factors(id: &AccountId) -> () = delete format!("/admin/accounts/{id}/second-factors");
        /// `GET /admin/mail`.
        get_mail() -> MailState = get "/admin/mail".to_owned();
        /// `GET /admin/policies`.
        get_policies() -> Policies = get "/admin/policies".to_owned();
        /// `PUT /admin/policies`.
        put_policies(body: &Policies) -> () = put "/admin/policies".to_owned(), body;
        /// `GET /admin/backups`.
        get_backups() -> BackupStatus = get "/admin/backups".to_owned();
        /// `GET /admin/storage`.
        get_storage() -> StorageStatus = get "/admin/storage".to_owned();
        /// `GET /account/quota`.
        get_quota() -> Quota = get "/account/quota".to_owned();
        /// `GET /admin/quota`.
        get_default_quota() -> QuotaDefault = get "/admin/quota".to_owned();
        /// `PUT /admin/quota`.
        put_default_quota(body: &SetQuota) -> () = put "/admin/quota".to_owned(), body;
        /// `GET /admin/accounts/{account_id}/quota`.
        get_account_quota(id: &AccountId) -> AccountQuota = get format!("/admin/accounts/{id}/quota");
        /// `PUT /admin/accounts/{account_id}/quota`.
        put_account_quota(id: &AccountId, body: &SetQuota) -> () = put format!("/admin/accounts/{id}/quota"), body;
        /// `GET /retention-rules`.
        get_retention_rules() -> RetentionRules = get "/retention-rules".to_owned();
        /// `PUT /admin/retention-rules`.
        put_retention_rules(body: &PutRetentionRules) -> () = put "/admin/retention-rules".to_owned(), body;
        /// `GET /admin/events`.
        list_events(filter: &EventFilter) -> AuditEventList = get format!("/admin/events{}", Query::default()
            .add("before", filter.before)
            .add("actor", filter.actor)
            .add("action", filter.action.as_ref().and_then(name_of))
            .add("outcome", filter.outcome.as_ref().and_then(name_of))
            .add("from", filter.from)
            .add("until", filter.until).0);
    }

    pub(super) async fn post_nothing(&self, path: String) -> Result<()> {
        self.send(crate::transport::Method::Post, path, super::accept(), None).await.map(drop)
    }
}
