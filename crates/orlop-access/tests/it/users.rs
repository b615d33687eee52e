//! The file of users.

use orlop_access::*;

use crate::scene::{Scene, line};

/// From OpenBSD's and Openwall's tests of bcrypt: the password is `U*U`.
const VECTOR: &str = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

fn check(text: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users");
    std::fs::write(&path, text).unwrap();
    let names = UserFile::new(&path).names();
    let config = AccessConfig {
        htpasswd: Some(path.clone()),
        ..AccessConfig::default()
    };
    let checked = AccessControl::check(config);
    let strip = |error: AccessError| {
        error
            .to_string()
            .replace(&format!("{}, ", path.display()), "")
    };
    match names {
        Ok(names) => checked.map(|()| names).map_err(strip),
        Err(error) => {
            assert_eq!(
                strip(checked.unwrap_err()),
                error
                    .to_string()
                    .replace(&format!("{}, ", path.display()), "")
            );
            Err(strip(error))
        }
    }
}

#[test]
fn files_that_are_fine() {
    let a = VECTOR.replace("$2y$", "$2a$");
    let b = VECTOR.replace("$2y$", "$2b$");
    for (file, names) in [
        (String::new(), vec![]),
        ("\n\n# nobody\n   \n".to_owned(), vec![]),
        (format!("ada:{VECTOR}"), vec!["ada"]),
        (format!("ada:{VECTOR}\r\nbob:{a}\r\n"), vec!["ada", "bob"]),
        (
            format!("# team\nada:{VECTOR}\n\neve:{b}\n"),
            vec!["ada", "eve"],
        ),
        (
            format!("ada lovelace@example.org:{VECTOR}\nümit:{VECTOR}\n"),
            vec!["ada lovelace@example.org", "ümit"],
        ),
    ] {
        assert_eq!(check(&file).unwrap(), names, "{file}");
    }
}

#[test]
fn lines_that_are_refused_by_their_number() {
    let bcrypt_only = |scheme: &str| {
        format!(
            "the password is hashed with {scheme}, and only bcrypt is accepted: write it with htpasswd -B"
        )
    };
    let not_whole = "not a whole bcrypt hash".to_owned();
    for (bad, reason) in [
        ("bob".to_owned(), "no colon".to_owned()),
        (format!(":{VECTOR}"), "no user name".into()),
        ("bob:$apr1$salt$hashhashhashhash".into(), bcrypt_only("MD5")),
        ("bob:$1$salt$hash".into(), bcrypt_only("MD5")),
        ("bob:{SHA}secrethash=".into(), bcrypt_only("SHA-1")),
        ("bob:$5$salt$hash".into(), bcrypt_only("crypt's SHA-2")),
        ("bob:$6$salt$hash".into(), bcrypt_only("crypt's SHA-2")),
        (
            "bob:$argon2id$v=19$m=1,t=1,p=1$a$b".into(),
            bcrypt_only("Argon2"),
        ),
        ("bob:plain".into(), bcrypt_only("crypt, or not at all")),
        ("bob:".into(), bcrypt_only("crypt, or not at all")),
        (
            format!("bob:{}", VECTOR.replace("$2y$", "$2x$")),
            bcrypt_only("a broken version of bcrypt"),
        ),
        (format!("bob:{}", &VECTOR[..59]), not_whole.clone()),
        (format!("bob:{VECTOR}x"), not_whole.clone()),
        (format!("bob:{VECTOR}:more"), not_whole.clone()),
        (
            format!("bob: {VECTOR}"),
            bcrypt_only("crypt, or not at all"),
        ),
        (
            format!("bob:{}", VECTOR.replace("$05$", "$xx$")),
            not_whole.clone(),
        ),
        (
            format!("bob:{}", VECTOR.replace("$05$", "$03$")),
            "the cost of the hash is 3, and 4 to 17 are accepted".into(),
        ),
        (
            format!("bob:{}", VECTOR.replace("$05$", "$31$")),
            "the cost of the hash is 31, and 4 to 17 are accepted".into(),
        ),
        (format!("ada:{VECTOR}"), "\"ada\" is there already".into()),
        (
            format!("robot$ci:{VECTOR}"),
            "\"robot$\" begins the names of robots".into(),
        ),
        (
            format!("b\tb:{VECTOR}"),
            "a control character or colon in the user name".into(),
        ),
        (
            format!("b\u{1b}[31m:{VECTOR}"),
            "a control character or colon in the user name".into(),
        ),
        (
            format!("{}:{VECTOR}", "b".repeat(256)),
            "user name too long".into(),
        ),
    ] {
        let file = format!("ada:{VECTOR}\n# next\n{bad}\n");
        let error = check(&file).unwrap_err();
        assert_eq!(error, format!("line 3: {reason}"), "{bad}");
        assert!(!error.contains("secrethash"), "no hash is told");
    }
    assert_eq!(
        check([&b"ada:"[..], VECTOR.as_bytes(), b"\n\xff:x\n"].concat()).unwrap_err(),
        "line 2: not UTF-8"
    );
    assert_eq!(
        check(vec![b'\n'; (16 << 20) + 1]).unwrap_err(),
        "line 1: the file is larger than 16777216 bytes"
    );
}

