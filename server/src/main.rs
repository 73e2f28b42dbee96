//! The `vws` program: the server, and the commands that talk to one.
//!
//! Exit codes of `vws serve`: 0 after a stop by SIGTERM or SIGINT, 1 when serving failed, 2 for a wrong command
//! line, 3 when the address cannot be listened on, 4 when a file cannot be read, 5 when the data directory
//! cannot be used. Each failure is one line on stderr. Those of the other commands are in `cli/failure.rs`.
mod cli;

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use tokio::net::TcpListener;
use tracing::warn;
use vws_server::auth::SetupError;
use vws_server::config::Config;
use vws_server::serve::ServeError;
use vws_server::telemetry::log;

/// What a server allocates lives for a microsecond or for days, comes from every thread and is of every size. glibc's
/// allocator takes a third of a command's time for that, and searches its lists the longer the larger a history is.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The Virtual World Synthesizer: shared 3D worlds over REST and WebSocket.
#[derive(Debug, Parser)]
#[command(name = "vws", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the page, and print `listening on http://…` (or `https://…`) when ready.
    ///
    /// Every flag can be given by its environment variable; a flag wins over its variable. SIGTERM or
    /// SIGINT finishes requests, closes streams and ends the server. SIGHUP has the certificate read again.
    ///
    /// Exit codes: 0 stopped by a signal, 1 serving failed, 2 wrong command line, 3 the address
    /// cannot be listened on, 4 a file cannot be read, 5 the data directory or NATS cannot be used.
    Serve(Box<Config>),
    #[command(flatten)]
    Client(Box<cli::Client>),
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const CANNOT_LISTEN: u8 = 3;
const CANNOT_READ: u8 = 4;
const CANNOT_KEEP: u8 = 5;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let config = match cli.command {
        Command::Serve(config) => config,
        Command::Client(client) => return client.run::<Cli>(),
    };
    match serve(*config) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, line)) => {
            cli::note(&format!("vws: {line}"));
            ExitCode::from(code)
        }
    }
}

/// Help and version as clap writes them; every error as one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that is gone (`vws serve --help | head`) is no fault.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(USAGE);
    }
    let text = error.to_string();
    let words = text.split("\n\n").next().unwrap_or(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.strip_prefix("error: ").unwrap_or(&words);
    cli::note(&cli::clean(&format!("vws: {words}; see {} --help", asked_for())));
    ExitCode::from(USAGE)
}

/// The command that the command line names, as far as there is such a one: `vws session create`.
fn asked_for() -> String {
    let program = Cli::command();
    let mut command = &program;
    let mut name = "vws".to_owned();
    for word in std::env::args().skip(1) {
        let Some(found) = command.find_subcommand(&word) else { break };
        name = format!("{name} {word}");
        command = found;
    }
    name
}

#[tokio::main]
async fn serve(config: Config) -> Result<(), (u8, String)> {
    let address = config.listen;
    config.tls().map_err(|error| (USAGE, error.to_string()))?;
    vws_server::auth::anonymous(&config, address).map_err(|error| (USAGE, error.to_string()))?;
    let logger =
        log::start(config.log_format, &config.log).map_err(|error| (USAGE, format!("--log: {error}")))?;
    log::panics();
    let stopped = vws_server::serve::stop_signal()
        .map_err(|error| (FAILED, format!("cannot listen for signals: {error}")))?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| (CANNOT_LISTEN, format!("cannot listen on {address}: {error}")))?;
    let bound = listener.local_addr().map_err(|error| (CANNOT_LISTEN, error.to_string()))?;
    let server = vws_server::serve::Server::new(listener, config).await.map_err(|error| match error {
        ServeError::Config(_) => (USAGE, error.to_string()),
        ServeError::Page(_) | ServeError::Tls(_) | ServeError::Access(SetupError::Key(_)) => {
            (CANNOT_READ, error.to_string())
        }
        ServeError::Access(_) => (USAGE, error.to_string()),
        ServeError::Data(_) | ServeError::Store(_) | ServeError::Connect(_) | ServeError::Nats(_) => {
            (CANNOT_KEEP, error.to_string())
        }
        _ => (FAILED, error.to_string()),
    })?;
    server.reload_on_hangup().map_err(|error| (FAILED, format!("cannot listen for signals: {error}")))?;
    let scheme = server.scheme();
    let mut out = std::io::stdout();
    if let Err(error) = writeln!(out, "listening on {scheme}://{bound}").and_then(|()| out.flush()) {
        // Whoever asks finds the server all the same.
        warn!(server.address = %bound, error = %error, "stdout takes no line; the server is ready");
    }
    let result = server.run(stopped).await;
    drop(logger);
    result.map_err(|error| (FAILED, error.to_string()))
}
