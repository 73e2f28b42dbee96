//! What the commands do with tokens, and that no token is ever told.

use std::fs::{self, File};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use super::support::{Running, Server, next, program};
use super::tokens::{REVOKED, ROLES, SECRET, bad, claims, now, secret_file, signed, token};

/// A session that is not there: who may ask is told so.
const NOWHERE: &str = "0190b5a0-0000-7000-8000-000000000001";

/// Every command that asks a server, with the least role that it takes and whether it takes one for all sessions.
const COMMANDS: [(&[&str], &str, bool); 17] = [
    (&["session", "ls"], "view", false),
    (&["session", "create"], "own", true),
    (&["session", "rm", NOWHERE], "own", false),
    (&["session", "fork", NOWHERE], "own", true),
    (&["session", "export", NOWHERE], "view", false),
    (&["session", "import", "--dry-run", "/dev/null"], "own", true),
    (&["object", "ls", NOWHERE], "view", false),
    (&["object", "set", NOWHERE, "a", "x=1"], "edit", false),
    (&["object", "rm", NOWHERE, "a"], "edit", false),
    (&["watch", NOWHERE], "view", false),
    (&["replay", NOWHERE], "view", false),
    (&["diff", NOWHERE, "@0"], "view", false),
    (&["bench", "--only", "get", "--seconds", "1", "--connections", "2"], "own", true),
    (&["token", "revoke", "somebody-s"], "admin", true),
    (&["audit"], "admin", true),
    (&["backup", "/nowhere/file"], "admin", true),
    (&["top", "--once", "--interval", "200ms"], "own", true),
];

fn guarded() -> (TempDir, Server) {
    let (folder, secret) = secret_file();
    let server = Server::with(&["--auth-secret-file", secret.to_str().expect("is text")]);
    (folder, server)
}

/// What a command comes to with a token in the variable.
fn with(server: &Server, arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = server.vws(arguments);
    command.envs(token.map(|token| ("VWS_TOKEN", token)));
    command.output().expect("the program starts")
}

/// The code of a refusal for who asks.
fn denied(output: &Output) -> Option<&'static str> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let codes = [
        "token_needed",
        "token_expired",
        "token_invalid",
        "token_revoked",
        "token_not_yet_valid",
        "forbidden",
    ];
    let code = codes.into_iter().find(|code| stderr.contains(&format!("({code})")));
    assert!(code.is_none() || output.status.code() == Some(1), "{stderr}");
    code
}

#[test]
fn auth13_every_command_takes_the_role_that_the_table_says() {
    let (_folder, server) = guarded();
    let revoked = with(&server, &["token", "revoke", REVOKED], Some(&token("admin", "*")));
    assert_eq!(revoked.status.code(), Some(0), "{revoked:?}");
    let bad = bad();
    for (command, needed, all) in COMMANDS {
        for (rank, role) in ROLES.into_iter().enumerate() {
            for scope in ["*", NOWHERE] {
                let least = ROLES.iter().position(|known| known == &needed).expect("is a role");
                let may = rank >= least && (scope == "*" || !all);
                // A load that is let in takes seconds: one is enough.
                if command[0] == "bench" && may && role == "admin" {
                    continue;
                }
                let output = with(&server, command, Some(&token(role, scope)));
                let expected = (!may).then_some("forbidden");
                assert_eq!(denied(&output), expected, "{command:?} as {role} of {scope}: {output:?}");
            }
        }
        assert_eq!(denied(&with(&server, command, None)), Some("token_needed"), "{command:?}");
        for (wrong, token, code) in &bad {
            let output = with(&server, command, Some(token));
            assert_eq!(denied(&output), Some(*code), "{command:?} with a token that is {wrong}");
        }
    }
}

