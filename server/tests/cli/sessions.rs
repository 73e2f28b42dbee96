//! `vws session ls|create|rm|fork`.

use super::support::Server;

#[test]
fn cli7_sessions_are_made_listed_and_deleted() {
    let server = Server::start();
    assert_eq!(server.ok(&["session", "ls"]), "");
    let first = server.ok(&["session", "create"]);
    let second = server.ok(&["session", "create", "Bühne \u{1f3ad} 世界"]);
    server.ok(&["object", "set", &second, "a"]);
    let table = server.ok(&["session", "ls"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("SESSION  ") && lines[0].ends_with("COPY OF"), "{table}");
    assert!(lines[1].starts_with(&format!("{first}  -  ")), "{table}");
    assert!(lines[2].starts_with(&format!("{second}  Bühne \u{1f3ad} 世界  1    1        20")), "{table}");
    assert_eq!(server.ok(&["session", "rm", &first, &second]), format!("deleted {first}\ndeleted {second}"));
    assert_eq!(server.ok(&["session", "ls"]), "");
}

#[test]
fn cli7_lists_have_all_pages() {
    let server = Server::start();
    for n in 0..1_001 {
        server.post("/api/sessions", &format!("{{\"name\":\"{n}\"}}"));
    }
    let names: Vec<_> = server.json(&["session", "ls"]).iter().map(|info| info["name"].clone()).collect();
    assert_eq!(names, (0..1_001).map(|n| n.to_string().into()).collect::<Vec<serde_json::Value>>());
}

#[test]
fn cli7_forks_begin_then_or_now() {
    let server = Server::start();
    let session = server.lived();
    let now = server.ok(&["session", "fork", &session]);
    let then = server.ok(&["session", "fork", &format!("{session}@1"), "--name", "then"]);
    let nameless = server.ok(&["session", "fork", &session, "--no-name"]);
    let info = |id: &str| {
        let all = server.json(&["session", "ls"]);
        all.into_iter().find(|info| info["session_id"] == id).expect("is listed")
    };
    assert_eq!((&info(&now)["name"], &info(&now)["seq"]), (&"a stage".into(), &4.into()));
    assert_eq!((&info(&then)["name"], &info(&then)["object_count"]), (&"then".into(), &1.into()));
    assert!(info(&nameless)["name"].is_null());
    assert_eq!(info(&then)["origin"]["seq"], 1);
    let refused = server.fails(&["session", "fork", &format!("{session}@99")], 1);
    assert!(refused.ends_with("(moment_not_found)"), "{refused}");
}
