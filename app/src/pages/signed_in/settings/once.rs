//! What tokens and devices share: a list, a screen that makes one, and a screen that shows it once.

use leptos::prelude::*;

use crate::{browser, pages::signed_in::prove::Proving, t, vault::Loaded};

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    List,
    New,
    Shown,
}

/// What its screens share: `T` stands in the list, `M` is what is shown once.
pub(super) struct Screens<T: 'static, M: 'static> {
    pub screen: RwSignal<Screen>,
    pub proving: Proving,
    pub list: Loaded<Vec<T>>,
    /// The one just made: gone from here as soon as its screen is left.
    pub made: StoredValue<Option<M>>,
}

impl<T: 'static, M: 'static> Clone for Screens<T, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static, M: 'static> Copy for Screens<T, M> {}

impl<T: Clone + 'static, M: Send + Sync + 'static> Screens<T, M> {
    pub fn new(proving: Proving, list: Loaded<Vec<T>>) -> Self {
        Self { screen: RwSignal::new(Screen::List), proving, list, made: StoredValue::new(None) }
    }

    /// Another screen; its beginning gets the focus, unless a field of it takes it.
    pub fn show(self, screen: Screen) {
        // After an answer that came when the page was left already.
        if self.screen.try_set(screen).is_none() && screen != Screen::New {
            request_animation_frame(|| browser::focus("main"));
        }
    }

    /// The list, with what became of it.
    pub fn back(self) {
        self.made.try_set_value(None);
        self.list.again();
        self.show(Screen::List);
    }

    /// One was made.
    pub fn made(self, made: M) {
        self.made.try_set_value(Some(made));
        self.show(Screen::Shown);
    }
}

/// In how many days one may end.
pub(super) fn lives() -> Vec<(String, String)> {
    let lives = [
        ("7", t!(tokens.days_7)),
        ("30", t!(tokens.days_30)),
        ("90", t!(tokens.days_90)),
        ("365", t!(tokens.days_365)),
    ];
    lives.map(|(days, says)| (days.to_owned(), says.to_owned())).into()
}
