//! Single tags, digests, manifests and blobs, as skopeo and crane see them.

use orlop_testing::peer::Skopeo;
use orlop_testing::{
    Compression, Fault, FaultProxy, Image, Layer, MediaTypes, Orlop, PlatformName, Program,
    Registry, Rule, Tarball,
};

use crate::serve::Served;
use crate::{layer, orlop, small};

/// For two platforms.
fn both() -> Image {
    let of = |platform: &str| Image::new(&PlatformName::new(platform), &[layer("p", platform)]);
    Image::index(MediaTypes::Oci, &["linux/amd64", "linux/arm64/v8"].map(of))
}

/// What crane prints, where it is there to be asked.
fn crane(arguments: &[&str]) -> Option<String> {
    let crane = std::env::var_os("ORLOP_TEST_CRANE")?;
    let run = Program::new(crane).args(arguments).arg("--insecure").ok();
    Some(run.stdout.trim_end().to_owned())
}

#[test]
fn digests_of_names_everywhere() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let (image, orlop) = (both(), orlop());
    let name = image.push(&registry.host(), "team/app", "v1");
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}/layout:v1", folder.path().display());
    orlop.ok(["copy", "-q", &name, &layout]);
    let run = orlop.ok(["digest", &name, &layout]);
    assert_eq!(run.lines(), [&image.top.digest, &image.top.digest], "{run}");
    let arm = &image.children[1].digest;
    for place in [&name, &layout] {
        let run = orlop.ok(["digest", "--platform", "linux/arm64", place]);
        assert_eq!(run.text(), *arm, "{run}");
    }
    let full = orlop.ok(["digest", "--full-ref", &name]);
    let repository = name.trim_end_matches(":v1");
    assert_eq!(full.text(), format!("{repository}@{}", image.top.digest));
    if let Some(theirs) = crane(&["digest", "--full-ref", &name]) {
        assert_eq!(full.text(), theirs);
    }
    let said = orlop.fails(["digest", "--full-ref", &layout]);
    assert!(
        said.contains("no name that begins with a repository"),
        "{said}"
    );
    let said = orlop.fails(["digest", &format!("{repository}:nosuch")]);
    assert!(said.contains("manifest unknown"), "{said}");
    let said = orlop.fails(["digest", "--platform", "linux/mips", &name]);
    assert!(
        said.contains("no matching manifest for linux/mips"),
        "{said}"
    );
}

#[test]
fn tags_are_those_that_skopeo_lists() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let served = Served::start();
    let image = small("tagged");
    let orlop = orlop();
    let tags = ["1.0", "1.1", "2.0", "latest"];
    for host in [&registry.host(), &served.host] {
        image.push_with(host, "team/app", &tags, None);
        let name = format!("{host}/team/app");
        // Debian's registry lists them in no order.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(sorted(&orlop.ok(["tag", "ls", &name]).stdout), tags);
        let ours = orlop.ok(["tag", "ls", "--json", &name]).stdout;
        let options = ["list-tags", "--tls-verify=false"];
        let theirs = skopeo.program().args(options);
        let theirs = theirs.arg(format!("docker://{name}")).ok().stdout;
        assert_eq!(ours, theirs);
        let part = orlop.ok(["tag", "ls", "--limit", "2", &name]);
        assert_eq!(part.lines().len(), 2, "{part}");
        if let Some(theirs) = crane(&["ls", &name]) {
            assert_eq!(sorted(&theirs), tags);
        }
        let said = orlop.fails(["tag", "ls", &format!("{name}:1.0")]);
        assert!(said.contains("lists a whole repository"), "{said}");
    }
    assert!(
        !orlop.store().join("orlop.db").exists(),
        "no store was made"
    );
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}/layout", folder.path().display());
    let from = format!("{}/team/app:1.0", served.host);
    orlop.ok(["copy", "-q", &from, &format!("{layout}:mine")]);
    assert_eq!(orlop.ok(["tag", "ls", &layout]).text(), "mine");
}

#[test]
fn an_image_called_ls_is_what_docker_means() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let name = small("ls").push(&registry.host(), "team/app", "v1");
    orlop.ok(["pull", "-q", &name]);
    orlop.ok(["tag", &name, "ls"]);
    orlop.ok(["tag", "ls", "other"]);
    let digest = |name: &str| orlop.ok(["inspect", "--format", "{{.Id}}", name]).stdout;
    assert_eq!(digest("other"), digest(&name));
    // With anything else it is the question.
    let repository = name.trim_end_matches(":v1");
    let run = orlop.ok(["tag", "ls", "--limit", "5", repository]);
    assert_eq!(run.text(), "v1");
}

