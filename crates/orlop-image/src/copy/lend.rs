//! Blobs that a registry has in another repository: it is asked to take them from there.

use orlop_distribution::{Mount, Remote, UploadSession};
use orlop_oci::{Digest, Repository};

use crate::error::Result;

/// So many repositories are asked for one blob.
const LENDERS: usize = 4;

/// How a blob may get into a repository.
pub(crate) enum Lent {
    /// It is there now, from this repository.
    From(Repository),
    /// Nobody lends it; the registry wants its bytes.
    Upload(UploadSession),
}

/// Has `remote` take a blob from one of `lenders`, repositories of the same registry that may have it, or
/// opens an upload for it. A declined mount opens an upload too; all but the last are taken back.
pub(crate) async fn mount_or_upload(
    remote: &Remote,
    digest: &Digest,
    lenders: impl IntoIterator<Item = Repository>,
) -> Result<Lent> {
    let own = remote.repository();
    let lenders = lenders
        .into_iter()
        .filter(|lender| lender.registry() == own.registry() && lender != own);
    let mut opened: Option<UploadSession> = None;
    for lender in lenders.take(LENDERS) {
        match remote.mount_blob(digest, &lender).await? {
            Mount::Mounted => {
                if let Some(session) = opened {
                    remote.cancel_upload(session).await;
                }
                return Ok(Lent::From(lender));
            }
            Mount::Upload(session) => {
                if let Some(before) = opened.replace(session) {
                    remote.cancel_upload(before).await;
                }
            }
        }
    }
    let session = match opened {
        Some(session) => session,
        None => remote.start_upload().await?,
    };
    Ok(Lent::Upload(session))
}
