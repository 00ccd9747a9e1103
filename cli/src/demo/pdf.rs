//! A one-page PDF with lines of text (ISO 32000-1, 7.5: header, objects, cross-reference table, trailer): enough for a
//! made-up laboratory sheet that any viewer opens.

use std::fmt::Write;

/// A4 page, Helvetica; the first line is the title. Characters outside Latin-1 become `?`.
pub fn page(lines: &[String]) -> Vec<u8> {
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_vec(),
        stream(&content(lines)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    assemble(&objects)
}

fn content(lines: &[String]) -> Vec<u8> {
    let mut out = b"BT /F1 18 Tf 56 780 Td 22 TL ".to_vec();
    for (i, line) in lines.iter().enumerate() {
        if i == 1 {
            out.extend_from_slice(b"/F1 11 Tf 17 TL T* ");
        }
        out.push(b'(');
        for c in line.chars() {
            let byte = u8::try_from(u32::from(c)).unwrap_or(b'?');
            if matches!(byte, b'(' | b')' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.extend_from_slice(b") Tj T* ");
    }
    out.extend_from_slice(b"ET");
    out
}

fn stream(content: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {} >>\nstream\n", content.len()).into_bytes();
    object.extend_from_slice(content);
    object.extend_from_slice(b"\nendstream");
    object
}

fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", i + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    file.extend_from_slice(table.as_bytes());
    let size = objects.len() + 1;
    file.extend_from_slice(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cross_reference_points_at_the_objects() {
        let file = page(&["Title".into(), "a (b) c".into()]);
        let text = String::from_utf8_lossy(&file).into_owned();
        let start: usize = text.rsplit("startxref\n").next().and_then(|t| t.lines().next()).unwrap().parse().unwrap();
        // The four bytes of the binary comment are replaced in `text`, so look at the bytes.
        assert!(file[start..].starts_with(b"xref\n0 6\n"));
        for (i, line) in String::from_utf8_lossy(&file[start..]).lines().skip(3).take(5).enumerate() {
            let at: usize = line[..10].parse().unwrap();
            assert!(file[at..].starts_with(format!("{} 0 obj", i + 1).as_bytes()));
        }
        assert!(text.contains(r"a \(b\) c"));
    }
}
