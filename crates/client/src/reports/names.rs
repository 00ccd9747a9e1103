//! What whoever did something is called. The name that an event comes with is in no hash and under no signature: where
//! this client knows the account, the name that it knows stands.

use std::{collections::BTreeMap, fmt};

use api_types::AccountId;

use super::Purposes;
use crate::{ids::ToCrypto, platform::Platform, vault::Vault};

/// What somebody is called, and whose word that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorName {
    /// As this client knows the account ([`KnownNames`]).
    Known(String),
    /// As the server calls them beside this event alone.
    ServerSays(String),
}

impl ActorName {
    /// The name that this client knows.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(name) => Some(name),
            Self::ServerSays(_) => None,
        }
    }

    /// The name that is the server's word alone.
    pub fn server_says(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::ServerSays(name) => Some(name),
        }
    }
}

/// In plain words, for files and terminals.
impl fmt::Display for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.write_str(name),
            Self::ServerSays(name) => write!(f, "{name} (name as the server says)"),
        }
    }
}

/// Who says what somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// The organisation, which signed the name for this account; or the account is one's own.
    Organisation,
    /// A device's owner, who signed it.
    Owner(AccountId),
    /// The server, in every list alike.
    Server,
}

/// The name that came with an account's keys, when those verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    /// The name.
    pub name: String,
    /// Whose word it is.
    pub by: NamedBy,
}

/// What this session knows accounts and devices by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames(BTreeMap<AccountId, Called>);

impl KnownNames {
    /// What an account is called in the record of a report: as the organisation signed it; else, whoever held the report by
    /// its signed chain, as in the list of who has access, and a device of theirs as they signed it. The server's word beside
    /// an event is the last, and marked.
    pub fn name(&self, id: &AccountId, purposes: &Purposes, server_says: Option<&str>) -> Option<ActorName> {
        let counts = |called: &&Called| match called.by {
            NamedBy::Organisation => true,
            NamedBy::Owner(owner) => purposes.has_held(&owner),
            NamedBy::Server => purposes.has_held(id),
        };
        let known = self.0.get(id).filter(counts).map(|called| ActorName::Known(called.name.clone()));
        let said = || server_says.filter(|name| !name.trim().is_empty()).map(str::to_owned);
        known.or_else(|| said().map(ActorName::ServerSays))
    }
}

impl<P: Platform> Vault<P> {
    /// The names that this session knows of these.
    pub fn known_names(&self, of: impl IntoIterator<Item = AccountId>) -> KnownNames {
        KnownNames(of.into_iter().filter_map(|id| Some((id, self.called_as(&id)?))).collect())
    }

    fn called_as(&self, id: &AccountId) -> Option<Called> {
        if *id == self.account_id() {
            let name = self.own_account().public.name.clone();
            return Some(Called { name, by: NamedBy::Organisation });
        }
        let device = self.sent_by(id).map(|device| Called { name: device.name, by: NamedBy::Owner(device.owner) });
        device.or_else(|| self.called().get(&id.crypto()).cloned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::reports::purposes_tests::held;

    const DORA: AccountId = AccountId([1; 32]);
    const EVE: AccountId = AccountId([2; 32]);

    /// Names that came with keys, each with whether the organisation signed it.
    pub fn called<const N: usize>(names: [(u8, &str, bool); N]) -> KnownNames {
        let mut out = BTreeMap::new();
        for (id, name, signed) in names {
            let by = if signed { NamedBy::Organisation } else { NamedBy::Server };
            out.insert(AccountId([id; 32]), Called { name: name.to_owned(), by });
        }
        KnownNames(out)
    }

    fn known(name: &str) -> Option<ActorName> {
        Some(ActorName::Known(name.to_owned()))
    }

    fn says(name: &str) -> Option<ActorName> {
        Some(ActorName::ServerSays(name.to_owned()))
    }

    fn held_by_dora() -> Purposes {
        Purposes::new(vec![held(1, 1, "treatment", 0, None)])
    }

    #[test]
    fn the_server_names_a_stranger_as_somebody_known() {
        let names = called([(1, "Dr Dora", true)]);
        let found = names.name(&EVE, &held_by_dora(), Some("Dr Dora"));
        assert_eq!(found, says("Dr Dora"));
        assert_eq!(found.map(|name| name.to_string()).as_deref(), Some("Dr Dora (name as the server says)"));
        // Also where it showed the stranger's own keys under that name.
        let names = called([(1, "Dr Dora", true), (2, "Dr Dora", false)]);
        assert_eq!(names.name(&EVE, &held_by_dora(), Some("Dr Dora")), says("Dr Dora"));
    }

    #[test]
    fn who_is_known_keeps_their_name() {
        for signed in [true, false] {
            let names = called([(1, "Dr Dora", signed)]);
            for server_says in [Some("Dr Dora"), Some("Eve"), Some(""), None] {
                assert_eq!(names.name(&DORA, &held_by_dora(), server_says), known("Dr Dora"), "{server_says:?}");
            }
        }
    }

    #[test]
    fn a_signed_name_counts_for_who_never_held_the_report() {
        let names = called([(2, "Dr Eve", true)]);
        assert_eq!(names.name(&EVE, &held_by_dora(), Some("Dr Dora")), known("Dr Eve"));
    }

    #[test]
    fn a_device_is_called_as_its_owner_says_who_held_the_report() {
        let by = |owner: AccountId| {
            let device = Called { name: "Dr Dora".to_owned(), by: NamedBy::Owner(owner) };
            KnownNames(BTreeMap::from([(AccountId([7; 32]), device)]))
        };
        let name = |names: KnownNames| names.name(&AccountId([7; 32]), &held_by_dora(), Some("Dr Dora"));
        assert_eq!(name(by(DORA)), known("Dr Dora"));
        assert_eq!(name(by(EVE)), says("Dr Dora"), "a stranger's");
    }

    #[test]
    fn who_held_the_report_and_is_not_known_is_called_by_the_server() {
        let nobody = KnownNames::default();
        assert_eq!(nobody.name(&DORA, &held_by_dora(), Some("Dr Dora")), says("Dr Dora"));
        for none in [None, Some(""), Some(" ")] {
            assert_eq!(nobody.name(&DORA, &held_by_dora(), none), None);
        }
    }
}
