//! The administrator of the first start.

use std::sync::Arc;

use orlop_access::*;

use crate::scene::{Scene, TEAM, basic, config, fault};

#[tokio::test]
async fn it_is_made_once_and_shown_once() {
    let scene = Scene::new(AccessConfig::default()).await;
    assert!(scene.basic("admin", "").await.is_err());
    let admin = scene.control.first_admin().await.unwrap().unwrap();
    assert_eq!(admin.name, "admin");
    assert!(admin.password.expose().len() >= 26, "130 bits");
    assert!(!format!("{admin:?}").contains(admin.password.expose()));
    let identity = scene.basic("admin", admin.password.expose()).await.unwrap();
    assert!(scene.control.is_admin(&identity));
    assert_eq!(scene.may(&identity, "any/thing"), "pull,push,delete,admin");
    assert!(scene.control.may_list_catalog(&identity));
    assert!(scene.basic("admin", "wrong").await.is_err());
    let kept = scene.accounts.setting("access.admin-password").await;
    let kept = kept.unwrap().unwrap();
    assert!(kept.starts_with("$2y$10$"), "only its hash: {kept}");
    // Not again, here or after a restart; and it still holds.
    assert!(scene.control.first_admin().await.unwrap().is_none());
    let again = Scene::with(AccessConfig::default(), scene.accounts.clone())
        .await
        .unwrap();
    assert!(again.control.first_admin().await.unwrap().is_none());
    again.basic("admin", admin.password.expose()).await.unwrap();
}

#[tokio::test]
async fn only_where_nobody_can_administer() {
    for (text, made) in [
        ("", true),
        ("anonymous = \"pull\"", true),
        ("anonymous = \"push\"", false),
        (TEAM, false),
        ("admins = [\"user:nobody\"]", true),
        ("admins = [\"group:ops\"]\ngroups.ops = []", true),
        ("admins = [\"group:ops\"]\ngroups.ops = [\"user:x\"]", true),
        (
            "admins = [\"group:ops\"]\ngroups.ops = [\"user:eve\"]",
            false,
        ),
        ("admins = [\"certificate:x\"]", false),
        ("admins = [\"authenticated\"]", false),
    ] {
        let scene = Scene::new(config(text)).await;
        let admin = scene.control.first_admin().await.unwrap();
        assert_eq!(admin.is_some(), made, "{text}");
        assert_eq!(scene.control.reset_admin().await.is_ok(), made, "{text}");
    }
}

#[tokio::test]
async fn of_two_servers_that_start_one_makes_it() {
    let accounts = Arc::<MemoryAccounts>::default();
    let one = Scene::with(config(""), accounts.clone()).await.unwrap();
    let other = Scene::with(config(""), accounts).await.unwrap();
    let (one, other) =
        futures_util::future::join(one.control.first_admin(), other.control.first_admin()).await;
    let made = [one.unwrap(), other.unwrap()];
    assert_eq!(made.iter().flatten().count(), 1);
}

#[tokio::test]
async fn it_counts_until_there_is_another() {
    let scene = Scene::new(config("")).await;
    let admin = scene.control.first_admin().await.unwrap().unwrap();
    let header = basic("admin", admin.password.expose());
    let answer = scene.get("scope=repository:x:*", Some(&header)).await;
    let token = answer.unwrap().token;
    let by_token = scene.bearer(token.expose()).await.unwrap();
    assert_eq!(scene.may(&by_token, "x"), "pull,push,delete");
    let mut with = config("admins = [\"user:ada\"]");
    with.htpasswd = Some(scene.users.clone());
    scene.control.reload(with).await.unwrap();
    assert!(scene.header(&header).await.is_err());
    assert_eq!(
        fault(scene.bearer(token.expose()).await),
        TokenFault::Subject
    );
    assert_eq!(scene.may(&by_token, "x"), "");
}

#[tokio::test]
async fn another_password_for_it() {
    let scene = Scene::new(config("")).await;
    let old = scene.control.first_admin().await.unwrap().unwrap();
    let header = basic("admin", old.password.expose());
    let token = scene.get("", Some(&header)).await.unwrap().token;
    let new = scene.control.reset_admin().await.unwrap();
    assert!(scene.header(&header).await.is_err());
    assert_eq!(
        fault(scene.bearer(token.expose()).await),
        TokenFault::Subject
    );
    scene.basic("admin", new.password.expose()).await.unwrap();
}

#[tokio::test]
async fn the_name_may_be_taken() {
    let scene = Scene::new(config("")).await;
    let file = UserFile::new(&scene.users);
    file.set("admin", &"admin-password".into()).unwrap();
    scene.pass(1);
    let identity = scene.basic("admin", "admin-password").await.unwrap();
    assert!(!scene.control.is_admin(&identity));
    let error = scene.control.first_admin().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("add \"user:admin\" to access.admins")
    );
}
