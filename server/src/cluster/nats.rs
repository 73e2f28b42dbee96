//! The way to the other nodes over NATS.
//!
//! | what | name in NATS, where `P` is the prefix |
//! | --- | --- |
//! | a subject | `P.bus.<subject>`, core NATS |
//! | a table | key-value bucket `P-<table>` |
//! | files | object bucket `P-models` |
//!
//! Messages are lost while there is no connection, and the client's own queue of them is not filled then: what would be
//! told after is outdated. Tables and files are on disk, as often as `--nats-replicas` says, and read from who leads
//! them.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::kv::{Entry, Operation, Store};
use async_nats::jetstream::object_store::{DeleteErrorKind, GetErrorKind, InfoErrorKind, ObjectStore};
use async_nats::jetstream::stream::LastRawMessageErrorKind::NoMessageFound;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, watch};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::bus::{Bus, BusError, Change, Changes, Messages, Table};
use crate::log::BoxFuture;
use crate::nats::Connection;

/// Rows that are asked for at once.
const AT_ONCE: usize = 16;
/// Changes of a table that wait for who watches it.
const WAITING: usize = 1_024;
/// A file or the rows of a table take less than this.
const WITHIN: Duration = Duration::from_secs(30);
/// Who waits for the last row of a table for so long looks whether it is still there.
const NOTHING_FOR: Duration = Duration::from_secs(1);
/// The mark of a key that was removed is let go of after this: by then every node has been told, or is told anew.
const MARKED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// What a message of a table says that removes its key.
const OPERATION: &str = "KV-Operation";

/// The way to the other nodes over one connection to NATS.
#[derive(Clone)]
pub struct NatsBus {
    connection: Connection,
    revoked: Store,
    models: Store,
    files: ObjectStore,
}

fn failed(error: impl std::fmt::Display) -> BusError {
    BusError(error.to_string())
}

impl NatsBus {
    /// Over a connection, with the tables and files of its prefix, which are made where they are not there.
    ///
    /// # Errors
    /// That NATS does not make or give them.
    pub async fn open(connection: Connection) -> Result<Arc<Self>, BusError> {
        let jetstream = connection.jetstream();
        let prefix = connection.prefix();
        let of = |name: String, subjects: Vec<String>, description: &str| Config {
            name,
            subjects,
            description: Some(description.to_owned()),
            // Nothing goes because something came.
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: connection.replicas(),
            allow_rollup: true,
            ..Config::default()
        };
        for (table, description) in [
            (Table::Revoked, "VWS: tokens that are over before their time"),
            (Table::Models, "VWS: which session has which model"),
        ] {
            let bucket = bucket(prefix, table);
            let subjects = vec![format!("$KV.{bucket}.>")];
            let config = of(format!("KV_{bucket}"), subjects, description);
            make(jetstream, Config { max_messages_per_subject: 1, deny_delete: true, ..config }).await?;
        }
        let files = format!("{prefix}-models");
        let subjects = vec![format!("$O.{files}.C.>"), format!("$O.{files}.M.>")];
        make(jetstream, of(format!("OBJ_{files}"), subjects, "VWS: the models that objects show")).await?;
        let [revoked, models] = [Table::Revoked, Table::Models]
            .map(|table| async move { jetstream.get_key_value(bucket(prefix, table)).await });
        Ok(Arc::new(Self {
            revoked: revoked.await.map_err(failed)?,
            models: models.await.map_err(failed)?,
            files: jetstream.get_object_store(&files).await.map_err(failed)?,
            connection,
        }))
    }

    fn table(&self, table: Table) -> &Store {
        match table {
            Table::Revoked => &self.revoked,
            Table::Models => &self.models,
        }
    }

    fn subject(&self, subject: &str) -> String {
        format!("{}.bus.{subject}", self.connection.prefix())
    }
}

fn bucket(prefix: &str, table: Table) -> String {
    format!("{prefix}-{}", table.name())
}

