//! The table `[serve]`, whatever it says. Also a fuzz target: `fuzz/src/bin/serve.rs`.

use std::path::Path;

use orlop_access::AnonymousAccess;
use orlop_registry::config::ServeConfig;

/// What is read and checked can be used: it has all that a server, a storage and upkeep need. A
/// refusal is one line.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(config) = toml::from_str::<ServeConfig>(&text) else {
        return;
    };
    if let Err(fault) = config.check() {
        let text = fault.to_string();
        assert!(text.starts_with("serve.") && !text.contains('\n'), "{text}");
        return;
    }
    let policies = config.policies().expect("it was checked");
    assert!(policies.compile().is_ok());
    let options = config.server();
    assert!(!options.listen.is_empty());
    assert!(options.limits.connections > 0 && options.limits.page > 0);
    assert!(options.limits.manifest_bytes <= orlop_oci::MAX_MANIFEST_SIZE);
    assert!(!config.upkeep().interval.is_zero());
    let _ = config.storage(Path::new("/"));
    // Never more than was said, and nothing by itself where others can reach it.
    let open = config.access().anonymous;
    match config.anonymous {
        Some(said) => assert_eq!(open, said),
        None => {
            let local = options
                .listen
                .iter()
                .all(|address| address.ip().is_loopback());
            assert!(open == AnonymousAccess::None || local && config.public_url().is_none());
        }
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("serve", 17, check);
}
