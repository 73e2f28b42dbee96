//! The store of a server, over the log in memory. Each thread holds its session, as a connection does.

use std::sync::Arc;

use tokio::runtime::Handle;
use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_server::config::Limits;
use vws_server::log::MemoryLog;
use vws_server::store::{LiveSession, Origin, Request, SessionStore, StoreConfig};

use super::work::{Contender, Hand, Work, create, name};

pub(super) struct Ours {
    runtime: Handle,
    pub(super) store: SessionStore,
}

impl Ours {
    pub(super) fn new(runtime: &Handle) -> Self {
        let mut config = StoreConfig::from(&Limits::DEFAULT);
        config.model = ModelLimits { objects_per_session: 200_000, ..config.model };
        config.max_sessions = usize::MAX;
        let opened = SessionStore::open(Arc::new(MemoryLog::default()), config, Arc::default());
        let store = runtime.block_on(opened).expect("a log in memory opens");
        Self { runtime: runtime.clone(), store }
    }

    /// A session with these objects.
    pub(super) fn session(&self, names: &[String]) -> Arc<LiveSession> {
        self.runtime.block_on(async {
            let info = self.store.create(None).await.expect("there is room for a session");
            let live = self.store.get(info.session_id).await.expect("the session is there");
            for name in names {
                live.execute(request(create(name)), |_| ()).await.expect("the name is free");
            }
            live
        })
    }
}

pub(super) fn request(command: vws_core::Command) -> Request {
    Request { command, expect_version: None, author: None, subject: None, origin: Origin::Client }
}

impl Contender for Ours {
    fn hands(&self, work: Work, threads: usize) -> Vec<Box<dyn Hand>> {
        let sessions = if work == Work::Hot { 1 } else { threads };
        let names: Vec<String> = (0..work.objects() as u64).map(name).collect();
        let held: Vec<_> = (0..sessions).map(|_| self.session(&names)).collect();
        let part = |hand: usize| {
            let session = Arc::clone(&held[hand % sessions]);
            let (runtime, store) = (self.runtime.clone(), self.store.clone());
            Box::new(Part { runtime, store, session, names: names.clone(), work, hand }) as Box<dyn Hand>
        };
        (0..threads).map(part).collect()
    }
}

struct Part {
    runtime: Handle,
    store: SessionStore,
    session: Arc<LiveSession>,
    names: Vec<String>,
    work: Work,
    hand: usize,
}

impl Hand for Part {
    fn go(&self, commands: u64) {
        let Self { session, names, work, hand, .. } = self;
        self.runtime.block_on(async {
            for n in 0..commands {
                match work {
                    Work::Get => {
                        let name = &names[n as usize % names.len()];
                        std::hint::black_box(session.read(|state| state.object(name).cloned()));
                    }
                    Work::Sessions => {
                        self.store.create(None).await.expect("there is room for a session");
                    }
                    Work::Update | Work::Create | Work::Hot => {
                        let done = session.execute(request(work.command(names, *hand, n)), |_| ());
                        done.await.expect("the command obeys the rules");
                    }
                }
            }
        });
    }
}
