//! Servers: of the web, of data, of messages.

use super::classifier::{Classifier, program};

pub(super) const CLASSIFIERS: &[Classifier] = &[
    program(
        "nginx",
        &["nginx"],
        // OpenResty's has a fourth number, its own.
        &[r"nginx version: [^/\x00]+/(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:\+[0-9]+)?(?:-[0-9]+)?)"],
    ),
    program("httpd", &["httpd", "apache2"], &[r"Apache/{V}"]),
    program("lighttpd", &["lighttpd"], &[r"\x00lighttpd/{V}\x00"]),
    program(
        "haproxy",
        &["haproxy"],
        &[
            r"version (?P<version>[0-9]+\.[0-9]+(?:\.|-dev|-rc)[0-9]+)[^,\x00]{0,40}, released 20",
            r"HA-Proxy version (?P<version>[0-9]+\.[0-9]+(?:\.|-dev)[0-9]+)",
            r"[^0-9.](?P<version>[0-9]+\.[0-9]+(?:\.|-dev)[0-9]+)(?:-[0-9a-zA-Z]{7}|[-+][-.+~0-9a-zA-Z]{1,40})\x00",
        ],
    ),
    program(
        "traefik",
        &["traefik"],
        &[
            r"[\x00\x80-\xff].?v?(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)\x00",
        ],
    ),
    program("redis", &["redis-server", "redis-check-rdb"], REDIS),
    program("valkey", &["valkey-server"], REDIS),
    program("memcached", &["memcached"], &[r"memcached {V}"]),
    program(
        "postgresql",
        &["postgres"],
        &[r"[\x00?]PostgreSQL (?P<version>[0-9]+(?:\.[0-9]+){0,2}(?:(?:alpha|beta|rc)[0-9]+)?)"],
    ),
    program(
        "mariadb",
        &["mariadb", "mariadbd", "mysql", "mysqld"],
        &[
            r"[^0-9.](?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)-MariaDB",
            r"[/\x00]mariadb-(?P<version>[0-9]+\.[0-9]+\.[0-9]+)-",
        ],
    ),
    program(
        "percona-server",
        &["mysql", "mysqld"],
        &[r"/percona-server-{V}"],
    ),
    program(
        "percona-xtradb-cluster",
        &["mysql", "mysqld"],
        &[r"/Percona-XtraDB-Cluster-{V}"],
    ),
    program(
        "mysql-cluster",
        &["mysqld", "ndbd", "ndbmtd", "ndb_mgmd"],
        &[
            r"cluster-gpl\x00[0-9.]+-ndb-{V}",
            r"/mysql-cluster-gpl-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|rc)[0-9]+)?)/",
        ],
    ),
    program("mysql-server", &["mysqld"], &[r"/mysql-{V}"]),
    program("mysql", &["mysql"], &[r"\x00{V}\x00+mysql", r"/mysql-{V}"]),
    program(
        "percona-xtrabackup",
        &["xtrabackup"],
        &[r"/percona-xtrabackup-{V}"],
    ),
    program(
        "mongodb",
        &["mongod", "mongos"],
        &[r"[^0-9.]{V}\x00+(?:tcmalloc|heap_size|cppdefines)"],
    ),
    program(
        "arangodb",
        &["arangosh", "arangod"],
        &[r"[^0-9.](?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?) (?:enterprise )?\[linux\]"],
    ),
    program(
        "proftpd",
        &["proftpd"],
        &[r"\x00ProFTPD Version (?P<version>[0-9]+\.[0-9]+\.[0-9]+[a-z]?)\x00"],
    ),
    program(
        "openldap",
        &["ldapsearch", "slapd"],
        &[r"\$OpenLDAP: (?:ldapsearch|slapd) {V}"],
    ),
    program(
        "fluent-bit",
        &["fluent-bit"],
        &[r"\x00{V}\x00(?:\x1b\[1m\x00|\x00{1,2})?(?:%s)?Fluent"],
    ),
    program(
        "envoy",
        &["envoy"],
        &[
            r"\x00(?P<version>1\.[0-9]+\.[0-9]+(?:-dev)?)\x00(?:TLS |RELEASE|envoy[/._:])",
            r"\x00(?P<version>1\.[0-9]+\.[0-9]+(?:-dev)?)\x00.{0,1000}?(?:envoy[._/]|ValidationError|Unable to|RELEASE)",
            r"(?:envoy_quic_|\[source/).{0,1000}?\x00(?P<version>1\.[0-9]+\.[0-9]+(?:-dev)?)\x00",
        ],
    ),
    program(
        "consul",
        &["consul"],
        &[
            r"CONSUL_VERSION: {V}",
            r#"GitDescribe=v?{V}""#,
            r"\x00v{V}\x00",
        ],
    ),
    program(
        "github.com/hashicorp/vault",
        &["vault"],
        &[
            r"(?:revoke|state|016x)(?P<version>1\.[0-9]{1,2}\.[0-9]{1,2}(?:-rc[0-9])?)",
            r"\x00(?P<version>1\.[0-9]{1,2}\.[0-9]+)\x00",
        ],
    ),
    program("grafana", &["grafana", "grafana-server"], GRAFANA),
    program("pilot-discovery", &["pilot-discovery"], ISTIO),
    program("pilot-agent", &["pilot-agent"], ISTIO),
    program(
        "nginx-ingress-controller",
        &["nginx-ingress-controller"],
        &[
            // A variable of its own, padded to eight bytes; others' versions are constants, not padded.
            r"[^0-9.o]v?(?P<version>[01]\.[0-9]+\.[0-9]+(?:-(?:alpha|beta)\.[0-9]+)?)\x00\x00",
            r"\x00v(?P<version>0\.[0-9]+\.[0-9]+)\x00",
        ],
    ),
    program("filebeat", &["filebeat"], BEATS),
    program("metricbeat", &["metricbeat"], BEATS),
    program("heartbeat", &["heartbeat"], BEATS),
    program("packetbeat", &["packetbeat"], BEATS),
    program("auditbeat", &["auditbeat"], BEATS),
    program(
        "elastic-agent",
        &["elastic-agent"],
        &[r"enroll(?:: true)?{V}-?header", r"PM{V}:https"],
    ),
];

