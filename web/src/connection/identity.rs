//! Who this tab is to the server.

use vws_core::ClientId;
use web_sys::Storage;

use crate::browser;

/// Where the tab's name is kept: as long as the tab, over reloads.
const TAB_KEY: &str = "vws.tab";
/// Where the number of clients that the tab has been is kept.
const COUNT_KEY: &str = "vws.tab.clients";

/// A client id that nobody has used: the tab's name and a count, so that the tab can be told from
/// others over its reloads.
///
/// The server knows a retried command by client id and number, and a page that was loaded anew counts
/// its commands from 1. With the id of the page before it, its first command would get the outcome of
/// that page's first one. A duplicated tab starts with a copy of the other's storage: when the two
/// then meet in one id, the server sends one of them away, which comes back as another.
#[must_use]
pub fn next_client_id() -> ClientId {
    let storage = browser::session_storage();
    let stored = |key: &str| storage.as_ref().and_then(|s| s.get_item(key).ok().flatten());
    let id = following(stored(TAB_KEY), stored(COUNT_KEY));
    let (tab, count) = id.unwrap_or_else(|| (browser::random_uuid(), 1));
    keep(storage.as_ref(), &tab, count);
    ClientId::new(&format!("{tab}.{count}")).expect("a UUID and a number are a client id")
}

/// The same, for a client whose id another one uses: nothing of it is like the one before.
#[must_use]
pub fn another_client_id() -> ClientId {
    if let Some(storage) = browser::session_storage() {
        // Where it cannot be removed it could not be stored either.
        let _ = storage.remove_item(TAB_KEY);
    }
    next_client_id()
}

/// What follows the stored name and count, if they are fit to be used.
fn following(tab: Option<String>, count: Option<String>) -> Option<(String, u64)> {
    let count = count?.parse::<u64>().ok()?.checked_add(1)?;
    let tab = tab.filter(|tab| ClientId::new(&format!("{tab}.{count}")).is_ok())?;
    Some((tab, count))
}

fn keep(storage: Option<&Storage>, tab: &str, count: u64) {
    if let Some(storage) = storage {
        // Not kept: the next page of this tab has another name, which costs nothing.
        let _ = storage.set_item(TAB_KEY, tab);
        let _ = storage.set_item(COUNT_KEY, &count.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn each_page_of_a_tab_is_another_client() {
        let stored = |tab: &str, count: &str| following(Some(tab.to_owned()), Some(count.to_owned()));
        assert_eq!(stored("abc", "1"), Some(("abc".to_owned(), 2)));
        assert_eq!(following(None, Some("1".to_owned())), None);
        assert_eq!(following(Some("abc".to_owned()), None), None);
    }

    #[test]
    fn what_others_have_stored_is_not_used() {
        let stored = |tab: &str, count: &str| following(Some(tab.to_owned()), Some(count.to_owned()));
        assert_eq!(stored("a b", "1"), None);
        assert_eq!(stored("abc", "-1"), None);
        assert_eq!(stored("abc", "18446744073709551615"), None);
        assert_eq!(stored(&"a".repeat(64), "1"), None);
    }
}
