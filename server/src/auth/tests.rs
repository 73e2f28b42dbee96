use std::fs;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use vws_core::SessionId;

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SESSION: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
const NOW: Millis = 1_700_000_000_000;

/// A pair that signs nothing but these tests.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEILnLDCCG6YwHah4mqGXw9Ai8H9DfSxGvLxMz+ixrSotT
-----END PRIVATE KEY-----
";
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAOxNOl9i+bvHEPKXB1e+jrdIbigXYfLNBH846DZWpBSc=
-----END PUBLIC KEY-----
";

fn claims() -> Value {
    json!({"sub": "ada@example.org", "session": SESSION, "role": "edit", "exp": NOW / 1_000 + 60, "jti": "t1"})
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (claim, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(claim);
        } else {
            claims[claim] = value.clone();
        }
    }
    claims
}

fn signed(claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET).expect("is a key"))
        .expect("is signed")
}

fn auth(anonymous: Option<Role>) -> Auth {
    let keys = Keys::default().with_secret(SECRET).expect("is long enough");
    Auth::new(keys, anonymous, Revoked::default())
}

fn id(text: &str) -> SessionId {
    text.parse().expect("is an id")
}

fn fault(auth: &Auth, token: &str) -> TokenFault {
    match auth.grant(Some(token), NOW).expect_err("is refused") {
        Denied::Token(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn auth1_a_token_of_the_server_s_secret_is_taken() {
    let token = signed(&with(
        json!({"name": "Ada", "iat": NOW / 1_000, "nbf": NOW / 1_000, "aud": "x", "more": [1]}),
    ));
    let grant = auth(None).grant(Some(&token), NOW).expect("is taken");
    assert_eq!(grant.role(), Some(Role::Edit));
    assert_eq!(grant.scope(), Scope::Session(id(SESSION)));
    assert_eq!(grant.subject().map(Subject::as_str), Some("ada@example.org"));
    assert_eq!(grant.name().map(vws_core::DisplayName::as_str), Some("Ada"));
    assert_eq!(grant.token().map(TokenId::as_str), Some("t1"));
    assert_eq!(grant.until(), Some(NOW + 60_000));
}

#[test]
fn auth1_a_token_that_is_made_here_is_taken_here() {
    let auth = auth(None);
    let claims: Claims = serde_json::from_value(claims()).expect("are claims");
    let token = auth.keys().sign(&claims).expect("there is a secret");
    auth.grant(Some(&token), NOW).expect("is taken");
    assert_eq!(Keys::default().sign(&claims), None);
}

#[test]
fn auth1_a_token_of_another_service_is_taken_by_its_public_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    fs::write(&path, PUBLIC_KEY).expect("is written");
    let keys = Keys::load(None, Some(&path)).expect("is a key");
    let auth = Auth::new(keys, None, Revoked::default());
    let key = EncodingKey::from_ed_pem(PRIVATE_KEY.as_bytes()).expect("is a key");
    let token = encode(&Header::new(Algorithm::EdDSA), &claims(), &key).expect("is signed");
    auth.grant(Some(&token), NOW).expect("is taken");

    // The public key is known to everybody: as a secret it is worth nothing.
    let forged = encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(PUBLIC_KEY.as_bytes()).expect("is a key"),
    );
    let fault = fault(&auth, &forged.expect("is signed"));
    assert_eq!(fault.to_string(), "it is signed with HS256, and this server takes EdDSA");
}

#[test]
fn auth1_what_is_not_signed_by_a_key_of_the_server_is_refused() {
    let auth = auth(Some(Role::Own));
    let good = signed(&claims());
    let part = |n: usize| good.split('.').nth(n).expect("has three parts").to_owned();
    let base64 = |value: &Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let unsigned = format!("{}.{}.", base64(&json!({"alg": "none", "typ": "JWT"})), part(1));
    let raised = format!("{}.{}.{}", part(0), base64(&with(json!({"role": "admin"}))), part(2));
    let foreign = encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(&[7; 32]).expect("is a key"),
    );
    let hs512 = encode(
        &Header::new(Algorithm::HS512),
        &claims(),
        &EncodingKey::from_secret(SECRET).expect("is a key"),
    );
    let ed = EncodingKey::from_ed_pem(PRIVATE_KEY.as_bytes()).expect("is a key");
    let ed = encode(&Header::new(Algorithm::EdDSA), &claims(), &ed);
    for (token, expected) in [
        (String::new(), "it is no signed JWT of at most 4096 bytes"),
        ("abc".to_owned(), "it is no signed JWT of at most 4096 bytes"),
        ("a.b.c".to_owned(), "it is no signed JWT of at most 4096 bytes"),
        (format!("{good}.{good}"), "it is no signed JWT of at most 4096 bytes"),
        (format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES)), "it is no signed JWT of at most 4096 bytes"),
        (unsigned, "it is no signed JWT of at most 4096 bytes"),
        (raised, "its signature is wrong"),
        (foreign.expect("is signed"), "its signature is wrong"),
        (hs512.expect("is signed"), "it is signed with HS512, and this server takes HS256"),
        (ed.expect("is signed"), "it is signed with EdDSA, and this server takes HS256"),
    ] {
        let fault = fault(&auth, &token);
        assert_eq!((fault.to_string().as_str(), fault.code()), (expected, "token_invalid"), "{token}");
    }
}