#[tokio::test]
async fn each_version_of_bcrypt_is_verified() {
    for version in ["$2y$", "$2a$", "$2b$"] {
        let scene = Scene::team().await;
        let hash = VECTOR.replace("$2y$", version);
        std::fs::write(&scene.users, format!("u:{hash}\n")).unwrap();
        scene.pass(1);
        scene.basic("u", "U*U").await.unwrap();
        for wrong in ["U*", "U*U*", "u*u", "", "U*U "] {
            assert!(scene.basic("u", wrong).await.is_err(), "{wrong}");
        }
    }
}

#[tokio::test]
async fn it_is_read_again_when_it_changes() {
    let scene = Scene::team().await;
    let users = scene.users.clone();
    scene.user("bob").await;
    let new = line("new");
    std::fs::write(&users, format!("{}{new}", line("ada"))).unwrap();
    assert!(
        scene.basic("new", "new-password").await.is_err(),
        "not looked at twice in a second"
    );
    scene.pass(1);
    scene.user("new").await;
    assert!(scene.basic("bob", "bob-password").await.is_err());
    let read = AccessEvent::UsersRead { users: 2 };
    assert!(scene.take_events().contains(&read));
    // What can't be used changes nothing, and is told once.
    for broken in ["new:plain\n", "nonsense"] {
        std::fs::write(&users, broken).unwrap();
        scene.pass(1);
        scene.user("new").await;
        scene.pass(1);
        scene.user("ada").await;
        let events = scene.take_events();
        assert!(
            matches!(&events[..], [AccessEvent::FileRefused { reason }] if reason.contains("line 1")),
            "{events:?}"
        );
    }
    std::fs::remove_file(&users).unwrap();
    scene.pass(1);
    scene.user("new").await;
    assert_eq!(scene.take_events().len(), 1);
    // The same bytes under the same name, another file.
    std::fs::write(&users, &new).unwrap();
    scene.pass(1);
    scene.user("new").await;
    assert!(scene.basic("ada", "ada-password").await.is_err());
}

#[test]
fn it_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users");
    let file = UserFile::new(&path);
    assert_eq!(file.names().unwrap(), Vec::<String>::new());
    assert!(!file.remove("ada").unwrap());
    assert!(file.set("ada", &"one".into()).unwrap());
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# team\n\n{before}")).unwrap();
    assert!(file.set("bob", &"two".into()).unwrap());
    assert!(!file.set("ada", &"three".into()).unwrap());
    assert_eq!(file.names().unwrap(), ["ada", "bob"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# team\n\nada:$2y$10$"), "{text}");
    assert!(!text.contains(before.trim()), "the old hash is gone");
    assert_eq!(mode(&path), 0o640);
    assert!(file.remove("ada").unwrap());
    assert_eq!(file.names().unwrap(), ["bob"]);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
    for (name, password) in [
        ("", "x"),
        ("a:b", "x"),
        ("a\nb", "x"),
        ("#a", "x"),
        ("robot$a", "x"),
        ("a", ""),
        ("a", "x\0y"),
        ("a", "x".repeat(73).as_str()),
    ] {
        assert!(file.set(name, &password.into()).is_err(), "{name:?}");
    }
    std::fs::write(&path, "ada:plain\n").unwrap();
    assert!(
        file.set("bob", &"x".into()).is_err(),
        "a file that isn't understood stays as it is"
    );
}

#[test]
fn what_a_killed_change_left_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users");
    std::fs::write(dir.path().join("users.new"), "x".repeat(1000)).unwrap();
    let file = UserFile::new(&path);
    assert!(file.set("ada", &"one".into()).unwrap());
    assert_eq!(file.names().unwrap(), ["ada"]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn changes_at_once_are_all_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = UserFile::new(dir.path().join("users"));
    let names: Vec<_> = (0..8).map(|n| format!("user{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| file.set(name, &"one".into()).unwrap());
        }
    });
    let mut there = file.names().unwrap();
    there.sort();
    assert_eq!(there, names);
}

/// Only root can give a file to somebody, so only root can see it.
#[test]
fn the_owner_is_kept() {
    use std::os::unix::fs::{MetadataExt, chown};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users");
    std::fs::write(&path, "").unwrap();
    if chown(&path, Some(1234), Some(2345)).is_err() {
        return;
    }
    let file = UserFile::new(&path);
    assert!(file.set("ada", &"one".into()).unwrap());
    let now = std::fs::metadata(&path).unwrap();
    assert_eq!((now.uid(), now.gid()), (1234, 2345));
}
