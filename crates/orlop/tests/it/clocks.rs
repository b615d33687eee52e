//! A clock that is wrong: long past, as on a machine without a battery, or far ahead and then put right.
//! Nothing is taken for old, new or ended that isn't, and every command works.

use std::path::PathBuf;

use orlop_testing::{FaultProxy, Orlop, Program, need_programs};

use crate::{big, orlop, small};

/// Moves the clock that the program reads by `$ORLOP_TEST_CLOCK` seconds.
const SHIFTED: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long shift(void) {
    const char *text = getenv("ORLOP_TEST_CLOCK");
    return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (where) *where = precise.tv_sec;
    return precise.tv_sec;
}
"#;

const YEAR: i64 = 365 * 24 * 3600;

/// Makes the library; `None`, said loudly, without a compiler.
fn library(orlop: &Orlop) -> Option<PathBuf> {
    if !need_programs(&[("cc", "gcc")]) {
        return None;
    }
    let (source, library) = (
        orlop.folder().join("clock.c"),
        orlop.folder().join("clock.so"),
    );
    std::fs::write(&source, SHIFTED).expect("it is written");
    let program = Program::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]);
    program.arg(&library).arg(&source).arg("-ldl").ok();
    Some(library)
}

#[test]
fn a_wrong_clock_is_borne() {
    let orlop = orlop();
    let Some(library) = library(&orlop) else {
        return;
    };
    let at = |shift: i64, command: &[&str]| {
        let program = orlop.program().env("LD_PRELOAD", &library);
        program
            .env("ORLOP_TEST_CLOCK", shift.to_string())
            .args(command)
            .run()
    };
    let registry = FaultProxy::alone();
    registry.serve("neighbour", "v1", &small("neighbour"));
    registry.serve("big", "v1", &big(1, 91));
    let name = |repository: &str| format!("{}/{repository}:v1", registry.host());
    let (neighbour, other, large) = (name("neighbour"), name("other"), name("big"));

    orlop.ok(["pull", "-q", &neighbour]);
    for (words, shift) in [("past", -45 * YEAR), ("ahead", 30 * YEAR)] {
        registry.serve("other", "v1", &small(words));
        for command in [
            &["images"][..],
            &["pull", "-q", &other],
            &["tag", &other, "tagged:v1"],
            &["tag", "log", "tagged:v1"],
            &["history", &neighbour],
            &["inspect", &other],
            &["system", "df"],
            &["system", "repair", "--dry-run"],
            &["prune", "-f"],
            &["prune", "--unused-for", "1d", "--dry-run"],
            &["pull", "-q", &large],
            &["rmi", &large],
        ] {
            let ended = at(shift, command).expect_success();
            assert!(!ended.stderr.contains("panicked"), "{ended}");
        }
        // Pulled in 1985, or in thirty years, and looked at now.
        let listed = orlop.ok(["images"]).stdout;
        for repository in ["/neighbour", "/other", "tagged"] {
            assert!(listed.contains(repository), "{words}: {listed}");
        }
        let told = orlop.ok(["tag", "log", "tagged:v1"]).stdout;
        assert!(told.contains("tagged"), "{words}: {told}");
        // The clock was really another one.
        let newest = told.lines().nth(1).unwrap_or_default();
        assert_eq!(
            newest.contains("45 years ago"),
            shift < 0,
            "{words}: {told}"
        );
        orlop.ok(["system", "repair", "--dry-run"]);
        orlop.ok(["prune", "-f"]);
        orlop.ok(["rmi", &other, "tagged:v1"]);
        registry.heal();
        registry.serve("big", "v1", &big(1, 91));
        assert!(orlop.ok(["images"]).stdout.contains("/neighbour"));
    }
    orlop.ok(["rmi", &neighbour]);
    orlop.ok(["system", "prune", "-f"]);
    crate::assert_empty(&orlop);
}