#[test]
fn auth1_every_bit_of_a_token_counts() {
    let auth = auth(None);
    let good = signed(&claims());
    for at in 0..good.len() {
        for flip in [1, 2, 4] {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= flip;
            // The last character of each part has bits that mean nothing, which only one spelling may have.
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(auth.grant(Some(&changed), NOW).is_err(), "{at} {flip}");
        }
        assert!(auth.grant(Some(&good[..at]), NOW).is_err());
    }
}

#[test]
fn auth2_each_claim_is_there_and_is_what_it_must_be() {
    let auth = auth(None);
    for (changes, expected) in [
        (json!({"sub": null}), "its claim \"claims\" is wrong: missing field `sub`"),
        (json!({"sub": 7}), "its claim \"claims\" is wrong: invalid type: integer `7`, expected a string"),
        (json!({"sub": ""}), "its claim \"sub\" is wrong: it has 0 bytes, and 1 to 128 are taken"),
        (
            json!({"sub": "a".repeat(129)}),
            "its claim \"sub\" is wrong: it has 129 bytes, and 1 to 128 are taken",
        ),
        (json!({"sub": "a\nb"}), "its claim \"sub\" is wrong: it has control characters"),
        (json!({"name": " Ada"}), "its claim \"name\" is wrong"),
        (json!({"session": null}), "its claim \"claims\" is wrong: missing field `session`"),
        (
            json!({"session": "cube"}),
            "its claim \"session\" is wrong: it is neither * nor the id of a session",
        ),
        (json!({"role": null}), "its claim \"claims\" is wrong: missing field `role`"),
        (json!({"role": "root"}), "its claim \"role\" is wrong: it is none of view, edit, own and admin"),
        (json!({"exp": null}), "its claim \"claims\" is wrong: missing field `exp`"),
        (json!({"exp": "soon"}), "its claim \"claims\" is wrong: invalid type: string"),
        (json!({"exp": -1}), "its claim \"exp\" is wrong: -1 is outside [0, 253402300799] seconds"),
        (json!({"exp": 1e300}), "its claim \"exp\" is wrong"),
        (json!({"jti": null}), "its claim \"claims\" is wrong: missing field `jti`"),
        (json!({"jti": ""}), "its claim \"jti\" is wrong: it must have 1 to 64 characters"),
        (json!({"jti": "a b"}), "its claim \"jti\" is wrong: it must have 1 to 64 characters"),
    ] {
        let fault = fault(&auth, &signed(&with(changes.clone())));
        assert!(fault.to_string().starts_with(expected), "{changes}: {fault}");
        assert_eq!(fault.code(), "token_invalid");
    }
    for changes in [
        json!({"sub": "a".repeat(128)}),
        json!({"jti": "a".repeat(64)}),
        json!({"exp": NOW as f64 / 1_000.0 + 0.5}),
    ] {
        auth.grant(Some(&signed(&with(changes))), NOW).expect("is at the bound");
    }
}

