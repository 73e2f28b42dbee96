//! Autobahn's suite of WebSocket cases, for Python 3.

use std::path::PathBuf;

use super::python::Package;
use crate::failure::Result;
use crate::project::Project;

/// The package, which has the cases of Autobahn's own suite and a runner for Python 3.
const SUITE: Package =
    Package { name: "kosoku", version: "0.1.0", what: "Autobahn's cases", python: (3, 10) };

/// Installs it unless it is there; returns the Python that has it.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    Ok(SUITE.ensure(project)?.join("python"))
}
