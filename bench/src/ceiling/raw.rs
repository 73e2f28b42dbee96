//! One thread, one poll, and bytes: what the machine can do at all.
//!
//! A connection begins with five bytes: its role (`S` listens, `P` speaks) and its room. What publishers write is
//! appended once, and each subscriber is a place in it: it is written whatever it lacks in one call.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::{ANY, Ready};

const LISTENER: Token = Token(usize::MAX);
/// Bytes that are read at once.
const READ: usize = 64 << 10;
/// Bytes of a room that everybody has, beyond which they are let go.
const KEPT: usize = 1 << 20;
/// A subscriber's role; anybody else speaks.
const LISTENS: u8 = b'S';

struct Connection {
    stream: TcpStream,
    /// Role and room, as far as they have come.
    greeting: Vec<u8>,
    room: u32,
    /// What it was written, as a place in all that its room has had.
    place: usize,
    /// Whether its socket took less than it was offered, and has not said since that there is room.
    is_full: bool,
}

#[derive(Default)]
struct Room {
    bytes: Vec<u8>,
    /// Where `bytes` begins in all that the room has had.
    base: usize,
    subscribers: Vec<usize>,
}

/// Bytes of publishers go to all subscribers of their room.
pub(super) fn fanout(ready: Ready<'_>) -> io::Result<()> {
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut rooms: HashMap<u32, Room> = HashMap::new();
    let mut buffer = vec![0; READ];
    serve(ready, |poll, what| {
        let place = match what {
            What::Came(stream) => return accept(poll, &mut connections, stream),
            What::Happens(event) => event.token().0,
        };
        let Some(connection) = connections[place].as_mut() else { return Ok(()) };
        let listens = connection.greeting.first() == Some(&LISTENS) && connection.greeting.len() == 5;
        if listens {
            connection.is_full = false;
            if let Some(room) = rooms.get(&connection.room)
                && give(room, connection).is_err()
            {
                leave(&mut connections, &mut rooms, place);
            }
            return Ok(());
        }
        let Some(read) = read(&mut connection.stream, &mut buffer) else {
            leave(&mut connections, &mut rooms, place);
            return Ok(());
        };
        let came = greet(connection, &buffer[..read]);
        let number = connection.room;
        if connection.greeting.len() < 5 {
            return Ok(());
        }
        let room = rooms.entry(number).or_default();
        if connection.greeting[0] == LISTENS {
            connection.place = room.base + room.bytes.len();
            room.subscribers.push(place);
            // Who joins is told that it is in, so that nothing is said before.
            connection.stream.write_all(b"+")?;
        } else if read > 0 {
            room.bytes.extend_from_slice(&buffer[came..read]);
            spread(room, &mut connections);
            // More may wait than one read takes; the poll tells of it once.
            while let Some(more) =
                connections[place].as_mut().and_then(|c| read_more(&mut c.stream, &mut buffer))
            {
                room.bytes.extend_from_slice(&buffer[..more]);
                spread(room, &mut connections);
            }
        }
        Ok(())
    })
}

/// Takes role and room; returns how many of the bytes they were.
fn greet(connection: &mut Connection, bytes: &[u8]) -> usize {
    let came = (5 - connection.greeting.len()).min(bytes.len());
    connection.greeting.extend_from_slice(&bytes[..came]);
    if let Some(room) = connection.greeting.get(1..5).and_then(|room| room.first_chunk()) {
        connection.room = u32::from_le_bytes(*room);
    }
    came
}

fn accept(poll: &Poll, connections: &mut Vec<Option<Connection>>, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let token = Token(connections.len());
    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    let greeting = Vec::with_capacity(5);
    connections.push(Some(Connection { stream, greeting, room: 0, place: 0, is_full: false }));
    Ok(())
}

/// Writes each subscriber what it lacks, and lets go what all have.
fn spread(room: &mut Room, connections: &mut [Option<Connection>]) {
    let end = room.base + room.bytes.len();
    let mut slowest = end;
    for place in &room.subscribers {
        let Some(connection) = connections[*place].as_mut() else { continue };
        if give(room, connection).is_err() {
            // Whoever is gone lacks nothing.
            connection.place = end;
        }
        slowest = slowest.min(connection.place);
    }
    if slowest == end || slowest - room.base > KEPT {
        room.bytes.drain(..slowest - room.base);
        room.base = slowest;
    }
}

/// Writes what is lacking, as far as the socket takes it.
fn give(room: &Room, connection: &mut Connection) -> io::Result<()> {
    while !connection.is_full {
        let lacks = &room.bytes[connection.place - room.base..];
        if lacks.is_empty() {
            return Ok(());
        }
        match connection.stream.write(lacks) {
            Ok(taken) => connection.place += taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => connection.is_full = true,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn leave(connections: &mut [Option<Connection>], rooms: &mut HashMap<u32, Room>, place: usize) {
    if let Some(gone) = connections[place].take()
        && let Some(room) = rooms.get_mut(&gone.room)
    {
        room.subscribers.retain(|subscriber| *subscriber != place);
    }
}

/// Bytes come back.
pub(super) fn echo(ready: Ready<'_>) -> io::Result<()> {
    let mut connections: Vec<Option<(TcpStream, Vec<u8>)>> = Vec::new();
    let mut buffer = vec![0; READ];
    serve(ready, |poll, what| {
        let place = match what {
            What::Came(mut stream) => {
                stream.set_nodelay(true)?;
                let token = Token(connections.len());
                poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                connections.push(Some((stream, Vec::new())));
                return Ok(());
            }
            What::Happens(event) => event.token().0,
        };
        let Some((stream, left)) = connections[place].as_mut() else { return Ok(()) };
        while let Some(read) = read_more(stream, &mut buffer) {
            left.extend_from_slice(&buffer[..read]);
            if read < buffer.len() {
                break;
            }
        }
        while !left.is_empty() {
            match stream.write(left) {
                Ok(taken) => drop(left.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    connections[place] = None;
                    break;
                }
            }
        }
        Ok(())
    })
}

/// What a server is told.
enum What<'a> {
    Came(TcpStream),
    Happens(&'a Event),
}

fn serve(ready: Ready<'_>, mut each: impl FnMut(&Poll, What<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut listener = TcpListener::bind(ANY.into())?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1_024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    ready(listener.local_addr()?);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => done?,
        }
        for event in &events {
            if event.token() != LISTENER {
                each(&poll, What::Happens(event))?;
                continue;
            }
            while let Ok((stream, _)) = listener.accept() {
                each(&poll, What::Came(stream))?;
            }
        }
    }
}

/// Bytes that are there: 0 where none are, nothing where the connection has ended.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    match stream.read(buffer) {
        Ok(0) => None,
        Ok(read) => Some(read),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Some(0),
        Err(_) => None,
    }
}

/// Bytes that are there, where any are.
fn read_more(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    read(stream, buffer).filter(|read| *read > 0)
}
