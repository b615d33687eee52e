//! Cases about what a layer says nothing of, and so has from the layers below or from the directory it
//! is made in.

use super::cases::{Outcome, PLAIN, ensure, with_owner};
use super::{Attributes, Bench, Layer};

/// A tree may be empty but for its root, and still not be the first one.
pub(super) fn bare_root(bench: &Bench<'_>) -> Outcome {
    let root = Attributes {
        mode: 0o2751,
        owner: (5, 6),
        mtime: 78,
    };
    let bare = Layer::new()
        .xattrs(&[("user.note", b"kept")])
        .directory("./", root);
    let expected = with_owner("directory 2751 5:6 78.000000000 user.note=\"kept\"");
    for above in [
        Layer::new().file("a", PLAIN, b""),
        Layer::new().whiteout("a").opaque("."),
        Layer::new(),
    ] {
        let listing = bench.listing(&[bare.clone(), above.clone(), above])?;
        ensure(listing["."] == expected, || {
            format!("the root of the bare layer is lost: {}", listing["."])
        })?;
    }
    // What a bare layer above says of the root counts too.
    let named = Layer::new().directory("./", Attributes::mode(0o700));
    let listing = bench.listing(&[bare, named])?;
    let expected = with_owner("directory 700 0:0 1000000000.000000000");
    ensure(listing["."] == expected, || {
        format!("the root of the upper layer is lost: {}", listing["."])
    })
}
