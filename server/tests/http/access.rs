//! Who may do what over HTTP: every route, with every role and with every kind of token that does not hold.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vws_server::auth::Anonymous;

use super::support::{Answer, JSON, TestServer, cube};
use super::tokens::{REVOKED, ROLES, bad, claims, now, secret_file, signed, token};

const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

/// Every route with what it takes: the least role, and whether a token for one session is enough.
const ROUTES: &[(&str, &str, &str, bool)] = &[
    ("GET", "/healthz", "", true),
    ("GET", "/readyz", "", true),
    ("GET", "/version", "", true),
    ("GET", "/openapi.json", "", true),
    ("GET", "/docs", "", true),
    ("GET", "/docs/start.js", "", true),
    ("GET", "/", "", true),
    ("GET", "/metrics", "own", false),
    ("GET", "/api/stats", "own", false),
    ("GET", "/api/events", "view", true),
    ("GET", "/api/sessions", "view", true),
    ("POST", "/api/sessions", "own", false),
    ("POST", "/api/sessions/import", "own", false),
    ("POST", "/api/sessions/{id}/fork", "own", false),
    ("GET", "/api/sessions/{id}", "view", true),
    ("PATCH", "/api/sessions/{id}", "edit", true),
    ("GET", "/api/sessions/{id}/snapshot", "view", true),
    ("GET", "/api/sessions/{id}/events", "view", true),
    ("GET", "/api/sessions/{id}/export", "view", true),
    ("GET", "/api/sessions/{id}/diff", "view", true),
    ("GET", "/api/sessions/{id}/objects", "view", true),
    ("POST", "/api/sessions/{id}/objects", "edit", true),
    ("GET", "/api/sessions/{id}/objects/{name}", "view", true),
    ("GET", "/api/sessions/{id}/objects/{name}/history", "view", true),
    ("PATCH", "/api/sessions/{id}/objects/{name}", "edit", true),
    ("PUT", "/api/sessions/{id}/objects/{name}", "edit", true),
    ("DELETE", "/api/sessions/{id}/objects/{name}", "edit", true),
    ("GET", "/api/sessions/{id}/world", "view", true),
    ("POST", "/api/sessions/{id}/world", "edit", true),
    ("PATCH", "/api/sessions/{id}/world", "edit", true),
    ("PUT", "/api/sessions/{id}/camera/position", "edit", true),
    ("POST", "/api/sessions/{id}/camera/orbit", "edit", true),
    ("DELETE", "/api/sessions/{id}/camera/orbit", "edit", true),
    ("POST", "/api/sessions/{id}/commands", "edit", true),
    ("POST", "/api/sessions/{id}/undo", "edit", true),
    ("GET", "/api/sessions/{id}/assets", "view", true),
    ("POST", "/api/sessions/{id}/assets", "edit", true),
    ("GET", "/api/sessions/{id}/assets/{asset}", "view", true),
    ("DELETE", "/api/sessions/{id}/assets/{asset}", "edit", true),
    ("POST", "/api/sessions/{id}/tokens", "own", true),
    ("DELETE", "/api/sessions/{id}/tokens/{token}", "own", true),
    ("GET", "/api/tokens/revoked", "admin", false),
    ("POST", "/api/tokens/revoked", "admin", false),
    ("GET", "/api/audit", "admin", false),
    ("GET", "/api/backup", "admin", false),
    ("DELETE", "/api/sessions/{id}", "own", true),
];

async fn guarded(anonymous: Option<Anonymous>) -> TestServer {
    let (_folder, path) = secret_file();
    TestServer::with(|config| {
        config.auth_secret_file = Some(path);
        config.anonymous = anonymous;
    })
    .await
}

