//! Keys that sign, get old and go; and clocks that jump.

use std::time::Duration;

use jiff::Timestamp;
use orlop_access::*;

use crate::scene::{Scene, TEAM, basic, fault, parts, start};

const DAY: u64 = 24 * 3600;

async fn ids(scene: &Scene) -> Vec<String> {
    let mut keys = scene.accounts.signing_keys().await.unwrap();
    keys.sort_by_key(|key| key.created);
    keys.into_iter().map(|key| key.id).collect()
}

fn kid(token: &str) -> String {
    parts(token).0["kid"].as_str().unwrap().to_owned()
}

/// A token for bob that is good for a pull, and one to come back with.
async fn both(scene: &Scene) -> (String, String) {
    let header = basic("bob", "bob-password");
    let answer = scene
        .get("offline_token=true", Some(&header))
        .await
        .unwrap();
    let refresh = answer.refresh_token.unwrap();
    (
        answer.token.expose().to_owned(),
        refresh.expose().to_owned(),
    )
}

async fn refreshes(scene: &Scene, token: &str) -> bool {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    scene.post(&form).await.is_ok()
}

#[tokio::test]
async fn a_restart_keeps_the_key() {
    let scene = Scene::team().await;
    let key = ids(&scene).await;
    assert_eq!(key.len(), 1);
    let made = AccessEvent::KeyMade { id: key[0].clone() };
    assert_eq!(scene.take_events(), [made]);
    let again = scene.second(TEAM).await;
    assert_eq!(ids(&again).await, key);
    assert_eq!(again.take_events(), []);
    let jwks = again.control.public_keys();
    assert_eq!(jwks["keys"][0]["kid"], key[0].as_str());
    assert_eq!(jwks["keys"][0]["alg"], "ES256");
    assert!(
        jwks["keys"][0].get("d").is_none(),
        "nothing secret is published"
    );
}

#[tokio::test]
async fn where_anybody_may_push_the_first_token_makes_the_key() {
    let open = TEAM.replace("anonymous = \"none\"", "anonymous = \"push\"");
    let scene = Scene::new(crate::scene::config(&open)).await;
    assert_eq!(ids(&scene).await, [""; 0]);
    assert_eq!(scene.take_events(), []);
    let (token, refresh) = both(&scene).await;
    let key = ids(&scene).await;
    assert_eq!(key, [kid(&token)]);
    assert!(refreshes(&scene, &refresh).await);
    let again = scene.second(&open).await;
    assert_eq!(ids(&again).await, key);
}

#[tokio::test]
async fn no_tokens_no_keys() {
    let scene = Scene::new(crate::scene::config("tokens.enabled = false")).await;
    assert!(ids(&scene).await.is_empty());
}

