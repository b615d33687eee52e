use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::*;
use crate::ManualClock;

/// Three users of different costs; a password is right when it is the user's name backwards.
struct Scene {
    clock: Arc<ManualClock>,
    passwords: Passwords,
    users: Users,
    costs: Arc<Mutex<Vec<String>>>,
}

const REMEMBER: Duration = Duration::from_secs(60);

fn scene() -> Scene {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let costs = Arc::new(Mutex::new(Vec::new()));
    let seen = costs.clone();
    let check = move |password: &str, hash: &str| {
        seen.lock().unwrap().push(hash[4..6].to_owned());
        password == "right"
    };
    let line = |name: &str, cost: u32| format!("{name}:{}\n", Hash::of_nobody(cost).as_str());
    let file = [line("ada", 5), line("bob", 6), line("eve", 7)].concat();
    Scene {
        passwords: Passwords::with_check(clock.clone(), Arc::new(check)),
        clock,
        users: Users::parse(file.as_bytes()).unwrap(),
        costs,
    }
}

impl Scene {
    async fn login(&self, name: &str, password: &str) -> Result<(), AuthError> {
        self.login_from(1, name, password).await
    }

    async fn login_from(&self, host: u32, name: &str, password: &str) -> Result<(), AuthError> {
        let password = Secret::new(password);
        let login = Login {
            name,
            password: &password,
            address: Some(IpAddr::from((0x0a00_0000 + host).to_be_bytes())),
        };
        let against = Against {
            users: &self.users,
            hash: self.users.get(name),
            throttle: &ThrottleConfig::default(),
            remember: REMEMBER,
        };
        self.passwords.verify(login, against).await
    }

    fn taken_costs(&self) -> Vec<String> {
        std::mem::take(&mut self.costs.lock().unwrap())
    }
}

/// What is checked for nobody is a hash: a broken one would be refused in no time.
#[test]
fn the_hash_of_nobody_is_checked_in_full() {
    let hash = Hash::of_nobody(4);
    assert!(matches!(bcrypt::verify("x", hash.as_str()), Ok(false)));
}

#[tokio::test]
async fn unknown_users_cost_one_check_as_known_ones_do() {
    let scene = scene();
    for (name, cost) in [("ada", "05"), ("bob", "06"), ("eve", "07")] {
        assert!(scene.login(name, "wrong").await.is_err());
        assert_eq!(scene.taken_costs(), [cost]);
    }
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..50 {
        let name = format!("nobody{index}");
        // Even the right password of somebody doesn't let nobody in.
        assert!(scene.login(&name, "right").await.is_err());
        let first = scene.taken_costs();
        assert_eq!(first.len(), 1);
        assert!(scene.login(&name, "right").await.is_err());
        assert_eq!(
            scene.taken_costs(),
            first,
            "the same cost for the same name"
        );
        seen.extend(first);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["05", "06", "07"]);
}

#[tokio::test]
async fn a_right_password_is_remembered_for_a_while() {
    let scene = scene();
    scene.login("ada", "right").await.unwrap();
    scene.login("ada", "right").await.unwrap();
    assert_eq!(scene.taken_costs().len(), 1);
    scene.clock.advance(REMEMBER);
    scene.login("ada", "right").await.unwrap();
    assert_eq!(scene.taken_costs().len(), 1);
    scene.passwords.forget();
    scene.login("ada", "right").await.unwrap();
    assert_eq!(scene.taken_costs().len(), 1);
    // A wrong one isn't, and what is remembered helps no other user or password.
    assert!(scene.login("ada", "wrong").await.is_err());
    assert!(scene.login("bob", "wrong").await.is_err());
    assert_eq!(scene.taken_costs().len(), 2);
}

#[tokio::test]
async fn many_at_once_with_one_password_cost_few_checks() {
    let scene = scene();
    let logins = (0..64).map(|_| scene.login("ada", "right"));
    let all = futures_util::future::join_all(logins).await;
    assert!(all.iter().all(Result::is_ok), "none is throttled: {all:?}");
    assert!(scene.taken_costs().len() <= MAX_THREADS);
}

#[tokio::test]
async fn many_guesses_at_once_are_few_checks() {
    let scene = scene();
    let guesses: Vec<_> = (0..200).map(|n| format!("guess{n}")).collect();
    let logins = guesses.iter().map(|guess| scene.login("ada", guess));
    let all = futures_util::future::join_all(logins).await;
    let throttled = |r: &&Result<(), AuthError>| matches!(r, Err(AuthError::Throttled { .. }));
    let free = ThrottleConfig::default().free_failures as usize;
    assert_eq!(scene.taken_costs().len(), free + 1);
    assert_eq!(all.iter().filter(throttled).count(), 200 - free - 1);
}

#[tokio::test]
async fn too_many_waiting_are_sent_away() {
    let scene = scene();
    let hosts = 0..u32::try_from(MAX_WAITING * 2).unwrap();
    let logins = hosts.map(|host| scene.login_from(host, "user", "x"));
    let all = futures_util::future::join_all(logins).await;
    let busy = |r: &&Result<(), AuthError>| matches!(r, Err(AuthError::Unavailable(_)));
    let busy = all.iter().filter(busy).count();
    assert_eq!(scene.taken_costs().len(), all.len() - busy);
    assert!(busy >= MAX_WAITING / 2, "{busy}");
}

#[tokio::test]
async fn an_address_that_goes_through_names_takes_no_place_of_others() {
    let scene = scene();
    let names: Vec<_> = (0..200).map(|n| format!("user{n}")).collect();
    let guesses = || futures_util::future::join_all(names.iter().map(|n| scene.login(n, "x")));
    guesses().await;
    assert!(scene.taken_costs().len() < 200);
    // None of these so much as waits for a thread.
    let (guesses, other) =
        futures_util::future::join(guesses(), scene.login_from(2, "ada", "right")).await;
    let throttled = |r: &Result<(), AuthError>| matches!(r, Err(AuthError::Throttled { .. }));
    assert!(guesses.iter().all(throttled));
    other.unwrap();
    assert_eq!(scene.taken_costs().len(), 1);
}

#[tokio::test]
async fn threads_are_bounded() {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (now.clone(), most.clone());
    let check = move |_: &str, _: &str| {
        let running_now = running.fetch_add(1, Ordering::SeqCst) + 1;
        highest.fetch_max(running_now, Ordering::SeqCst);
        std::thread::yield_now();
        running.fetch_sub(1, Ordering::SeqCst);
        false
    };
    let scene = Scene {
        passwords: Passwords::with_check(clock.clone(), Arc::new(check)),
        ..scene()
    };
    let names: Vec<_> = (0..100).map(|n| format!("user{n}")).collect();
    futures_util::future::join_all(names.iter().map(|name| scene.login(name, "x"))).await;
    assert!((1..=MAX_THREADS).contains(&most.load(Ordering::SeqCst)));
}
