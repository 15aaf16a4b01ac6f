//! The servers of a run: started when the models on them have their turn, looked after, stopped behind them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::engine::Lane;
use crate::pool::Endpoint;
use crate::serve::{Devices, Server, ServerAbout, ServerConfig};
use crate::transport::{Line, Transport};

/// What tells whoever waits what happens to servers.
pub(crate) type Say = Arc<dyn Fn(String) + Send + Sync>;

/// The servers of a pool.
pub(crate) struct Servers {
    configs: BTreeMap<String, ServerConfig>,
    logs: PathBuf,
    devices: Arc<Devices>,
    turns: Arc<Semaphore>,
    running: Mutex<BTreeMap<String, Server>>,
    about: std::sync::Mutex<BTreeMap<String, ServerAbout>>,
    transport: Transport,
    say: Say,
}

impl Servers {
    /// At most `at_once` run at a time. Their logs lie in `logs`.
    pub(crate) fn new(
        configs: BTreeMap<String, ServerConfig>,
        logs: PathBuf,
        at_once: usize,
        transport: Transport,
        say: Say,
    ) -> Self {
        Self {
            configs,
            logs,
            devices: Devices::of_this_machine(),
            turns: Arc::new(Semaphore::new(at_once.max(1))),
            running: Mutex::default(),
            about: std::sync::Mutex::default(),
            transport,
            say,
        }
    }

    /// Waits for a turn and starts a server; the lanes get its address. None when it does not start: the lanes are closed
    /// with the reason then.
    pub(crate) async fn start(&self, name: &str, lanes: &[Arc<Lane>]) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let config = self.configs.get(name)?;
        (self.say)(format!("starting server `{name}`"));
        let started = Server::start(name, config, &self.logs, &self.devices).await;
        match started {
            Ok(server) => {
                let about = server.about();
                let version = about.version.as_deref().unwrap_or("unknown version");
                (self.say)(format!("server `{name}` runs: {} {version} at {}", about.engine, server.base_url()));
                for lane in lanes {
                    match Line::new(&self.transport, &server.base_url(), &lane.model) {
                        Ok(line) => lane.set_line(line),
                        Err(reason) => lane.close(&reason),
                    }
                }
                self.about
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .insert(name.to_owned(), about.clone());
                self.running.lock().await.insert(name.to_owned(), server);
                Some(turn)
            }
            Err(error) => {
                for lane in lanes {
                    lane.close(&error.to_string());
                }
                None
            }
        }
    }

    /// After a connection failed: starts the server of a lane anew if it died.
    pub(crate) async fn look_after(&self, lane: &Lane) {
        let Endpoint::Server(name) = &lane.model.endpoint else { return };
        let mut running = self.running.lock().await;
        let Some(server) = running.get_mut(name) else { return };
        match server.restart_if_dead().await {
            Ok(false) => {}
            Ok(true) => (self.say)(format!("server `{name}` had died and runs again")),
            Err(error) => lane.close(&error.to_string()),
        }
    }

    /// Stops a server and passes its turn on.
    pub(crate) async fn stop(&self, name: &str, turn: OwnedSemaphorePermit) {
        let server = self.running.lock().await.remove(name);
        if let Some(server) = server
            && let Err(error) = server.stop().await
        {
            (self.say)(error.to_string());
        }
        drop(turn);
    }

    /// Stops those that still run.
    pub(crate) async fn stop_all(&self) {
        let servers = std::mem::take(&mut *self.running.lock().await);
        for server in servers.into_values() {
            if let Err(error) = server.stop().await {
                (self.say)(error.to_string());
            }
        }
    }

    /// What ran.
    pub(crate) fn about(&self) -> BTreeMap<String, ServerAbout> {
        self.about.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
