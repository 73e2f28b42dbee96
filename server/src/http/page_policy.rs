//! The page's Content-Security-Policy.

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What the page may load and talk to: its own files and server. Of inline scripts only those that
/// `index` has are run, known by their hash; WebAssembly may be compiled, text never becomes code.
/// Models bring their textures and buffers as `blob:` and `data:`.
pub(super) fn policy(index: &[u8]) -> HeaderValue {
    let hashes: String = inline_scripts(index)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("plain ASCII")
}

/// The text of each `<script>` without `src`. It needs no full HTML parser: the page is ours, and a
/// script that this misses is merely not run.
fn inline_scripts(html: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = find(rest, b"<script")?;
            let tag_end = start + find(&rest[start..], b">")?;
            let content = tag_end + 1;
            let end = content + find(&rest[content..], b"</script")?;
            let (tag, script) = (&rest[start..tag_end], &rest[content..end]);
            rest = &rest[end..];
            if find(tag, b" src=").is_none() {
                return Some(script);
            }
        }
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http6_the_policy_names_each_inline_script_by_its_hash() {
        let html =
            b"<script src=\"a.js\"></script><SCRIPT type=\"module\">alert(1)</SCRIPT><script>\n</script>";
        let policy = policy(html);
        let text = policy.to_str().expect("ASCII");
        // echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert!(text.contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"), "{text}");
        assert_eq!(text.matches("sha256-").count(), 2, "{text}");
        assert!(!text.contains("script-src 'self' 'unsafe-inline'"));
    }

    #[test]
    fn a_page_that_breaks_off_has_no_scripts() {
        assert_eq!(inline_scripts(b"<script>alert(1)").count(), 0);
        assert_eq!(inline_scripts(b"<script").count(), 0);
    }
}
