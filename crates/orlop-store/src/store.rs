//! The handle of a store: its paths and its connections.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::{Error, Result};
use crate::history::Cause;
use crate::layout::Layout;
use crate::undo::Recording;
use crate::{locks, rebuild, schema};

/// A store on disk. A clone is the same store; any number of threads and processes may use it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// Why names change through this handle.
    cause: Option<Cause>,
    /// How removals through this handle are written down.
    recording: Option<Arc<Recording>>,
}

struct Inner {
    layout: Layout,
    writable: bool,
    /// Connections that nobody uses right now.
    idle: Mutex<Vec<Session>>,
}

struct Session {
    connection: Connection,
    durability: Durability,
}

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It survives the loss of power: one `fsync`.
    Durable,
    /// It survives the end of the process, not the loss of power; never half of it is seen. For
    /// leases, which power loss ends anyway, and for facts that can be computed again.
    Process,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("root", &self.root())
            .field("writable", &self.inner.writable)
            .finish()
    }
}

impl Store {
    /// Opens the store in the directory `root`, and makes it when there is none.
    ///
    /// A store that this process may not write is opened all the same; what would change it answers
    /// [`Error::ReadOnly`].
    ///
    /// # Errors
    /// When the directory can't be made or read, or its database is damaged, lost, or newer than this
    /// program.
    pub fn open(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).map_err(Error::io("resolve", root))?;
        let layout = Layout::new(&root);
        let database = layout.database();
        let exists = exists_or_is_new(&layout)?;
        if exists && !may_write(&database)? {
            return Self::open_for_reading(layout);
        }
        if !exists {
            layout.create_directories()?;
        }
        let (mut connection, found) = connect(&layout)?;
        schema::check(&database, found)?;
        let explain = |error| explain(&layout, error);
        if found < schema::newest() {
            layout.create_directories()?;
            let lock = locks::FileLock::wait(&layout.locks().join("schema"), &NEVER)?;
            layout.create_oci_files(&lock)?;
            schema::migrate(&mut connection).map_err(|e| explain(e.into()))?;
            crate::layout::sync_directory(layout.root())?;
            drop(lock);
        }
        let store = Self::with(layout, true, connection);
        store.sweep_dead();
        match store.write_index_json_if_stale() {
            // It stays stale: on a full disk images can be listed and removed all the same.
            Err(error) if error.is_full_disk() => {}
            written => written?,
        }
        store.layout().keep_reserve();
        Ok(store)
    }

    fn open_for_reading(layout: Layout) -> Result<Self> {
        let database = layout.database();
        let connection =
            schema::open_read_only(&database).map_err(|e| explain(&layout, e.into()))?;
        let found = schema::version(&connection).map_err(|e| explain(&layout, e.into()))?;
        schema::check(&database, found)?;
        if found < schema::newest() {
            // An older schema can't be brought up to date here, and no query would fit it.
            return Err(Error::ReadOnly {
                root: layout.root().to_owned(),
            });
        }
        Ok(Self::with(layout, false, connection))
    }

    fn with(layout: Layout, writable: bool, connection: Connection) -> Self {
        Self {
            inner: Arc::new(Inner {
                layout,
                writable,
                idle: Mutex::new(vec![Session {
                    connection,
                    durability: Durability::Durable,
                }]),
            }),
            cause: None,
            recording: None,
        }
    }

    /// The same store; every change of a name that is made through it is remembered with this reason.
    #[must_use]
    pub fn because(&self, cause: Cause) -> Self {
        Self {
            cause: Some(cause),
            ..self.clone()
        }
    }

    pub(crate) fn recorded_by(&self, recording: Arc<Recording>) -> Self {
        Self {
            recording: Some(recording),
            ..self.clone()
        }
    }

    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.recording.as_deref()
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// The directory of the store.
    pub fn root(&self) -> &Path {
        self.inner.layout.root()
    }

    /// Whether the store may be changed.
    pub fn is_writable(&self) -> bool {
        self.inner.writable
    }

    /// The directory of the OCI image layout, which other tools may read.
    pub fn oci_dir(&self) -> PathBuf {
        self.inner.layout.oci()
    }

    /// The directory where the storage driver of this name keeps its snapshots. A snapshot is an entry
    /// of it: [`Store::publish`] syncs this directory, and nothing below.
    pub fn snapshots_dir(&self, driver: &str) -> PathBuf {
        self.inner.layout.snapshots(driver)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    pub(crate) fn must_be_writable(&self) -> Result<()> {
        if self.inner.writable {
            Ok(())
        } else {
            Err(Error::ReadOnly {
                root: self.root().to_owned(),
            })
        }
    }

    /// Reads one consistent state.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let session = self.take()?;
        let answer = (|| {
            let tx = session.connection.unchecked_transaction()?;
            work(&tx)
        })();
        self.give_back(session);
        answer.map_err(|error| explain(&self.inner.layout, error))
    }

    /// Changes the database in one transaction, which no other writer is beside.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        self.must_be_writable()?;
        let mut session = self.take()?;
        let answer = (|| {
            if session.durability != durability {
                let level = match durability {
                    Durability::Durable => "PRAGMA synchronous = FULL",
                    Durability::Process => "PRAGMA synchronous = NORMAL",
                };
                session.connection.execute_batch(level)?;
                session.durability = durability;
            }
            let tx = session
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&tx)?;
            tx.commit()?;
            Ok(answer)
        })();
        self.give_back(session);
        answer.map_err(|error| explain(&self.inner.layout, error))
    }

    fn take(&self) -> Result<Session> {
        let idle = self
            .inner
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(session) = idle {
            return Ok(session);
        }
        let database = self.inner.layout.database();
        let connection = if self.inner.writable {
            schema::open(&database)
        } else {
            schema::open_read_only(&database)
        };
        Ok(Session {
            connection: connection.map_err(|e| explain(&self.inner.layout, e.into()))?,
            durability: Durability::Durable,
        })
    }

    fn give_back(&self, session: Session) {
        self.inner
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(session);
    }
}

