//! Everything that is followed, inside TLS. What must hold there as over plain TCP is tried by the same code.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::either::Either;
use vws_client::tls::{Trust, is_untrusted};
use vws_client::{ConnectError, Options};
use vws_core::reduce::State;
use vws_core::wire::Encoding;

use crate::support::{
    Client, EventStream, Stream, TestServer, create, create_many, dial, in_time, move_to, run, until,
};
use crate::{frames, pressure, standard, streams};

#[tokio::test]
async fn tls8_ws13_a_slow_reader_is_sent_the_state_and_loses_nothing() {
    pressure::a_slow_reader(TestServer::secured(pressure::short_feed).await).await;
}

#[tokio::test(start_paused = true)]
async fn tls8_ws16_a_socket_that_takes_no_byte_is_closed_and_others_go_on() {
    pressure::a_stalled_reader(TestServer::secured(pressure::narrow_and_patient).await).await;
}

#[tokio::test]
async fn tls8_law7_who_sends_without_reading_harms_nobody() {
    pressure::senders_who_do_not_read(TestServer::secured(pressure::narrow).await).await;
}

#[tokio::test]
async fn tls8_law7_a_client_that_vanishes_inside_a_frame_is_let_go_of() {
    pressure::a_client_that_vanishes(TestServer::secured(|_| {}).await).await;
}

#[tokio::test]
async fn tls8_feed7_who_reads_a_byte_at_a_time_is_sent_whole_frames() {
    frames::a_byte_at_a_time(TestServer::secured(frames::narrowest).await).await;
}

#[tokio::test]
async fn tls7_feed1_events_are_byte_for_byte_what_a_plain_library_sends() {
    frames::events_byte_for_byte(TestServer::secured(|_| {}).await).await;
}

#[tokio::test]
async fn tls9_ws22_what_is_against_the_standard_ends_the_connection_with_its_code() {
    standard::what_is_against_the_standard(TestServer::secured(|_| {}).await).await;
}

#[tokio::test]
async fn tls9_ws24_a_client_that_closes_is_answered_and_then_the_connection_ends() {
    standard::a_client_that_closes(TestServer::secured(|_| {}).await).await;
}

#[tokio::test]
async fn tls9_ws25_a_client_that_ends_its_side_without_a_word_is_gone() {
    standard::a_client_that_ends_its_side(TestServer::secured(|_| {}).await).await;
}

