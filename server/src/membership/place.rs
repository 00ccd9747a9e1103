//! Which server this is: an id in its data folder. A copy of the folder is another server.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::{private_file, random};

/// Its file: the id, and the number of the file's own inode, which a copy doesn't have.
const FILE: &str = "server-id";

/// The id of the server whose data folder this is, made where there is none.
pub fn id(data: &Path) -> io::Result<[u8; 16]> {
    match known(data)? {
        Some(id) => Ok(id),
        None => make(&data.join(FILE)),
    }
}

/// The same, where there is one.
pub fn known(data: &Path) -> io::Result<Option<[u8; 16]>> {
    let path = data.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(parse(&text, fs::metadata(&path)?.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse(text: &str, inode: u64) -> Option<[u8; 16]> {
    let (id, of) = text.trim().split_once(' ')?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    (of.parse() == Ok(inode)).then_some(bytes)
}

fn make(path: &Path) -> io::Result<[u8; 16]> {
    let id = random::bytes::<16>().map_err(io::Error::other)?;
    private_file::replace(path, |file| {
        let inode = file.metadata()?.ino();
        writeln!(file, "{} {inode}", hex::encode(id))
    })?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_id_and_a_copy_gets_another() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        assert_eq!(known(one.path()).unwrap(), None);
        let first = id(one.path()).unwrap();
        assert_eq!(known(one.path()).unwrap(), Some(first));
        assert_eq!(id(one.path()).unwrap(), first);
        fs::copy(one.path().join(FILE), other.path().join(FILE)).unwrap();
        let copy = id(other.path()).unwrap();
        assert_ne!(copy, first);
        assert_eq!(id(other.path()).unwrap(), copy);
        fs::write(one.path().join(FILE), "damaged").unwrap();
        assert_ne!(id(one.path()).unwrap(), first);
    }
}
