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
        let wait = throttle.wait(at(HERE), "ada", now).unwrap_or_default();
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
    let wait = |now| throttle.wait(at(HERE), "ada", now);
    fail(seconds(0)).unwrap();
    assert_eq!(wait(seconds(0)), Some(seconds(1)));
    fail(seconds(1)).unwrap();
    assert_eq!(wait(seconds(1)), Some(seconds(2)));
    // The wait ends at 3, and 60 seconds later the failures are forgotten.
    fail(seconds(63)).unwrap();
    assert_eq!(wait(seconds(63)), Some(seconds(1)));
    throttle.succeeded(at(HERE), "ada");
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
        let wait = throttle.wait(at(other), name, now);
        assert_eq!(wait.is_some(), waits, "{other} {name}");
    }
    let throttle = Throttle::new();
    let now = Duration::ZERO;
    let home = at("2001:db8:1:2::1");
    throttle.attempt(&config, home, "ada", now).unwrap();
    let neighbour = at("2001:db8:1:2:ffff::9");
    assert!(throttle.wait(neighbour, "ada", now).is_some());
    assert!(throttle.wait(at("2001:db8:1:3::1"), "ada", now).is_none());
}

#[test]
fn the_table_is_bounded() {
    let config = ThrottleConfig::default();
    let throttle = Throttle::new();
    for index in 0..MAX_PAIRS + 100 {
        let name = format!("user{index}");
        let now = Duration::ZERO;
        throttle.attempt(&config, at(HERE), &name, now).unwrap();
    }
    assert_eq!(throttle.lock().len(), MAX_PAIRS);
}