/// The version stands before the machine that built it, which in a container is named by 12 digits.
const REDIS: &[&str] = &[
    r"[^0-9.]{V}[0-9a-f]{12}-[0-9]{9,19}",
    r"[^0-9.]{V}[A-Za-z][-.\w]{0,63}-[0-9]{9,19}",
    // A build without a machine: the version, then nanoseconds.
    r"[^0-9.]{V}[0-9]{19}\x00",
    r"Redis version {V}",
];

const ISTIO: &[&str] = &[
    r"[0-9]\x00+(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)\.[0-9]+|-dev)?)\x00",
    r"\x00(?P<version>1\.[0-9]+\.[0-9]+)\x00.{1,100}?=v<y5",
    r"(?:Clean|Modified)\x00+(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?(?:-(?:alpha|beta|rc)\.[0-9]+|-dev)?)\x00",
];

const GRAFANA: &[&str] = &[
    r"\x00(?P<version>[0-9]{2}\.[0-9]+\.[0-9]+-[0-9]{6,})\x00",
    r"\x00release-(?P<version>[0-9]{2}\.[0-9]+\.[0-9]+)[^\x00]*\x00",
    r"[^0-9.o](?P<version>[0-9]{1,2}\.[0-9]+\.[0-9]+(?:-beta[0-9]|-test|-preview)?)\x00",
];

/// Go keeps these strings one behind the other; the ones before and after tell where one ends.
const BEATS: &[&str] = &[
    r"Test {V}[a-z%]",
    r"plugin(?:output)?{V}[-a-z]",
    r"5m\.rate{V}-",
];
