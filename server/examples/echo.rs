//! A server with the WebSocket at `/echo`, for `cargo xtask reliability autobahn`. It prints `listening on http://…` when
//! it is ready, keeps nothing, and ends when it is ended.
#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use std::error::Error;

use tokio::net::TcpListener;
use vws_server::Config;
use vws_server::serve::Server;
use vws_server::units::ByteSize;

/// The largest message of Autobahn's cases.
const LARGEST: ByteSize = ByteSize::mib(16);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    config.limits.max_message = LARGEST;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = Server::new(listener, config).await?;
    println!("listening on http://{}", server.address());
    server.run(std::future::pending()).await?;
    Ok(())
}