/// Makes a stream, where nobody has made it yet. One that was made with other bounds is left as it is.
async fn make(jetstream: &jetstream::Context, config: Config) -> Result<(), BusError> {
    let name = config.name.clone();
    if jetstream.get_stream(&name).await.is_ok() {
        return Ok(());
    }
    match jetstream.create_stream(config).await {
        Ok(_) => Ok(()),
        // Another node has made it at this moment.
        Err(error) => match jetstream.get_stream(&name).await {
            Ok(_) => Ok(()),
            Err(_) => Err(failed(error)),
        },
    }
}

/// Ends what takes too long: a server that is there answers.
async fn in_time<T>(work: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
    timeout(WITHIN, work).await.unwrap_or_else(|_| Err(BusError("NATS does not answer".to_owned())))
}

/// Waits until the server has taken all that was sent to it before: it takes what comes over a connection in its order.
/// The client's own flush is over as soon as the bytes have left the process.
async fn taken(client: &async_nats::Client) -> Result<(), BusError> {
    let inbox = client.new_inbox();
    let mut back = client.subscribe(inbox.clone()).await.map_err(failed)?;
    client.publish(inbox, Bytes::new()).await.map_err(failed)?;
    back.next().await.map(drop).ok_or_else(|| failed("the connection to NATS has ended"))
}

impl Bus for NatsBus {
    fn publish(&self, subject: &str, message: Bytes) {
        if self.connection.is_connected() {
            // There is room at once or not at all: a task that has had its share of turns is not made to wait here.
            let sent = unconstrained(self.connection.client().publish(self.subject(subject), message));
            let sent = sent.now_or_never();
            if !matches!(sent, Some(Ok(()))) {
                debug!("a message to the other nodes is lost");
            }
        }
    }

    fn subscribe(&self, subject: &str) -> BoxFuture<'_, Result<Messages, BusError>> {
        let subject = self.subject(subject);
        Box::pin(in_time(async move {
            let client = self.connection.client();
            let messages = client.subscribe(subject).await.map_err(failed)?;
            // What is told once this has answered is heard.
            taken(client).await?;
            Ok(messages.map(|message| message.payload).boxed())
        }))
    }

    fn put(&self, table: Table, key: String, value: Bytes) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(in_time(async move { self.table(table).put(&key, value).await.map(drop).map_err(failed) }))
    }

    fn remove(&self, table: Table, key: String) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(in_time(async move { self.table(table).delete(&key).await.map_err(failed) }))
    }

    fn rows(&self, table: Table, filter: String) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, BusError>> {
        Box::pin(in_time(async move {
            let Store { stream, prefix, .. } = self.table(table);
            let subjects = stream.info_with_subjects(format!("{prefix}{filter}")).await.map_err(failed)?;
            let subjects: Vec<(String, usize)> = subjects.try_collect().await.map_err(failed)?;
            let rows = stream::iter(subjects)
                .map(|(subject, _)| async move { row(stream, prefix, &subject).await })
                .buffered(AT_ONCE);
            let rows: Vec<_> = rows.try_collect().await?;
            Ok(rows.into_iter().flatten().collect())
        }))
    }

    fn watch(&self, table: Table) -> BoxFuture<'_, Result<Changes, BusError>> {
        let store = self.table(table).clone();
        Box::pin(in_time(async move {
            // Nothing marks the end of nothing. What comes after this look is told as a change.
            let is_empty = store.stream.get_info().await.map_err(failed)?.state.messages == 0;
            let entries = store.watch_with_history(">").await.map_err(failed)?;
            let (changes, receiver) = mpsc::channel(WAITING);
            tokio::spawn(tell(store, entries, is_empty, changes));
            let next = |mut receiver: mpsc::Receiver<Change>| async move {
                receiver.recv().await.map(|change| (change, receiver))
            };
            Ok(stream::unfold(receiver, next).boxed())
        }))
    }

    fn put_file(&self, name: String, content: Bytes) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(in_time(async move {
            self.files.put(name.as_str(), &mut &content[..]).await.map(drop).map_err(failed)
        }))
    }

    fn file(&self, name: String) -> BoxFuture<'_, Result<Option<Bytes>, BusError>> {
        Box::pin(in_time(async move {
            let mut object = match self.files.get(&name).await {
                Ok(object) => object,
                Err(error) if matches!(error.kind(), GetErrorKind::NotFound) => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            let mut content = Vec::with_capacity(object.info().size);
            object.read_to_end(&mut content).await.map_err(failed)?;
            Ok(Some(content.into()))
        }))
    }

    fn has_file(&self, name: String) -> BoxFuture<'_, Result<bool, BusError>> {
        Box::pin(in_time(async move {
            match self.files.info(&name).await {
                Ok(info) => Ok(!info.deleted),
                Err(error) if matches!(error.kind(), InfoErrorKind::NotFound) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        }))
    }

    fn remove_file(&self, name: String) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(in_time(async move {
            match self.files.delete(&name).await {
                Err(error) if matches!(error.kind(), DeleteErrorKind::NotFound) => Ok(()),
                removed => removed.map_err(failed),
            }
        }))
    }

    fn reach(&self) -> watch::Receiver<bool> {
        self.connection.connected()
    }
}

