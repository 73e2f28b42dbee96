//! Everything that is refused has one shape, and browsers of other pages are refused.

use super::support::TestServer;

#[tokio::test]
async fn http1_unknown_paths_are_problems() {
    let server = TestServer::start().await;
    for target in ["/nothing", "/api", "/api/nothing", "/api/sessions/x/y/z", "/healthz/", "/snippets/x.js"] {
        server.get(target).await.problem(404, "not_found");
    }
    server.request("GET", "/api/nothing", &[("accept", "text/html")]).await.problem(404, "not_found");
    server.request("POST", "/", &[]).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test]
async fn http1_a_wrong_method_is_a_problem_that_lists_the_right_ones() {
    let server = TestServer::start().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        let answer = server.request(method, "/healthz", &[]).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http1_what_hyper_cannot_read_is_refused_in_the_same_shape() {
    let server = TestServer::start().await;
    let host = server.address;
    let post = |line: &str| format!("POST /api/sessions HTTP/1.1\r\nhost: {host}\r\n{line}\r\n\r\n");
    for head in [
        "\x16\x03\x01\r\n\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
        format!("GET /healthz HTTP/3.0\r\nhost: {host}\r\n\r\n"),
        format!("GET /health\x01z HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        post("x: a\0b"),
        post("x: a\r\n folded"),
        post("content-length: -1"),
        post("content-length: 1\r\ncontent-length: 2"),
        post("content-length: 18446744073709551616"),
        post("transfer-encoding: gzip"),
    ] {
        let answer = server.exchange(&head).await;
        answer.problem(400, "head_unreadable");
        assert_eq!(answer.header("connection"), Some("close"), "{head:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{head:?}");
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")), "{answer:?}");
    }
    let lines = "x: y\r\n".repeat(128);
    server.exchange(post(lines.trim_end())).await.problem(431, "head_too_large");
    server.exchange(post(&format!("x: {}", "a".repeat(1 << 20)))).await.problem(431, "head_too_large");

    // Behind an answer that is not yet sent as well.
    let mut pipelined = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n");
    pipelined.push_str("hello\r\n\r\n");
    let text = server.exchange(pipelined).await.text();
    assert!(text.contains("HTTP/1.1 400 Bad Request\r\n") && text.contains("head_unreadable"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn http2_a_request_id_goes_in_and_out() {
    let server = TestServer::start().await;
    let answer = server.request("GET", "/healthz", &[("x-request-id", "abc-1.2:3_4")]).await;
    assert_eq!(answer.header("x-request-id"), Some("abc-1.2:3_4"));
    let long = "a".repeat(65);
    for unusable in ["", "two words", "a/b", "<b>", &long] {
        let answer = server.request("GET", "/healthz", &[("x-request-id", unusable)]).await;
        let id = answer.header("x-request-id").expect("an id");
        assert!(id != unusable && id.len() == 36, "{unusable:?} became {id:?}");
    }
    let longest = "a".repeat(64);
    let answer = server.request("GET", "/healthz", &[("x-request-id", &longest)]).await;
    assert_eq!(answer.header("x-request-id"), Some(longest.as_str()));
    server.stop().await;
}

#[tokio::test]
async fn http3_a_change_from_a_foreign_page_is_refused() {
    let server = TestServer::with(|config| {
        config.allow_origin = vec!["https://app.example".parse().expect("an origin")];
    })
    .await;
    let own = format!("http://{}", server.address);
    for origin in ["null", "https://evil.example", "https://app.example.evil.example", "http://app.example"] {
        server
            .request("POST", "/api/nothing", &[("origin", origin)])
            .await
            .problem(403, "origin_not_allowed");
        server.get("/healthz").await.json();
    }
    for origin in [own.as_str(), "https://app.example"] {
        server.request("POST", "/api/nothing", &[("origin", origin)]).await.problem(404, "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn http3_a_listed_page_may_read_and_change() {
    let server = TestServer::with(|config| {
        config.allow_origin = vec!["https://app.example".parse().expect("an origin")];
    })
    .await;
    let (listed, other) = (("origin", "https://app.example"), ("origin", "https://evil.example"));
    let asks = ("access-control-request-method", "PATCH");
    let asked = server.request("OPTIONS", "/api/sessions", &[listed, asks]).await;
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (204, Some("https://app.example"))
    );
    assert!(asked.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    assert!(asked.header("access-control-allow-headers").is_some_and(|headers| headers.contains("if-match")));
    for (method, target) in [("GET", "/api/sessions"), ("POST", "/api/sessions"), ("GET", "/api/nothing")] {
        let answer = server.request(method, target, &[listed]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"), "{target}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"), "{target}");
        assert_eq!(answer.header("vary"), Some("origin"), "{target}");
    }
    for headers in [&[other, asks][..], &[other], &[asks], &[]] {
        for method in ["GET", "OPTIONS"] {
            let answer = server.request(method, "/api/sessions", headers).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {headers:?}");
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn http4_a_rebound_name_is_refused() {
    let server = TestServer::start().await;
    server.request("GET", "/", &[("host", "evil.example")]).await.problem(421, "host_not_allowed");
    let both = [("host", "evil.example"), ("origin", "http://evil.example")];
    server.request("POST", "/api/sessions", &both).await.problem(421, "host_not_allowed");
    let port = server.address.port();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "[::1]".to_owned()] {
        let answer = server.request("GET", "/healthz", &[("host", &host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http4_a_request_is_for_one_host() {
    let server = TestServer::start().await;
    let host = server.address;
    let get = |line: &str| format!("GET /healthz HTTP/1.1\r\nconnection: close\r\n{line}\r\n");
    for lines in
        ["", &format!("host: {host}\r\nhost: {host}\r\n"), &format!("host: {host}\r\nhost: evil\r\n")]
    {
        server.exchange(get(lines)).await.problem(400, "header_invalid");
    }
    let absolute = |target: &str| {
        format!("GET http://{target}/healthz HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\n\r\n")
    };
    server.exchange(absolute("evil.example")).await.problem(400, "header_invalid");
    assert_eq!(server.exchange(absolute(&host.to_string())).await.status, 200);
    assert_eq!(server.exchange("GET /healthz HTTP/1.0\r\n\r\n").await.status, 200, "before there was Host");
    server.stop().await;
}

#[tokio::test]
async fn http5_every_answer_has_the_headers_that_keep_browsers_strict() {
    let server = TestServer::start().await;
    for target in ["/healthz", "/nothing", "/"] {
        let answer = server.get(target).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {target}");
        }
        assert!(answer.header("content-security-policy").is_some(), "{target}");
        // The page, where it has been built, may be kept and asked about again.
        let kept = if target == "/" { ["no-store", "no-cache"] } else { ["no-store"; 2] };
        assert!(answer.header("cache-control").is_some_and(|c| kept.contains(&c)), "{target}");
    }
    server.stop().await;
}

#[tokio::test]
async fn rest14_operators_get_health_readiness_version_and_metrics() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/healthz").await.json()["status"], "ok");
    assert_eq!(server.get("/readyz").await.json()["status"], "ready");
    assert_eq!(server.get("/version").await.json()["version"], env!("CARGO_PKG_VERSION"));
    let session = server.session().await;
    server.cube(&session, "a").await;
    let stats = server.get("/api/stats").await.json();
    let feed = format!("vws_session_bytes{{what=\"feed\"}} {}", stats["sessions"][0]["feed_bytes"]);
    let most = format!("vws_session_bytes_most{{what=\"feed\"}} {}", stats["sessions"][0]["feed_bytes"]);
    let metrics = server.get("/metrics").await.text();
    assert!(!metrics.contains("vws_resident_bytes 0\n"), "{metrics}");
    for line in [
        feed.as_str(),
        &most,
        r#"vws_session_bytes{what="snapshot"} 0"#,
        "vws_connections 1",
        r#"vws_http_requests_total{method="GET",route="/healthz",status="200"} 1"#,
        r#"vws_http_request_seconds_count{route="/readyz"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    server.stop().await;
}
