//! Robots, keys and settings of access.

use std::os::unix::fs::PermissionsExt as _;

use jiff::{SignedDuration, Timestamp};
use orlop_access::{Accounts, Robot, SecretHash, SigningKey};
use orlop_secret::Secret;

use crate::support::TestStorage;

fn robot(name: &str, secret: &str) -> Robot {
    Robot {
        name: name.into(),
        description: "builds".into(),
        secret: SecretHash::of(&Secret::new(secret)),
        grants: Vec::new(),
        created: Timestamp::now(),
        expires: Some(Timestamp::now()),
        disabled: false,
        last_used: None,
    }
}

#[tokio::test]
async fn robots() {
    let test = TestStorage::new();
    let accounts: &dyn Accounts = &test.storage;
    let ci = robot("ci", "secret");
    assert!(accounts.insert_robot(ci.clone()).await.unwrap());
    assert!(!accounts.insert_robot(robot("ci", "other")).await.unwrap());
    assert_eq!(accounts.robot("ci").await.unwrap(), Some(ci.clone()));
    assert_eq!(accounts.robot("cd").await.unwrap(), None);
    assert!(!accounts.update_robot(robot("cd", "x")).await.unwrap());

    // The last use shows at once here, and everywhere once it was written.
    let at = Timestamp::now();
    let before = at - SignedDuration::from_secs(60);
    accounts.robot_used("ci", at).await.unwrap();
    accounts.robot_used("ci", before).await.unwrap();
    accounts.robot_used("nobody", at).await.unwrap();
    let used = |robot: Option<Robot>| robot.unwrap().last_used;
    assert_eq!(used(accounts.robot("ci").await.unwrap()), Some(at));
    let other = test.again();
    assert_eq!(used(other.robot("ci").await.unwrap()), None);
    test.storage.flush().await.unwrap();
    assert_eq!(used(other.robot("ci").await.unwrap()), Some(at));

    let changed = Robot {
        disabled: true,
        ..ci
    };
    assert!(accounts.update_robot(changed.clone()).await.unwrap());
    assert!(accounts.insert_robot(robot("a", "x")).await.unwrap());
    let all = other.robots().await.unwrap();
    assert_eq!(all[0].name, "a");
    let last_used = Some(at);
    assert_eq!(
        all[1],
        Robot {
            last_used,
            ..changed
        }
    );
    assert!(accounts.remove_robot("ci").await.unwrap());
    assert!(!accounts.remove_robot("ci").await.unwrap());
    assert_eq!(other.robots().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_and_settings() {
    let test = TestStorage::new();
    let accounts: &dyn Accounts = &test.storage;
    let key = SigningKey {
        id: "thumb".into(),
        private_key: Secret::new("private"),
        created: Timestamp::now(),
    };
    accounts.insert_signing_key(key.clone()).await.unwrap();
    accounts.insert_signing_key(key.clone()).await.unwrap();
    assert_eq!(test.again().signing_keys().await.unwrap(), [key]);
    accounts.remove_signing_key("thumb").await.unwrap();
    accounts.remove_signing_key("thumb").await.unwrap();
    assert!(accounts.signing_keys().await.unwrap().is_empty());

    assert!(accounts.insert_setting("admin", "1").await.unwrap());
    assert!(!accounts.insert_setting("admin", "2").await.unwrap());
    assert_eq!(accounts.setting("admin").await.unwrap(), Some("1".into()));
    accounts.set_setting("admin", "3").await.unwrap();
    assert_eq!(accounts.setting("admin").await.unwrap(), Some("3".into()));
    // The server's own values have names of their own.
    assert_eq!(test.storage.setting("admin").await.unwrap(), None);
}

#[test]
fn nobody_else_reads_the_database() {
    let test = TestStorage::new();
    for file in ["registry.db", "registry.db-wal"] {
        let meta = std::fs::metadata(test.directory.path().join(file)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{file}");
    }
}