#[test]
fn auth13_tokens_are_made_looked_at_used_and_revoked() {
    let (folder, secret) = secret_file();
    let secret = secret.to_str().expect("is text");
    let data = folder.path().join("data");
    let flags = ["--auth-secret-file", secret, "--data", data.to_str().expect("is text")];
    let server = Server::keeping(&flags);
    let made = |arguments: &[&str]| {
        server.ok(&[&["token", "create"], arguments, &["--secret-file", secret]].concat())
    };
    let file = |name: &str, token: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("{token}\n")).expect("is written");
        path.to_str().expect("is text").to_owned()
    };
    let admin = file("admin", &made(&["root", "--role", "admin", "--session", "*"]));
    let owner = file(
        "owner",
        &made(&["ada", "--role", "own", "--session", "*", "--name", "Ada", "--expires-in", "90m"]),
    );
    let session = server.ok(&["session", "create", "--token-file", &owner]);

    let told = server.ok(&["token", "inspect", &owner, "--secret-file", secret]);
    for line in
        ["subject  ada", "name     Ada", "role     own", "session  *", "holds    yes, unless it was revoked"]
    {
        assert!(told.lines().any(|found| found == line), "{line} in {told}");
    }
    let told = server.json(&["token", "inspect", &owner]);
    assert_eq!((&told[0]["role"], &told[0]["holds"]), (&Value::from("own"), &Value::Null));
    let id = told[0]["token_id"].as_str().expect("an id").to_owned();
    let left = told[0]["expires_at"].as_f64().expect("a time") / 1_000.0 - now();
    assert!((5_300.0..=5_400.0).contains(&left), "{left}");

    assert_eq!(
        server.ok(&["token", "revoke", "--file", &owner, "--token-file", &admin]),
        format!("revoked {id}")
    );
    let refused = server.fails(&["object", "ls", &session, "--token-file", &owner], 1);
    assert_eq!(refused, "vws: the token is not taken: it was revoked (token_revoked)");
    // The next server on the directory remembers.
    server.stop();
    let server = Server::keeping(&flags);
    server.fails(&["object", "ls", &session, "--token-file", &owner], 1);
    server.ok(&["object", "ls", &session, "--token-file", &admin]);
    // And who was refused there before.
    let told = server.json(&["audit", "--token-file", &admin]);
    let told: Vec<_> = told.iter().map(|entry| (entry["what"].as_str(), entry["subject"].as_str())).collect();
    let expected = [("refused", None), ("refused", None), ("token_revoked", Some("root"))];
    assert_eq!(told, expected.map(|(what, subject)| (Some(what), subject)));
    let table = server.ok(&["audit", "--count", "1", "--token-file", &admin]);
    assert!(
        table.lines().count() == 2 && table.contains("token_revoked GET /api/sessions/{id}/objects"),
        "{table}"
    );
}

#[test]
fn auth13_what_is_no_token_or_key_is_told_without_it() {
    let (folder, server) = guarded();
    let secret = folder.path().join("secret");
    let secret = secret.to_str().expect("is text");
    let bad = folder.path().join("bad");
    fs::write(&bad, "eyJ s e c r e t").expect("is written");
    let bad = bad.to_str().expect("is text");
    let said = server.fails(&["session", "ls", "--token-file", bad], 4);
    assert_eq!(said, format!("vws: cannot read a token of {bad}: it has none"));
    let said = server.fails(&["session", "ls", "--token-file", "/none"], 4);
    assert!(said.starts_with("vws: cannot read a token of /none: No such file"), "{said}");
    let create = ["token", "create", "ada", "--role", "view", "--session", "*"];
    let said = server.fails(&create, 2);
    assert!(said.contains("--secret-file"), "{said}");
    fs::write(bad, "short").expect("is written");
    let said = server.fails(&[&create[..], &["--secret-file", bad]].concat(), 4);
    assert!(said.contains("has a secret of 5 bytes") && !said.contains("short;"), "{said}");
    for wrong in [["--role", "root"], ["--session", "x"], ["--expires-in", "soon"]] {
        let arguments = [&["token", "create", "ada", "--secret-file", secret], &wrong[..]].concat();
        server.fails(&arguments, 2);
    }
    let mut other = program(&["token", "inspect", "--secret-file", secret]);
    let mut expired = claims("view", "*");
    expired["exp"] = 1.into();
    other.env("RUST_BACKTRACE", "0");
    let output = super::support::piped(other, signed(&expired).as_bytes());
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.ends_with("holds    no: it ended at 1970-01-01T00:00:01Z\n"), "{told}");
}

