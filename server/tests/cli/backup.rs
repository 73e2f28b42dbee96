//! Backups of a running server, over real sockets, and what is made of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::support::{Server, program};
use super::tokens::{secret_file, token};

/// A server that keeps its sessions and gives admins what only they get, and a folder for files.
struct Kept {
    _secret: TempDir,
    folder: TempDir,
    server: Server,
}

impl Kept {
    fn start() -> Self {
        let (secret, path) = secret_file();
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let flags = ["--data", text(&data), "--auth-secret-file", text(&path), "--anonymous", "own"];
        let server = Server::keeping(&flags);
        Self { _secret: secret, folder, server }
    }

    fn path(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// The program with a token for all sessions.
    fn as_role(&self, role: &str, arguments: &[&str]) -> Output {
        self.server.vws(arguments).env("VWS_TOKEN", token(role, "*")).output().expect("the program starts")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("is text")
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    String::from_utf8(output.stdout.clone()).expect("text").trim_end().to_owned()
}

#[track_caller]
fn fails(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program starts")
}

/// The seqs of a server's sessions, by id.
fn seqs(server: &Server) -> Vec<(String, u64)> {
    let of = |line: &Value| {
        let id = line["session_id"].as_str().expect("an id").to_owned();
        (id, line["seq"].as_u64().expect("a seq"))
    };
    server.json(&["session", "ls"]).iter().map(of).collect()
}

#[test]
fn cli20_a_backup_is_taken_while_others_write_and_a_server_goes_on_from_it() {
    let kept = Kept::start();
    let server = &kept.server;
    let sessions: Vec<_> = (0..3).map(|_| server.lived()).collect();
    let (over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let file = kept.path("backup.tar.zst");
    let (before, during) = thread::scope(|scope| {
        for session in &sessions {
            let (over, written) = (&over, &written);
            scope.spawn(move || {
                for n in 0.. {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let body = format!(r#"{{"name":"n{n}","type":"cube","x":1,"y":2,"z":3}}"#);
                    server.post(&format!("/api/sessions/{session}/objects"), &body);
                    written.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let wait = |more: u64| {
            let until = written.load(Ordering::SeqCst) + more;
            while written.load(Ordering::SeqCst) < until {
                thread::yield_now();
            }
        };
        wait(30);
        let (before, at) = (seqs(server), written.load(Ordering::SeqCst));
        let taken = kept.as_role("admin", &["backup", &file]);
        let during = written.load(Ordering::SeqCst) - at;
        // So that each session has changed since, too.
        wait(30);
        over.store(true, Ordering::SeqCst);
        let told = succeeds(&taken);
        assert!(told.starts_with(&format!("{file}: 3 sessions, ")), "{told}");
        (before, during)
    });
    assert!(during > 0, "writers were held up");

    let data = kept.path("restored");
    succeeds(&run(&["restore", &file, "--data", &data]));
    let restored = Server::keeping(&["--data", &data]);
    let (then, now) = (seqs(&restored), seqs(server));
    for (((id, seq), (_, least)), (_, most)) in then.iter().zip(&before).zip(&now) {
        assert!((least..=most).contains(&seq), "{least} <= {seq} <= {most}");
        let as_it_was = server.ok(&["session", "export", &format!("{id}@{seq}")]);
        let as_it_was: Value = serde_json::from_str(&as_it_was).expect("JSON");
        assert_eq!(restored.digest(id), as_it_was["digest"], "{id} at {seq}");
        let log = kept.path(&format!("{id}.vwslog"));
        restored.ok(&["session", "export", id, "--format", "log", "-o", &log]);
        assert!(succeeds(&run(&["verify", &log])).starts_with(&format!("ok: vws.log, {seq} events")));
        let objects = restored.ok(&["object", "ls", &format!("{id}@4"), "--json"]);
        assert_eq!(objects, server.ok(&["object", "ls", &format!("{id}@4"), "--json"]), "the past is there");
        restored.ok(&["object", "set", id, "next", "x=1"]);
    }
    let after: Vec<_> = then.iter().map(|(id, seq)| (id.clone(), seq + 1)).collect();
    assert_eq!(seqs(&restored), after, "and goes on from there");
}

#[test]
fn cli21_a_backup_takes_an_admin_and_leaves_no_part_of_a_file() {
    let kept = Kept::start();
    kept.server.lived();
    for role in ["view", "edit", "own"] {
        let refused = fails(&kept.as_role(role, &["backup", &kept.path("b")]), 1);
        assert!(refused.ends_with("(forbidden)"), "{role}: {refused}");
    }
    let refused = fails(&kept.server.output(&["backup", &kept.path("b")]), 1);
    assert!(refused.ends_with("(token_needed)"), "{refused}");
    let nobody = program(&["backup", &kept.path("b"), "--url", "http://127.0.0.1:1"]).output();
    fails(&nobody.expect("the program starts"), 3);
    fails(&run(&["backup"]), 2);
    assert!(!Path::new(&kept.path("b")).exists());

    // Into a folder: the server names it.
    let told = succeeds(&kept.as_role("admin", &["backup", &kept.path("")]));
    let file = told.split(": ").next().expect("a name").to_owned();
    assert!(file.ends_with(".tar.zst") && Path::new(&file).is_file(), "{told}");
    let taken = fails(&kept.as_role("admin", &["backup", &file]), 4);
    assert!(taken.contains("is there already"), "{taken}");
    succeeds(&kept.as_role("admin", &["backup", &file, "--force"]));
    let parts = fs::read_dir(kept.folder.path()).expect("is there");
    let parts = parts.filter(|entry| {
        let name = entry.as_ref().expect("is read").file_name();
        name.to_string_lossy().contains(".part")
    });
    assert_eq!(parts.count(), 0);
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(&file).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
    // Whoever took it is on record.
    let record = succeeds(&kept.as_role("admin", &["audit"]));
    assert!(record.contains("backup taken"), "{record}");
}

#[test]
fn cli22_what_is_wrong_with_a_backup_is_told_with_its_place() {
    let kept = Kept::start();
    kept.server.lived();
    let (file, data) = (kept.path("b.tar.zst"), kept.path("restored"));
    let told = succeeds(&kept.as_role("admin", &["backup", &file, "--json"]));
    let taken: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (taken["manifest"]["sessions"].as_u64(), taken["manifest"]["events"].as_u64()),
        (Some(1), Some(4))
    );
    let proved = succeeds(&run(&["backup", "verify", &file, "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&proved).expect("JSON")["manifest"], taken["manifest"]);
    let sound = fs::read(&file).expect("is there");
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 4;
    for (bytes, told) in
        [(&flipped[..], "is damaged about byte "), (&sound[..sound.len() / 2], "before its manifest")]
    {
        fs::write(&file, bytes).expect("is written");
        for arguments in [&["backup", "verify", &file][..], &["restore", &file, "--data", &data]] {
            let wrong = fails(&run(arguments), 1);
            assert!(wrong.contains(&file) && wrong.contains(told), "{wrong}");
        }
        assert!(!Path::new(&data).exists());
    }
    fails(&run(&["backup", "verify", &kept.path("nothing")]), 4);
    fs::write(&file, &sound).expect("is written");
    let full = fails(&run(&["restore", &file, "--data", &kept.path("data")]), 5);
    assert!(full.contains("is not empty"), "{full}");
    succeeds(&run(&["restore", &file, "--data", &data]));
}

#[test]
fn cli23_a_stopped_server_is_backed_up_from_its_data_directory() {
    let kept = Kept::start();
    let session = kept.server.lived();
    let digest = kept.server.digest(&session);
    let (data, file, restored) = (kept.path("data"), kept.path("b"), kept.path("restored"));
    let used = fails(&run(&["backup", &file, "--data", &data]), 5);
    assert!(used.contains("is in use by process"), "{used}");
    let Kept { server, folder, .. } = kept;
    server.stop();
    succeeds(&run(&["backup", &file, "--data", &data]));
    succeeds(&run(&["restore", &file, "--data", &restored, "--keep-epochs"]));
    assert_eq!(Server::keeping(&["--data", &restored]).digest(&session), digest);
    // Nor is it changed by that.
    assert_eq!(Server::keeping(&["--data", &data]).digest(&session), digest);
    let empty = text(folder.path()).to_owned();
    let none = fails(&run(&["backup", &format!("{file}2"), "--data", &empty]), 5);
    assert!(none.contains("is no data directory"), "{none}");
    assert!(!folder.path().join("FORMAT").exists());
}

/// The program, which may write files of so many blocks of 512 bytes and no larger.
fn bounded(blocks: u64, arguments: &[&str]) -> Command {
    let mut command = program(&[]);
    let vws = command.get_program().to_owned();
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let variables: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    command = Command::new("sh");
    for name in variables {
        command.env_remove(name);
    }
    command.arg("-c").arg(script).arg(vws).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn cli24_where_there_is_no_room_nothing_is_left_behind() {
    let kept = Kept::start();
    let session = kept.server.lived();
    // What no compression makes small.
    let noise = |n: u64| {
        (0..60)
            .map(|m| format!("{:016x}", (n * 60 + m).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect::<String>()
    };
    for n in 0..40 {
        kept.server.ok(&["object", "set", &session, &format!("n{n}"), &format!("properties.a={}", noise(n))]);
    }
    let (file, data) = (kept.path("b"), kept.path("restored"));
    let mut command = bounded(8, &["backup", &file, "--url", &kept.server.url]);
    let full = command.env("VWS_TOKEN", token("admin", "*")).output().expect("sh starts");
    let told = fails(&full, 4);
    assert!(told.contains("cannot write"), "{told}");
    let left: Vec<_> =
        fs::read_dir(kept.folder.path()).expect("is there").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["data"]);
    succeeds(&kept.as_role("admin", &["backup", &file]));
    let full = bounded(16, &["restore", &file, "--data", &data]).output().expect("sh starts");
    assert!(matches!(full.status.code(), Some(4 | 5)), "{full:?}");
    assert!(!Path::new(&data).exists(), "nothing is left of it");
    succeeds(&run(&["restore", &file, "--data", &data]));
}
