//! Secrets come from the terminal or from a file descriptor, never from an argument or the environment.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
};

use zeroize::Zeroizing;

/// The first line of a file descriptor, or what a person types without echo.
pub fn secret(prompt: &str, fd: Option<i32>) -> io::Result<Zeroizing<String>> {
    if let Some(fd) = fd {
        return first_line(fd);
    }
    if !io::stdin().is_terminal() {
        return Err(io::Error::other("no terminal to ask on: pass a file descriptor (see --help)"));
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}

/// Asks twice where a person types a new password.
pub fn new_secret(prompt: &str, fd: Option<i32>) -> io::Result<Zeroizing<String>> {
    let first = secret(prompt, fd)?;
    if fd.is_none() && *secret("Once more: ", None)? != *first {
        return Err(io::Error::other("the two passwords differ; nothing was sent"));
    }
    Ok(first)
}

/// `/dev/fd/N` opens a descriptor that was handed over without unsafe code.
fn first_line(fd: i32) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(File::open(format!("/dev/fd/{fd}"))?).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