/// The value under a subject of a table; `None` where it was removed.
async fn row(stream: &Stream, prefix: &str, subject: &str) -> Result<Option<(String, Bytes)>, BusError> {
    let message = match stream.get_last_raw_message_by_subject(subject).await {
        Ok(message) => message,
        Err(error) if matches!(error.kind(), NoMessageFound) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let key = subject.strip_prefix(prefix).unwrap_or(subject).to_owned();
    Ok(message.headers.get(OPERATION).is_none().then_some((key, message.payload)))
}

/// Tells what is in a table, that it is whole, and what becomes of it, until nobody listens or it cannot be told on.
async fn tell(
    store: Store,
    mut entries: jetstream::kv::Watch,
    is_empty: bool,
    changes: mpsc::Sender<Change>,
) {
    let (mut told, mut is_whole, mut is_said) = (0, is_empty, false);
    loop {
        if is_whole && !is_said {
            is_said = true;
            if changes.send(Change::Current).await.is_err() {
                return;
            }
        }
        let entry = tokio::select! {
            entry = entries.next() => entry,
            // Marks of keys, which another one lets go of meanwhile, are waited for in vain.
            () = sleep(NOTHING_FOR), if !is_whole => {
                is_whole = has_none_after(&store, told).await;
                continue;
            }
            () = changes.closed() => return,
        };
        let entry = match entry {
            Some(Ok(entry)) => entry,
            Some(Err(error)) => return debug!(%error, "a table is not told any more"),
            None => return,
        };
        told = entry.revision;
        if !is_whole {
            forget_mark(&store, &entry);
        }
        is_whole |= entry.delta == 0;
        let change = match entry.operation {
            Operation::Put => Change::Put { key: entry.key, value: entry.value },
            Operation::Delete | Operation::Purge => Change::Removed { key: entry.key },
        };
        if changes.send(change).await.is_err() {
            return;
        }
    }
}

/// Whether a table has nothing that came after a place.
async fn has_none_after(store: &Store, place: u64) -> bool {
    let next = store.stream.get_first_raw_message_by_subject(format!("{}>", store.prefix), place + 1).await;
    next.is_err_and(|error| matches!(error.kind(), NoMessageFound))
}

/// Lets go of the mark that a key was removed, where that is long ago.
fn forget_mark(store: &Store, entry: &Entry) {
    let age = time::OffsetDateTime::now_utc() - entry.created;
    if entry.operation == Operation::Put || age < MARKED_FOR {
        return;
    }
    let (stream, subject) = (store.stream.clone(), format!("{}{}", store.prefix, entry.key));
    // What was put in its place since has a later number, and stays.
    let before = entry.revision + 1;
    tokio::spawn(async move {
        if let Err(error) = stream.purge().filter(subject).sequence(before).await {
            debug!(%error, "the mark of a key that was removed is left");
        }
    });
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::cluster::contract;
    use crate::nats::{LocalServer, Options};

    async fn bus(server: &LocalServer) -> Arc<NatsBus> {
        let connection = Connection::open(Options::of(&server.url())).await.expect("it is there");
        NatsBus::open(connection).await.expect("it is a JetStream")
    }

    fn server() -> (LocalServer, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let server = LocalServer::start(folder.path());
        (server.expect("nats-server 2.9 or later is on the path: `cargo xtask setup` installs it"), folder)
    }

    #[tokio::test]
    async fn clu10_the_contract_holds_over_nats() {
        let (server, _folder) = server();
        // All of them make what is not there, at the same time.
        let ends = join_all((0..3).map(|_| bus(&server))).await;
        contract::holds(Arc::clone(&ends[0]) as Arc<dyn Bus>, Arc::clone(&ends[1]) as Arc<dyn Bus>).await;
        contract::holds(Arc::clone(&ends[2]) as Arc<dyn Bus>, Arc::clone(&ends[2]) as Arc<dyn Bus>).await;
    }

    #[tokio::test]
    async fn clu10_who_is_told_that_it_listens_is_heard_by_the_server() {
        let (server, _folder) = server();
        let (here, there) = (bus(&server).await, bus(&server).await);
        server.pause().expect("it was there");
        let mut asked = Box::pin(there.subscribe("s"));
        let answer = timeout(Duration::from_millis(200), &mut asked).await;
        assert!(answer.is_err(), "nobody says so before the server does");
        server.resume().expect("it was there");
        let mut messages = asked.await.expect("is listened to");
        here.publish("s", "heard".into());
        assert_eq!(messages.next().await, Some("heard".into()));
    }

    #[tokio::test]
    async fn clu13_a_table_is_told_to_its_end_though_the_last_row_has_gone_meanwhile() {
        let (server, _folder) = server();
        let bus = bus(&server).await;
        bus.put(Table::Revoked, "a".to_owned(), "1".into()).await.expect("is kept");
        let store = bus.table(Table::Revoked).clone();
        let mut entries = store.watch_with_history(">").await.expect("is watched");
        // It is there at the look, and another node lets go of it before it is sent.
        entries.next().await.expect("is told").expect("is a row");
        store.stream.purge().filter(format!("{}a", store.prefix)).await.expect("is let go of");
        let (changes, mut told) = mpsc::channel(WAITING);
        tokio::spawn(tell(store, entries, false, changes));
        assert_eq!(told.recv().await, Some(Change::Current));
    }

    #[tokio::test]
    async fn clu13_tables_and_files_outlive_the_server_and_are_told_on_after_it() {
        let (mut server, _folder) = server();
        let bus = bus(&server).await;
        let mut reach = bus.reach();
        let mut changes = bus.watch(Table::Revoked).await.expect("is watched");
        assert_eq!(changes.next().await, Some(Change::Current));
        let mut messages = bus.subscribe("s").await.expect("is listened to");
        bus.put(Table::Revoked, "a".to_owned(), "1".into()).await.expect("is kept");
        bus.put_file("f".to_owned(), "content".into()).await.expect("is kept");
        let put = |key: &str, value: &'static str| Change::Put { key: key.to_owned(), value: value.into() };
        assert_eq!(changes.next().await, Some(put("a", "1")));
        server.kill().expect("is killed");
        reach.wait_for(|there| !there).await.expect("goes on");
        bus.publish("s", "lost".into());
        assert!(bus.put(Table::Revoked, "b".to_owned(), "2".into()).await.is_err(), "nothing is promised");
        server.restart().expect("is there again");
        reach.wait_for(|there| *there).await.expect("goes on");
        while bus.put(Table::Revoked, "c".to_owned(), "3".into()).await.is_err() {}
        assert_eq!(bus.file("f".to_owned()).await, Ok(Some("content".into())));
        // What is told on has all of it, whichever way: by the same watch, or by another one.
        let mut known = std::collections::BTreeMap::from([("a".to_owned(), Bytes::from_static(b"1"))]);
        while !known.contains_key("c") {
            match changes.next().await {
                Some(Change::Put { key, value }) => drop(known.insert(key, value)),
                Some(_) => {}
                None => changes = bus.watch(Table::Revoked).await.expect("is watched"),
            }
        }
        assert_eq!(known["a"], "1");
        bus.publish("s", "heard".into());
        assert_eq!(messages.next().await, Some("heard".into()), "nothing of the time between");
    }
}
