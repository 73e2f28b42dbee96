//! `vws diff`.

use super::support::Server;

#[test]
fn cli11_two_moments_are_compared() {
    let server = Server::start();
    let session = server.lived();
    server.ok(&["object", "rm", &session, "b"]);
    assert_eq!(server.ok(&["diff", &format!("{session}@1"), "@4"]), "~ a: x = 1.5\n+ b (cube at 0, -2, 0)");
    assert_eq!(server.ok(&["diff", &session, "@1"]), "~ a: x = 1.0");
    assert_eq!(server.ok(&["diff", &session, "@5"]), "");
    let commands = server.json(&["diff", &session, "@4"]);
    assert_eq!((commands.len(), &commands[0]["type"]), (1, &"create_object".into()));
    assert_eq!(commands[0]["object"]["text"], "5");
    assert_eq!(server.output(&["diff", &session, "@4", "--exit-code"]).status.code(), Some(1));
    assert_eq!(server.output(&["diff", &session, "@5", "--exit-code"]).status.code(), Some(0));
}

#[test]
fn cli11_a_difference_is_applied() {
    let server = Server::start();
    let (session, other) = (server.lived(), server.lived());
    server.ok(&["object", "set", &other, "c", "x=3"]);
    server.ok(&["object", "rm", &other, "a"]);
    let output = server.output(&["diff", &session, &other, "--apply"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "- a\n+ c (cube at 3, 0, 0)\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "applied 2 commands; the session is at seq 6\n");
    assert_eq!(server.ok(&["diff", &session, &other]), "");
    // Back to what it was, by its own history.
    let output = server.output(&["diff", &session, "@4", "--apply"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(server.ok(&["diff", &session, "@4"]), "");
}

#[test]
fn cli11_more_than_a_batch_is_applied_in_several() {
    let server = Server::start();
    let full = server.ok(&["session", "create"]);
    let objects: Vec<String> = (0..1_500)
        .map(|n| format!("{{\"type\":\"create_object\",\"object\":{{\"name\":\"o{n}\",\"type\":\"cube\",\"x\":0,\"y\":0,\"z\":0}}}}"))
        .collect();
    for batch in objects.chunks(1_000) {
        let body = format!("{{\"type\":\"batch\",\"commands\":[{}]}}", batch.join(","));
        server.post(&format!("/api/sessions/{full}/commands"), &body);
    }
    assert_eq!(server.json(&["object", "ls", &full]).len(), 1_500, "lists have all pages");
    let empty = server.ok(&["session", "create"]);
    let output = server.output(&["diff", &empty, &full, "--apply", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.iter().filter(|b| **b == b'\n').count(), 1_500);
    assert_eq!(server.ok(&["diff", &empty, &full]), "");
}
