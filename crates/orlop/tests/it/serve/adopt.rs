//! The folder of another registry becomes ours.

use orlop_testing::{Registry, RegistryOptions};

use super::{Served, registry};
use crate::{orlop, small};

#[test]
fn the_folder_of_cncf_distribution_is_adopted() {
    let client = orlop();
    let storage = client.folder().join("distribution");
    let options = RegistryOptions {
        storage: Some(storage.clone()),
        ..Default::default()
    };
    let Some(old) = Registry::start_with(&options) else {
        return;
    };
    let image = small("from elsewhere");
    let _ = image.push(&old.host(), "team/app", "v1");
    drop(old);

    let server = orlop();
    let folder = storage.display().to_string();
    let adopted = registry(&server, &["import", &folder], "").ok();
    let expected = "Adopted 1 tags and 1 manifests in 1 repositories from CNCF distribution";
    assert!(adopted.stdout.starts_with(expected), "{adopted}");
    let again = registry(&server, &["import", &folder], "").ok();
    assert!(again.stdout.starts_with("Adopted 0 tags"), "{again}");
    let served = Served::with(server, &[]);
    let name = format!("{}/team/app@{}", served.host, image.top.digest);
    client.ok(["pull", "-q", &name]);
}

#[test]
fn the_folder_of_nobody_makes_no_registry() {
    let nothing = orlop();
    let empty = nothing.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.display().to_string();
    let error = registry(&nothing, &["import", &empty], "").run();
    assert!(error.expect_code(1).stderr.contains(&empty));
    assert!(!nothing.store().join("registry.db").exists());
}
