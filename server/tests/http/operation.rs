//! Backups over HTTP, and that what is written for operators is true: codes, metrics, rules, dashboard.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vws_server::cluster::NatsBus;
use vws_server::log::DiskLog;
use vws_server::log::disk::{Level, Options};
use vws_server::log::nats::NatsLog;
use vws_server::nats::{self, Connection, LocalServer};

use super::support::{TestServer, cube};
use super::tokens::{secret_file, token};

const OPERATIONS: &str = include_str!("../../../docs/OPERATIONS.md");
const ALERTS: &str = include_str!("../../../packaging/alerts.yml");
const DASHBOARD: &str = include_str!("../../../packaging/grafana-dashboard.json");

#[tokio::test]
async fn ops1_one_backup_is_taken_at_a_time_and_who_leaves_it_ends_it() {
    let (_folder, path) = secret_file();
    let server = TestServer::with(|config| {
        config.auth_secret_file = Some(path);
        config.anonymous = Some(vws_server::auth::Anonymous::Own);
    })
    .await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    // More than the sockets hold, of what no compression makes small.
    let mut noise = 1_u64;
    for n in 0..2 {
        let text: String = (0..200_000)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("{:016x}", noise ^ (noise >> 29))
            })
            .collect();
        let model = format!(r#"{{"asset":{{"version":"2.0","copyright":"{n}{text}"}}}}"#);
        let kind = [("content-type", "model/gltf+json")];
        let answer = server.send("POST", &format!("{session}/assets"), &kind, model).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let admin = format!("Bearer {}", token("admin", "*"));
    let mut slow = server.connect().await;
    let request =
        format!("GET /api/backup HTTP/1.1\r\nhost: {}\r\nauthorization: {admin}\r\n\r\n", server.address);
    slow.write_all(request.as_bytes()).await.expect("is taken");
    let mut begin = [0; 512];
    slow.read_exact(&mut begin).await.expect("it begins");
    let begin = String::from_utf8_lossy(&begin);
    assert!(begin.starts_with("HTTP/1.1 200") && begin.contains("content-type: application/zstd"), "{begin}");
    let authorization = [("authorization", &*admin)];
    let refused = server.request("GET", "/api/backup", &authorization).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.problem(503, "backup_under_way");
    // Nobody waits for it meanwhile.
    server.cube(&session, "b").await;
    drop(slow);
    loop {
        let next = server.request("GET", "/api/backup", &authorization).await;
        if next.status == 200 {
            break;
        }
        next.problem(503, "backup_under_way");
    }
    let metrics = server.request("GET", "/metrics", &authorization).await.text();
    assert!(metrics.contains("vws_backups_total{outcome=\"cut_off\"} 1"), "{metrics}");
    server.request("GET", "/api/backup?x=1", &authorization).await.problem(400, "query_invalid");
    server.post(&format!("{session}/objects"), cube("c")).await;
    server.stop().await;
}

/// The first cells in code of a table's rows, in the section of a heading.
fn first_cells(section: &str) -> BTreeSet<String> {
    let heading = format!("\n## {section}\n");
    let text = OPERATIONS.split(&heading).nth(1).unwrap_or_else(|| panic!("no section {section}"));
    let text = text.split("\n## ").next().unwrap_or(text);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells
        .flat_map(|cell| cell.split("`, `").map(|code| code.trim_end_matches(['`', ' ']).to_owned()))
        .collect()
}

