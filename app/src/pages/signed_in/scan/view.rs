//! The scanner: a button, and below it what the camera sees while it is on.

use client::{KeyCode, KeyCodeError};
use leptos::{ev, html, prelude::*};
use wasm_bindgen_futures::spawn_local;
use web_sys::VisibilityState;

use super::camera::{Camera, NoCamera, PICTURE_SIDES, Picture, frame};
use crate::{
    browser,
    components::{Glyph, Icon},
    pages::signed_in::programs::read_codes,
    t,
    vault::Attempt,
};

/// Milliseconds between two looks: a hand settles in that time, and a phone stays cool.
const PAUSE: i32 = 150;
/// Looks without any code until what was said of the last one is over.
const FORGET: u32 = 12;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The browser asks the reader.
    Asking,
    /// Nothing found yet.
    Looking,
    /// No camera to look with.
    Without(NoCamera),
    /// The page was hidden.
    Paused,
    /// A picture is being read.
    Reading,
    /// The file is no picture.
    NoPicture,
    /// The picture shows no code.
    Nothing,
    /// Somebody's code, of something else.
    NoKey(KeyCodeError),
    /// The program that reads codes didn't come.
    NoProgram,
}

impl Standing {
    fn sentence(self) -> &'static str {
        match self {
            Self::Asking => t!(scan.asking),
            Self::Looking => t!(scan.looking),
            Self::Without(NoCamera::Absent) => t!(scan.absent),
            Self::Without(NoCamera::Denied) => t!(scan.denied),
            Self::Without(NoCamera::Busy) => t!(scan.busy),
            Self::Paused => t!(scan.paused),
            Self::Reading => t!(scan.reading),
            Self::NoPicture => t!(scan.no_picture),
            Self::Nothing => t!(scan.nothing),
            Self::NoKey(KeyCodeError::Damaged) => t!(scan.damaged),
            Self::NoKey(_) => t!(scan.foreign),
            Self::NoProgram => t!(errors.page),
        }
    }

    /// Whether it went wrong, for those who see colours.
    fn is_bad(self) -> bool {
        !matches!(self, Self::Asking | Self::Looking | Self::Paused | Self::Reading)
    }

    /// Whether turning the camera on can help, where it is off.
    fn can_start(self) -> bool {
        !matches!(self, Self::Asking | Self::Reading | Self::Without(NoCamera::Absent))
    }
}

/// `Copy` state of a scanner.
#[derive(Clone, Copy)]
struct Scanner {
    /// Of the button that opens it.
    id: &'static str,
    open: RwSignal<bool>,
    standing: RwSignal<Standing>,
    camera: StoredValue<Option<Camera>, LocalStorage>,
    /// Whether the camera is on.
    live: RwSignal<bool>,
    /// Counts openings: what an earlier one still waits for is dropped when it comes.
    round: StoredValue<u32>,
    video: NodeRef<html::Video>,
    on_code: Callback<String>,
}

impl Scanner {
    fn new(id: &'static str, on_code: Callback<String>) -> Self {
        Self {
            id,
            open: RwSignal::new(false),
            standing: RwSignal::new(Standing::Asking),
            camera: StoredValue::new_local(None),
            live: RwSignal::new(false),
            round: StoredValue::new(0),
            video: NodeRef::new(),
            on_code,
        }
    }

    /// Says where it stands, if that is news: saying it again would be read out again.
    fn say(self, standing: Standing) {
        if self.standing.try_get_untracked().is_some_and(|before| before != standing) {
            self.standing.set(standing);
        }
    }

    fn is_round(self, round: u32) -> bool {
        self.round.try_get_value() == Some(round)
    }

    /// Whatever runs is over.
    fn next_round(self) -> u32 {
        self.round
            .try_update_value(|round| {
                *round = round.wrapping_add(1);
                *round
            })
            .unwrap_or_default()
    }

    /// Turns the camera on and looks until a key's code is found.
    fn start(self) {
        let round = self.next_round();
        self.say(Standing::Asking);
        spawn_local(async move {
            let camera = Camera::open().await;
            // Closed, hidden or gone meanwhile: dropping the camera turns it off.
            if !self.is_round(round) {
                return;
            }
            match camera {
                Ok(camera) => {
                    self.camera.try_set_value(Some(camera));
                    self.live.try_set(true);
                    self.say(Standing::Looking);
                    self.look(round).await;
                }
                Err(why) => self.say(Standing::Without(why)),
            }
        });
    }

    async fn look(self, round: u32) {
        let mut without = 0;
        while self.is_round(round) {
            let video = self.video.try_get_untracked().flatten();
            if let Some(video) = video.as_ref().filter(|video| video.src_object().is_none()) {
                self.camera.try_with_value(|camera| camera.as_ref().map(|camera| camera.show(video)));
            }
            let picture = video.and_then(|video| frame(&video));
            if let Some(picture) = picture {
                match read_codes(picture).await {
                    Ok(texts) if self.is_round(round) => {
                        without = if texts.is_empty() { without + 1 } else { 0 };
                        if self.take(texts) {
                            return;
                        }
                        if without == FORGET {
                            self.say(Standing::Looking);
                        }
                    }
                    Ok(_) => return,
                    Err(_) => {
                        self.stop();
                        self.say(Standing::NoProgram);
                        return;
                    }
                }
            }
            browser::sleep(PAUSE).await;
        }
    }

