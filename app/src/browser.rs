//! What the page asks of the browser: clipboard, downloads, dates in the reader's language, focus.
//!
//! Everything here compiles on the server and is called in the browser only (from events and effects).

use api_types::UnixMillis;
use js_sys::{Array, Date, Intl, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Now, in Unix milliseconds, by this device's clock.
pub fn now() -> UnixMillis {
    Date::now() as UnixMillis
}

/// Whether this browser and this address take passkeys: WebAuthn asks for a name, not for a number.
pub fn has_passkeys() -> bool {
    let host = window().location().hostname().unwrap_or_default();
    let is_name = !host.starts_with('[') && host.chars().any(|c| c.is_ascii_alphabetic());
    is_name && Reflect::get(&window(), &"PublicKeyCredential".into()).is_ok_and(|found| found.is_function())
}

/// Copies a text; `done` hears whether it worked.
pub fn copy_text(text: String, done: impl FnOnce(bool) + 'static) {
    let promise = window().navigator().clipboard().write_text(&text);
    spawn_local(async move { done(JsFuture::from(promise).await.is_ok()) });
}

/// Where this page comes from: what links begin with.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Gives an element the focus.
pub fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        // Nothing depends on it; an element that can't take the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// Gives an element the focus where nothing has it, because what had it is gone.
pub fn focus_if_lost(id: &str) {
    if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
        focus(id);
    }
}

/// Offers bytes as a file. The type is always octet-stream: the browser must not show a foreign file as a page.
pub fn save_bytes(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    save_blob(name, &web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options)?)
}

/// Offers a blob as a file.
pub fn save_blob(name: &str, blob: &web_sys::Blob) -> Result<(), JsValue> {
    let url = web_sys::Url::create_object_url_with_blob(blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The download has its own handle on the blob by then.
    set_timeout(
        move || {
            let _ = web_sys::Url::revoke_object_url(&url);
        },
        std::time::Duration::from_secs(60),
    );
    Ok(())
}

/// Opens the browser's print dialog.
pub fn print() {
    let _ = window().print();
}

/// Takes the fragment of the address, and removes it from the address bar and the history: it may hold a secret.
pub fn take_fragment() -> String {
    let location = window().location();
    let fragment = location.hash().unwrap_or_default();
    if !fragment.is_empty() {
        let path = location.pathname().unwrap_or_default();
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
        }
    }
    fragment.trim_start_matches('#').to_owned()
}

/// A value of a `key=value&key=value` fragment. Values are tokens and base64url, so nothing is percent-decoded.
pub fn fragment_value(fragment: &str, key: &str) -> Option<String> {
    fragment.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

/// What this browser calls itself, for the list of sessions: "Firefox on Linux".
pub fn device_name() -> String {
    let agent = window().navigator().user_agent().unwrap_or_default();
    let find = |names: &[(&str, &str)], otherwise: &str| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or(otherwise, |(_, name)| name).to_owned()
    };
    let browser = find(
        &[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")],
        "A browser",
    );
    let system = find(
        &[
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ],
        "another system",
    );
    format!("{browser} on {system}")
}

/// A value kept on this device; `None` also where storage is switched off.
pub fn stored(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value on this device, where the browser lets it.
pub fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // Full or switched off: the page works without.
        let _ = storage.set_item(key, value);
    }
}

/// Forgets a value on this device.
pub fn forget(key: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.remove_item(key);
    }
}

/// Keeps a value for this tab, over a reload.
pub fn store_session(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Takes a value that was kept for this tab.
pub fn take_session(key: &str) -> Option<String> {
    let storage = window().session_storage().ok()??;
    let value = storage.get_item(key).ok()??;
    let _ = storage.remove_item(key);
    Some(value)
}

/// Loads the page anew: nothing of its memory stays.
pub fn reload() {
    let _ = window().location().reload();
}

/// Loads another page anew: nothing of this one's memory stays.
pub fn go(path: &str) {
    let _ = window().location().assign(path);
}

/// Waits.
pub async fn sleep(milliseconds: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}

/// Whether this device has a network, as far as it knows.
pub fn has_network() -> bool {
    window().navigator().on_line()
}

/// Whether something stands in an input.
pub fn is_filled(id: &str) -> bool {
    let input = document().get_element_by_id(id).and_then(|found| found.dyn_into::<web_sys::HtmlInputElement>().ok());
    input.is_some_and(|input| !input.value().is_empty())
}

/// Waits, but not after the moment when this device has a network again.
pub async fn sleep_or_online(milliseconds: i32) {
    let mut waiting = None;
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
        let _ = window().add_event_listener_with_callback("online", &resolve);
        waiting = Some(resolve);
    });
    let _ = JsFuture::from(promise).await;
    if let Some(waiting) = waiting {
        let _ = window().remove_event_listener_with_callback("online", &waiting);
    }
}

