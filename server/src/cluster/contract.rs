//! What every bus has to do.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use uuid::Uuid;

use super::{Bus, Change, Table};

/// Asserts that two ends of one network keep what [`Bus`] promises. Names are new each time, so that it can be asked
/// again of a network that outlives the process.
///
/// # Panics
/// Where they do not.
pub async fn holds(here: Arc<dyn Bus>, there: Arc<dyn Bus>) {
    let run = Uuid::now_v7().simple().to_string();
    messages(&*here, &*there, &run).await;
    for table in Table::ALL {
        keys(&*here, &*there, table, &run).await;
    }
    files(&*here, &*there, &run).await;
    assert!(*here.reach().borrow(), "it is within reach");
}

async fn messages(here: &dyn Bus, there: &dyn Bus, run: &str) {
    let subject = format!("contract.{run}");
    let mut at_home = here.subscribe(&subject).await.expect("is listened to");
    let mut abroad = there.subscribe(&subject).await.expect("is listened to");
    here.publish(&format!("{subject}.other"), Bytes::from_static(b"for somebody else"));
    // All at once: more than a task may do in one turn.
    for n in 0..1_000_u32 {
        here.publish(&subject, Bytes::copy_from_slice(&n.to_le_bytes()));
    }
    for n in 0..1_000_u32 {
        assert_eq!(abroad.next().await.as_deref(), Some(&n.to_le_bytes()[..]), "in order");
        assert_eq!(at_home.next().await.as_deref(), Some(&n.to_le_bytes()[..]), "who tells hears it too");
    }
}

/// The next change of a key of this run.
async fn next(changes: &mut super::Changes, run: &str) -> Change {
    loop {
        let change = changes.next().await.expect("is told");
        let is_of_run = match &change {
            Change::Put { key, .. } | Change::Removed { key } => key.starts_with(run),
            Change::Current => true,
        };
        if is_of_run {
            return change;
        }
    }
}

async fn keys(here: &dyn Bus, there: &dyn Bus, table: Table, run: &str) {
    let (one, two) = (format!("{run}.one"), format!("{run}.two"));
    let put = |key: &str, value: &'static str| Change::Put { key: key.to_owned(), value: value.into() };
    here.put(table, one.clone(), "1".into()).await.expect("is kept");
    let mut changes = there.watch(table).await.expect("is watched");
    assert_eq!(next(&mut changes, run).await, put(&one, "1"), "what is there comes first");
    assert_eq!(next(&mut changes, run).await, Change::Current);
    here.put(table, two.clone(), "2".into()).await.expect("is kept");
    here.put(table, one.clone(), "3".into()).await.expect("is kept");
    here.remove(table, two.clone()).await.expect("is removed");
    there.remove(table, format!("{run}.never")).await.expect("nothing is removed");
    assert_eq!(next(&mut changes, run).await, put(&two, "2"));
    assert_eq!(next(&mut changes, run).await, put(&one, "3"));
    assert_eq!(next(&mut changes, run).await, Change::Removed { key: two.clone() });
    let row = (one.clone(), Bytes::from_static(b"3"));
    assert_eq!(there.rows(table, format!("{run}.*")).await, Ok(vec![row.clone()]));
    assert_eq!(there.rows(table, "*.one".to_owned()).await.map(|rows| rows.contains(&row)), Ok(true));
    assert_eq!(here.rows(table, format!("{run}.three")).await, Ok(Vec::new()));
    here.remove(table, one.clone()).await.expect("is removed");
    assert_eq!(there.rows(table, format!("{run}.*")).await, Ok(Vec::new()));
}

async fn files(here: &dyn Bus, there: &dyn Bus, run: &str) {
    let name = format!("{run}.file");
    assert_eq!(there.file(name.clone()).await, Ok(None));
    assert_eq!(there.has_file(name.clone()).await, Ok(false));
    there.remove_file(name.clone()).await.expect("nothing is removed");
    // More than one message of any network takes.
    let content =
        Bytes::from((0..3_000_000_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect::<Vec<_>>());
    for content in [content, Bytes::new(), Bytes::from_static(b"short")] {
        here.put_file(name.clone(), content.clone()).await.expect("is kept");
        assert_eq!(there.has_file(name.clone()).await, Ok(true));
        assert_eq!(there.file(name.clone()).await, Ok(Some(content)));
    }
    there.remove_file(name.clone()).await.expect("is removed");
    assert_eq!(here.file(name).await, Ok(None));
}