/// Whether there is a database; there may only be none where there are no blobs either.
fn exists_or_is_new(layout: &Layout) -> Result<bool> {
    let database = layout.database();
    let exists = || {
        database
            .try_exists()
            .map_err(Error::io("look at", &database))
    };
    if exists()? {
        return Ok(true);
    }
    if !rebuild::has_blobs(layout)? {
        return Ok(false);
    }
    // Another process may have made the store and filled it between the two looks.
    if exists()? {
        return Ok(true);
    }
    Err(Error::LostDatabase {
        root: layout.root().to_owned(),
    })
}

/// Never set: for a wait that nobody can cancel.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);

/// Whether this process may write the file.
fn may_write(path: &Path) -> Result<bool> {
    use rustix::fs::Access;
    use rustix::io::Errno;
    match rustix::fs::access(path, Access::WRITE_OK) {
        Ok(()) => Ok(true),
        Err(Errno::ROFS | Errno::ACCESS | Errno::PERM) => Ok(false),
        Err(errno) => Err(Error::os("look at", path)(errno)),
    }
}

/// A connection, and the version of the schema it finds. On a full disk the reserve makes room for it.
fn connect(layout: &Layout) -> Result<(Connection, u32)> {
    let connect = || {
        let connection = schema::open(&layout.database())?;
        let found = schema::version(&connection)?;
        Ok((connection, found))
    };
    let explained = |error: rusqlite::Error| explain(layout, error.into());
    match connect().map_err(explained) {
        Err(error) if error.is_full_disk() && layout.give_up_reserve() => {
            let connected = connect().map_err(explained)?;
            layout.take_rest_of_reserve();
            Ok(connected)
        }
        connected => connected,
    }
}

/// Says in our words what SQLite says in its own.
fn explain(layout: &Layout, error: Error) -> Error {
    use rusqlite::Error as Sql;
    let Error::Database(sql) = &error else {
        return error;
    };
    let damaged = |reason: String| Error::DamagedDatabase {
        path: layout.database(),
        reason,
    };
    match sql {
        Sql::SqliteFailure(code, text) => match code.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                damaged(text.clone().unwrap_or_else(|| code.to_string()))
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy {
                root: layout.root().to_owned(),
                seconds: schema::BUSY_TIMEOUT.as_secs(),
            },
            ErrorCode::ReadOnly => Error::ReadOnly {
                root: layout.root().to_owned(),
            },
            ErrorCode::DiskFull => full_disk(layout),
            _ if code.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => full_disk(layout),
            ErrorCode::CannotOpen => Error::Io {
                action: "open",
                path: layout.database(),
                source: std::io::Error::other(text.clone().unwrap_or_else(|| code.to_string())),
            },
            ErrorCode::Unknown if text.as_deref().is_some_and(|t| t.starts_with("no such ")) => {
                damaged(text.clone().unwrap_or_default())
            }
            _ => error,
        },
        Sql::FromSqlConversionFailure(..)
        | Sql::IntegralValueOutOfRange(..)
        | Sql::InvalidColumnType(..) => damaged(sql.to_string()),
        _ => error,
    }
}

/// No room for the database, its log or the index of that.
fn full_disk(layout: &Layout) -> Error {
    Error::Io {
        action: "write",
        path: layout.database(),
        source: rustix::io::Errno::NOSPC.into(),
    }
}
