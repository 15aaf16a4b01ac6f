//! What a run keeps beside the tables of a data folder: its lock, its journal, its control file, the logs of its servers.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_records::atomic::append_to;

use crate::batch::Ledger;
use crate::control::Control;
use crate::engine::Lane;
use crate::error::CollectError;
use crate::limit::Limit;
use crate::pool::{Endpoint, Model, ModelPool};
use crate::servers::{Say, Servers};
use crate::spend::Taken;
use crate::transport::{Line, Transport};

/// The folder `collect` of a data folder, held by one run at a time: two would ask for the same and write over each other.
#[derive(Debug)]
pub(crate) struct Office {
    path: PathBuf,
    _lock: File,
}

impl Office {
    pub(crate) fn open(folder: &Path) -> Result<Self, CollectError> {
        let path = folder.join("collect");
        let lock = append_to(&path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => {
                let reason =
                    "another `routerlab collect`, `judge` or `embed` runs in this folder; wait for it, or stop it";
                Err(CollectError::data(folder, reason))
            }
            Err(std::fs::TryLockError::Error(error)) => {
                Err(CollectError::data(folder, format!("`collect/lock` cannot be locked: {error}")))
            }
        }
    }

    /// The journal of completions, of judgements, or of one encoder's embeddings.
    pub(crate) fn journal(&self, of: &str) -> PathBuf {
        self.path.join(format!("journal-{of}"))
    }

    /// What is known of batches of the same at providers.
    pub(crate) fn batches(&self, of: &str, say: &Say) -> Ledger {
        Ledger::new(self.path.join(format!("batches-{of}")), Arc::clone(say))
    }

    pub(crate) fn control(&self, say: &Say) -> Control {
        let say = Arc::clone(say);
        Control::new(self.path.join("control.toml"), Box::new(move |line| say(line)))
    }

    pub(crate) fn servers(&self, pool: &ModelPool, at_once: usize, transport: &Transport, say: &Say) -> Arc<Servers> {
        let (logs, configs) = (self.path.join("servers"), pool.servers.clone());
        Arc::new(Servers::new(configs, logs, at_once, transport.clone(), Arc::clone(say)))
    }
}

/// Makes lanes. Models on the same server of one's own share its slots: what it cannot take at once would wait inside it, and
/// count as latency.
pub(crate) struct Lanes<'a> {
    pool: &'a ModelPool,
    pool_name: &'a str,
    transport: &'a Transport,
    of_servers: BTreeMap<String, Arc<Limit>>,
}

impl<'a> Lanes<'a> {
    pub(crate) fn of(pool: &'a ModelPool, pool_name: &'a str, transport: &'a Transport) -> Self {
        Self { pool, pool_name, transport, of_servers: BTreeMap::new() }
    }

    /// A model's lane, with its address where it has one already.
    pub(crate) fn lane(&mut self, model: Model, wanted: u64, taken: Taken) -> Result<Lane, CollectError> {
        let own = || Limit::new(model.concurrency, model.max_concurrency);
        let (place, line, limit) = match &model.endpoint {
            Endpoint::Url(base) => {
                let line = Line::new(self.transport, base, &model).map_err(|reason| {
                    CollectError::pool(self.pool_name, format!("`models.{}`: {reason}", model.name))
                })?;
                (base.clone(), Some(line), own())
            }
            // Its port is another one every time; what it runs is what counts.
            Endpoint::Server(name) => {
                let config = self.pool.servers.get(name);
                let place = format!("server:{}", config.map_or_else(String::new, |config| config.identity()));
                (place, None, Arc::clone(self.of_servers.entry(name.clone()).or_insert_with(own)))
            }
        };
        Ok(Lane::new(model, limit, place, line, wanted, taken))
    }
}
