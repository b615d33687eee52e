//! Compose files, Kubernetes objects, workflows.

use orlop_pin::{Kind, find};

use crate::{digest_of, found, pinned, with_digests};

#[test]
fn services_of_compose_files() {
    let text = "\
name: shop
x-db: &db
  image: postgres:17   # shared
x-cache: &cache redis:7
services:
  db: { <<: *db }
  old: { <<: [*db], image: 'postgres:16' }
  cache:
    image: *cache
  cache2: {image: *cache}
  app:
    image: shop:dev
    build: .
  web:
    image: \"nginx\"
    labels: {image: 'not:this'}
  any:
    image: ${REG:-docker.io}/any:1
  some:
    image: some:${TAG:-1}
  none:
    image:
volumes:
  image: {}
";
    assert_eq!(
        found(Kind::Compose, text),
        [
            "3:10 postgres:17",
            "4:17 redis:7",
            "7:29 postgres:16",
            "15:13 nginx",
            "18:12 ${REG:-docker.io}/any:1 (it has variables whose values come from elsewhere)",
            "20:12 some:${TAG:-1} (it has variables whose values come from elsewhere)",
        ]
    );
    assert_eq!(
        pinned(Kind::Compose, text),
        with_digests(
            &text
                .replace("postgres:17", "postgres:17@<postgres:17>")
                .replace("redis:7", "redis:7@<redis:7>")
                .replace("'postgres:16'", "'postgres:16@<postgres:16>'")
                .replace("\"nginx\"", "\"nginx:latest@<nginx:latest>\"")
        )
    );
}

#[test]
fn a_digest_behind_variables_is_a_digest() {
    let text = format!(
        "services:\n  a:\n    image: ${{R}}/a:1@{}\n",
        digest_of("x")
    );
    let images = find(Kind::Compose, &text).unwrap();
    assert!(images[0].is_pinned());
    assert_eq!(pinned(Kind::Compose, &text), text, "nobody knows its name");
}

#[test]
fn containers_of_kubernetes() {
    let text = "\
# two objects\r
apiVersion: batch/v1\r
kind: CronJob\r
spec:\r
  jobTemplate:\r
    spec:\r
      template:\r
        spec:\r
          initContainers:\r
          - {name: i, image: busybox}\r
          containers:\r
            - name: image\r
              image: >-\r
                folded:1\r
              env:\r
                - {name: image, value: \"not:this\"}\r
            - image: quay.io/a/b:1 # why\r
          volumes:\r
            - name: v\r
              image: {reference: ghcr.io/data:2}\r
---\r
apiVersion: v1\r
kind: List\r
items:\r
  - apiVersion: v1\r
    kind: Pod\r
    spec: {ephemeralContainers: [{image: 'debug:3'}], containers: []}\r
  - kind: ConfigMap\r
    data:\r
      image: no:1\r
";
    assert_eq!(
        found(Kind::Kubernetes, text),
        [
            "10:30 busybox",
            "14:17 folded:1 (it isn't written on one line as it is)",
            "17:22 quay.io/a/b:1",
            "20:34 ghcr.io/data:2",
            "27:43 debug:3",
        ]
    );
    assert_eq!(
        pinned(Kind::Kubernetes, text),
        with_digests(
            &text
                .replace("image: busybox}", "image: busybox:latest@<busybox:latest>}")
                .replace("quay.io/a/b:1", "quay.io/a/b:1@<quay.io/a/b:1>")
                .replace("ghcr.io/data:2", "ghcr.io/data:2@<ghcr.io/data:2>")
                .replace("debug:3", "debug:3@<debug:3>")
        )
    );
}

#[test]
fn workflows_and_actions() {
    let text = "\
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    container: node:22
    services:
      db:
        image: postgres:17
      empty:
        image: ''
      matrix: { image: \"redis:${{ matrix.redis }}\" }
    steps:
      - uses: actions/checkout@v4
      - uses: docker://alpine:3.20
      - uses: \"docker://ghcr.io/a/b:1\"
      - run: docker run alpine:3
  two:
    container:
      image: debian:12
      options: --cpus 1
  three:
    uses: org/repo/.github/workflows/x.yml@v1
";
    assert_eq!(
        found(Kind::Workflow, text),
        [
            "5:16 node:22",
            "8:16 postgres:17",
            "11:25 redis:${{ matrix.redis }} (it has variables whose values come from elsewhere)",
            "14:24 alpine:3.20",
            "15:25 ghcr.io/a/b:1",
            "19:14 debian:12",
        ]
    );
    assert_eq!(
        pinned(Kind::Workflow, text),
        with_digests(
            &text
                .replace("node:22", "node:22@<node:22>")
                .replace("postgres:17", "postgres:17@<postgres:17>")
                .replace("alpine:3.20", "alpine:3.20@<alpine:3.20>")
                .replace("ghcr.io/a/b:1", "ghcr.io/a/b:1@<ghcr.io/a/b:1>")
                .replace("debian:12", "debian:12@<debian:12>")
        )
    );
    let action =
        "runs:\n  using: docker\n  image: docker://alpine:3\n  steps:\n    - uses: docker://b:1\n";
    assert_eq!(found(Kind::Workflow, action), ["3:19 alpine:3", "5:22 b:1"]);
    assert_eq!(
        found(Kind::Workflow, "runs: {using: docker, image: Dockerfile}"),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let error = find(Kind::Kubernetes, "a: b\n  c: {{ .Values.image }}\n").unwrap_err();
    assert!(error.to_string().starts_with("2:"), "{error}");
    assert!(error.hint().is_some());
    for kind in Kind::ALL {
        for text in [
            "",
            "\n",
            "---\n",
            "- a\n",
            "a",
            "{}",
            "services: x",
            "jobs: [1]",
        ] {
            let _ = find(kind, text);
        }
    }
}
