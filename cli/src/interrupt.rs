//! Interrupts from the keyboard: the first stops what runs, so that it can say how to go on; the next ends the program at once.

use std::future::pending;

use tokio::sync::oneshot;

/// How a shell knows that a program was interrupted.
const INTERRUPTED: i32 = 130;

/// Waits for the first interrupt. Once nobody waits for it any more, and after it, an interrupt ends the program: what is still to
/// be done then may take as long as a line that died does.
pub async fn first() {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        if tell.send(()).is_err() || tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    });
    if told.await.is_err() {
        // Interrupts can't be heard here: they end the program as ever.
        pending::<()>().await;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{process::Command, time::Duration};

    use super::*;

    #[tokio::test]
    async fn the_first_interrupt_is_heard_and_ends_nothing() {
        let heard = tokio::spawn(first());
        // Both listen by then.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        assert!(!heard.is_finished());
        let kill = format!("kill -INT {}", std::process::id());
        assert!(Command::new("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success()));
        assert!(tokio::time::timeout(Duration::from_secs(20), heard).await.is_ok_and(|heard| heard.is_ok()));
    }
}