    /// Hands a key's code over and closes; says what is wrong with another. True if it was one.
    fn take(self, texts: Vec<String>) -> bool {
        let mut wrong = None;
        for text in texts {
            match text.parse::<KeyCode>() {
                Ok(_) => {
                    self.close();
                    // The chooser had the focus, and is gone.
                    browser::focus(self.id);
                    self.on_code.try_run(text);
                    return true;
                }
                // Half of a key's code says more than another code beside it.
                Err(why) if wrong != Some(KeyCodeError::Damaged) => wrong = Some(why),
                Err(_) => {}
            }
        }
        if let Some(why) = wrong {
            self.say(Standing::NoKey(why));
        }
        false
    }

    /// Reads a chosen picture. The camera is off meanwhile: one of the two answers.
    fn read(self, file: web_sys::File) {
        self.stop();
        let round = self.next_round();
        self.say(Standing::Reading);
        spawn_local(async move {
            let Some(picture) = Picture::open(&file).await else {
                if self.is_round(round) {
                    self.say(Standing::NoPicture);
                }
                return;
            };
            for side in PICTURE_SIDES {
                let Some(grey) = picture.at(side) else { continue };
                let texts = read_codes(grey).await;
                if !self.is_round(round) {
                    return;
                }
                match texts {
                    Ok(texts) if texts.is_empty() => {}
                    Ok(texts) => {
                        self.take(texts);
                        return;
                    }
                    Err(_) => {
                        self.say(Standing::NoProgram);
                        return;
                    }
                }
            }
            self.say(Standing::Nothing);
        });
    }

    /// Turns the camera off.
    fn stop(self) {
        self.next_round();
        self.camera.try_set_value(None);
        self.live.try_set(false);
    }

    fn close(self) {
        self.stop();
        self.open.try_set(false);
    }

    fn toggle(self) {
        if self.open.get_untracked() {
            self.close();
        } else {
            self.open.set(true);
            self.start();
        }
    }

    /// A hidden page sees nothing.
    fn hidden(self) {
        let at_work = self.live.get_untracked() || self.standing.get_untracked() == Standing::Asking;
        if document().visibility_state() == VisibilityState::Hidden && self.open.get_untracked() && at_work {
            self.stop();
            self.say(Standing::Paused);
        }
    }
}

/// Scans the code of a key and hands its text over, once. Closes by itself then; nothing of what the camera saw is kept.
#[component]
pub fn ScanQr(
    /// Unique in the page.
    id: &'static str,
    /// What the button says that opens it.
    #[prop(into)]
    label: String,
    /// Gets the text of a key's code.
    #[prop(into)]
    on_code: Callback<String>,
) -> impl IntoView {
    let scanner = Scanner::new(id, on_code);
    let hidden = window_event_listener_untyped("visibilitychange", move |_| scanner.hidden());
    on_cleanup(move || {
        hidden.remove();
        scanner.stop();
    });
    let panel = format!("{id}-panel");
    let controls = panel.clone();
    view! {
        <div class="scan">
            <button
                id=id
                type="button"
                class="btn btn-secondary"
                aria-expanded=move || if scanner.open.get() { "true" } else { "false" }
                aria-controls=controls
                on:click=move |_| scanner.toggle()
            >
                <Icon glyph=Glyph::Scan/>
                <span>{move || if scanner.open.get() { t!(scan.stop).to_owned() } else { label.clone() }}</span>
            </button>
            <div id=panel class="scan-panel" role="group" aria-label=t!(scan.title) hidden=move || !scanner.open.get()>
                {move || scanner.open.get().then(|| view! { <Panel id scanner/> })}
            </div>
        </div>
    }
}

#[component]
fn Panel(id: &'static str, scanner: Scanner) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let file = format!("{id}-picture");
    let of = file.clone();
    let chosen = move |_: ev::Event| {
        let Some(input) = input.get() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            scanner.read(file);
        }
        // So that the same picture can be chosen again.
        input.set_value("");
    };
    view! {
        <video node_ref=scanner.video class="scan-view" playsinline=true aria-label=t!(scan.view) hidden=move || !scanner.live.get()></video>
        <p class="scan-state" class:field-error=move || scanner.standing.get().is_bad() role="status" aria-live="polite">
            {move || scanner.standing.get().sentence()}
        </p>
        <div class="scan-actions">
            <label class="btn btn-secondary btn-file" for=of>
                <Icon glyph=Glyph::Image/>
                <span>{t!(scan.picture)}</span>
                <input id=file node_ref=input class="sr-only" type="file" accept="image/*" on:change=chosen/>
            </label>
            {move || (!scanner.live.get() && scanner.standing.get().can_start()).then(|| view! {
                <button type="button" class="btn btn-quiet" on:click=move |_| scanner.start()>{t!(scan.start)}</button>
            })}
        </div>
        <p class="field-hint">{t!(scan.note)}</p>
    }
}

/// What became of a scanned code, where that isn't a person.
#[component]
pub fn ScanOutcome(
    /// The look-up.
    attempt: Attempt,
) -> impl IntoView {
    view! {
        <div aria-live="polite">
            {move || attempt.busy.get().then(|| view! { <p class="field-hint">{t!(scan.searching)}</p> })}
            {move || attempt.problem.get().map(|problem| view! { <p class="field-error">{problem}</p> })}
        </div>
    }
}
