//! Ports for those who must be told theirs before they start.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below what systems give to connections (from 32768 on Linux, 49152 elsewhere): a port of theirs may be a connection's
/// before its server starts, or while it is away.
const RANGE: Range<u16> = 20_000..32_000;
/// Looked at before it is said that there is none.
const TRIES: usize = 1_000;

/// Those that this process has given: nobody is given one twice, also where nobody listens there yet.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of loopback that nobody listens on, and that no connection of this machine is given.
///
/// # Errors
/// Where there is none.
pub fn free_port() -> io::Result<u16> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let port = any();
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        if given.contains(&port) {
            continue;
        }
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => {
                given.insert(port);
                return Ok(port);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// One of the range; two processes that look at the same moment look elsewhere.
fn any() -> u16 {
    let width = u64::from(RANGE.end - RANGE.start);
    let random = RandomState::new().build_hasher().finish() % width;
    RANGE.start + u16::try_from(random).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_given_a_port_twice_or_one_that_a_connection_may_have() {
        let given: Vec<_> = (0..200).map(|_| free_port().expect("there is one")).collect();
        assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len());
        let system = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
        let of_connections = system.ok().and_then(|range| range.split_whitespace().next()?.parse().ok());
        assert!(given.iter().all(|port| *port < of_connections.unwrap_or(32_768)), "{given:?}");
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_given() {
        let held: Vec<_> = RANGE
            .step_by(2)
            .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
            .take(400)
            .collect();
        let held: BTreeSet<_> =
            held.iter().map(|held| held.local_addr().expect("it has one").port()).collect();
        assert!((0..200).all(|_| !held.contains(&free_port().expect("there is one"))));
    }
}
