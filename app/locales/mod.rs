//! Every string a person reads, typed: a language is a `Text` value, so one that lacks a sentence doesn't compile.
//!
//! A group of strings is declared once, with its English, in `locales/en/<group>.rs`; another language is a file that
//! builds the same structs. `t!(group.key)` gives the sentence, `t!(group.key, name = value)` fills `{name}` in it.

/// Declares a group of strings and its English.
macro_rules! texts {
    ($(#[$meta:meta])* $name:ident { $($key:ident = $english:literal;)* }) => {
        $(#[$meta])*
        // The server shows only some of them; the page shows them all, and is warned of one that it doesn't.
        #[cfg_attr(not(feature = "hydrate"), allow(dead_code))]
        pub struct $name {
            $(#[doc = $english] pub(crate) $key: &'static str,)*
        }
        impl $name {
            /// English.
            pub const EN: Self = Self { $($key: $english,)* };
        }
    };
}

#[path = "en/mod.rs"]
pub mod en;

/// The sentences of one language, by group.
pub struct Text {
    /// BCP 47 tag, for `<html lang>` and `Intl`.
    pub tag: &'static str,
    /// `ltr` or `rtl`, for `<html dir>`.
    pub dir: &'static str,
    /// Words used everywhere.
    pub common: en::common::Common,
    /// Contacts.
    pub contacts: en::contacts::Contacts,
    /// One's own data: space, download, how long it is kept.
    pub data: en::data::Data,
    /// Errors, by what a person can do about them.
    pub errors: en::errors::Errors,
    /// The public log.
    pub log: en::log::Log,
    /// The public front page.
    pub landing: en::landing::Landing,
    /// Said where the program can't run.
    pub notices: en::notices::Notices,
    /// Sign in and unlock.
    pub sign_in: en::sign_in::SignIn,
    /// Create account.
    pub sign_up: en::sign_up::SignUp,
    /// Nothing left that opens an account.
    pub lost: en::lost::Lost,
    /// Recovery kit.
    pub recover: en::recover::Recover,
    /// The frame around signed-in pages.
    pub frame: en::frame::Frame,
    /// The list of reports.
    pub reports: en::reports::Reports,
    /// Writing a report.
    pub draft: en::draft::Draft,
    /// A report.
    pub report: en::report::Report,
    /// Sharing a report.
    pub share: en::share::Share,
    /// Shares that wait to be redeemed.
    pub shared: en::shared::Shared,
    /// Administration.
    pub administration: en::administration::Administration,
    /// Backups, in Administration.
    pub backups: en::backups::Backups,
    /// Scanning the code of a key.
    pub scan: en::scan::Scan,
    /// Names of audited actions.
    pub actions: en::actions::Actions,
    /// The second step of signing in.
    pub second_step: en::second_step::SecondStep,
    /// Password, recovery kit, second factor.
    pub security: en::security::Security,
    /// New keys for the account.
    pub new_keys: en::new_keys::NewKeys,
    /// Identity providers.
    pub identities: en::identities::Identities,
    /// Phones.
    pub phones: en::phones::Phones,
    /// Emergency contacts.
    pub emergency: en::emergency::Emergency,
    /// Recovery shares.
    pub recovery_shares: en::recovery_shares::RecoveryShares,
    /// Escrow with the organisation.
    pub escrow: en::escrow::Escrow,
    /// Escrow, in Administration.
    pub escrow_admin: en::escrow_admin::EscrowAdmin,
    /// Being somebody's emergency contact.
    pub trusted: en::trusted::Trusted,
    /// Settings.
    pub settings: en::settings::Settings,
    /// Who can see what, and the account of it.
    pub access: en::access::Access,
    /// Pausing or deleting one's own account.
    pub leaving: en::leaving::Leaving,
    /// Another e-mail address for the account.
    pub change_email: en::change_email::ChangeEmail,
    /// Confirming an e-mail address.
    pub verify_email: en::verify_email::VerifyEmail,
    /// Care teams.
    pub teams: en::teams::Teams,
    /// API tokens.
    pub tokens: en::tokens::Tokens,
    /// Devices that send.
    pub devices: en::devices::Devices,
    /// Versions of a report.
    pub versions: en::versions::Versions,
    /// Witnesses of the public log.
    pub witnesses: en::witnesses::Witnesses,
    /// Alarms of the public log of keys.
    pub alarms: en::alarms::Alarms,
}

static EN: Text = Text {
    tag: "en",
    dir: "ltr",
    common: en::common::Common::EN,
    contacts: en::contacts::Contacts::EN,
    data: en::data::Data::EN,
    errors: en::errors::Errors::EN,
    log: en::log::Log::EN,
    landing: en::landing::Landing::EN,
    notices: en::notices::Notices::EN,
    sign_in: en::sign_in::SignIn::EN,
    sign_up: en::sign_up::SignUp::EN,
    lost: en::lost::Lost::EN,
    recover: en::recover::Recover::EN,
    frame: en::frame::Frame::EN,
    reports: en::reports::Reports::EN,
    draft: en::draft::Draft::EN,
    report: en::report::Report::EN,
    share: en::share::Share::EN,
    shared: en::shared::Shared::EN,
    administration: en::administration::Administration::EN,
    backups: en::backups::Backups::EN,
    scan: en::scan::Scan::EN,
    actions: en::actions::Actions::EN,
    second_step: en::second_step::SecondStep::EN,
    security: en::security::Security::EN,
    new_keys: en::new_keys::NewKeys::EN,
    identities: en::identities::Identities::EN,
    phones: en::phones::Phones::EN,
    emergency: en::emergency::Emergency::EN,
    recovery_shares: en::recovery_shares::RecoveryShares::EN,
    escrow: en::escrow::Escrow::EN,
    escrow_admin: en::escrow_admin::EscrowAdmin::EN,
    trusted: en::trusted::Trusted::EN,
    settings: en::settings::Settings::EN,
    access: en::access::Access::EN,
    leaving: en::leaving::Leaving::EN,
    change_email: en::change_email::ChangeEmail::EN,
    verify_email: en::verify_email::VerifyEmail::EN,
    teams: en::teams::Teams::EN,
    tokens: en::tokens::Tokens::EN,
    devices: en::devices::Devices::EN,
    versions: en::versions::Versions::EN,
    witnesses: en::witnesses::Witnesses::EN,
    alarms: en::alarms::Alarms::EN,
};

/// The reader's language. English is the only one so far.
pub fn text() -> &'static Text {
    &EN
}

/// Puts values into the `{name}` places of a sentence.
pub fn fill(sentence: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut filled = sentence.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), &value.to_string());
    }
    filled
}

/// A sentence in the reader's language; see the module.
#[macro_export]
macro_rules! t {
    ($group:ident . $key:ident) => { $crate::locales::text().$group.$key };
    ($group:ident . $key:ident, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::locales::fill($crate::locales::text().$group.$key, &[$((stringify!($name), &$value)),+])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_every_place_of_a_name() {
        assert_eq!(fill("{a} and {b}, {a}", &[("a", &1), ("b", &"two")]), "1 and two, 1");
    }
}
