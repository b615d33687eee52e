//! The catalogue of official images: fetched, kept, replaced whole.

use std::path::Path;

use orlop_distribution::{Client, ClientConfig};
use orlop_image::official::{Catalogue, CatalogueSource};
use orlop_image::{Cancel, Error};
use orlop_testing::{Compression, Fault, FaultProxy, Layer, Rule, Tarball};

const TOOL: &str = "Maintainers: A (@a)\nGitRepo: https://example.com/tool.git\n\nTags: 2, latest\nGitCommit: aaaa\n";

fn archive(files: &[(&str, &str)], compression: Compression) -> Vec<u8> {
    let mut tar = Tarball::new().file("top/README.md", 0o644, "no");
    for (path, text) in files {
        tar = tar.file(path, 0o644, *text);
    }
    Layer::new(&tar.finish(), compression).blob
}

async fn refresh(root: &Path, from: &str) -> orlop_image::Result<orlop_image::official::Refreshed> {
    let client = Client::new(ClientConfig::default()).unwrap();
    let source = CatalogueSource::parse(from)?;
    Catalogue::refresh(root, &source, &client, &Cancel::new()).await
}

#[tokio::test]
async fn an_archive_at_an_address_is_fetched_when_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let server = FaultProxy::alone();
    let body = archive(
        &[
            ("top/library/tool", TOOL),
            ("top/library/README.md", "no"),
            ("top/library/broken", "what is this\n"),
            ("top/test/library/deep", TOOL),
            ("top/other/file", TOOL),
        ],
        Compression::Gzip,
    );
    let answer = |status, body: Vec<u8>| Fault::Answer {
        status,
        headers: vec![("ETag".to_owned(), "\"one\"".to_owned())],
        body,
    };
    server.add(
        Rule::new("/master.tar.gz", answer(304, Vec::new())).header("if-none-match", "\"one\""),
    );
    server.add(Rule::new("/master.tar.gz", answer(200, body)));
    let url = format!("http://{}/master.tar.gz", server.host());
    assert_eq!(Catalogue::read(&root).unwrap(), None);

    let first = refresh(&root, &url).await.unwrap();
    assert_eq!((first.images, first.changed), (1, true));
    assert_eq!(
        first.left_out,
        [("broken".to_owned(), "line 1: it is no field".to_owned())]
    );
    let catalogue = Catalogue::read(&root).unwrap().unwrap();
    assert_eq!(catalogue.source, url);
    assert_eq!(catalogue.names().collect::<Vec<_>>(), ["tool"]);
    let tool = catalogue.image("tool").unwrap().unwrap();
    assert_eq!(tool.entries[0].tags, ["2", "latest"]);
    assert_eq!(catalogue.image("other").unwrap(), None);

    let again = refresh(&root, &url).await.unwrap();
    assert_eq!((again.images, again.changed), (1, false));
    let now = Catalogue::read(&root).unwrap().unwrap();
    assert!(now.fetched >= catalogue.fetched);
    assert_eq!(now.names().count(), 1);
    let left: Vec<_> = std::fs::read_dir(&root).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn directories_and_archives_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let checkout = folder.path().join("checkout");
    std::fs::create_dir_all(checkout.join("library")).unwrap();
    std::fs::write(checkout.join("library/tool"), TOOL).unwrap();
    std::fs::write(checkout.join("library/LICENSE"), "no").unwrap();
    let files = [("library/tool", TOOL), ("library/second", TOOL)];
    for (name, compression) in [
        ("a.tar", Compression::None),
        ("a.tar.zst", Compression::Zstd),
    ] {
        std::fs::write(folder.path().join(name), archive(&files, compression)).unwrap();
    }
    for (from, images) in [
        ("checkout", 1),
        ("checkout/library", 1),
        ("a.tar", 2),
        ("a.tar.zst", 2),
    ] {
        let path = folder.path().join(from);
        let done = refresh(&root, path.to_str().unwrap()).await.unwrap();
        assert_eq!(done.images, images, "{from}");
    }
}

#[tokio::test]
async fn what_is_wrong_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let good = folder.path().join("good.tar");
    std::fs::write(&good, archive(&[("library/tool", TOOL)], Compression::None)).unwrap();
    refresh(&root, good.to_str().unwrap()).await.unwrap();
    let before = Catalogue::read(&root).unwrap();
    let empty = folder.path().join("empty.tar");
    std::fs::write(&empty, archive(&[], Compression::Gzip)).unwrap();
    let broken = folder.path().join("broken.tar.gz");
    let mut bytes = archive(&[("library/tool", TOOL)], Compression::Gzip);
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&broken, bytes).unwrap();
    let server = FaultProxy::alone();
    server.add(Rule::new("/x", Fault::error(404, "", "gone")));
    for from in [
        empty.to_str().unwrap(),
        broken.to_str().unwrap(),
        "/no/such/file",
        &format!("http://{}/x", server.host()),
        "https://",
    ] {
        assert!(refresh(&root, from).await.is_err(), "{from}");
        assert_eq!(Catalogue::read(&root).unwrap(), before, "{from}");
    }
    std::fs::write(root.join("official.json"), "{}").unwrap();
    let damaged = Catalogue::read(&root).unwrap_err();
    assert!(matches!(damaged, Error::Refused(_)), "{damaged}");
    refresh(&root, good.to_str().unwrap()).await.unwrap();
    assert!(Catalogue::read(&root).unwrap().is_some());
}
