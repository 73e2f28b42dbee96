//! How many connections each address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::Limits;

/// The bits of an IPv6 address that tell its network: whoever has one address of it has all the others.
const NETWORK: u128 = !0 << 64;

/// Addresses for which room is kept.
const ROOM: usize = 1_024;

/// What each address has open, among those that are counted.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// What the operator says, if anything.
    max: Option<u32>,
    /// Held to enter or to leave.
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One connection of an address, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    who: IpAddr,
}

impl Addresses {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self { max: limits.max_address_connections, open: Mutex::default() })
    }

    /// How many it may have; `None` for any number. The machine itself is bounded where the operator says so alone.
    fn max_of(&self, address: IpAddr) -> Option<u32> {
        self.max.or_else(|| (!address.is_loopback()).then_some(Limits::ADDRESS_CONNECTIONS))
    }

    /// Takes one more; `None` where it is not counted.
    ///
    /// # Errors
    /// How many it may have, where it has as many.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Option<Place>, u32> {
        let address = address.to_canonical();
        let Some(max) = self.max_of(address) else { return Ok(None) };
        let who = party(address);
        let mut open = self.open.lock();
        let count = open.entry(who).or_default();
        if *count >= max {
            return Err(max);
        }
        *count += 1;
        drop(open);
        Ok(Some(Place { addresses: Arc::clone(self), who }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock();
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
                // An onslaught of many addresses leaves no room behind that it took.
                if open.capacity() > ROOM && open.len() * 4 < open.capacity() {
                    open.shrink_to_fit();
                }
            }
        }
    }
}

/// Those who are counted as one.
fn party(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(max: Option<u32>) -> Arc<Addresses> {
        Addresses::new(&Limits { max_address_connections: max, ..Limits::DEFAULT })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn lim20_each_address_has_so_many_and_one_that_leaves_makes_room() {
        let addresses = addresses(Some(2));
        let enter = |text| addresses.enter(ip(text));
        let first = enter("192.0.2.7").expect("has room");
        let _second = enter("::ffff:192.0.2.7").expect("has room, and is the same").expect("is counted");
        assert_eq!(enter("192.0.2.7").map(|_| ()), Err(2));
        assert!(enter("192.0.2.8").is_ok());
        drop(first);
        assert!(enter("192.0.2.7").is_ok());
    }

    #[test]
    fn lim20_a_network_of_ipv6_is_one_party() {
        let addresses = addresses(Some(1));
        let _first = addresses.enter(ip("2001:db8:0:1::1")).expect("has room");
        assert_eq!(addresses.enter(ip("2001:db8:0:1:ffff::2")).map(|_| ()), Err(1));
        assert!(addresses.enter(ip("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn lim20_where_nothing_is_said_the_machine_itself_is_not_counted() {
        let addresses = addresses(None);
        let held: Vec<_> = (0..1_000).map(|_| addresses.enter(ip("192.0.2.7")).expect("has room")).collect();
        assert_eq!(addresses.enter(ip("192.0.2.7")).map(|_| ()), Err(1_000));
        assert!(addresses.enter(ip("127.0.0.1")).is_ok_and(|place| place.is_none()));
        assert!(addresses.enter(ip("::1")).is_ok_and(|place| place.is_none()));
        drop(held);
        assert!(addresses.open.lock().is_empty(), "who has left takes no room");
    }
}
