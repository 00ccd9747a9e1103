//! `healthsecure serve`: from a configuration to a listening server and its orderly end.

use std::{
    future::Future,
    io::{self, IsTerminal},
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use futures::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    AppState,
    background::Background,
    backup::{drill, schedule, settings},
    config::{Config, Tls},
    data_folder,
    mail::outbox,
    membership,
    router::router,
    scrub,
    services::set_up,
    sms,
    state::StartError,
    upkeep,
};

/// How long open requests may take to end after a stop was asked for.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// A client that doesn't finish its headers is dropped.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);

/// Runs until SIGINT or SIGTERM.
pub fn run(config: Config) -> Result<(), StartError> {
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| StartError::Io("the runtime".into(), e))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.listen)
            .map_err(|e| StartError::Io(format!("listening on {}", config.listen), e))?;
        let stop = stop_signal().map_err(|e| StartError::Io("listening for signals".into(), e))?;
        serve(config, listener, stop, announce).await
    })
}

/// Serves on a listener until `stop` resolves. `ready` is called once, when requests are taken, with the state and,
/// while there is no administrator, the one-time set-up link.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(&AppState, Option<&str>),
) -> Result<(), StartError> {
    let _lock = data_folder::lock(&config.data)?;
    let _database = data_folder::lock_database(&config.database_url)?;
    let tls = load_tls(config.tls.as_ref()).await?;
    let state = AppState::open(config).await?;
    if let Err(error) = settings::write_down(&state.config) {
        tracing::warn!(%error, "what this server was started with could not be written down: `healthsecure backup` won't have it");
    }
    let link = set_up::new_link(&state).await?;
    let upkeep = upkeep::start(state.clone());
    let outbox = outbox::start(state.clone());
    let codes = sms::outbox::start(state.clone());
    let scheduled = [schedule::start(state.clone()), drill::start(state.clone()), Some(scrub::start(state.clone()))];
    let handle = Handle::new();
    let server = tokio::spawn(listen(listener, tls, handle.clone(), router(state.clone())));
    handle.listening().await;
    ready(&state, link.as_deref());
    let lost = tokio::select! {
        () = stop => None,
        lost = membership::keep(&state) => Some(lost),
    };
    state.live.close();
    handle.graceful_shutdown(Some(GRACE));
    let ended = server.await;
    // However the server ended: what was counted must be written before the database closes.
    upkeep.stop().await;
    join_all(scheduled.into_iter().flatten().map(Background::stop)).await;
    if let Some(outbox) = outbox {
        outbox.stop().await;
    }
    if let Some(codes) = codes {
        codes.stop().await;
    }
    state.log.stop().await;
    state.key_log.stop().await;
    if let Err(error) = state.membership.leave(&state.db).await {
        tracing::warn!(%error, "the others are not told that this server has ended; they find out soon");
    }
    state.db.close().await?;
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    let ended = ended.map_err(|e| StartError::Io("the server".into(), io::Error::other(e)))?;
    ended.map_err(|e| StartError::Io("the server".into(), e))
}

/// Takes requests until the handle says stop.
pub(crate) async fn listen(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    app: Router,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
            server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
            server.serve(service).await
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
            server.serve(service).await
        }
    }
}

fn announce(state: &AppState, set_up_link: Option<&str>) {
    println!("HealthSecure is ready at {}", state.config.origin);
    if let Some(link) = set_up_link {
        println!("Create the first administrator with this link (it works once, until the next start):\n{link}");
    }
}

/// Reads the files, if there is TLS here.
pub(crate) async fn load_tls(tls: Option<&Tls>) -> Result<Option<RustlsConfig>, StartError> {
    let Some(tls) = tls else { return Ok(None) };
    // Fails only where one is installed already, which serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let loaded = RustlsConfig::from_pem_file(&tls.cert, &tls.key).await;
    let place = || format!("{} and {}", tls.cert.display(), tls.key.display());
    loaded.map(Some).map_err(|e| StartError::Io(place(), e))
}

/// Resolves at SIGINT or SIGTERM. Listens from the call on, not from the first poll: whoever reads that the server is
/// ready may stop it in the same moment.
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    })
}

/// To stderr; RUST_LOG narrows or widens it. What is never logged, whatever it says, stands in docs/operations.md:
/// bodies, headers, tokens, cookies, e-mails, names, queries, ids in paths, addresses, SQL statements and their values.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A library that would log statements or requests in clear stays silent even under RUST_LOG=trace.
    let filter = [
        "sqlx",
        "sea_orm",
        "hyper",
        "h2",
        "tower_http",
        "rustls",
        "axum",
        "lettre",
        "reqwest",
        "oauth2",
        "object_store",
        "openidconnect",
    ]
    .iter()
    .filter_map(|library| format!("{library}=off").parse().ok())
    .fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let builder = builder.with_ansi(io::stderr().is_terminal());
    let _ = builder.try_init();
}
