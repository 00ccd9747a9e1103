//! The codes in a picture. Pure: pixels in, texts out; the program for it is fetched with the first picture.

use rqrr::PreparedImage;

/// A picture in shades of grey: a byte for each pixel, row by row.
pub struct Grey {
    /// Pixels in a row.
    pub width: usize,
    /// The rows.
    pub pixels: Vec<u8>,
}

impl Grey {
    /// Out of a canvas' pixels: red, green, blue and opacity, on white ground.
    pub fn of_rgba(width: usize, rgba: &[u8]) -> Self {
        let pixels = rgba.chunks_exact(4).map(|pixel| luma([pixel[0], pixel[1], pixel[2], pixel[3]])).collect();
        Self { width, pixels }
    }
}

/// Brightness (ITU-R BT.601) of a pixel that lies on white.
fn luma([red, green, blue, alpha]: [u8; 4]) -> u8 {
    let brightness = (u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29) >> 8;
    let alpha = u32::from(alpha);
    u8::try_from((brightness * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

/// The texts of all codes that can be read.
pub fn read(picture: &Grey) -> Vec<String> {
    let Grey { width, ref pixels } = *picture;
    // Below this no code has a pixel for each of its modules.
    if width < 21 || pixels.len() / width < 21 {
        return Vec::new();
    }
    let height = pixels.len() / width;
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let grids = prepared.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, EcLevel, QrCode};

    use super::*;

    fn text() -> String {
        format!("healthsecure:key:{}:{}", "0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4))
    }

    /// As the page draws it: quiet zone of four modules, `side` pixels, colours of a canvas.
    fn drawn(text: &str, side: usize, ground: [u8; 4], dark: [u8; 4]) -> Grey {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("short enough");
        let (colors, modules) = (code.to_colors(), code.width());
        let module = |pixel: usize| (pixel * (modules + 8) / side).checked_sub(4).filter(|m| *m < modules);
        let mut rgba = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let is_dark =
                    matches!((module(x), module(y)), (Some(x), Some(y)) if colors[y * modules + x] == Color::Dark);
                rgba.extend_from_slice(if is_dark { &dark } else { &ground });
            }
        }
        Grey::of_rgba(side, &rgba)
    }

    #[test]
    fn a_key_code_is_read_at_the_sizes_of_screens_and_pictures() {
        for side in [208, 229, 416, 624, 1000] {
            let picture = drawn(&text(), side, [255; 4], [0, 0, 0, 255]);
            assert_eq!(read(&picture), [text()], "{side} pixels");
        }
    }

    /// The same picture with another side, its edges softened as browsers do when they draw it so.
    fn scaled(picture: &Grey, side: usize) -> Grey {
        let scale = picture.width as f64 / side as f64;
        let at = |x: usize, y: usize| {
            let last = picture.width - 1;
            f64::from(picture.pixels[y.min(last) * picture.width + x.min(last)])
        };
        let mut pixels = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let (u, v) = (x as f64 * scale, y as f64 * scale);
                let (left, top, right, below) = (u as usize, v as usize, u.fract(), v.fract());
                let upper = at(left, top) * (1.0 - right) + at(left + 1, top) * right;
                let lower = at(left, top + 1) * (1.0 - right) + at(left + 1, top + 1) * right;
                pixels.push((upper * (1.0 - below) + lower * below) as u8);
            }
        }
        Grey { width: side, pixels }
    }

    #[test]
    fn a_small_screenshot_is_read_enlarged() {
        let small = drawn(&text(), 208, [255; 4], [0, 0, 0, 255]);
        for side in [300, 340, 500, 832] {
            assert_eq!(read(&scaled(&small, side)), [text()], "{side} pixels");
        }
    }

    #[test]
    fn transparent_and_pale_pictures_are_read() {
        assert_eq!(read(&drawn(&text(), 416, [0; 4], [0, 0, 0, 255])), [text()], "no ground at all");
        assert_eq!(read(&drawn(&text(), 416, [210, 200, 190, 255], [70, 60, 90, 255])), [text()]);
    }

    #[test]
    fn where_there_is_none_there_is_none() {
        for (width, pixels) in [(0, 0), (1, 1), (20, 400), (400, 160_000), (400, 160_399)] {
            assert!(read(&Grey { width, pixels: vec![255; pixels] }).is_empty());
        }
    }

    /// Whatever somebody holds before the camera, reading ends: a panic would end the page.
    #[test]
    fn damage_and_noise_never_break_the_reader() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for round in 0..60_u64 {
            let mut picture = match round % 4 {
                0 => Grey { width: 120, pixels: vec![255; 120 * 120] },
                _ => drawn(&text(), 208, [255; 4], [0, 0, 0, 255]),
            };
            let len = picture.pixels.len() as u64;
            for _ in 0..(next() % (len / 4)) {
                let at = (next() % len) as usize;
                // Runs look more like modules than single pixels do.
                let until = (at + (next() % 24) as usize).min(picture.pixels.len());
                picture.pixels[at..until].fill(if next() % 2 == 0 { 0 } else { 255 });
                if next() % 64 == 0 {
                    break;
                }
            }
            read(&picture);
        }
    }
}
