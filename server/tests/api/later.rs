//! A device whose clock moved with the server's.

use client::{
    Client, Environment, Platform, SystemClock,
    bulk::native::FileBulk,
    native::{BlockingPool, Native},
    transport::native::HttpTransport,
};
use server::clock::now_ms;

use crate::{harness::Server, person::DEVICE};

/// A device whose clock says the same as the server's.
pub struct Later(Native, Ahead);

/// A clock so many milliseconds ahead of this machine's.
pub struct Ahead(i64);

impl Ahead {
    pub fn of(server: &Server) -> Self {
        Self(server.state.clock.now() - now_ms())
    }
}

impl Environment for Ahead {
    fn now(&self) -> i64 {
        SystemClock.now() + self.0
    }

    async fn pause(&self, milliseconds: u32) {
        SystemClock.pause(milliseconds).await;
    }
}

impl Platform for Later {
    type Transport = HttpTransport;
    type Environment = Ahead;
    type Heavy = BlockingPool;
    type Bulk = FileBulk;

    fn transport(&self) -> &HttpTransport {
        self.0.transport()
    }

    fn environment(&self) -> &Ahead {
        &self.1
    }

    fn heavy(&self) -> &BlockingPool {
        self.0.heavy()
    }

    fn bulk(&self) -> &FileBulk {
        self.0.bulk()
    }
}

/// A client on it, as the clock says now.
pub fn later(server: &Server) -> Client<Later> {
    Client::new(Later(Native::on_device(&server.origin, DEVICE).unwrap(), Ahead::of(server)))
}