#[tokio::test]
async fn tls9_an_end_that_is_forged_under_tls_ends_the_connection_as_one_that_broke() {
    let server = TestServer::secured(|_| {}).await;
    let live = server.session().await;
    let (client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let Either::Right(secured) = client.socket.into_inner() else { panic!("it is inside TLS") };
    // What stands between can end the connection under TLS, or write into it; it cannot say that inside.
    let (mut tcp, _) = secured.into_inner();
    tcp.write_all(&[23, 3, 3, 0, 32]).await.expect("the server reads");
    tcp.write_all(&[0x5a; 32]).await.expect("the server reads");
    until(|| live.usage().subscribers == 0 && live.usage().peers == 0).await;
    let (mut other, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "b").await;
    run(&live, create("o", 0.0)).await.expect("is made");
    other.follow(&mut mirror, 1).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn tls7_sockets_in_both_encodings_and_event_streams_follow_a_session() {
    let server = TestServer::secured(|_| {}).await;
    let live = server.session().await;
    // More than one record, one buffer and one piece of a socket hold.
    for n in 0..5 {
        run(&live, create_many(&format!("o{n} "), 1_000)).await.expect("is made");
    }
    let mut clients = Vec::new();
    for encoding in Encoding::ALL {
        for n in 0..10 {
            clients.push(Client::mirroring(&server, live.id(), encoding, &format!("{encoding:?}{n}")).await);
        }
    }
    let target = format!("/api/sessions/{}/events", live.id());
    let mut stream = EventStream::open(&server, &(target + "?after=0"), None).await;
    assert_eq!(stream.status, 200, "{}", stream.head);
    for n in 0..200_u32 {
        let (sender, _) = &mut clients[n as usize % 20];
        sender.command(move_to(&format!("o0 {n}"), f64::from(n + 1) / 1_000.0)).await;
    }
    until(|| live.read(State::seq) == 5_200).await;
    for (client, mirror) in &mut clients {
        client.follow(mirror, 5_200).await;
        mirror.assert_equals(&live);
    }
    stream.named("welcome").await;
    let mut mirror = streams::blank(&live);
    stream.follow(&mut mirror, 5_200).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn tls8_sse7_a_slow_stream_reads_on_from_the_log() {
    streams::a_slow_stream(TestServer::secured(streams::shortest_feed).await).await;
}

#[tokio::test(start_paused = true)]
async fn tls8_law7_a_stream_that_takes_no_byte_is_ended() {
    streams::a_stalled_stream(TestServer::secured(streams::impatient).await).await;
}

#[tokio::test]
async fn tls5_a_new_certificate_is_for_new_connections_and_those_there_go_on() {
    let mut server = TestServer::secured(|_| {}).await;
    let live = server.session().await;
    let (mut before, mut mirror) = Client::mirroring(&server, live.id(), Encoding::Json, "before").await;
    let authority = server.authority.take().expect("it is inside TLS");
    let tls = server.tls.clone().expect("it is inside TLS");
    // Another authority signs from now on, for the same files.
    let other = crate::authority::Authority::new();
    let (certificate, key) = other.sign("server");
    let at = |name: &str| authority.folder().join(name);
    std::fs::copy(certificate, at("server.pem")).expect("is copied");
    let half = tls.reload().expect_err("the key is still the old one").to_string();
    assert!(half.contains("server.key") && half.contains("is not the key of"), "{half}");
    drop(dial(&server, None).await);
    std::fs::copy(key, at("server.key")).expect("is copied");
    tls.reload().expect("both are new");

    let refused = try_to_dial(&server, &Trust::of(Some(&authority.file())).expect("is one")).await;
    assert!(refused.is_err_and(|error| is_untrusted(&error)), "the old authority has not signed this one");
    let trust = Trust::of(Some(&other.file())).expect("is an authority");
    try_to_dial(&server, &trust).await.expect("the new one has");
    std::fs::write(at("server.pem"), "").expect("is written");
    let empty = tls.reload().expect_err("there is none").to_string();
    assert!(empty.contains("server.pem") && empty.contains("holds no certificate"), "{empty}");
    try_to_dial(&server, &trust).await.expect("the last good one stays");

    run(&live, create("o", 0.0)).await.expect("is made");
    before.follow(&mut mirror, 1).await;
    before.command(move_to("o", 1.0)).await;
    before.follow(&mut mirror, 2).await;
    mirror.assert_equals(&live);
}

async fn try_to_dial(server: &TestServer, trust: &Trust) -> std::io::Result<Stream> {
    let tcp = tokio::net::TcpStream::connect(server.address).await?;
    trust.secure(tcp, "localhost").await.map(Either::Right)
}

#[tokio::test]
async fn tls10_the_native_client_follows_a_server_whose_authority_it_believes() {
    let server = TestServer::secured(|_| {}).await;
    let live = server.session().await;
    let authority = server.authority.as_ref().expect("it is inside TLS");
    let options = || Options { ca_file: Some(authority.file()), ..Options::default() };
    for scheme in ["https", "wss"] {
        let url = format!("{scheme}://localhost:{}", server.address.port());
        let client =
            in_time(vws_client::Client::connect(&url, live.id(), options())).await.expect("is let in");
        client.submit(create(scheme, 0.0)).await.expect("takes effect");
        client.close().await;
    }
    assert_eq!(live.read(State::seq), 2);

    // One that it does not believe, and one that is believed for another host.
    let url = format!("https://localhost:{}", server.address.port());
    let stranger = crate::authority::Authority::new();
    let unknown = Options { ca_file: Some(stranger.file()), ..Options::default() };
    let refused =
        in_time(vws_client::Client::connect(&url, live.id(), unknown)).await.expect_err("is not let in");
    assert!(matches!(&refused, ConnectError::Closed(why) if why.contains("certificate")), "{refused}");
    let (certificate, key) = authority.sign_for("elsewhere", vec!["elsewhere.example".to_owned()]);
    std::fs::copy(certificate, authority.folder().join("server.pem")).expect("is copied");
    std::fs::copy(key, authority.folder().join("server.key")).expect("is copied");
    server.tls.as_ref().expect("it is inside TLS").reload().expect("both are there");
    let refused =
        in_time(vws_client::Client::connect(&url, live.id(), options())).await.expect_err("is elsewhere");
    assert!(matches!(&refused, ConnectError::Closed(why) if why.contains("certificate")), "{refused}");

    let missing = Options { ca_file: Some(authority.folder().join("none.pem")), ..Options::default() };
    let refused = in_time(vws_client::Client::connect(&url, live.id(), missing)).await.expect_err("no file");
    assert!(
        matches!(&refused, ConnectError::Trust(why) if why.to_string().contains("none.pem")),
        "{refused}"
    );
}

#[tokio::test]
async fn tls9_a_server_that_stops_ends_its_secured_connections_in_order() {
    let mut server = TestServer::secured(|_| {}).await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    let mut idle = dial(&server, None).await;
    // One whose handshake has not begun.
    let mut silent = tokio::net::TcpStream::connect(server.address).await.expect("the server accepts");
    server.begin_to_stop();
    assert_eq!(client.closed().await, Some((1001, "going_away".to_owned())));
    // TLS tells an end that was meant from one that was cut.
    assert_eq!(in_time(idle.read(&mut [0; 16])).await.expect("it is told"), 0);
    let ended = in_time(silent.read(&mut [0; 16])).await;
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset));
    server.ended().await;
}
