//! Puts the inputs to begin with into `corpus/`, one file each, named after its content.

use std::fs;
use std::path::Path;

use vws_fuzz::{TARGETS, seeds};
use xxhash_rust::xxh3::xxh3_64;

fn main() -> std::io::Result<()> {
    for (target, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for input in seeds::of(target) {
            fs::write(folder.join(format!("{:016x}", xxh3_64(&input))), &input)?;
        }
    }
    Ok(())
}
