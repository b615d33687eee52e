//! Fixtures, servers and peers for tests