#[test]
fn auth5_a_token_holds_from_its_beginning_to_its_end() {
    let auth = auth(None);
    let token = signed(&with(json!({"nbf": NOW / 1_000, "exp": NOW / 1_000 + 1})));
    for (now, code) in [
        (NOW - 1, Some("token_not_yet_valid")),
        (NOW, None),
        (NOW + 999, None),
        (NOW + 1_000, Some("token_expired")),
    ] {
        let found = auth.grant(Some(&token), now).err();
        assert_eq!(found.as_ref().map(Denied::code), code, "{now}");
    }
    let fault = fault(&auth, &signed(&with(json!({"exp": 1_699_999_999}))));
    assert_eq!(fault.to_string(), "it ended at 2023-11-14T22:13:19Z");
}

/// The table as people read it, in the order of [`Operation::ALL`]: what each role may do in its own session, and
/// with a token for all.
const TABLE: [(Operation, &str, &str); 10] = [
    (Operation::Read, "view edit own admin", "view edit own admin"),
    (Operation::Present, "view edit own admin", "view edit own admin"),
    (Operation::Change, "edit own admin", "edit own admin"),
    (Operation::Share, "own admin", "own admin"),
    (Operation::Delete, "own admin", "own admin"),
    (Operation::List, "view edit own admin", "view edit own admin"),
    (Operation::Create, "", "own admin"),
    (Operation::Observe, "", "own admin"),
    (Operation::Administer, "", "admin"),
    (Operation::BackUp, "", "admin"),
];

#[test]
fn auth3_the_table_of_roles_and_operations_is_this_one() {
    let auth = auth(None);
    assert_eq!(TABLE.map(|(operation, ..)| operation), Operation::ALL);
    for (operation, own, all) in TABLE {
        for role in Role::ALL {
            for (session, expected) in [(SESSION, own), ("*", all)] {
                let token = signed(&with(json!({"role": role.name(), "session": session})));
                let grant = auth.grant(Some(&token), NOW).expect("is taken");
                let here = (operation.needs().1 == Reach::Session).then(|| id(SESSION));
                let may = grant.check(operation, here).is_ok();
                assert_eq!(
                    may,
                    expected.split(' ').any(|known| known == role.name()),
                    "{operation:?} {role} {session}"
                );
            }
        }
    }
}

#[test]
fn auth4_a_token_for_one_session_opens_no_other() {
    let auth = auth(Some(Role::Own));
    let token = signed(&with(json!({"role": "admin"})));
    let grant = auth.grant(Some(&token), NOW).expect("is taken");
    for operation in Operation::ALL.into_iter().filter(|operation| operation.needs().1 == Reach::Session) {
        grant.check(operation, Some(id(SESSION))).expect("is its own");
        let denied = grant.check(operation, Some(id(OTHER))).expect_err("is another");
        assert_eq!((denied.code(), denied.is_about_identity()), ("forbidden", false));
    }
}

#[test]
fn auth7_without_a_token_one_may_what_the_operator_grants() {
    for anonymous in [None, Some(Role::View), Some(Role::Edit), Some(Role::Own)] {
        let grant = auth(anonymous).grant(None, NOW).expect("needs none");
        for operation in Operation::ALL {
            let found = grant.check(operation, Some(id(SESSION)));
            assert_eq!(
                found.is_ok(),
                anonymous.is_some_and(|role| role >= operation.needs().0),
                "{operation:?}"
            );
            if let Err(denied) = found {
                assert_eq!((denied.code(), denied.is_about_identity()), ("token_needed", true));
            }
        }
    }
    // Who shows a token that does not hold is not taken for somebody without one.
    assert!(auth(Some(Role::Own)).grant(Some(&signed(&with(json!({"exp": 1})))), NOW).is_err());
}

#[test]
fn auth6_a_revoked_token_is_refused_by_this_server_and_the_next_on_its_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let keys = Keys::default().with_secret(SECRET).expect("is long enough");
        Auth::new(keys, None, Revoked::open(folder.path()).expect("is read"))
    };
    let (token, id) = (signed(&claims()), "t1".parse::<TokenId>().expect("is an id"));
    let auth = open();
    auth.grant(Some(&token), NOW).expect("holds");
    auth.revoked().add(Revocation { id: id.clone(), until: NOW + 60_000 }, NOW).expect("is kept");
    assert_eq!(fault(&auth, &token), TokenFault::Revoked);
    auth.grant(Some(&signed(&with(json!({"jti": "t2"})))), NOW).expect("is another");
    let next = open();
    assert_eq!(fault(&next, &token), TokenFault::Revoked);
    assert_eq!(next.revoked().list(NOW).len(), 1);
    assert_eq!(next.revoked().list(NOW + 60_000), []);
    // What is over by itself is forgotten with the next change, and an end is never brought nearer.
    let later = Revocation { id: "t3".parse().expect("is an id"), until: NOW + 90_000 };
    next.revoked().add(later.clone(), NOW + 60_000).expect("is kept");
    next.revoked().add(Revocation { until: NOW + 80_000, ..later.clone() }, NOW + 60_000).expect("is kept");
    assert_eq!(open().revoked().list(0), [later]);
}

