//! Everybody whose key this account remembers, with where it stands now.

use api_types::ErrorCode;
use futures::{StreamExt, stream};

use crate::{
    error::{ClientError, Result},
    ids::ToApi,
    people::Person,
    platform::Platform,
    vault::Vault,
};

/// Look-ups under way at once.
const AT_ONCE: usize = 8;

/// Somebody whose key is pinned.
#[derive(Debug)]
pub struct Contact {
    /// Account id.
    pub id: api_types::AccountId,
    /// Whether this key was compared, or one before it, as this account remembers it ([`Person::new_keys`]).
    pub verified: bool,
    /// Who it is, their keys verified and compared with the pin. `None`: the server tells of them no more (no report in
    /// common); their key stays pinned.
    ///
    /// # Errors
    /// [`crate::Refusal::KeyRecordChanged`]: other keys than the pinned ones, which nothing explains. Nothing is sealed to them.
    pub person: Result<Option<Person>>,
}

impl<P: Platform> Vault<P> {
    /// Everybody whose key is pinned, by name; first those whose keys are refused. Oneself isn't among them.
    ///
    /// # Errors
    /// No connection: what is refused of one person stands with that person.
    pub async fn contacts(&self) -> Result<Vec<Contact>> {
        let own = self.id();
        let pins: Vec<_> = self.state().pins.iter().filter(|(id, _)| **id != own).map(|(id, p)| (*id, *p)).collect();
        let look_up = async |id: &api_types::AccountId| match self.person(id).await {
            Ok(person) => Ok(Some(person)),
            Err(error) if error.problem() == Some(ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(error),
        };
        let asked = pins.into_iter().map(async |(id, pin)| {
            let id = id.api();
            Contact { id, verified: pin.verified(), person: look_up(&id).await }
        });
        let mut contacts: Vec<Contact> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        if let Some(at) = contacts.iter().position(|contact| matches!(contact.person, Err(ref e) if !is_theirs(e))) {
            return contacts.swap_remove(at).person.map(|_| Vec::new());
        }
        contacts.sort_by_cached_key(|contact| match &contact.person {
            Err(_) => (0, String::new()),
            Ok(Some(person)) => (1, person.name.to_lowercase()),
            Ok(None) => (2, contact.id.to_string()),
        });
        Ok(contacts)
    }
}

/// Whether an error is about one person, and not about the connection or the session.
fn is_theirs(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(refusal) if !refusal.stops_session())
}
