//! What every handler can reach.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vws_core::Millis;

use super::idempotency::Answers;
use super::origin::Access;
use super::packed::Packs;
use super::page::Page;
use super::refusal::Refusal;
use crate::assets::Assets;
use crate::auth::Auth;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::log::EventLog;
use crate::net::{Addresses, Stop};
use crate::serve::ServeError;
use crate::store::{SessionStore, StoreConfig};
use crate::telemetry::Metrics;

/// One running server, as its handlers see it.
#[derive(Debug)]
pub struct App {
    config: Config,
    auth: Auth,
    access: Access,
    addresses: Arc<Addresses>,
    page: Page,
    answers: Answers,
    packs: Packs,
    /// Files that are read or written now.
    transfers: Arc<Semaphore>,
    /// A backup that is being taken.
    backups: Arc<Semaphore>,
    store: SessionStore,
    /// The other nodes, where it is one of several.
    cluster: Option<Arc<Cluster>>,
    started: Instant,
    metrics: Arc<Metrics>,
    stop: Stop,
}

impl App {
    /// Reads what a server on `address` needs before it can answer.
    ///
    /// # Errors
    /// [`ServeError`] when the page cannot be read, or the log not asked for its sessions.
    pub(crate) async fn new(
        config: Config,
        auth: Auth,
        log: Arc<dyn EventLog>,
        assets: Arc<Assets>,
        address: SocketAddr,
        stop: Stop,
        cluster: Option<Arc<Cluster>>,
    ) -> Result<Arc<Self>, ServeError> {
        let page = Page::load(config.page.as_deref())?;
        let access = Access::new(address.ip(), &config);
        let addresses = Addresses::new(&config.limits);
        let metrics = Arc::new(Metrics::of(&*log, &assets, cluster.as_deref()));
        let answers = Answers::new(&config.limits);
        let transfers = Arc::new(Semaphore::new(config.limits.max_transfers as usize));
        let bounds = StoreConfig::from(&config.limits);
        let store = SessionStore::with_assets(log, assets, bounds, Arc::clone(&metrics)).await?;
        let started = Instant::now();
        let packs = Packs::default();
        Ok(Arc::new(Self {
            config,
            auth,
            access,
            addresses,
            page,
            answers,
            packs,
            transfers,
            backups: Arc::new(Semaphore::new(1)),
            store,
            cluster,
            started,
            metrics,
            stop,
        }))
    }

    /// How this server runs.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Who may do what.
    #[must_use]
    pub const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The time by the system's clock, which tokens are judged by.
    pub(crate) fn now() -> Millis {
        crate::store::now()
    }

    /// Which hosts and origins it answers.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// What each address has open.
    pub(crate) const fn addresses(&self) -> &Arc<Addresses> {
        &self.addresses
    }

    /// The end of this server: long-lived connections end with it.
    #[must_use]
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The sessions.
    #[must_use]
    pub const fn store(&self) -> &SessionStore {
        &self.store
    }

    /// The other nodes, where it is one of several.
    #[must_use]
    pub const fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.cluster.as_ref()
    }

    /// Whether the log and, where it is one of several, the other nodes are within reach, as far as anybody knows.
    #[must_use]
    pub fn is_within_reach(&self) -> bool {
        self.store.is_log_within_reach() && self.cluster.as_ref().is_none_or(|c| c.is_within_reach())
    }

    /// When it began to serve.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// The answers to recent POSTs that carried an idempotency key.
    pub(super) const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Compressed states of the sessions.
    pub(super) const fn packs(&self) -> &Packs {
        &self.packs
    }

    /// A place among those who read or write a whole history or model, for as long as it is held.
    ///
    /// # Errors
    /// [`Refusal::TooManyTransfers`].
    pub(super) fn transfer(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let max = self.config.limits.max_transfers;
        Arc::clone(&self.transfers).try_acquire_owned().map_err(|_| Refusal::TooManyTransfers { max })
    }

    /// The right to take a backup, for as long as it is held.
    ///
    /// # Errors
    /// [`Refusal::BackupUnderWay`].
    pub(super) fn backup(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.backups).try_acquire_owned().map_err(|_| Refusal::BackupUnderWay)
    }

    pub(super) const fn page(&self) -> &Page {
        &self.page
    }
}
