//! The page as a browser gets it.

use std::path::Path;

use tempfile::TempDir;

use super::support::TestServer;

const INDEX: &str = "<!doctype html><script type=\"module\">start()</script><script src=\"/a.js\"></script>";

fn page() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        std::fs::write(path, content).expect("a file");
    };
    write("index.html", INDEX);
    write("app-0123456789abcdef_bg.wasm", "plain wasm");
    write("app-0123456789abcdef_bg.wasm.br", "brotli wasm");
    write("app-0123456789abcdef_bg.wasm.gz", "gzip wasm");
    write("snippets/app-0123456789abcdef/viewport.js", "export {}");
    folder
}

async fn serve(folder: &TempDir) -> TestServer {
    let path = folder.path().to_owned();
    TestServer::with(|config| config.page = Some(path)).await
}

const WASM: &str = "/app-0123456789abcdef_bg.wasm";

#[tokio::test]
async fn http6_files_have_their_type_and_caching() {
    let (folder, immutable) = (page(), "public, max-age=31536000, immutable");
    let server = serve(&folder).await;
    for (target, content_type, caching, body) in [
        ("/", "text/html; charset=utf-8", "no-cache", INDEX),
        ("/index.html", "text/html; charset=utf-8", "no-cache", INDEX),
        (WASM, "application/wasm", immutable, "plain wasm"),
        (
            "/snippets/app-0123456789abcdef/viewport.js",
            "text/javascript; charset=utf-8",
            "no-cache",
            "export {}",
        ),
    ] {
        let answer = server.get(target).await;
        assert_eq!(answer.header("content-type"), Some(content_type), "{target}");
        assert_eq!(answer.header("cache-control"), Some(caching), "{target}");
        assert_eq!(answer.text(), body, "{target}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http6_compressed_copies_go_to_those_who_take_them() {
    let folder = page();
    let server = serve(&folder).await;
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "brotli wasm"),
        ("gzip", Some("gzip"), "gzip wasm"),
        ("br;q=0, gzip;q=0.5", Some("gzip"), "gzip wasm"),
        ("identity", None, "plain wasm"),
    ] {
        let answer = server.request("GET", WASM, &[("accept-encoding", accepted)]).await;
        assert_eq!(
            (answer.header("content-encoding"), answer.text().as_str()),
            (encoding, body),
            "{accepted}"
        );
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(answer.header("content-type"), Some("application/wasm"));
    }
    server.get(&format!("{WASM}.br")).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test]
async fn http6_what_a_browser_has_is_not_sent_again() {
    let folder = page();
    let server = serve(&folder).await;
    let answer = server.get("/").await;
    let tag = answer.header("etag").expect("a tag");
    let again = server.request("GET", "/", &[("if-none-match", tag)]).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag)));
    let other = server.request("GET", "/", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, 200);
    let compressed = server.request("GET", WASM, &[("accept-encoding", "br"), ("if-none-match", tag)]).await;
    assert_eq!(compressed.status, 200);
    let head = server.request("HEAD", "/", &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(INDEX.len().to_string().as_str()));
    server.stop().await;
}

#[tokio::test]
async fn http6_the_policy_allows_the_page_and_nothing_else() {
    let folder = page();
    let server = serve(&folder).await;
    let answer = server.get("/").await;
    let policy = answer.header("content-security-policy").expect("a policy");
    // echo -n 'start()' | openssl dgst -sha256 -binary | base64
    for part in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval' 'sha256-DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00=';",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http6_the_views_of_the_page_are_the_page() {
    let folder = page();
    let server = serve(&folder).await;
    let view = "/s/01890a5d-ac96-774b-bcce-b302099a8057";
    let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    assert_eq!(server.request("GET", view, &html).await.text(), INDEX);
    assert_eq!(server.get(view).await.text(), INDEX, "whoever does not say");
    assert_eq!(server.request("GET", view, &[("accept", "*/*")]).await.text(), INDEX, "curl");
    // A program that asks for JSON there has mistaken the path.
    server.request("GET", view, &[("accept", "application/json")]).await.problem(404, "not_found");
    for target in ["/api/sessions/x/y", "/api", "/other", "/sessions/x", "/docs/x", "/index"] {
        server.request("GET", target, &html).await.problem(404, "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn http6_no_path_leads_out_of_the_page() {
    let folder = page();
    let secret = folder.path().parent().expect("a parent").join("vws-secret.txt");
    let server = serve(&folder).await;
    let name = secret.file_name().and_then(|n| n.to_str()).expect("a name");
    for target in [
        format!("/../{name}"),
        format!("/..%2f{name}"),
        format!("/%2e%2e/{name}"),
        format!("//{name}"),
        "/snippets/".to_owned(),
        "/etc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
    ] {
        server.get(&target).await.problem(404, "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_folder_without_a_page_is_refused_at_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = vws_server::Config { page: Some(folder.path().to_owned()), ..vws_server::Config::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let error = vws_server::run(listener, config, async {}).await.expect_err("the folder has no page");
    assert_eq!(error.to_string(), format!("the page folder {} has no index.html", folder.path().display()));
}
