//! Uploads beside a model of them: whatever a client does, in whichever order.

use bytes::Bytes;
use orlop_oci::{Algorithm, Digest, Digester};
use orlop_registry_store::{Chunk, Storage, StorageError, UploadId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{TestStorage, body, nothing, read, repo};

/// What a client does next.
#[derive(Clone, Debug)]
enum Step {
    Start(Algorithm),
    /// Sends this, as it says: from an offset that is off by so much, of a length that is off by so
    /// much, and breaks off.
    Append {
        piece: Vec<u8>,
        pieces: usize,
        start: Option<i8>,
        length: Option<i8>,
        breaks: bool,
    },
    /// Ends with a digest of the content, or of something else.
    Finish {
        algorithm: Algorithm,
        right: bool,
    },
    Cancel,
    /// The server comes up again, or is another one.
    Restart,
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::Sha256), Just(Algorithm::Sha512)]
}

fn off() -> impl Strategy<Value = Option<i8>> {
    prop_oneof![3 => Just(None), 4 => Just(Some(0)), 1 => (-3_i8..4).prop_map(Some)]
}

fn step() -> impl Strategy<Value = Step> {
    let append = (
        prop::collection::vec(any::<u8>(), 0..40),
        prop_oneof![4 => 1_usize..4, 1 => 3_000_usize..8_000],
        off(),
        off(),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(piece, pieces, start, length, breaks)| Step::Append {
            piece,
            pieces,
            start,
            length,
            breaks,
        });
    let finish = (algorithm(), prop::bool::weighted(0.8))
        .prop_map(|(algorithm, right)| Step::Finish { algorithm, right });
    prop_oneof![
        2 => algorithm().prop_map(Step::Start),
        10 => append,
        2 => finish,
        1 => Just(Step::Cancel),
        2 => Just(Step::Restart),
    ]
}

fn digest(algorithm: Algorithm, content: &[u8]) -> Digest {
    let mut digester = Digester::new(algorithm);
    digester.update(content);
    digester.finish()
}

fn by(count: u64, off: i8) -> u64 {
    count.saturating_add_signed(off.into())
}

/// The one upload that is under way, as it should be.
struct Model {
    test: TestStorage,
    storage: Storage,
    id: UploadId,
    /// `None` when it is over.
    content: Option<Vec<u8>>,
    done: Vec<(Digest, Vec<u8>)>,
}

impl Model {
    fn new() -> Self {
        let test = TestStorage::new();
        Self {
            storage: test.storage.clone(),
            test,
            id: UploadId::parse(&"0".repeat(32)).unwrap(),
            content: None,
            done: Vec::new(),
        }
    }

    async fn step(&mut self, step: Step) {
        let app = repo("app");
        match step {
            Step::Start(algorithm) => {
                self.id = self.storage.start_upload(&app, algorithm).await.unwrap();
                self.content = Some(Vec::new());
            }
            Step::Append {
                piece,
                pieces,
                start,
                length,
                breaks,
            } => self.append(piece, pieces, start, length, breaks).await,
            Step::Finish { algorithm, right } => self.finish(algorithm, right).await,
            Step::Cancel => {
                let cancelled = self.storage.cancel_upload(&app, &self.id).await;
                assert_eq!(cancelled, self.known(()));
                self.content = None;
            }
            Step::Restart => self.storage = self.test.again(),
        }
        let offset = self.storage.upload_offset(&app, &self.id).await;
        let len = self.content.as_ref().map_or(0, Vec::len);
        assert_eq!(offset, self.known(len as u64));
    }

    fn known<T>(&self, value: T) -> Result<T, StorageError> {
        self.content
            .is_some()
            .then_some(value)
            .ok_or(StorageError::UploadUnknown)
    }

    async fn append(
        &mut self,
        piece: Vec<u8>,
        pieces: usize,
        start: Option<i8>,
        length: Option<i8>,
        breaks: bool,
    ) {
        let all = piece.repeat(pieces);
        let offset = self.content.as_ref().map_or(0, Vec::len) as u64;
        let arrives = all.len() as u64;
        let chunk = Chunk {
            start: start.map(|off| by(offset, off)),
            length: length.map(|off| by(arrives, off)),
            body: {
                let mut parts: Vec<_> = vec![Ok(Bytes::from(piece)); pieces];
                if breaks {
                    parts.push(Err("reset".into()));
                }
                body(parts)
            },
        };
        let (start, expected) = (chunk.start, chunk.length);
        let got = self.storage.append(&repo("app"), &self.id, chunk).await;
        let Some(content) = &mut self.content else {
            assert_eq!(got, Err(StorageError::UploadUnknown));
            return;
        };
        if start.is_some_and(|start| start != offset) {
            assert_eq!(got, Err(StorageError::RangeInvalid { offset }));
        } else if expected.is_some_and(|length| arrives > length || !breaks && arrives < length) {
            // How much of what is too long arrived, nobody knows.
            let invalid = matches!(got, Err(StorageError::SizeInvalid { .. }));
            assert!(invalid, "{got:?}");
        } else {
            content.extend(all);
            if breaks {
                assert_eq!(got, Err(StorageError::Body("reset".into())));
            } else {
                assert_eq!(got, Ok(offset + arrives));
            }
        }
    }

    async fn finish(&mut self, algorithm: Algorithm, right: bool) {
        let content = self.content.take();
        let mut wanted = content.clone().unwrap_or_default();
        if !right {
            wanted.push(0);
        }
        let wanted = digest(algorithm, &wanted);
        let (app, id) = (repo("app"), &self.id);
        let got = self
            .storage
            .finish_upload(&app, id, nothing(), &wanted)
            .await;
        match content {
            None => assert_eq!(got, Err(StorageError::UploadUnknown)),
            Some(content) if right => {
                assert_eq!(got.unwrap().size, content.len() as u64);
                self.done.push((wanted, content));
            }
            Some(content) => {
                let actual = digest(algorithm, &content);
                let expected = wanted;
                assert_eq!(got, Err(StorageError::DigestInvalid { expected, actual }));
            }
        }
    }
}

#[test]
fn uploads_are_what_the_model_says() {
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = prop::collection::vec(step(), 1..25);
    let ran = runner.run(&steps, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut model = Model::new();
            for step in steps {
                model.step(step).await;
            }
            for (digest, content) in &model.done {
                assert_eq!(read(&model.storage, "app", digest).await, *content);
            }
        });
        Ok(())
    });
    ran.unwrap();
}
