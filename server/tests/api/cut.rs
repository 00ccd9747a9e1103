//! A way to a server that can be cut: refused, broken off in the middle, or silent.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::{AsyncReadExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What becomes of a connection.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Open,
    /// It breaks off once so many bytes went to the server.
    CutUp(u64),
    /// It breaks off once so many bytes came from the server.
    CutDown(u64),
    /// Nothing is ever answered.
    Silent,
}

/// A port that leads to another one, while it does.
pub struct Cut {
    port: u16,
    target: SocketAddr,
    way: watch::Sender<Way>,
    task: Option<JoinHandle<()>>,
}

impl Cut {
    /// A way to an `http://` address.
    pub async fn to(endpoint: &str) -> Self {
        let target = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (way, _) = watch::channel(Way::Open);
        let task = tokio::spawn(run(listener, target, way.subscribe()));
        Self { port, target, way, task: Some(task) }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on; connections that stand are cut.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Connections are refused from now on, and those that stand are cut.
    pub async fn close(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// As before, on the same port.
    pub async fn reopen(&mut self) {
        self.close().await;
        self.set(Way::Open);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
        self.task = Some(tokio::spawn(run(listener, self.target, self.way.subscribe())));
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn run(listener: TcpListener, target: SocketAddr, way: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(pass(client, target, way.clone()));
    }
}

async fn pass(mut client: TcpStream, target: SocketAddr, mut way: watch::Receiver<Way>) {
    let (most_up, most_down) = match *way.borrow_and_update() {
        Way::Open => (u64::MAX, u64::MAX),
        Way::CutUp(most) => (most, u64::MAX),
        Way::CutDown(most) => (u64::MAX, most),
        Way::Silent => (u64::MAX, 0),
    };
    if most_down == 0 {
        let _ = way.changed().await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let (from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let (mut up, mut down) = (from_client.take(most_up), from_server.take(most_down));
    tokio::select! {
        _ = copy(&mut up, &mut to_server) => {}
        _ = copy(&mut down, &mut to_client) => {}
        _ = way.changed() => {}
    }
}
