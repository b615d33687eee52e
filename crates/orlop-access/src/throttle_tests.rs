use super::*;

const HERE: &str = "10.0.0.1";

fn at(address: &str) -> Option<IpAddr> {
    Some(address.parse().unwrap())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The waits after each of `failures` failures, each as soon as it may be.
fn waits(config: &ThrottleConfig, failures: u32) -> Vec<u64> {
    let throttle = Throttle::new();
    let mut now = Duration::ZERO;
    let mut waits = Vec::new();
    for _ in 0..failures {
        throttle.attempt(config, at(HERE), "ada", now).unwrap();
        let wait = throttle
            .wait(config, at(HERE), "ada", now)
            .unwrap_or_default();
        if !wait.is_zero() {
            let almost = now + wait - Duration::from_millis(1);
            let early = throttle.attempt(config, at(HERE), "ada", almost);
            assert_eq!(early, Err(Duration::from_millis(1)));
        }
        waits.push(wait.as_secs());
        now += wait;
    }
    waits
}

#[test]
fn it_doubles_up_to_the_longest() {
    let config = ThrottleConfig {
        free_failures: 2,
        longest: SignedDuration::from_secs(10),
        forget_after: SignedDuration::from_secs(60),
    };
    assert_eq!(waits(&config, 9), [0, 0, 1, 2, 4, 8, 10, 10, 10]);
    let many = ThrottleConfig {
        free_failures: 0,
        longest: SignedDuration::MAX,
        ..config
    };
    assert_eq!(waits(&many, 40)[30..32], [1 << 30, 1 << 30]);
}

#[test]
fn it_forgets_after_a_while_and_after_a_success() {
    let config = ThrottleConfig {
        free_failures: 0,
        longest: SignedDuration::from_secs(10),
        forget_after: SignedDuration::from_secs(60),
    };
    let throttle = Throttle::new();
    let fail = |now| throttle.attempt(&config, at(HERE), "ada", now);
    let wait = |now| throttle.wait(&config, at(HERE), "ada", now);
    fail(seconds(0)).unwrap();
    assert_eq!(wait(seconds(0)), Some(seconds(1)));
    fail(seconds(1)).unwrap();
    assert_eq!(wait(seconds(1)), Some(seconds(2)));
    // The wait ends at 3, and 60 seconds later the failures are forgotten.
    fail(seconds(63)).unwrap();
    assert_eq!(wait(seconds(63)), Some(seconds(1)));
    throttle.succeeded(&config, at(HERE), "ada");
    assert_eq!(wait(seconds(63)), None);
    fail(seconds(63)).unwrap();
    assert_eq!(wait(seconds(63)), Some(seconds(1)));
}

#[test]
fn each_name_at_each_network_by_itself() {
    let config = ThrottleConfig {
        free_failures: 0,
        ..ThrottleConfig::default()
    };
    for (other, name, waits) in [
        ("10.0.0.1", "ada", true),
        ("::ffff:10.0.0.1", "ada", true),
        ("10.0.0.1", "bob", false),
        ("10.0.0.2", "ada", false),
    ] {
        let throttle = Throttle::new();
        let now = Duration::ZERO;
        throttle.attempt(&config, at(HERE), "ada", now).unwrap();
        let wait = throttle.wait(&config, at(other), name, now);
        assert_eq!(wait.is_some(), waits, "{other} {name}");
    }
    let throttle = Throttle::new();
    let now = Duration::ZERO;
    let home = at("2001:db8:1:2::1");
    throttle.attempt(&config, home, "ada", now).unwrap();
    let neighbour = at("2001:db8:1:2:ffff::9");
    assert!(throttle.wait(&config, neighbour, "ada", now).is_some());
    assert!(
        throttle
            .wait(&config, at("2001:db8:1:3::1"), "ada", now)
            .is_none()
    );
}

#[test]
fn an_address_that_goes_through_names_is_slowed_down() {
    let config = ThrottleConfig {
        free_failures: 4,
        longest: SignedDuration::from_secs(10),
        forget_after: SignedDuration::from_secs(1000),
    };
    let throttle = Throttle::new();
    let attempt = |name: &str, now| throttle.attempt(&config, at(HERE), name, now);
    let mut now = seconds(5);
    for index in 0..100 {
        // Whoever may come in doesn't count.
        attempt("ada", now).unwrap();
        throttle.succeeded(&config, at(HERE), "ada");
        attempt(&format!("user{index}"), now).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(attempt("ada", now), Err(seconds(10)));
        assert_eq!(
            throttle.wait(&config, at(HERE), "ada", now),
            Some(seconds(10))
        );
        let elsewhere = throttle.attempt(&config, at("10.0.0.2"), "user0", now);
        assert_eq!(elsewhere, Ok(()));
        now += seconds(10);
        attempt("bob", now).unwrap();
        throttle.succeeded(&config, at(HERE), "bob");
        attempt("eve", now).unwrap();
    }
    // What is refused doesn't count, and in the end all is forgotten.
    now += seconds(1000);
    for index in 0..100 {
        attempt(&format!("other{index}"), now).unwrap();
    }
    assert!(attempt("ada", now).is_err());
}

#[test]
fn the_tables_are_bounded() {
    let config = ThrottleConfig::default();
    let throttle = Throttle::new();
    for index in 0..u32::try_from(MAX_PAIRS).unwrap() + 100 {
        let address = Some(IpAddr::from(index.to_be_bytes()));
        let now = Duration::ZERO;
        throttle.attempt(&config, address, "ada", now).unwrap();
    }
    let tables = throttle.lock();
    assert_eq!(tables.pairs.len(), MAX_PAIRS);
    assert_eq!(tables.addresses.len(), MAX_ADDRESSES);
}
