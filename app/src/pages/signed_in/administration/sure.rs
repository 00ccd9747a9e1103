//! What an administrator does to somebody's account, asked back.

use crate::{pages::signed_in::sure::Deed, t, vault::admin::PersonRow};

fn name(person: PersonRow) -> String {
    person.account.account.name
}

/// Second factors and recovery codes stop counting.
pub(super) fn removing_second_factor() -> Deed<PersonRow> {
    Deed {
        id: "remove-second-factor",
        action: t!(administration.factor_remove),
        title: |person| t!(administration.factor_remove_title, name = name(person)),
        text: |_| vec![t!(administration.factor_remove_text).to_owned()],
        done: |person, ()| t!(administration.factor_removed, name = name(person)),
    }
}

/// The account is out until it is enabled.
pub(super) fn disabling() -> Deed<PersonRow> {
    Deed {
        id: "disable",
        action: t!(administration.disable),
        title: |person| t!(administration.disable_title, name = name(person)),
        text: |_| vec![t!(administration.disable_text).to_owned()],
        done: |person, ()| t!(administration.disabled, name = name(person)),
    }
}

/// The account is deleted in a month.
pub(super) fn removing() -> Deed<PersonRow> {
    Deed {
        id: "remove-account",
        action: t!(administration.remove),
        title: |person| t!(administration.remove_title, name = name(person)),
        text: |_| vec![t!(administration.remove_text).to_owned()],
        done: |person, ()| t!(administration.removing, name = name(person)),
    }
}

/// Takes that back.
pub(super) fn enabling() -> Deed<PersonRow> {
    Deed {
        id: "enable",
        action: t!(administration.enable),
        title: |person| t!(administration.enable_title, name = name(person)),
        text: |_| vec![t!(administration.enable_text).to_owned()],
        done: |person, ()| t!(administration.enabled, name = name(person)),
    }
}
