use vws_core::wire::{Identity, Presence};

use super::*;
use crate::feed::Seat;

fn id(text: &str) -> ClientId {
    ClientId::new(text).expect("is valid")
}

fn identity(text: &str) -> Identity {
    Identity { client_id: id(text), name: None, color: None }
}

fn subject(text: &str) -> Subject {
    Subject::new(text).expect("is one")
}

/// The clients of a session at a node that tells others.
fn open() -> (Peers, NodeId) {
    let (peers, node) = (Peers::new(100), NodeId::new());
    peers.open(node);
    (peers, node)
}

fn join<'a>(peers: &'a Peers, client: &str, owner: Option<&str>) -> Seat<'a> {
    peers.join(&identity(client), owner.map(subject).as_ref()).expect("is free")
}

/// Tells one node all that another has to tell.
fn tell(from: (&Peers, NodeId), to: &Peers) {
    let News { seats, left, more } = from.0.news(usize::MAX);
    assert!(!more);
    to.take_news(from.1, seats, &left);
}

fn here(peers: &Peers) -> Vec<String> {
    let table = peers.table.lock();
    let here = table.present.values().filter(|present| present.superseded.is_some());
    let mut ids: Vec<_> = here.map(|present| present.peer.client_id.to_string()).collect();
    ids.sort();
    ids
}

fn all(peers: &Peers) -> Vec<String> {
    let mut ids: Vec<_> = peers.table.lock().present.keys().map(ToString::to_string).collect();
    ids.sort();
    ids
}

fn is_over(seat: &Seat<'_>) -> bool {
    let over = std::pin::pin!(seat.superseded());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    over.poll(&mut context).is_ready()
}

#[test]
fn clu10_clients_of_other_nodes_are_peers_and_go_as_they_came() {
    let ((a, na), (b, _)) = (open(), open());
    let seat = join(&a, "ada", None);
    let _other = join(&b, "bob", None);
    tell((&a, na), &b);
    assert_eq!(all(&b), ["ada", "bob"]);
    let seen = b.since(0, &id("bob"));
    assert_eq!(seen.peers.len(), 1);
    seat.show(Presence { away: true, ..Presence::default() });
    seat.show(Presence::default());
    seat.show(Presence { away: true, ..Presence::default() });
    let news = a.news(usize::MAX);
    assert_eq!(news.seats.len(), 1, "the newest of each, once");
    b.take_news(na, news.seats, &news.left);
    let seen = b.since(seen.through, &id("bob"));
    assert!(seen.peers[0].presence.away);
    drop(seat);
    tell((&a, na), &b);
    assert_eq!(b.since(seen.through, &id("bob")).left, [id("ada")]);
    assert_eq!((all(&a), all(&b)), (vec![], vec!["bob".to_owned()]));
}

#[test]
fn clu10_news_that_are_heard_again_tell_nothing() {
    let ((a, na), (b, _)) = (open(), open());
    let _seat = join(&a, "ada", None);
    tell((&a, na), &b);
    let seen = b.since(0, &id("bob")).through;
    b.take_page(na, a.page(None, usize::MAX));
    assert_eq!(b.since(seen, &id("bob")).through, seen);
}

#[test]
fn clu10_a_page_of_all_mends_what_was_lost() {
    let ((a, na), (b, _)) = (open(), open());
    let seats: Vec<_> = (0..50).map(|n| join(&a, &format!("c{n:02}"), None)).collect();
    tell((&a, na), &b);
    let (gone, _stay): (Vec<_>, Vec<_>) = seats.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    drop(gone);
    let _late = join(&a, "late", None);
    let lost = a.news(usize::MAX);
    assert_eq!((lost.seats.len(), lost.left.len()), (1, 25));
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = a.page(after, 2_000);
        (after, pages) = (page.through.clone(), pages + 1);
        b.take_page(na, page);
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 5, "{pages} pages");
    assert_eq!(all(&b), all(&a));
}