/// A server that asks for tokens, with a session.
async fn lived() -> (TestServer, String) {
    let server = guarded(None).await;
    let admin = token("admin", "*");
    let answer = ask(&server, "POST", "/api/sessions", Some(&admin)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["session_id"].as_str().expect("an id").to_owned();
    (server, id)
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn ask(server: &TestServer, method: &str, target: &str, token: Option<&str>) -> Answer {
    let authorization = token.map(bearer);
    let headers: Vec<_> = authorization.iter().map(|value| ("authorization", &**value)).collect();
    server.request(method, target, &headers).await
}

async fn tell(server: &TestServer, method: &str, target: &str, token: &str, body: Value) -> Answer {
    let authorization = bearer(token);
    server.send(method, target, &[("authorization", &authorization), JSON], body.to_string()).await
}

async fn revoke(server: &TestServer, id: &str) {
    let body = json!({"token_id": id, "until": (now() * 1_000.0) as u64 + 3_600_000});
    let answer = tell(server, "POST", "/api/tokens/revoked", &token("admin", "*"), body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn target(path: &str, session: &str) -> String {
    path.replace("{id}", session)
        .replace("{name}", "a")
        .replace("{asset}", &"0".repeat(64))
        .replace("{token}", "x")
}

/// The code of an answer that refuses for who asks.
fn denied(answer: &Answer) -> Option<String> {
    if !matches!(answer.status, 401 | 403) {
        return None;
    }
    let code = answer.json()["code"].as_str().expect("a code").to_owned();
    answer.problem(answer.status, &code);
    let challenge = answer.header("www-authenticate").expect("how to do better");
    assert!(challenge.starts_with("Bearer realm=\"vws\""), "{challenge}");
    Some(code)
}

fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).expect("is a role")
}

#[tokio::test]
async fn auth3_auth4_every_route_takes_the_role_that_the_table_says() {
    let server = guarded(None).await;
    for (method, path, needed, one_is_enough) in ROUTES {
        for role in ROLES {
            for scope in ["*", "one", OTHER] {
                // Each has a session of its own: what is allowed may delete it.
                let made = ask(&server, "POST", "/api/sessions", Some(&token("own", "*"))).await;
                let session = made.json()["session_id"].as_str().expect("an id").to_owned();
                let held = if scope == "one" { &session } else { scope };
                let answer = ask(&server, method, &target(path, &session), Some(&token(role, held))).await;
                let reaches = match scope {
                    "*" => true,
                    "one" => *one_is_enough,
                    _ => *one_is_enough && !path.contains("{id}"),
                };
                let may = needed.is_empty() || (reaches && rank(role) >= rank(needed));
                let expected = (!may).then(|| "forbidden".to_owned());
                assert_eq!(denied(&answer), expected, "{method} {path} as {role} of {scope}: {answer:?}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn auth5_auth6_auth7_no_route_takes_a_token_that_does_not_hold() {
    // Not even where nobody would need one.
    for anonymous in [None, Some(Anonymous::Own)] {
        let server = guarded(anonymous).await;
        let admin = token("admin", "*");
        let made = ask(&server, "POST", "/api/sessions", Some(&admin)).await;
        let session = made.json()["session_id"].as_str().expect("an id").to_owned();
        revoke(&server, REVOKED).await;
        let bad = bad();
        for (method, path, needed, _) in ROUTES {
            let target = target(path, &session);
            for (wrong, token, code) in &bad {
                let answer = ask(&server, method, &target, Some(token)).await;
                let expected = (!needed.is_empty()).then(|| (*code).to_owned());
                assert_eq!(denied(&answer), expected, "{method} {path} with a token that is {wrong}");
                if !needed.is_empty() {
                    assert_eq!(answer.status, 401);
                    let told = answer.text() + answer.header("www-authenticate").expect("is there");
                    assert!(token.split('.').all(|part| part.is_empty() || !told.contains(part)), "{told}");
                }
            }
            if anonymous.is_none() {
                let answer = ask(&server, method, &target, None).await;
                let expected = (!needed.is_empty()).then(|| "token_needed".to_owned());
                assert_eq!(denied(&answer), expected, "{method} {path} without a token");
            }
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn auth3_the_table_leaves_no_route_out() {
    let server = TestServer::start().await;
    let description = server.get("/openapi.json").await.json();
    let told = description["paths"].as_object().expect("paths").iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").keys();
        methods.filter(|key| *key != "parameters").map(|method| (method.to_uppercase(), path.clone()))
    });
    let tabled: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    let missing: Vec<_> = told.filter(|route| !tabled.contains(route)).collect();
    assert_eq!(missing, [], "these routes are in no test of access");
    server.stop().await;
}

#[tokio::test]
async fn auth7_without_keys_on_loopback_all_is_open_and_nobody_administers() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let answer = server.get("/api/tokens/revoked").await;
    assert_eq!(denied(&answer).as_deref(), Some("token_needed"));
    // A server without keys looks at no token: it may be for a proxy before it.
    for authorization in [bearer(&token("view", "*")), bearer("abc"), "Basic YTpi".to_owned()] {
        let answer = server.request("GET", &session, &[("authorization", &authorization)]).await;
        assert_eq!(answer.status, 200, "{authorization}: {answer:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn auth7_the_operator_grants_what_may_be_done_without_a_token() {
    for (anonymous, reads, changes, makes) in [
        (Anonymous::View, true, false, false),
        (Anonymous::Edit, true, true, false),
        (Anonymous::Own, true, true, true),
    ] {
        let server = guarded(Some(anonymous)).await;
        let made = ask(&server, "POST", "/api/sessions", Some(&token("own", "*"))).await;
        let path = made.header("location").expect("where it is").to_owned();
        assert_eq!(server.get(&path).await.status == 200, reads);
        assert_eq!(server.post(&format!("{path}/objects"), cube("a")).await.status == 201, changes);
        assert_eq!(server.request("POST", "/api/sessions", &[]).await.status == 201, makes);
        server.stop().await;
    }
}

#[tokio::test]
async fn auth4_lists_show_what_the_token_reaches() {
    let (server, mine) = lived().await;
    let all = token("own", "*");
    for _ in 0..2 {
        ask(&server, "POST", "/api/sessions", Some(&all)).await;
    }
    let one = token("view", &mine);
    let ids = |answer: &Answer| -> Vec<Value> {
        answer.json()["sessions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|s| s["session_id"].clone())
            .collect()
    };
    let shown = ask(&server, "GET", "/api/sessions", Some(&one)).await;
    assert_eq!((ids(&shown), &shown.json()["next"]), (vec![json!(mine)], &Value::Null));
    let after = ask(&server, "GET", &format!("/api/sessions?after={mine}"), Some(&one)).await;
    assert_eq!(ids(&after), Vec::<Value>::new());
    assert_eq!(ids(&ask(&server, "GET", "/api/sessions", Some(&all)).await).len(), 3);
    let lobby = ask(&server, "GET", "/api/events", Some(&one)).await.json();
    let told: Vec<_> =
        lobby["events"].as_array().expect("a list").iter().map(|e| &e["event"]["session_id"]).collect();
    assert_eq!(told, [&json!(mine)]);
    server.stop().await;
}

#[tokio::test]
async fn auth4_what_names_a_second_session_takes_a_token_for_both() {
    let (server, mine) = lived().await;
    let made = ask(&server, "POST", "/api/sessions", Some(&token("own", "*"))).await;
    let other = made.json()["session_id"].as_str().expect("an id").to_owned();
    let target = format!("/api/sessions/{mine}/diff?with={other}");
    ask(&server, "GET", &target, Some(&token("own", &mine))).await.problem(403, "forbidden");
    assert_eq!(ask(&server, "GET", &target, Some(&token("view", "*"))).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn auth8_events_carry_the_subject_of_their_author() {
    let (server, id) = lived().await;
    let ada = token("edit", &id);
    let path = format!("/api/sessions/{id}");
    tell(&server, "POST", &format!("{path}/objects"), &ada, cube("a")).await;
    tell(&server, "PATCH", &format!("{path}/objects/a"), &ada, json!({"x": 1})).await;
    tell(
        &server,
        "POST",
        &format!("{path}/commands"),
        &ada,
        json!({"type": "batch", "commands": [
            {"type": "update_object", "name": "a", "patch": {"y": 1}},
            {"type": "update_object", "name": "a", "patch": {"z": 1}},
        ]}),
    )
    .await;
    tell(&server, "POST", &format!("{path}/undo"), &ada, json!({"seq": 4})).await;
    tell(&server, "PATCH", &format!("{path}/world"), &ada, json!({"size": 9})).await;
    let events = ask(&server, "GET", &format!("{path}/events"), Some(&ada)).await.json();
    let subjects: Vec<_> =
        events["events"].as_array().expect("a list").iter().map(|e| &e["subject"]).collect();
    assert!(subjects.len() >= 6 && subjects.iter().all(|subject| *subject == "ada@example.org"), "{events}");
    server.stop().await;
}

#[tokio::test]
async fn auth9_an_idempotency_key_means_something_to_one_subject() {
    let (server, id) = lived().await;
    let target = format!("/api/sessions/{id}/objects");
    let send = async |subject: &str| {
        let mut claims = claims("edit", "*");
        claims["sub"] = json!(subject);
        let authorization = bearer(&signed(&claims));
        let headers = [("authorization", &*authorization), ("idempotency-key", "k1"), JSON];
        server.send("POST", &target, &headers, cube("a").to_string()).await
    };
    assert_eq!(send("ada").await.status, 201);
    let again = send("ada").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    let other = send("eve").await;
    assert_eq!(other.header("idempotency-replayed"), None);
    other.problem(409, "object_exists");
    server.stop().await;
}

#[tokio::test]
async fn auth10_an_owner_makes_tokens_for_others_and_takes_them_back() {
    let (server, id) = lived().await;
    let owner = token("own", &id);
    let tokens = format!("/api/sessions/{id}/tokens");
    let made =
        tell(&server, "POST", &tokens, &owner, json!({"role": "edit", "expires_in": 600, "name": "Bo"}))
            .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let told = made.json();
    let link = told["token"].as_str().expect("a token").to_owned();
    assert_eq!((&told["role"], &told["session_id"]), (&json!("edit"), &json!(id)));
    assert_eq!(
        made.header("location"),
        Some(&*format!("{tokens}/{}", told["token_id"].as_str().expect("an id")))
    );
    let objects = format!("/api/sessions/{id}/objects");
    assert_eq!(tell(&server, "POST", &objects, &link, cube("a")).await.status, 201);
    tell(&server, "POST", &tokens, &link, json!({"role": "view", "expires_in": 60}))
        .await
        .problem(403, "forbidden");

    // Another session's owner cannot take it back.
    let place = made.header("location").expect("is there").to_owned();
    ask(&server, "DELETE", &place, Some(&token("own", OTHER))).await.problem(403, "forbidden");
    assert_eq!(ask(&server, "GET", &objects, Some(&link)).await.status, 200);
    assert_eq!(ask(&server, "DELETE", &place, Some(&owner)).await.status, 204);
    ask(&server, "GET", &objects, Some(&link)).await.problem(401, "token_revoked");
    // Nor can an owner take back what was not made for the session.
    ask(&server, "DELETE", &format!("{tokens}/admin-1"), Some(&owner)).await.problem(404, "token_not_found");
    let listed = ask(&server, "GET", "/api/tokens/revoked", Some(&token("admin", "*"))).await.json();
    assert_eq!(listed["revoked"][0]["token_id"], told["token_id"]);
    server.stop().await;
}

#[tokio::test]
async fn auth10_a_token_that_is_made_gives_no_more_and_no_longer_than_one_has() {
    let (server, id) = lived().await;
    let tokens = format!("/api/sessions/{id}/tokens");
    let owner = token("own", &id);
    for (body, status, code, words) in [
        (
            json!({"role": "admin", "expires_in": 60}),
            403,
            "forbidden",
            "the role own may not share this session; it takes admin",
        ),
        (json!({"role": "view", "expires_in": 0}), 422, "invalid_value", "expires_in = 0 is outside [1, "),
        (
            json!({"role": "view", "expires_in": 3_601}),
            422,
            "invalid_value",
            "expires_in = 3601 is outside [1, 3",
        ),
        (json!({"role": "view"}), 422, "missing_field", "the field \"expires_in\" is missing"),
        (json!({"role": "root", "expires_in": 60}), 422, "invalid_value", ""),
        (json!({"role": "view", "expires_in": 60, "name": " "}), 422, "display_name_invalid", ""),
        (json!({"role": "view", "expires_in": 60, "x": 1}), 422, "unknown_field", ""),
    ] {
        let answer = tell(&server, "POST", &tokens, &owner, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        let problem = answer.json();
        if code != "invalid_value" || !words.is_empty() {
            assert_eq!(problem["code"], code, "{problem}");
        }
        assert!(problem["detail"].as_str().expect("words").contains(words), "{problem}");
    }
    server.stop().await;

    let open = TestServer::start().await;
    let session = open.session().await;
    let answer = open.post(&format!("{session}/tokens"), json!({"role": "view", "expires_in": 60})).await;
    answer.problem(409, "no_signing_key");
    open.stop().await;
}

#[tokio::test]
async fn auth6_a_revocation_is_refused_where_it_cannot_be_one() {
    let (server, _) = lived().await;
    let admin = token("admin", "*");
    for body in [
        json!({"token_id": "a b"}),
        json!({"token_id": ""}),
        json!({"token_id": "a", "until": 253_402_300_799_001_u64}),
    ] {
        tell(&server, "POST", "/api/tokens/revoked", &admin, body).await.problem(422, "invalid_value");
    }
    for id in ["b", "a", "c"] {
        let answer = tell(&server, "POST", "/api/tokens/revoked", &admin, json!({"token_id": id})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let page = ask(&server, "GET", "/api/tokens/revoked?limit=2", Some(&admin)).await.json();
    assert_eq!((&page["revoked"][1]["token_id"], &page["next"]), (&json!("b"), &json!("b")));
    let rest = ask(&server, "GET", "/api/tokens/revoked?limit=2&after=b", Some(&admin)).await.json();
    assert_eq!((&rest["revoked"][0]["token_id"], &rest["next"]), (&json!("c"), &Value::Null));
    server.stop().await;
}

#[tokio::test]
async fn auth1_a_token_comes_in_one_header_of_one_form() {
    let (server, id) = lived().await;
    let good = bearer(&token("view", "*"));
    let target = format!("/api/sessions/{id}");
    for form in [good.clone(), good.replace("Bearer", "bEARER"), good.replace(' ', "  ")] {
        assert_eq!(server.request("GET", &target, &[("authorization", &form)]).await.status, 200, "{form}");
    }
    let basic = "Basic YTpi".to_owned();
    for form in [&basic, "Bearer", "x"] {
        let answer = server.request("GET", &target, &[("authorization", form)]).await;
        answer.problem(400, "header_invalid");
    }
    let twice = [("authorization", &*good), ("authorization", &*good)];
    server.request("GET", &target, &twice).await.problem(400, "header_invalid");
    // An address is in logs, histories and what other servers are told: no token is taken from one.
    let in_query = format!("{target}/objects?access_token={}", token("view", "*"));
    let answer = server.request("GET", &in_query, &[]).await;
    let problem = answer.problem(401, "token_needed");
    assert!(!problem.to_string().contains("eyJ"), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn auth19_who_was_refused_and_what_is_gone_is_on_record() {
    let (server, id) = lived().await;
    let owner = token("own", &id);
    let path = format!("/api/sessions/{id}");
    ask(&server, "GET", &path, None).await;
    ask(&server, "GET", "/api/stats", Some(&owner)).await;
    let made =
        tell(&server, "POST", &format!("{path}/tokens"), &owner, json!({"role": "view", "expires_in": 60}))
            .await;
    let made = made.json()["token_id"].clone();
    ask(&server, "DELETE", &format!("{path}/tokens/{}", made.as_str().expect("an id")), Some(&owner)).await;
    ask(&server, "DELETE", &path, Some(&owner)).await;
    let page = ask(&server, "GET", "/api/audit?limit=4", Some(&token("admin", "*"))).await.json();
    let told: Vec<_> = page["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            assert!(entry["at"].is_u64());
            let fields = entry.as_object_mut().expect("an object");
            fields.remove("at");
            assert_eq!(fields.remove("address"), Some(json!("127.0.0.1")));
            entry
        })
        .collect();
    assert_eq!(
        told,
        [
            json!({"seq": 5, "what": "session_deleted", "subject": "ada@example.org", "token_id": "own-1", "session_id": id}),
            json!({"seq": 4, "what": "token_revoked", "subject": "ada@example.org", "token_id": made, "session_id": id}),
            json!({"seq": 3, "what": "token_made", "subject": "ada@example.org", "token_id": made, "session_id": id}),
            json!({"seq": 2, "what": "refused", "subject": "ada@example.org", "token_id": "own-1", "code": "forbidden",
            "route": "GET /api/stats"}),
        ]
    );
    let next = page["next"].as_u64().expect("there is more");
    let rest =
        ask(&server, "GET", &format!("/api/audit?before={next}"), Some(&token("admin", "*"))).await.json();
    assert_eq!((&rest["entries"][0]["code"], &rest["next"]), (&json!("token_needed"), &Value::Null));
    server.stop().await;
}