#[test]
fn auth6_a_file_of_revocations_that_cannot_be_read_ends_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("revoked"), "t1 1700000000000\nt2\n").expect("is written");
    let error = Revoked::open(folder.path()).expect_err("line 2 is none");
    assert!(error.to_string().ends_with("line 2 is not an id and an end"), "{error}");
}

#[test]
fn auth6_a_revocation_that_the_disk_does_not_take_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let revoked = Revoked::open(folder.path()).expect("is read");
    // A folder in the place of the file that is written first.
    fs::create_dir(folder.path().join("revoked.new")).expect("is made");
    let revocation = Revocation { id: "t1".parse().expect("is an id"), until: NOW + 1 };
    assert!(matches!(revoked.add(revocation.clone(), NOW), Err(RevokeError::Io(_))));
    assert!(!revoked.has(&revocation.id), "who was told no may try again");
    fs::remove_dir(folder.path().join("revoked.new")).expect("is removed");
    revoked.add(revocation, NOW).expect("is kept");
}

#[tokio::test(start_paused = true)]
async fn auth5_auth6_who_waits_is_told_when_a_token_is_over() {
    let auth = Arc::new(auth(None));
    let begin = tokio::time::Instant::now();
    let now = move || NOW + u64::try_from(begin.elapsed().as_millis()).expect("fits");
    let long = with(json!({"exp": NOW / 1_000 + 3_600, "jti": "long"}));
    let [long, short] =
        [long, claims()].map(|claims| auth.grant(Some(&signed(&claims)), NOW).expect("holds"));
    let fault = auth.end_of(&short, now).await;
    assert_eq!((fault, begin.elapsed().as_secs()), (TokenFault::Expired { at: NOW + 60_000 }, 60));

    let waiting = tokio::spawn({
        let (auth, long) = (Arc::clone(&auth), long.clone());
        async move { auth.end_of(&long, now).await }
    });
    tokio::task::yield_now().await;
    let other = Revocation { id: "other".parse().expect("is an id"), until: NOW + 3_600_000 };
    auth.revoked().add(other, now()).expect("is kept");
    let id = long.token().cloned().expect("has one");
    auth.revoked().add(Revocation { id, until: NOW + 3_600_000 }, now()).expect("is kept");
    assert_eq!(waiting.await.expect("ends"), TokenFault::Revoked);
    assert_eq!(begin.elapsed().as_secs(), 60, "at once");
}

#[test]
fn auth1_a_key_that_cannot_be_one_is_refused_by_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("is written");
        path
    };
    let short = file("short", b"0123456789abcdef0123456789abcde\n");
    let error = Keys::load(Some(&short), None).expect_err("is too short").to_string();
    assert!(error.contains("short has a secret of 31 bytes; it takes 32 or more"), "{error}");
    Keys::load(Some(&file("long", b" 0123456789abcdef0123456789abcdef\n")), None).expect("is long enough");
    let error = Keys::load(None, Some(&short)).expect_err("is no key").to_string();
    assert!(error.contains("is no Ed25519 public key in PEM"), "{error}");
    let private = file("private", PRIVATE_KEY.as_bytes());
    Keys::load(None, Some(&private)).expect_err("that is the other half");
    let large = file("large", &[b'x'; 64 * 1024 + 1]);
    let error = Keys::load(Some(&large), None).expect_err("is too large").to_string();
    assert!(error.contains("has 65537 bytes, more than the 65536"), "{error}");
    let error = Keys::load(Some(&folder.path().join("none")), None).expect_err("is not there").to_string();
    assert!(error.contains("none: No such file"), "{error}");
    let keys = Keys::load(Some(&file("secret", SECRET)), Some(&file("public", PUBLIC_KEY.as_bytes())))
        .expect("are keys");
    assert_eq!(format!("{keys:?}"), "Keys { secret: true, public: true }", "no key is shown");
}
