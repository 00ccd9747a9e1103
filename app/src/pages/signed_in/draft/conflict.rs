//! What somebody saved meanwhile, beside one's own changes, field by field; and both brought together.

use std::rc::Rc;

use client::{Conflict, FieldConflict, Side, content::Field};
use leptos::prelude::*;

use super::{change::look, editor::Desk};
use crate::{
    components::{Banner, Button, Card, Glyph, Time, TimeStyle, Tone},
    pages::signed_in::versions::{FileChanges, SideBySide, field_name},
    t,
    vault::{Attempt, drafts::Session, explain},
};

/// A version that somebody saved since the changes were begun.
#[derive(Clone)]
pub(super) struct Saved {
    conflict: Rc<Conflict>,
    name: String,
}

impl Saved {
    pub fn new(conflict: Conflict, name: Option<String>) -> Self {
        let name = name.unwrap_or_else(|| conflict.theirs.author.to_string().chars().take(8).collect());
        Self { conflict: Rc::new(conflict), name }
    }

    /// Whether a draft still changes the version that this tells about.
    pub fn is_about(&self, session: &Session) -> bool {
        session.base() == Some(self.conflict.base.version)
    }
}

/// One field, and whose text it gets.
#[derive(Clone, Copy)]
struct Chosen {
    field: Field,
    mine: RwSignal<bool>,
}

/// The id of what is shown of it.
pub(super) const MEANWHILE: &str = "meanwhile";

/// What they changed beside what is changed here.
#[component]
pub(super) fn Meanwhile(desk: Desk, about: Saved, saved: RwSignal<Option<Saved>, LocalStorage>) -> impl IntoView {
    let Saved { conflict, name } = about;
    let attempt = Attempt::new();
    let choose =
        |field: &FieldConflict| Chosen { field: field.field, mine: RwSignal::new(field.usual() == Side::Mine) };
    let chosen: Vec<Chosen> = conflict.fields.iter().map(choose).collect();
    let heads = (t!(versions.theirs, version = conflict.theirs.version, name = name), t!(versions.mine).to_owned());
    let fields = conflict.fields.iter().cloned().zip(chosen.iter().copied());
    let fields = fields.map(|(field, chosen)| view! { <Contested field chosen heads=heads.clone()/> }).collect_view();
    let files = conflict.files.clone();
    let title = t!(versions.moved_title, name = name, version = conflict.theirs.version, when = "");
    let (time, base) = (conflict.theirs.time, conflict.base.version);
    let conflict = StoredValue::new_local(conflict);
    let merge = move |()| {
        let (Some(session), Some(typed)) = (desk.session.get_untracked(), desk.typed()) else { return };
        if !attempt.begin() {
            return;
        }
        let mine = |field: Field| {
            chosen.iter().find(|chosen| chosen.field == field).and_then(|chosen| chosen.mine.try_get_untracked())
        };
        let side = |field: &FieldConflict| match mine(field.field) {
            Some(true) => Side::Mine,
            Some(false) => Side::Theirs,
            None => field.usual(),
        };
        // Nothing waits in here: what is saved by itself must be what both are together, and the form must show it.
        match session.merge(typed, &conflict.get_value(), side) {
            Ok(true) => {
                attempt.done();
                desk.show_merged(session);
                desk.toasts.done(t!(versions.merged));
                saved.try_set(None);
            }
            Ok(false) => {
                attempt.done();
                desk.toasts.problem(t!(versions.typed_since));
                look(desk, saved, None);
            }
            Err(error) => attempt.failed(explain(&error)),
        }
    };
    view! {
        <section class="meanwhile" id=MEANWHILE tabindex="-1">
            <Banner tone=Tone::Warn>
                <p class="banner-title">{title}<Time at=time style=TimeStyle::Relative/></p>
                <p>{t!(versions.moved, base = base)}</p>
            </Banner>
            {fields}
            {(!files.is_empty()).then(|| view! {
                <Card title=t!(versions.their_files).to_owned()><FileChanges changes=files/></Card>
            })}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div class="finish-acts">
                <Button glyph=Glyph::Check busy=attempt.busy on_click=merge>{t!(versions.merge)}</Button>
            </div>
        </section>
    }
}

/// A field that not all three have alike.
#[component]
fn Contested(field: FieldConflict, chosen: Chosen, heads: (String, String)) -> impl IntoView {
    let name = field_name(field.field);
    let contested = field.is_contested();
    let said = if field.mine == field.theirs {
        t!(versions.alike)
    } else if field.usual() == Side::Theirs {
        t!(versions.only_theirs)
    } else {
        t!(versions.only_mine)
    };
    let key = field.field.as_str();
    let choice = move |mine: bool, word: &'static str| {
        let id = format!("{key}-{}", if mine { "mine" } else { "theirs" });
        let checked = move || chosen.mine.get() == mine;
        view! {
            <label class="check" for=id.clone()>
                <input
                    id=id.clone()
                    type="radio"
                    name=format!("side-{key}")
                    prop:checked=checked
                    checked=checked()
                    on:change=move |_| chosen.mine.set(mine)
                />
                <span>{word}</span>
            </label>
        }
    };
    view! {
        <Card title=name.to_owned()>
            <SideBySide before=field.theirs after=field.mine heads/>
            {match contested {
                true => view! {
                    <fieldset class="sides">
                        <legend class="field-label">{t!(versions.whose, field = name)}</legend>
                        {choice(false, t!(versions.take_theirs))}
                        {choice(true, t!(versions.take_mine))}
                    </fieldset>
                }
                .into_any(),
                false => view! { <p class="field-hint">{said}</p> }.into_any(),
            }}
        </Card>
    }
}