#[test]
fn a_blob_comes_whole_or_not_at_all() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let text = "a line of text\n".repeat(200_000);
    let tar = Tarball::new().file("text", 0o644, &text).finish();
    let image = Image::new(
        &PlatformName::host(),
        &[Layer::new(&tar, Compression::None)],
    );
    let proxy = FaultProxy::start(&registry.host());
    image.push_with(&registry.host(), "team/app", &["v1"], None);
    let orlop = orlop();
    let layer = image.layer_digests().remove(0);
    let name = format!("{}/team/app@{layer}", proxy.host());
    let bytes = std::fs::read(registry.blob_file(&layer)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blob");
    let get = |name: &str| {
        let program = orlop.program().args(["blob", "get", "-o"]);
        program.arg(&file).arg(name).run()
    };
    // Gone on with where it broke.
    let path = format!("blobs/{layer}");
    proxy.add(
        Rule::new(&path, Fault::Cut { after: 1 << 20 })
            .method("GET")
            .times(1),
    );
    assert_eq!(get(&name).code(), 0);
    assert!(std::fs::read(&file).unwrap() == bytes);
    std::fs::remove_file(&file).unwrap();
    // Other bytes.
    proxy.add(Rule::new(&path, Fault::WrongByte { at: 1 << 20 }).method("GET"));
    let run = get(&name);
    assert_eq!(run.code(), 1, "{run}");
    assert!(
        run.stderr.contains(&format!("blob {layer} is damaged")),
        "{run}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let piped = orlop.program().args(["blob", "get", &name]).run();
    assert!(piped.code() == 1 && piped.stdout.len() < bytes.len());
    proxy.heal();
    let other = name.replace(&layer, &image.top.digest);
    let run = get(&other);
    assert!(
        run.code() == 1 && run.stderr.contains("it has no blob"),
        "{run}"
    );
    let run = get(name.split('@').next().unwrap());
    assert!(
        run.code() == 125 && run.stderr.contains("which blob is meant"),
        "{run}"
    );
}

#[test]
fn a_blob_of_a_layout_an_archive_and_the_store() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let (image, orlop) = (small("placed"), orlop());
    let name = image.push(&registry.host(), "team/app", "v1");
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}/layout", folder.path().display());
    let archive = format!("oci-archive:{}/a.tar", folder.path().display());
    let store = format!("store:{name}");
    let config = image.config();
    for place in [&layout, &archive, &store] {
        orlop.ok(["copy", "-q", &name, place]);
        let run = orlop.ok(["blob", "get", place, &config.digest]);
        assert_eq!(run.stdout.as_bytes(), config.bytes, "{place}");
        let run = orlop.ok(["manifest", "get", place]);
        assert_eq!(run.stdout.as_bytes(), image.top.bytes, "{place}");
    }
}

/// Manifests at one host; whether it deletes.
fn manifests_at(host: &str, orlop: &Orlop, skopeo: &Skopeo) {
    let image = both();
    let name = image.push(host, "team/app", "v1");
    let repository = name.trim_end_matches(":v1");
    let got = orlop.ok(["manifest", "get", &name]).stdout;
    assert_eq!(got, skopeo.raw(&format!("docker://{name}")));
    if let Some(theirs) = crane(&["manifest", &name]) {
        assert_eq!(got, theirs);
    }
    let one = orlop.ok(["manifest", "get", "--platform", "linux/amd64", &name]);
    assert_eq!(one.stdout.as_bytes(), image.children[0].bytes);
    let head = orlop.ok(["manifest", "head", &name]);
    assert_eq!(head.text(), image.top.digest);
    let head: serde_json::Value =
        serde_json::from_str(&orlop.ok(["manifest", "head", "--json", &name]).stdout)
            .expect("JSON");
    assert_eq!(head, image.top.descriptor());
    // Under another tag, by a file and by a pipe.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("manifest.json");
    orlop
        .program()
        .args(["manifest", "get", "-o"])
        .arg(&file)
        .arg(&name)
        .ok();
    let path = file.to_str().expect("a plain path");
    let put = orlop.ok(["manifest", "put", "-q", &format!("{repository}:v2"), path]);
    assert_eq!(put.text(), image.top.digest);
    let piped = orlop.program().args(["manifest", "put", repository]);
    let piped = piped.input(got.as_str()).ok();
    let line = format!("{repository}@{}: digest: ", image.top.digest);
    assert!(piped.stdout.starts_with(&line), "{piped}");
    let there = skopeo.raw(&format!("docker://{repository}:v2"));
    assert_eq!(there, got);
    let wrong = format!("{repository}@{}", image.children[0].digest);
    let said = orlop.fails(["manifest", "put", &wrong, path]);
    assert!(said.contains("the document's digest is"), "{said}");
    std::fs::write(&file, "{}").expect("a file is written");
    let said = orlop.fails(["manifest", "put", &name, path]);
    assert!(said.contains("manifest.json: "), "{said}");
    // The tag, and then everything.
    let v2 = format!("{repository}:v2");
    let untagged = orlop.ok(["manifest", "delete", &v2]);
    assert_eq!(untagged.text(), format!("Untagged: {v2}"));
    assert!(orlop.fails(["digest", &v2]).contains("manifest unknown"));
    assert_eq!(orlop.ok(["digest", &name]).text(), image.top.digest);
    let whole = format!("{repository}@{}", image.top.digest);
    let deleted = orlop.ok(["manifest", "delete", &whole]);
    assert_eq!(deleted.text(), format!("Deleted: {whole}"));
    assert!(orlop.fails(["digest", &name]).contains("manifest unknown"));
    let said = orlop.fails(["manifest", "delete", repository]);
    assert!(said.contains("a tag or a digest must be given"), "{said}");
}

