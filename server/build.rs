//! Builds the page into release binaries, so that `vws` works from any folder, and the files of the
//! API explorer into all.
//!
//! A debug build reads the page from `dist/` at start instead, so that a new page needs no new server.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read, Write as _};
use std::path::{Path, PathBuf};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The files of Swagger UI that the explorer needs.
const EXPLORER: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let dist = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../dist");
    let mut page = Vec::new();
    if std::env::var("PROFILE")? == "release" {
        println!("cargo:rerun-if-changed={}", dist.display());
        if dist.join("index.html").is_file() {
            collect(&dist, &dist, &mut page)?;
        } else {
            println!("cargo:warning=there is no dist/index.html: this binary has no page built in");
        }
    }
    write_table(&out.join("page.rs"), &page)?;
    write_table(&out.join("explorer.rs"), &explorer(&out)?)
}

/// Every file under `folder`, with its path from `root`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_str().ok_or("a file name in dist/ is not UTF-8")?;
            files.push((name.to_owned(), path.canonicalize()?));
        }
    }
    files.sort();
    Ok(())
}

/// Unpacks the explorer's files from their crate, as gzip only: the archive holds them deflated, so
/// this changes the wrapping and compresses nothing.
fn explorer(out: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut files = Vec::new();
    for name in EXPLORER {
        let suffix = format!("/dist/{name}");
        let index = (0..archive.len())
            .find(|&i| {
                archive.name_for_index(i).is_some_and(|found| {
                    found.is_ok_and(|f| f.ends_with(&suffix) && !f.contains("/flavors/"))
                })
            })
            .ok_or_else(|| format!("the Swagger UI archive has no {name}"))?;
        let mut entry = archive.by_index_raw(index)?;
        let (crc, size) = (entry.crc32(), u32::try_from(entry.size())?);
        let path = out.join(format!("{name}.gz"));
        let mut gzip = fs::File::create(&path)?;
        // RFC 1952: magic, deflate, no flags, no time, best compression, unknown system.
        gzip.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255])?;
        let mut deflated = Vec::new();
        entry.read_to_end(&mut deflated)?;
        gzip.write_all(&deflated)?;
        gzip.write_all(&crc.to_le_bytes())?;
        gzip.write_all(&size.to_le_bytes())?;
        files.push((format!("{name}.gz"), path));
    }
    Ok(files)
}

/// A Rust array of names and contents.
fn write_table(to: &Path, files: &[(String, PathBuf)]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for (name, path) in files {
        writeln!(table, "    ({name:?}, include_bytes!({path:?}).as_slice()),")?;
    }
    table.push_str("]\n");
    // An unchanged table keeps its time, so that nothing is compiled again for it.
    if fs::read_to_string(to).is_ok_and(|old| old == table) {
        return Ok(());
    }
    Ok(fs::write(to, table)?)
}
