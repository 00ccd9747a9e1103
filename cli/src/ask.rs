//! Secrets come from the terminal or from a file descriptor, never from an argument or the environment.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
};

use api_types::limits::PASSWORD_MAX_CHARS;
use passwords::Verdict;
use zeroize::Zeroizing;

use crate::error::{CliError, Result};

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

/// A new password of at least `min` characters that stands some guessing. `known` is what others know about the person and
/// the place.
pub fn new_password(fd: Option<i32>, min: usize, known: &[&str]) -> Result<Zeroizing<String>> {
    let typed = new_secret(&format!("New password ({min} characters or more): "), fd)?;
    let refused = match passwords::judge(&typed, min, known) {
        Verdict::Short(_) => format!("a new password has at least {min} characters"),
        Verdict::Long => format!("a password has at most {PASSWORD_MAX_CHARS} characters"),
        Verdict::Common => "this is one of the most used passwords: attackers try it first".to_owned(),
        verdict if !verdict.enough() => {
            "this password would be guessed quickly: four or five unrelated words are strong".to_owned()
        }
        _ => return Ok(typed),
    };
    Err(CliError::Argument(format!("{refused}; nothing was sent")))
}

/// `/dev/fd/N` opens a descriptor that was handed over without unsafe code.
fn first_line(fd: i32) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(File::open(format!("/dev/fd/{fd}"))?).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
