//! From a configuration to a listening witness and its orderly end.

use std::{future::Future, io, net::TcpListener, sync::Arc};

use axum_server::Handle;
use tlog::cosignature::{Cosigner, CosignerKey};

use super::{WitnessConfig, WitnessError, api, key, record::Records, register::Register};
use crate::{
    data_folder,
    serve::{GRACE, listen, load_tls, log_to_stderr, stop_signal},
    state::StartError,
};

/// Runs until SIGINT or SIGTERM.
pub fn run(config: WitnessConfig) -> Result<(), WitnessError> {
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| failed("the runtime", e))?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind(config.listen).map_err(|e| failed(&format!("listening on {}", config.listen), e))?;
        let stop = stop_signal().map_err(|e| failed("listening for signals", e))?;
        let address = listener.local_addr().map_err(|e| failed("listening", e))?;
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let announce = |key: &CosignerKey| println!("The witness is ready at {scheme}://{address}\n{key}");
        serve(config, listener, stop, announce).await
    })
}

/// Serves on a listener until `stop` resolves. `ready` is called once, when requests are taken, with the witness's key.
pub async fn serve(
    config: WitnessConfig,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(&CosignerKey),
) -> Result<(), WitnessError> {
    if config.logs.is_empty() {
        return Err(WitnessError::NoLogs);
    }
    let _lock = data_folder::lock(&config.data)?;
    let (records, key) = open(&config)?;
    let register = Register::open(&records, key.clone(), &config.logs)?;
    let tls = load_tls(config.tls.as_ref()).await?;
    let handle = Handle::new();
    let server = tokio::spawn(listen(listener, tls, handle.clone(), api::router(Arc::new(register))));
    handle.listening().await;
    ready(&key.key());
    stop.await;
    handle.graceful_shutdown(Some(GRACE));
    let ended = server.await.map_err(|e| failed("the witness", io::Error::other(e)))?;
    ended.map_err(|e| failed("the witness", e))
}

fn open(config: &WitnessConfig) -> Result<(Records, Cosigner), WitnessError> {
    let records = Records::open(&config.data)?;
    let key = key::load_or_make(&config.data, config.name.as_ref(), !records.is_empty()?)?;
    Ok((records, key))
}

fn failed(what: &str, error: io::Error) -> WitnessError {
    StartError::Io(what.to_owned(), error).into()
}
