//! Backups over HTTP.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{TestServer, cube};
use super::tokens::{secret_file, token};

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