#[test]
fn manifests_are_got_put_and_deleted() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let served = Served::start();
    let orlop = orlop();
    for host in [&registry.host(), &served.host] {
        manifests_at(host, &orlop, &skopeo);
    }
}

/// Attaches at one host and looks at what is there.
fn attached_at(host: &str, keeps_list: bool) {
    let orlop = orlop();
    let image = both();
    let name = image.push(host, "team/app", "v1");
    let repository = name.trim_end_matches(":v1");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sbom.json");
    std::fs::write(&file, "{\"bom\": 1}").expect("a file is written");
    let sbom = format!("{}:application/json", file.display());
    let kind = "application/vnd.cyclonedx+json";
    let run = orlop.ok(["attach", &name, &sbom, "--artifact-type", kind]);
    let digest = run.text().rsplit(' ').next().expect("a word").to_owned();
    let said = format!(
        "Attached to {repository}@{}\nDigest: {digest}",
        image.top.digest
    );
    assert_eq!(run.text(), said);
    // Something about that, and nothing but a note.
    let of_it = format!("{repository}@{digest}");
    let note = ["attach", "-q", "--artifact-type", "a/sig", "-a", "by=alice"];
    let signature = orlop.ok(note.into_iter().chain([of_it.as_str()]));
    let tree = orlop.ok(["referrers", &name]);
    let lines = [
        format!("{repository}@{}", image.top.digest),
        format!("└── {kind}"),
        format!("    └── {digest}"),
        "        └── a/sig".to_owned(),
        format!("            └── {}", signature.text()),
    ];
    assert_eq!(tree.lines(), lines, "{tree}");
    let none = orlop.ok(["referrers", "--artifact-type", "a/sig", &name]);
    assert_eq!(none.lines().len(), 1, "{none}");
    let json = orlop.ok(["referrers", "--json", &name]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["digest"], image.top.digest.as_str());
    let first = &json["referrers"][0];
    assert_eq!(first["artifactType"], kind);
    assert_eq!(first["referrers"][0]["annotations"]["by"], "alice");
    // The list under the tag is only kept where the registry has none.
    let tag = format!("{repository}:{}", image.top.digest.replace(':', "-"));
    let tagged = orlop.run(["digest", &tag]);
    assert_eq!(tagged.code() == 0, !keeps_list, "{tagged}");
    // The file comes back.
    let manifest = orlop.ok(["manifest", "get", &of_it]).stdout;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let layer = &manifest["layers"][0];
    assert_eq!(
        layer["annotations"]["org.opencontainers.image.title"],
        "sbom.json"
    );
    let blob = format!("{repository}@{}", layer["digest"].as_str().expect("a text"));
    assert_eq!(orlop.ok(["blob", "get", &blob]).stdout, "{\"bom\": 1}");
    // And goes along, into a layout too.
    let layout = format!("oci:{}/layout:v1", folder.path().display());
    orlop.ok(["copy", "--referrers", "-q", &name, &layout]);
    let there = orlop.ok(["referrers", &layout]);
    assert_eq!(there.lines()[1..], tree.lines()[1..], "{there}");
    for (arguments, words) in [
        (
            vec!["attach", "--artifact-type", "a/b", &name],
            "nothing is given to attach",
        ),
        (
            vec!["attach", "--artifact-type", "ab", &name, &sbom],
            "a kind looks like",
        ),
        (
            vec!["attach", "--artifact-type", "a/b", &name, "no/such"],
            "no such file",
        ),
    ] {
        let run = orlop.run(arguments);
        assert!(run.code() != 0 && run.stderr.contains(words), "{run}");
    }
}

#[test]
fn what_is_attached_is_listed_whoever_keeps_the_list() {
    let Some(registry) = Registry::start() else {
        return;
    };
    attached_at(&registry.host(), false);
    attached_at(&Served::start().host, true);
}