/// Something between 0 and 1, for what must not happen everywhere at once. Nobody may rely on not guessing it.
pub fn chance() -> f64 {
    js_sys::Math::random()
}

/// Chooses the theme on this device: `light`, `dark`, or `None` for what the system says.
pub fn set_theme(theme: Option<&str>) {
    let root = document().document_element();
    match theme {
        Some(theme) => {
            store("theme", theme);
            root.map(|root| root.set_attribute("data-theme", theme));
        }
        None => {
            forget("theme");
            root.map(|root| root.remove_attribute("data-theme"));
        }
    }
}

/// Says on the root element that the program has taken over; tests and styles wait for it.
pub fn ready() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-ready", "true");
    }
}

/// Today by this device's calendar, as date fields have it: `2026-11-26`.
pub fn today() -> String {
    let now = Date::new_0();
    format!("{:04}-{:02}-{:02}", now.get_full_year(), now.get_month() + 1, now.get_date())
}

/// When a day of a date field begins on this device, so many days later; `None` for what is no day.
pub fn start_of_day(day: &str, later: u32) -> Option<UnixMillis> {
    let begins = Date::new(&format!("{day}T00:00:00").into());
    if begins.get_time().is_nan() {
        return None;
    }
    // Through the calendar: a day may have 23 or 25 hours.
    begins.set_date(begins.get_date() + later);
    Some(begins.get_time() as UnixMillis)
}

/// ISO 8601, UTC; empty where the time is out of range.
pub fn iso(at: UnixMillis) -> String {
    match date(at) {
        Some(date) => date.to_iso_string().into(),
        None => String::new(),
    }
}

/// `14 Mar 2026`.
pub fn format_date(at: UnixMillis) -> String {
    format_with(at, &[("dateStyle", "medium")])
}

/// `14 Mar 2026, 09:41`.
pub fn format_date_time(at: UnixMillis) -> String {
    format_with(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// `09:41:05`.
pub fn format_time(at: UnixMillis) -> String {
    format_with(at, &[("timeStyle", "medium")])
}

/// With seconds and the zone's name.
pub fn format_exact(at: UnixMillis) -> String {
    format_with(at, &[("dateStyle", "full"), ("timeStyle", "long")])
}

/// `in 23 hours`, `5 minutes ago`.
pub fn format_relative(at: UnixMillis, now: UnixMillis) -> String {
    let seconds = (at - now) / 1000;
    let (amount, unit) = match seconds.abs() {
        0..45 => return crate::t!(common.just_now).to_owned(),
        45..3_570 => (round(seconds, 60), "minute"),
        3_570..84_600 => (round(seconds, 3_600), "hour"),
        84_600..2_592_000 => (round(seconds, 86_400), "day"),
        _ => return format_date(at),
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"numeric".into(), &"auto".into());
    Intl::RelativeTimeFormat::new(&locales(), &options).format(amount as f64, unit).into()
}

fn round(seconds: i64, unit: i64) -> i64 {
    (seconds + seconds.signum() * unit / 2) / unit
}

/// A size for people: `1.4 MB`, in powers of a thousand as operating systems' file managers mostly say it.
pub fn format_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.5 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// The page's language for `Intl`, then whatever the reader prefers decides about formats (day before month and such).
fn locales() -> Array {
    // A copy: the browser's own array is frozen, and pushing to it throws through everything that runs.
    let languages = Array::from(&window().navigator().languages());
    languages.push(&crate::locales::text().tag.into());
    languages
}

fn format_with(at: UnixMillis, styles: &[(&str, &str)]) -> String {
    let Some(date) = date(at) else { return String::new() };
    let options = Object::new();
    for (key, value) in styles {
        let _ = Reflect::set(&options, &(*key).into(), &(*value).into());
    }
    let format = Intl::DateTimeFormat::new(&locales(), &options).format();
    format.call1(&JsValue::NULL, &date).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn date(at: UnixMillis) -> Option<Date> {
    let date = Date::new(&JsValue::from_f64(at as f64));
    (!date.get_time().is_nan()).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(format_size(0), "0 B");
        assert_eq!(format_size(999), "999 B");
        assert_eq!(format_size(1_400_000), "1.4 MB");
        assert_eq!(format_size(999_999), "1.0 MB");
        assert_eq!(format_size(2_147_483_648), "2.1 GB");
    }

    #[test]
    fn fragments() {
        assert_eq!(fragment_value("invite=abc&secret=d_e-f", "secret").as_deref(), Some("d_e-f"));
        assert_eq!(fragment_value("setup=abc", "invite"), None);
        assert_eq!(fragment_value("invitex=abc", "invite"), None);
    }
}
