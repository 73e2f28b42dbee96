//! The description of the API and the page to try it on.

use std::io::Read;

use serde_json::Value;

use super::support::TestServer;

#[tokio::test]
async fn rest13_the_description_is_this_one() {
    let server = TestServer::start().await;
    let answer = server.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    insta::assert_snapshot!(answer.text());
    server.stop().await;
}

#[tokio::test]
async fn rest13_the_description_knows_the_limits_in_force() {
    let server = TestServer::with(|config| config.limits.max_batch = 7).await;
    let document = server.get("/openapi.json").await.json();
    let variants =
        document["components"]["schemas"]["Command"]["oneOf"].as_array().expect("variants").clone();
    let bounds: Vec<&Value> =
        variants.iter().filter_map(|v| v.pointer("/properties/commands/maxItems")).collect();
    assert_eq!(bounds, [&Value::from(7)]);
    server.stop().await;
}

#[tokio::test]
async fn rest13_the_explorer_asks_no_other_server() {
    let server = TestServer::start().await;
    let page = server.get("/docs").await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'; script-src 'self'; "), "{policy}");
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    assert!(!html.contains("<script>"), "the policy runs no inline script");
    for (file, content_type) in [
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/start.js", "text/javascript; charset=utf-8"),
    ] {
        assert!(html.contains(file), "{file}");
        let plain = server.get(file).await;
        assert_eq!((plain.status, plain.header("content-type")), (200, Some(content_type)), "{file}");
        assert_eq!(plain.header("content-encoding"), None);
        let packed = server.request("GET", file, &[("accept-encoding", "gzip, br")]).await;
        if packed.header("content-encoding") == Some("gzip") {
            let mut inflated = Vec::new();
            flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut inflated).expect("gzip");
            assert_eq!(inflated, plain.body, "{file}");
        }
    }
    for file in ["/docs/", "/docs/index.html", "/docs/..%2fstart.js", "/docs/swagger-ui.css.gz"] {
        server.get(file).await.problem(404, "not_found");
    }
    server.stop().await;
}
