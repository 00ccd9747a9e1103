//! The account in an archive: who it is, its keys, whom it knows.

use serde_json::{Value, json};

use super::{ArchiveTarget, Making};
use crate::{Contact, Fingerprint, error::Result, export::iso, platform::Platform};

fn fingerprint(of: &Fingerprint) -> Value {
    json!({ "words": of.words, "numbers": of.groups })
}

impl<P: Platform, T: ArchiveTarget<P::Bulk>> Making<'_, P, T> {
    /// `account.json`.
    pub(super) async fn account(&mut self) -> Result<()> {
        let who = self.vault.who();
        let me = self.vault.me()?;
        let contacts = match self.vault.contacts().await {
            Ok(contacts) => contacts,
            Err(error) => {
                self.leave_out("account.json: contacts", error)?;
                Vec::new()
            }
        };
        let contacts: Vec<Value> = contacts.into_iter().map(|contact| self.contact(contact)).collect();
        let content = json!({
            "id": who.account_id,
            "name": who.name,
            "email": who.email,
            "role": who.role,
            "confirmed_by_the_organisation": me.approved,
            "server": self.scope.origin,
            "exported_at": iso(self.vault.now()),
            "keys": { "generation": self.vault.chain().epoch(), "fingerprint": fingerprint(&self.vault.fingerprint(&me)) },
            "contacts": contacts,
        });
        self.text("account.json", &format!("{content:#}\n")).await
    }

    fn contact(&self, contact: Contact) -> Value {
        let mut shown = json!({ "id": contact.id, "key_compared": contact.verified });
        match contact.person {
            Ok(Some(person)) => {
                shown["name"] = person.name.as_str().into();
                shown["role"] = json!(person.role);
                shown["fingerprint"] = fingerprint(&self.vault.fingerprint(&person));
            }
            // The server tells of them no more.
            Ok(None) => {}
            Err(error) => shown["refused"] = error.to_string().into(),
        }
        shown
    }
}
