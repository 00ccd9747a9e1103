//! A QR code, drawn as one SVG path: no image request, no inline style.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode as Code};

/// Quiet zone around the code, in modules (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// The dark modules as one path, and the side in modules with the quiet zone.
fn path(text: &str) -> Option<(String, usize)> {
    let code = Code::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
    let side = code.width();
    let mut path = String::new();
    for (i, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        path.push_str(&format!("M{} {}h1v1h-1z", i % side + QUIET, i / side + QUIET));
    }
    Some((path, side + 2 * QUIET))
}

/// A QR code of a text; nothing where the text is too long for one (2,331 bytes).
#[component]
pub fn QrCode(
    /// What it holds.
    #[prop(into)]
    text: String,
    /// Its name for those who can't see it.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    path(&text).map(|(path, side)| {
        view! {
            <svg class="qr" role="img" aria-label=label viewBox=format!("0 0 {side} {side}") shape-rendering="crispEdges">
                <rect class="qr-ground" width=side height=side></rect>
                <path class="qr-dark" d=path></path>
            </svg>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_code_has_its_three_corners() {
        let (path, side) = path("https://example.org/sign-up#invite=abc").expect("short enough");
        let last = side - super::QUIET - 1;
        for corner in [format!("M4 4h"), format!("M{last} 4h"), format!("M4 {last}h")] {
            assert!(path.contains(&corner), "{corner}");
        }
    }

    #[test]
    fn too_long_is_nothing() {
        assert!(path(&"x".repeat(3000)).is_none());
    }
}