#[test]
fn auth7_a_server_that_others_reach_is_told_who_may_do_what() {
    let (folder, secret) = secret_file();
    let secret = secret.to_str().expect("is text").to_owned();
    for (flags, code, words) in [
        (vec!["--listen", "0.0.0.0:0"], 2, "give keys for tokens"),
        (vec!["--anonymous", "none"], 2, "nobody could do anything"),
        (vec!["--anonymous", "view", "--allow-anonymous"], 2, "leave out one of the two"),
        (vec!["--anonymous", "admin"], 2, "--anonymous"),
        (vec!["--auth-secret-file", "/none"], 4, "/none: No such file"),
        (vec!["--auth-public-key", &secret], 4, "is no Ed25519 public key in PEM"),
    ] {
        let arguments = [&["serve", "--ephemeral", "--listen", "127.0.0.1:0"], &flags[..]].concat();
        let arguments = if flags[0] == "--listen" {
            ["serve", "--ephemeral", flags[0], flags[1]].to_vec()
        } else {
            arguments
        };
        let output = program(&arguments).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {stderr}");
        assert!(stderr.contains(words) && !stderr.contains(SECRET), "{flags:?}: {stderr}");
    }
    // With keys it starts, and so it does where it was said.
    for flags in [&["--auth-secret-file", &secret][..], &["--anonymous", "view"], &["--allow-anonymous"]] {
        let arguments = [&["serve", "--ephemeral", "--listen", "0.0.0.0:0"], flags].concat();
        let mut running = Running(program(&arguments).spawn().expect("the program starts"));
        let line = next(&mut running.lines());
        assert!(line.starts_with("listening on http://0.0.0.0:"), "{flags:?}: {line}");
    }
    drop(folder);
}

#[test]
fn auth14_no_token_reaches_a_log_a_metric_or_an_answer() {
    let (folder, secret) = secret_file();
    let log = folder.path().join("log");
    let mut command = program(&[
        "serve",
        "--ephemeral",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "trace",
        "--log-format",
        "json",
        "--auth-secret-file",
        secret.to_str().expect("is text"),
    ]);
    command.stderr(File::create(&log).expect("is made"));
    let mut running = Running(command.spawn().expect("the program starts"));
    let line = next(&mut running.lines());
    let url = line.strip_prefix("listening on ").expect("the ready line").to_owned();
    let run = |arguments: &[&str], token: &str| {
        let mut command = program(arguments);
        command.env("VWS_URL", &url).env("VWS_TOKEN", token);
        command.output().expect("the program starts")
    };
    let good = token("admin", "*");
    let mut expired = claims("own", "*");
    expired["exp"] = 1.into();
    let tokens = [good.clone(), signed(&expired), good.replace('.', "-"), format!("{good}x")];
    let mut said = Vec::new();
    for token in &tokens {
        for arguments in [
            &["session", "ls"][..],
            &["session", "create"],
            // Over WebSocket, too.
            &["bench", "--only", "fanout,echo", "--seconds", "1", "--connections", "2"],
        ] {
            let output = run(arguments, token);
            said.extend(output.stdout);
            said.extend(output.stderr);
        }
    }
    let output = run(&["token", "revoke", "admin-1"], &good);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    said.extend(run(&["session", "ls"], &good).stderr);
    said.extend(fs::read(&log).expect("is there"));
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("token_revoked") && said.contains("\"http.route\""), "something was said");
    for token in &tokens {
        for part in token.split(['.', '-']).filter(|part| part.len() > 8) {
            assert!(!said.contains(part), "{part} was told");
        }
    }
    assert!(!said.contains(SECRET));
}
