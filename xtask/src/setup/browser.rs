//! Chromium and the ChromeDriver that belongs to it, for tests.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;

use super::debian;

const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const REMEDY: &str = "install Chromium and the chromedriver of the same version, or name them in \
                      CHROMIUM and CHROMEDRIVER";

/// A browser and a driver of the same major version.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// The browser's program.
    pub(crate) chromium: PathBuf,
    /// The program that speaks WebDriver for it.
    pub(crate) driver: PathBuf,
}

/// The Debian packages that are needed for a browser: none when one is there that fits.
pub(crate) fn packages() -> Result<Vec<&'static str>> {
    match find() {
        Ok(_) => Ok(Vec::new()),
        Err(_) if debian::is_here() => Ok(debian::missing(&PACKAGES)),
        Err(failure) => Err(failure),
    }
}

/// The browser of `CHROMIUM` or of PATH, with the driver of `CHROMEDRIVER` or of PATH.
pub(crate) fn find() -> Result<Browser> {
    let driver = from_environment("CHROMEDRIVER")
        .or_else(|| process::on_path("chromedriver"))
        .ok_or_else(|| Failure::new("`chromedriver` is not on PATH").remedy(REMEDY))?;
    let driver_version = major(&driver)
        .ok_or_else(|| Failure::new(format!("{} names no version", driver.display())).remedy(REMEDY))?;
    let browsers: Vec<PathBuf> = match from_environment("CHROMIUM") {
        Some(path) => vec![path],
        None => BROWSERS.iter().filter_map(|name| process::on_path(name)).collect(),
    };
    browsers
        .into_iter()
        .find(|path| major(path) == Some(driver_version))
        .map(|chromium| Browser { chromium, driver })
        .ok_or_else(|| {
            Failure::new(format!("no Chromium of the driver's version {driver_version} was found"))
                .remedy(REMEDY)
        })
}

fn from_environment(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The major version that a browser or driver reports.
fn major(program: &Path) -> Option<u32> {
    parse_major(&process::output(Command::new(program).arg("--version"))?)
}

/// `156` of `Chromium 156.0.8078.79 built on Debian`.
fn parse_major(text: &str) -> Option<u32> {
    text.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_of_browser_and_driver_is_read() {
        assert_eq!(parse_major("Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)"), Some(156));
        assert_eq!(parse_major("ChromeDriver 156.0.8078.79 (abc-refs/heads/main@{#1})"), Some(156));
        assert_eq!(parse_major("Google Chrome"), None);
    }
}