#[test]
fn clu10_a_node_that_is_silent_has_no_clients() {
    let ((a, na), (b, nb), (c, _)) = (open(), open(), open());
    let _seats = (join(&a, "ada", None), join(&b, "bob", None), join(&c, "cyd", None));
    tell((&a, na), &c);
    tell((&b, nb), &c);
    assert_eq!(all(&c), ["ada", "bob", "cyd"]);
    c.forget(na);
    assert_eq!(all(&c), ["bob", "cyd"]);
    c.close();
    assert_eq!(all(&c), ["cyd"]);
}

#[test]
fn clu11_a_seat_at_another_node_supersedes_the_one_here() {
    let ((a, na), (b, nb)) = (open(), open());
    let first = join(&a, "ada", Some("ada"));
    tell((&a, na), &b);
    let second = join(&b, "ada", Some("ada"));
    tell((&b, nb), &a);
    assert!(is_over(&first) && !is_over(&second));
    // The loser's end does not remove the winner, here or there.
    drop(first);
    tell((&a, na), &b);
    assert_eq!((all(&a), here(&a), here(&b)), (vec!["ada".to_owned()], vec![], vec!["ada".to_owned()]));
    // And back again, faster than any clock tells apart.
    let third = join(&a, "ada", Some("ada"));
    tell((&a, na), &b);
    assert!(is_over(&second) && !is_over(&third));
}

#[test]
fn clu11_two_seats_at_one_moment_are_decided_alike_on_both_sides() {
    for n in 0..20 {
        let ((a, na), (b, nb)) = (open(), open());
        let at = if n % 2 == 0 { 7 } else { 8 };
        let (first, second) = (join(&a, "ada", None), join(&b, "ada", None));
        a.table.lock().present.get_mut(&id("ada")).expect("is there").joined.at = 7;
        b.table.lock().present.get_mut(&id("ada")).expect("is there").joined.at = at;
        let (of_a, of_b) = (a.news(usize::MAX), b.news(usize::MAX));
        a.take_news(nb, of_b.seats, &of_b.left);
        b.take_news(na, of_a.seats, &of_a.left);
        assert!(is_over(&first) != is_over(&second), "one of the two");
        assert_eq!(is_over(&first), at == 8 || nb > na);
    }
}

#[test]
fn clu11_nobody_takes_the_seat_of_somebody_else_at_another_node() {
    // Known: refused, as where both are here.
    let ((a, na), (b, nb)) = (open(), open());
    let ada = join(&a, "ada", Some("ada"));
    tell((&a, na), &b);
    assert!(b.join(&identity("ada"), Some(&subject("eve"))).is_none());
    assert!(b.join(&identity("ada"), None).is_none());
    drop(ada);
    tell((&a, na), &b);
    // Not known yet: who was there first keeps the seat, on both sides.
    let ada = join(&a, "ada", Some("ada"));
    let eve = join(&b, "ada", Some("eve"));
    b.table.lock().present.get_mut(&id("ada")).expect("is there").joined.at += 1_000;
    let (of_a, of_b) = (a.news(usize::MAX), b.news(usize::MAX));
    a.take_news(nb, of_b.seats, &of_b.left);
    b.take_news(na, of_a.seats, &of_a.left);
    assert!(!is_over(&ada) && is_over(&eve));
    let told_again = a.news(usize::MAX).seats;
    assert_eq!(told_again.len(), 1, "who has lost is told");
}

#[test]
fn clu11_who_was_nobody_gives_way_to_whoever_comes() {
    let ((a, na), (b, nb)) = (open(), open());
    let nobody = join(&a, "ada", None);
    tell((&a, na), &b);
    let ada = join(&b, "ada", Some("ada"));
    tell((&b, nb), &a);
    assert!(is_over(&nobody) && !is_over(&ada));
}

#[test]
fn clu10_without_other_nodes_nothing_is_kept_for_them() {
    let peers = Peers::new(10);
    drop(join(&peers, "ada", None));
    assert!(peers.table.lock().outbox.is_none());
    assert!(peers.news(usize::MAX).seats.is_empty());
}
