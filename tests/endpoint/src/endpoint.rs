//! An endpoint that runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};

use crate::batch::Store;
use crate::connection::Connection;
use crate::delivery::deliver;
use crate::exchange::{Counted, Exchange, exchange};
use crate::reply::{Framing, Reply};
use crate::script::Script;
use crate::seen::{Counters, Seen};
use crate::window::Window;

/// An endpoint that runs, on threads of its own, until it is stopped or dropped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) script: Script,
    pub(crate) address: SocketAddr,
    pub(crate) seen: Counters,
    pub(crate) window: Option<Window>,
    pub(crate) batches: Mutex<Store>,
    pub(crate) unhealthy_polls: AtomicU64,
    /// Whether requests beyond the first so many may go on.
    released: watch::Sender<bool>,
}

impl Endpoint {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// If the port is taken.
    pub fn start(script: Script) -> Self {
        Self::bind(script).expect("the endpoint's port on loopback is free")
    }

    /// Starts one, where the port may be taken.
    pub fn bind(script: Script) -> io::Result<Self> {
        let runtime = runtime(script.threads)?;
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, script.port).into())?;
            socket.listen(4096)
        })?;
        let address = listener.local_addr()?;
        let needs_bodies = script.fault_share > 0.0 || script.batch_fault_share > 0.0 || script.delay_ms.1 > 0;
        let shared = Arc::new(Shared {
            seen: Counters::new(script.record, needs_bodies, script.keep_requests),
            window: script.rate_limit.map(Window::new),
            unhealthy_polls: AtomicU64::new(script.unhealthy_polls),
            batches: Mutex::default(),
            released: watch::Sender::new(false),
            address,
            script,
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("scripted-endpoint".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(&shared, listener) => {}
                        _ = stopped => {}
                    }
                });
                // Whatever is under way ends with the runtime, before anybody looks at the last numbers.
                drop(runtime);
            }
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients find it: `http://127.0.0.1:PORT/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What it saw until now.
    pub fn seen(&self) -> Seen {
        self.shared.seen.seen(true)
    }

    /// Blocks until so many requests arrived in all, and returns as soon as the last of them has.
    ///
    /// # Panics
    ///
    /// If no request comes for two minutes.
    pub fn wait_for_requests(&self, count: u64) {
        self.shared.seen.wait_for_requests(count);
    }

    /// Blocks until no request is under way.
    pub fn wait_until_idle(&self) {
        self.shared.seen.wait_until_idle();
    }

    /// Lets go on what [`Script::hold_after`] holds, now and from now on.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// Ends it and every connection; what it saw.
    pub fn stop(mut self) -> Seen {
        self.end();
        self.seen()
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.end();
    }
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    // One thread alone needs no locks.
    let mut builder = if threads <= 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build()
}

async fn accept(shared: &Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                shared.seen.connections.fetch_add(1, SeqCst);
                tokio::spawn(serve(Arc::clone(shared), stream));
            }
            // Out of files: those who hold them give some back.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    }
}

/// Serves a connection until one side ends it.
async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let mut connection = Connection::new(stream);
    loop {
        let received = match connection.receive().await {
            Ok(Some(received)) => received,
            Ok(None) => return,
            Err(message) => {
                shared.seen.not_understood.fetch_add(1, SeqCst);
                Reply::json(400, message).write(Framing::Length, &mut connection.output);
                let _ = connection.flush().await;
                return;
            }
        };
        let exchange = exchange(&shared, &connection.parts(&received));
        let keep_alive = received.head.keep_alive;
        connection.forget(received);
        if respond(&shared, &mut connection, exchange).await.is_err() {
            return;
        }
        if !keep_alive {
            return connection.cut(false).await;
        }
    }
}

async fn respond(shared: &Shared, connection: &mut Connection, exchange: Exchange) -> io::Result<()> {
    let Exchange { reply, counted } = exchange;
    let Some(Counted { flight, fault, mut draw, delay_ms, is_held }) = counted else {
        reply.write(reply.framing(), &mut connection.output);
        return connection.flush().await;
    };
    if is_held {
        let mut released = shared.released.subscribe();
        let _ = connection.until(released.wait_for(|released| *released)).await?;
    }
    if delay_ms > 0 {
        connection.wait(delay_ms).await?;
    }
    deliver(connection, flight, &reply, fault, &mut draw).await
}