#[tokio::test]
async fn an_old_key_gets_a_successor_and_goes_when_its_tokens_are_over() {
    let scene = Scene::team().await;
    let (_, old_refresh) = both(&scene).await;
    let first = ids(&scene).await;
    scene.pass(29 * DAY);
    let (token, last_refresh) = both(&scene).await;
    assert_eq!(kid(&token), first[0]);
    // Clocks may be a minute apart.
    scene.pass(DAY + 60);
    scene.take_events();
    let (young, _) = both(&scene).await;
    let two = ids(&scene).await;
    assert_eq!(two.len(), 2);
    assert_eq!(kid(&young), two[1]);
    let made = AccessEvent::KeyMade { id: two[1].clone() };
    assert_eq!(scene.take_events(), [made]);
    // What the old one signed holds as long as it says.
    assert!(!refreshes(&scene, &old_refresh).await, "its month is over");
    assert!(refreshes(&scene, &last_refresh).await);
    assert_eq!(
        scene.control.public_keys()["keys"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    scene.pass(29 * DAY);
    assert!(!refreshes(&scene, &last_refresh).await);
    both(&scene).await;
    assert_eq!(ids(&scene).await, two);
    // The successor is a month and some minutes old: a third signs, and the first goes.
    scene.pass(DAY + 120);
    both(&scene).await;
    let later = ids(&scene).await;
    assert_eq!(later.len(), 2);
    assert!(!later.contains(&first[0]));
    let removed = AccessEvent::KeyRemoved {
        id: first[0].clone(),
    };
    assert!(scene.take_events().contains(&removed));
}

#[tokio::test]
async fn another_server_makes_a_key() {
    let one = Scene::team().await;
    let other = one.second(TEAM).await;
    std::fs::copy(&one.users, &other.users).unwrap();
    one.pass(31 * DAY);
    other.pass(31 * DAY);
    let (token, refresh) = both(&one).await;
    // It has never heard of the key, and asks.
    other.bearer(&token).await.unwrap();
    assert!(refreshes(&other, &refresh).await);
    // It takes the key that is there for its own tokens.
    let (token, _) = both(&other).await;
    assert_eq!(ids(&one).await.len(), 2);
    one.bearer(&token).await.unwrap();
}

/// Names that nobody knows don't make the accounts be asked each time.
#[tokio::test]
async fn unknown_keys_are_asked_for_once_in_a_second() {
    let one = Scene::team().await;
    let other = Scene::team().await;
    let token = other.token("bob", "").await;
    one.pass(2);
    assert_eq!(fault(one.bearer(&token).await), TokenFault::UnknownKey);
    for key in other.accounts.signing_keys().await.unwrap() {
        one.accounts.insert_signing_key(key).await.unwrap();
    }
    assert_eq!(fault(one.bearer(&token).await), TokenFault::UnknownKey);
    one.pass(1);
    assert_eq!(fault(one.bearer(&token).await), TokenFault::Subject);
}

#[tokio::test]
async fn a_clock_that_goes_ahead_and_comes_back() {
    let scene = Scene::team().await;
    let first = ids(&scene).await;
    let (token, refresh) = both(&scene).await;
    // Ten years ahead: everything is old, and a key is made in the future.
    scene.clock.jump(start() + Duration::from_secs(3650 * DAY));
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Expired);
    let (future, _) = both(&scene).await;
    let two = ids(&scene).await;
    assert_eq!(two.len(), 2);
    assert_eq!(kid(&future), two[1]);
    // Back again: what held before holds, what came from the future doesn't, and nothing signs with a
    // key that would not age for ten years.
    scene.clock.jump(start());
    scene.bearer(&token).await.unwrap();
    assert!(refreshes(&scene, &refresh).await);
    assert_eq!(fault(scene.bearer(&future).await), TokenFault::NotYet);
    let (now, _) = both(&scene).await;
    assert_eq!(kid(&now), first[0]);
    assert_eq!(ids(&scene).await, two, "and none is made at each request");
}

#[tokio::test]
async fn a_clock_that_jumps_takes_no_key_away_at_once() {
    let scene = Scene::team().await;
    scene.pass(31 * DAY);
    let (token, _) = both(&scene).await;
    assert_eq!(ids(&scene).await.len(), 2);
    // A year ahead, all at once: the first would be long over, but no time has passed.
    scene.clock.jump(start() + Duration::from_secs(365 * DAY));
    both(&scene).await;
    assert_eq!(ids(&scene).await.len(), 3);
    scene.clock.jump(start() + Duration::from_secs(31 * DAY));
    scene.bearer(&token).await.unwrap();
}

#[tokio::test]
async fn a_clock_before_everything() {
    let scene = Scene::team().await;
    scene.clock.jump(Timestamp::UNIX_EPOCH);
    // The key is from the future, so another is made, once.
    let (token, _) = both(&scene).await;
    scene.bearer(&token).await.unwrap();
    both(&scene).await;
    assert_eq!(ids(&scene).await.len(), 2);
}

#[tokio::test]
async fn a_broken_key_is_said_at_the_start() {
    let scene = Scene::team().await;
    let mut key = scene.accounts.signing_keys().await.unwrap().remove(0);
    for (id, private) in [
        ("AAAA".to_owned(), key.private_key.clone()),
        (key.id.clone(), "AAAA".into()),
        (key.id.clone(), "!".into()),
    ] {
        key.private_key = private;
        key.id = id.clone();
        scene
            .accounts
            .insert_signing_key(key.clone())
            .await
            .unwrap();
        let opened = Scene::with(crate::scene::config(TEAM), scene.accounts.clone()).await;
        let error = opened.err().unwrap().to_string();
        assert_eq!(error, format!("accounts: the signing key {id} is broken"));
        scene.accounts.remove_signing_key(&id).await.unwrap();
    }
}
