//! What a file is, by its first bytes alone. Nothing else decides whether it is shown in place.

use serde::{Deserialize, Serialize};

/// The types that are shown in place; everything else is only downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileType {
    /// PNG picture.
    Png,
    /// JPEG picture.
    Jpeg,
    /// WebP picture.
    Webp,
    /// GIF picture.
    Gif,
    /// PDF document.
    Pdf,
    /// UTF-8 text, to be shown as a text node, never as a document.
    Text,
    /// Anything else, HTML and SVG among it.
    #[serde(other)]
    OctetStream,
}

impl FileType {
    /// How many leading bytes [`FileType::sniff`] wants.
    pub const SNIFF_LEN: usize = 4096;

    /// The type of a file whose first bytes are `head`; `whole` says whether that is all of it.
    pub fn sniff(head: &[u8], whole: bool) -> Self {
        match head {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            _ if is_text(head, whole) => Self::Text,
            _ => Self::OctetStream,
        }
    }

    /// The media type that a page may give it. Text is `text/plain`, whatever it claims to be.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain;charset=utf-8",
            Self::OctetStream => "application/octet-stream",
        }
    }

    /// Whether it may be shown in place.
    pub fn shown_in_place(self) -> bool {
        self != Self::OctetStream
    }
}

/// UTF-8 without control characters other than white space. A character cut in two at the end of a head is fine.
fn is_text(head: &[u8], whole: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if !whole && e.error_len().is_none() => match std::str::from_utf8(&head[..e.valid_up_to()]) {
            Ok(text) => text,
            Err(_) => return false,
        },
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_bytes_only() {
        let cases: [(&[u8], FileType); 12] = [
            (b"\x89PNG\r\n\x1a\n....", FileType::Png),
            (b"\xff\xd8\xff\xe0", FileType::Jpeg),
            (b"RIFF\0\0\0\0WEBPVP8 ", FileType::Webp),
            (b"RIFF\0\0\0\0WAVEfmt ", FileType::OctetStream),
            (b"GIF89a", FileType::Gif),
            (b"%PDF-1.7", FileType::Pdf),
            (b"hello \xc3\xa9\n", FileType::Text),
            (b"hello \xff", FileType::OctetStream),
            (b"a\0b", FileType::OctetStream),
            (b"", FileType::OctetStream),
            // Inert as text, which is all that a text node makes of it.
            (b"<svg onload=alert(1)>", FileType::Text),
            (b"DICM", FileType::Text),
        ];
        for (head, expected) in cases {
            assert_eq!(FileType::sniff(head, true), expected, "{head:?}");
        }
    }

    #[test]
    fn a_cut_character_is_text_only_in_a_head() {
        assert_eq!(FileType::sniff(b"caf\xc3", false), FileType::Text);
        assert_eq!(FileType::sniff(b"caf\xc3", true), FileType::OctetStream);
    }
}
