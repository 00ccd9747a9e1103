//! Pictures of what the camera sees, and of files: as shades of grey, in this page's memory, sent nowhere.

use js_sys::{Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, DomException, File, HtmlCanvasElement, HtmlVideoElement, ImageBitmap, MediaStream,
    MediaStreamConstraints, MediaStreamTrack,
};

use super::decode::Grey;

/// Longest side of a camera's picture: enough for a code on a screen at arm's length, quick on a phone.
const FRAME_SIDE: f64 = 960.0;
/// Longest sides that a chosen picture is tried at: small ones are enlarged, and a code in a corner of a large one needs
/// the second.
pub const PICTURE_SIDES: [f64; 2] = [1000.0, 2400.0];
/// No picture of a code is larger, in bytes.
const FILE_MAX: f64 = 40e6;

/// Why there is no camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCamera {
    /// The device has none, or the page isn't served safely enough to be given one.
    Absent,
    /// The reader, or their organisation, said no.
    Denied,
    /// Another program uses it, or it doesn't start.
    Busy,
}

/// A camera that is on. Off again when this is dropped.
pub struct Camera(MediaStream);

impl Camera {
    /// Asks for it; the browser asks the reader.
    pub async fn open() -> Result<Self, NoCamera> {
        let devices = window().navigator().media_devices().ok().filter(|devices| !devices.is_undefined());
        let asked = devices.ok_or(NoCamera::Absent)?.get_user_media_with_constraints(&constraints());
        let stream = JsFuture::from(asked.map_err(|error| why(&error))?).await.map_err(|error| why(&error))?;
        stream.dyn_into().map(Self).map_err(|_| NoCamera::Busy)
    }

    /// Shows in `video` what it sees.
    pub fn show(&self, video: &HtmlVideoElement) {
        video.set_muted(true);
        // Not `play()`: its promise breaks where the element leaves the page first.
        video.set_autoplay(true);
        video.set_src_object(Some(&self.0));
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        for track in self.0.get_tracks().iter() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}

/// A picture only, of the camera that looks away from the reader where there is one.
fn constraints() -> MediaStreamConstraints {
    let video = Object::new();
    for (name, value) in [("facingMode", JsValue::from("environment")), ("width", JsValue::from(1280))] {
        let ideal = Object::new();
        // Setting a field of a fresh plain object can't fail.
        let _ = Reflect::set(&ideal, &"ideal".into(), &value);
        let _ = Reflect::set(&video, &name.into(), &ideal);
    }
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&video);
    constraints
}

fn why(error: &JsValue) -> NoCamera {
    match error.dyn_ref::<DomException>().map(DomException::name).as_deref() {
        Some("NotAllowedError" | "SecurityError") => NoCamera::Denied,
        Some("NotFoundError" | "OverconstrainedError") => NoCamera::Absent,
        _ => NoCamera::Busy,
    }
}

/// What a video shows now; nothing before its first picture.
pub fn frame(video: &HtmlVideoElement) -> Option<Grey> {
    let (width, height) = fit(video.video_width(), video.video_height(), FRAME_SIDE, 1.0)?;
    let context = canvas(width, height)?;
    context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, width, height).ok()?;
    grey(&context, width, height)
}

/// A file that is a picture of a kind that this browser shows.
pub struct Picture(ImageBitmap);

impl Picture {
    /// Reads it. Browsers make no bitmap of a drawing (SVG), which could hold more than a picture.
    pub async fn open(file: &File) -> Option<Self> {
        if file.size() > FILE_MAX {
            return None;
        }
        let bitmap = JsFuture::from(window().create_image_bitmap_with_blob(file).ok()?).await.ok()?;
        bitmap.dyn_into().ok().map(Self)
    }

    /// The picture with its longer side near `side`.
    pub fn at(&self, side: f64) -> Option<Grey> {
        let (width, height) = fit(self.0.width(), self.0.height(), side, 4.0)?;
        let context = canvas(width, height)?;
        context.draw_image_with_image_bitmap_and_dw_and_dh(&self.0, 0.0, 0.0, width, height).ok()?;
        grey(&context, width, height)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Width and height with the longer of them `side`, enlarged `most` times at most.
fn fit(width: u32, height: u32, side: f64, most: f64) -> Option<(f64, f64)> {
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = (side / width.max(height)).min(most);
    let fits = width >= 1.0 && height >= 1.0;
    fits.then(|| ((width * scale).round().max(1.0), (height * scale).round().max(1.0)))
}

/// A canvas that is in no page.
fn canvas(width: f64, height: f64) -> Option<CanvasRenderingContext2d> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let options = Object::new();
    let _ = Reflect::set(&options, &"willReadFrequently".into(), &JsValue::TRUE);
    canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()
}

fn grey(context: &CanvasRenderingContext2d, width: f64, height: f64) -> Option<Grey> {
    let data = context.get_image_data(0.0, 0.0, width, height).ok()?;
    Some(Grey::of_rgba(width as usize, &data.data()))
}
