//! A layer whose programs run anywhere: Debian's static busybox.

use crate::{Compression, Layer, Tarball, missing};

/// A root file system of one static program with the links that a shell script expects, `/etc/passwd`
/// and the folders that a runtime mounts on. `None`, said loudly, without `/bin/busybox`.
#[must_use]
pub fn busybox_layer(compression: Compression) -> Option<Layer> {
    let Ok(program) = std::fs::read("/bin/busybox") else {
        missing("/bin/busybox", "apt-get install busybox-static");
        return None;
    };
    let mut tar = Tarball::new();
    for folder in ["bin", "dev", "etc", "proc", "root", "sys", "usr", "usr/bin"] {
        tar = tar.dir(folder, 0o755);
    }
    tar = tar.dir("tmp", 0o1777).file("bin/busybox", 0o755, &program);
    for name in [
        "cat",
        "echo",
        "env",
        "id",
        "ls",
        "mkdir",
        "rm",
        "sh",
        "sha256sum",
        "stat",
        "true",
        "uname",
    ] {
        tar = tar.symlink(&format!("bin/{name}"), "busybox");
    }
    tar = tar
        .file(
            "etc/passwd",
            0o644,
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        )
        .file("etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\n")
        .hard_link("usr/bin/busybox", "bin/busybox");
    Some(Layer::new(&tar.finish(), compression))
}
