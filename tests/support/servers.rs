//! Servers on loopback, shared by path: the tests of the TLS sources and those of the whole process need them.

#![allow(dead_code, reason = "each user needs another part")]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use openssl::provider::Provider;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVersion};

/// Long enough for a loaded machine; no test waits for it but those about waiting.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// No server outlives this, whatever becomes of its test.
const LIFE: Duration = Duration::from_secs(60);

/// A server on loopback that handles each connection on a thread of its own, until it is dropped.
pub struct Server {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `handle` is given the connection and how many came before it.
    pub fn new(handle: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        Self::on(IpAddr::V4(Ipv4Addr::LOCALHOST), handle).expect("loopback")
    }

    pub fn on(address: IpAddr, handle: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::new(address, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, stopped) = (Arc::clone(&connections), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let end = Instant::now() + LIFE;
            thread::scope(|scope| {
                while !stopped.load(Ordering::Relaxed) && Instant::now() < end {
                    match listener.accept() {
                        Ok((tcp, _)) => {
                            let before = count.fetch_add(1, Ordering::Relaxed);
                            tcp.set_nonblocking(false).unwrap();
                            tcp.set_read_timeout(Some(PATIENCE)).unwrap();
                            tcp.set_write_timeout(Some(PATIENCE)).unwrap();
                            let handle = &handle;
                            scope.spawn(move || handle(tcp, before));
                        }
                        Err(_) => thread::sleep(Duration::from_millis(1)),
                    }
                }
            });
        });
        Ok(Self {
            port,
            connections,
            stop,
            thread: Some(thread),
        })
    }

    /// Speaks TLS by `context`, and reads until the client leaves.
    pub fn tls(context: SslContext) -> Self {
        Self::new(move |tcp, _| accept(&context, tcp))
    }

    /// Sends `bytes` and waits for the client to leave.
    pub fn raw(bytes: Vec<u8>) -> Self {
        Self::new(move |mut tcp, _| {
            let _ = tcp.write_all(&bytes);
            drain(&mut tcp);
        })
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

pub fn accept(context: &SslContext, tcp: TcpStream) {
    let mut stream = SslStream::new(Ssl::new(context).unwrap(), tcp).unwrap();
    if stream.accept().is_ok() {
        // Until the client says farewell.
        let _ = stream.ssl_read(&mut [0]);
    }
}

pub fn drain(tcp: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while matches!(tcp.read(&mut buffer), Ok(1..)) {}
}

/// A server's context that refuses nothing by itself.
pub fn bare_context(configure: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    static LEGACY: OnceLock<()> = OnceLock::new();
    LEGACY.get_or_init(|| {
        // RC4; to be dropped is to be unloaded.
        std::mem::forget(Provider::try_load(None, "legacy", true).unwrap());
    });
    let mut context = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
    context.set_cipher_list("ALL:COMPLEMENTOFALL").unwrap();
    configure(&mut context);
    context.build()
}

pub fn only(version: SslVersion, suites: &'static str) -> impl FnOnce(&mut SslContextBuilder) {
    move |context| {
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_cipher_list(suites).unwrap();
    }
}
