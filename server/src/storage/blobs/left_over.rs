//! What a process that was killed left of a blob in a folder.
//!
//! object_store writes a blob to a file beside its place, named like it with `#` and a number, and gives it its name when it
//! is whole. Its lists leave such files out and its deletes can't name them, so they go here.

use std::{io, path::PathBuf};

use object_store::{local::LocalFileSystem, path::Path};
use tokio::fs;

use super::BlobResult;

/// Deletes what was written of a blob, if anything was. Whoever is writing it still can't finish it then.
pub async fn delete(folder: &LocalFileSystem, key: &Path) -> BlobResult<()> {
    let blob = folder.path_to_filesystem(key)?;
    let mut number = 1;
    while found(fs::remove_file(staged(&blob, number)).await)? {
        number += 1;
    }
    // Its folder is made first, and perhaps nothing came after. It stays where other blobs lie in it, this one too.
    if let Some(upload) = blob.parent()
        && key.parts().count() > 1
    {
        let _ = fs::remove_dir(upload).await;
    }
    Ok(())
}

fn staged(blob: &std::path::Path, number: u32) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(format!("#{number}"));
    name.into()
}

fn found(removed: io::Result<()>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