/// The codes that a function of a source file can answer, as its text has them.
fn codes(source: &str, from: &str) -> BTreeSet<String> {
    let body = source.split(from).nth(1).unwrap_or_else(|| panic!("no {from}"));
    let body = body.split("\n    }\n").next().unwrap_or(body);
    let texts = body.split('"').skip(1).step_by(2);
    let is_code = |text: &&str| {
        text.len() > 3 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
    };
    texts.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn ops10_the_manual_has_every_code_of_a_refusal_and_no_other() {
    let all: BTreeSet<String> = [
        (include_str!("../../../core/src/error.rs"), "pub const fn code(&self)"),
        (include_str!("../../src/http/refusal.rs"), "const fn status_and_code(&self)"),
        (include_str!("../../src/http/status.rs"), "fn from(error: StoreError)"),
        (include_str!("../../src/assets/error.rs"), "pub const fn code(&self)"),
        (include_str!("../../src/auth/grant.rs"), "pub const fn code(&self)"),
        (include_str!("../../src/auth/token.rs"), "pub const fn code(&self)"),
        (include_str!("../../src/store/error.rs"), "pub fn code(&self)"),
        (include_str!("../../src/http/rest/tokens.rs"), "fn from(error: RevokeError)"),
    ]
    .into_iter()
    .flat_map(|(source, from)| codes(source, from))
    .collect();
    assert!(all.len() > 80, "{}: the sources are not read", all.len());
    let told = first_cells("What a refusal means");
    assert_eq!(all.difference(&told).collect::<Vec<_>>(), [] as [&String; 0], "the manual lacks these");
    assert_eq!(
        told.difference(&all).collect::<Vec<_>>(),
        [] as [&String; 0],
        "the manual has these, nothing else"
    );
}

/// The names of the metrics that a server gives, with a data directory or over NATS.
async fn metrics() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let log = DiskLog::open(&folder.path().join("data"), Options::new(Level::Buffered)).expect("opens");
    let mut all = metrics_of(TestServer::over(Arc::new(log), |_| {}).await).await;
    let nats = LocalServer::start(folder.path()).expect("`cargo xtask setup` installs nats-server");
    let connection = Connection::open(nats::Options::of(&nats.url())).await.expect("is there");
    let log = Arc::new(NatsLog::open(connection.clone()).await.expect("opens"));
    let bus = NatsBus::open(connection).await.expect("opens");
    all.extend(metrics_of(TestServer::of_node(log, bus, |_| {}).await).await);
    all
}

async fn metrics_of(server: TestServer) -> BTreeSet<String> {
    // What nothing was counted of yet is not told.
    let session = server.session().await;
    server.cube(&session, "a").await;
    let text = server.get("/metrics").await.text();
    server.stop().await;
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn ops11_the_manual_has_every_metric_and_no_other() {
    let all = metrics().await;
    let told = first_cells("Metrics");
    assert_eq!(all.difference(&told).collect::<Vec<_>>(), [] as [&String; 0], "the manual lacks these");
    assert_eq!(
        told.difference(&all).collect::<Vec<_>>(),
        [] as [&String; 0],
        "the manual has these, nothing else"
    );
}

/// The metrics that an expression names.
fn named(expression: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(|c| !is_part(c)).filter(|word| word.starts_with("vws_"));
    let ends = ["_total", "_bucket", "_count", "_sum"];
    words.map(|word| ends.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()).collect()
}

/// The values of a key, wherever it is in a document.
fn values<'a>(document: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match document {
        Value::Object(fields) => {
            found.extend(fields.get(key).and_then(Value::as_str));
            fields.values().for_each(|value| values(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|value| values(value, key, found)),
        _ => {}
    }
}

/// The expressions of rules: what follows `expr:`, on its line or on the deeper ones after it.
fn expressions(rules: &str) -> Vec<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<_> = rules.lines().collect();
    let begins = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("expr:"));
    begins
        .map(|(at, line)| {
            let more = lines[at + 1..].iter().take_while(|next| depth(next) > depth(line));
            let first = line.trim_start().trim_start_matches("expr:").trim();
            [first].into_iter().chain(more.map(|line| line.trim())).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[tokio::test]
async fn ops12_rules_and_dashboard_name_metrics_that_there_are() {
    let all = metrics().await;
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("the dashboard is JSON");
    let mut shown = Vec::new();
    values(&dashboard, "expr", &mut shown);
    let rules = expressions(ALERTS);
    assert!(shown.len() > 30 && rules.len() > 8, "{} and {}", shown.len(), rules.len());
    assert_eq!(rules.len(), ALERTS.matches("- alert:").count(), "each rule has an expression");
    for expression in shown.into_iter().chain(rules.iter().map(String::as_str)) {
        let names = named(expression);
        assert!(!names.is_empty() || expression.starts_with("up{"), "{expression}");
        for name in names {
            assert!(all.contains(&name), "{name} in {expression}");
        }
    }
    // Each metric is somewhere on the dashboard.
    let text = DASHBOARD.to_owned();
    let missing: Vec<_> = all.iter().filter(|name| !text.contains(&***name)).collect();
    assert_eq!(missing, [] as [&String; 0], "the dashboard does not show these");
    for alert in ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(
            OPERATIONS.contains(&format!("`{alert}`")),
            "the manual does not say what to do about {alert}"
        );
    }
}
