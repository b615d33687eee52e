//! A registry for anybody on this machine, in one folder: `serve ROOT [ADDRESS]`.

use std::sync::Arc;

use orlop_access::{AccessConfig, AccessControl, AnonymousAccess, MemoryAccounts, SystemClock};
use orlop_registry::{Server, ServerOptions, Sinks};
use orlop_registry_store::{Sparse, Storage, StorageOptions};

#[expect(clippy::print_stdout, reason = "an example says where it listens")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments.next().ok_or("usage: serve ROOT [ADDRESS]")?;
    let mut options = ServerOptions::default();
    if let Some(address) = arguments.next() {
        options.listen = vec![address.parse()?];
    }
    let mut keeping = StorageOptions::new(root);
    keeping.sparse = Sparse::Accepted;
    let storage = Storage::open(keeping)?;
    let access = AccessControl::open(
        AccessConfig::open(AnonymousAccess::Push),
        Arc::new(MemoryAccounts::default()),
        Arc::new(SystemClock::default()),
        Arc::new(|_| {}),
    )
    .await?;
    let sinks = Sinks {
        access_log: Some(Box::new(std::io::stderr())),
        observer: Some(Arc::new(|notice| println!("{notice:?}"))),
    };
    let server = Server::bind(options, storage, access, sinks).await?;
    server
        .run(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await;
    Ok(())
}
