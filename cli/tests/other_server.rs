//! `hs` under a profile that is signed in, pointed at another server: refused by name before anything is sent.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A listener that nobody may have called.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

fn was_called(listener: &TcpListener) -> bool {
    match listener.accept() {
        Ok(_) => true,
        Err(e) if e.kind() == ErrorKind::WouldBlock => false,
        Err(e) => panic!("{e}"),
    }
}

/// A folder with the profile of somebody who is signed in at `server`.
fn signed_in_at(server: &str, test: &str) -> (PathBuf, PathBuf) {
    let config = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let profile = config.join("healthsecure/default.json");
    fs::create_dir_all(profile.parent().unwrap()).unwrap();
    let body = serde_json::json!({ "server": server, "email": "ann@clinic.example" });
    fs::write(&profile, body.to_string()).unwrap();
    (config, profile)
}

fn hs(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hs"))
        .args(["--json", "--no-keyring", "--password-fd", "0"])
        .args(arguments)
        .env("XDG_CONFIG_HOME", config)
        .env_remove("HEALTHSECURE_SERVER")
        .env_remove("HEALTHSECURE_PROFILE")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code(output: &Output) -> String {
    let body: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn another_server_is_refused_and_hears_nothing() {
    let (own, own_address) = listener();
    let (other, other_address) = listener();
    let (config, profile) = signed_in_at(&own_address, "another_server");
    let before = fs::read(&profile).unwrap();
    for arguments in [&["whoami"][..], &["list"], &["sessions"], &["logout"]] {
        let arguments = [&["--server", &other_address], arguments].concat();
        let output = hs(&config, &arguments);
        assert!(!output.status.success());
        assert_eq!(code(&output), "other_server", "{arguments:?}");
    }
    assert!(!was_called(&other), "neither a token nor anything else was sent");
    assert!(!was_called(&own));
    assert_eq!(fs::read(&profile).unwrap(), before, "the profile stays what it is");
}

#[test]
fn its_own_server_is_called() {
    let (own, address) = listener();
    let (config, _) = signed_in_at(&address, "own_server");
    // Nobody answers: the program is ended once it has called.
    let mut child = Command::new(env!("CARGO_BIN_EXE_hs"))
        .args(["--json", "--no-keyring", "--password-fd", "0", "whoami"])
        .env("XDG_CONFIG_HOME", &config)
        .env_remove("HEALTHSECURE_SERVER")
        .env_remove("HEALTHSECURE_PROFILE")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    use std::io::Write;
    child.stdin.take().unwrap().write_all(b"correct horse battery\n").unwrap();
    let called = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        was_called(&own)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(called);
}
