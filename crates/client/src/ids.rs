//! The same identifiers in two crates that don't know each other: `api_types` on the wire, `crypto` in what is signed.

/// To `crypto`'s type.
pub(crate) trait ToCrypto {
    type Id;
    fn crypto(&self) -> Self::Id;
}

/// To `api_types`' type.
pub(crate) trait ToApi {
    type Id;
    fn api(&self) -> Self::Id;
}

macro_rules! same {
    ($($name:ident)*) => {$(
        impl ToCrypto for api_types::$name {
            type Id = crypto::ids::$name;
            fn crypto(&self) -> Self::Id {
                crypto::ids::$name(self.0)
            }
        }
        impl ToApi for crypto::ids::$name {
            type Id = api_types::$name;
            fn api(&self) -> Self::Id {
                api_types::$name(self.0)
            }
        }
    )*};
}

same!(AccountId ReportId TeamId GrantId UploadId SessionId InvitationId PlaceholderId WayInId);

/// The same right in the other crate.
pub(crate) fn right_to_crypto(right: api_types::grants::Right) -> crypto::report::Right {
    use api_types::grants::Right as Api;
    use crypto::report::Right as Crypto;
    match right {
        Api::View => Crypto::View,
        Api::Contribute => Crypto::Contribute,
        Api::Reshare => Crypto::Reshare,
        Api::Own => Crypto::Own,
    }
}

/// The same right in the other crate.
pub(crate) fn right_to_api(right: crypto::report::Right) -> api_types::grants::Right {
    use api_types::grants::Right as Api;
    use crypto::report::Right as Crypto;
    match right {
        Crypto::View => Api::View,
        Crypto::Contribute => Api::Contribute,
        Crypto::Reshare => Api::Reshare,
        Crypto::Own => Api::Own,
    }
}

/// The same role in the other crate.
pub(crate) fn role_to_crypto(role: api_types::accounts::Role) -> crypto::account::Role {
    use api_types::accounts::Role as Api;
    use crypto::account::Role as Crypto;
    match role {
        Api::Administrator => Crypto::Administrator,
        Api::Doctor => Crypto::Doctor,
        Api::Patient => Crypto::Patient,
    }
}
