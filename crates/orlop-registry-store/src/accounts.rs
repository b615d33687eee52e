//! The storage keeps the accounts of the registry.
//!
//! What a robot or a key is, the crate of access knows; here each is a named record, written as JSON
//! and never shown. When a robot was last let in is written with the times of pulls.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future;
use jiff::Timestamp;
use orlop_access::{Accounts, AccountsError, AccountsFuture, Robot, SigningKey};
use orlop_secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::meta_store::{AccountKind, AccountRow};
use crate::{Storage, StorageError};

/// Robots whose last use waits to be written. There are never so many.
const NOTES: usize = 65_536;

/// When robots were last let in, until it is written.
#[derive(Debug, Default)]
pub(crate) struct RobotsUsed(Mutex<HashMap<String, Timestamp>>);

impl RobotsUsed {
    fn note(&self, name: &str, at: Timestamp) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = notes.get_mut(name) {
            *last = at.max(*last);
        } else if notes.len() < NOTES {
            notes.insert(name.to_owned(), at);
        }
    }

    /// Takes all notes, to write them.
    pub(crate) fn take(&self) -> Vec<(String, Timestamp)> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *notes).into_iter().collect()
    }

    fn last(&self, name: &str) -> Option<Timestamp> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(name).copied()
    }
}

fn failed(error: StorageError) -> AccountsError {
    AccountsError(Box::new(error))
}

fn row<T: Serialize>(name: &str, value: &T) -> Result<AccountRow, AccountsError> {
    let record = serde_json::to_string(value).map_err(|e| AccountsError(Box::new(e)))?;
    Ok(AccountRow {
        name: name.to_owned(),
        record: Secret::new(record),
        used_at: None,
    })
}

fn read<T: DeserializeOwned>(row: &AccountRow) -> Result<T, AccountsError> {
    serde_json::from_str(row.record.expose()).map_err(|e| {
        // Without the text of the error: it may show a part of the record.
        let (line, column) = (e.line(), e.column());
        let what = format!("the account {} is malformed at {line}:{column}", row.name);
        AccountsError(what.into())
    })
}

/// A setting of access beside those of the server.
fn access(name: &str) -> String {
    format!("access/{name}")
}

impl Storage {
    fn robot_of(&self, row: &AccountRow) -> Result<Robot, AccountsError> {
        let robot: Robot = read(row)?;
        let unwritten = self.inner().robots_used.last(&row.name);
        Ok(Robot {
            last_used: row.used_at.max(unwritten),
            ..robot
        })
    }
}

impl Accounts for Storage {
    fn robots(&self) -> AccountsFuture<'_, Vec<Robot>> {
        async move {
            let rows = self.inner().meta.accounts(AccountKind::Robot).await;
            let rows = rows.map_err(failed)?;
            rows.iter().map(|row| self.robot_of(row)).collect()
        }
        .boxed()
    }

    fn robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<Robot>> {
        async move {
            let row = self.inner().meta.account(AccountKind::Robot, name).await;
            let row = row.map_err(failed)?;
            row.map(|row| self.robot_of(&row)).transpose()
        }
        .boxed()
    }

    fn insert_robot(&self, robot: Robot) -> AccountsFuture<'_, bool> {
        async move {
            let row = row(&robot.name, &robot)?;
            let inserted = self.inner().meta.insert_account(AccountKind::Robot, row);
            inserted.await.map_err(failed)
        }
        .boxed()
    }

    fn update_robot(&self, robot: Robot) -> AccountsFuture<'_, bool> {
        async move {
            let row = row(&robot.name, &robot)?;
            let updated = self.inner().meta.update_account(AccountKind::Robot, row);
            updated.await.map_err(failed)
        }
        .boxed()
    }

    fn robot_used<'a>(&'a self, name: &'a str, at: Timestamp) -> AccountsFuture<'a, ()> {
        self.inner().robots_used.note(name, at);
        future::ready(Ok(())).boxed()
    }

    fn remove_robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, bool> {
        let removed = self.inner().meta.remove_account(AccountKind::Robot, name);
        removed.map(|done| done.map_err(failed)).boxed()
    }

    fn signing_keys(&self) -> AccountsFuture<'_, Vec<SigningKey>> {
        async move {
            let rows = self.inner().meta.accounts(AccountKind::SigningKey).await;
            rows.map_err(failed)?.iter().map(read).collect()
        }
        .boxed()
    }

    fn insert_signing_key(&self, key: SigningKey) -> AccountsFuture<'_, ()> {
        async move {
            let row = row(&key.id, &key)?;
            // The name of a key is the thumbprint of it: what is there already is the same key.
            let meta = &self.inner().meta;
            let inserted = meta.insert_account(AccountKind::SigningKey, row).await;
            inserted.map(drop).map_err(failed)
        }
        .boxed()
    }

    fn remove_signing_key<'a>(&'a self, id: &'a str) -> AccountsFuture<'a, ()> {
        let meta = &self.inner().meta;
        let removed = meta.remove_account(AccountKind::SigningKey, id);
        removed.map(|done| done.map(drop).map_err(failed)).boxed()
    }

    fn setting<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<String>> {
        async move {
            let found = self.inner().meta.setting(&access(name)).await;
            found.map_err(failed)
        }
        .boxed()
    }

    fn set_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, ()> {
        async move {
            let (name, value) = (access(name), value.to_owned());
            let set = self.inner().meta.set_setting(&name, Some(value)).await;
            set.map_err(failed)
        }
        .boxed()
    }

    fn insert_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, bool> {
        async move {
            let name = access(name);
            let inserted = self.inner().meta.insert_setting(&name, value).await;
            inserted.map_err(failed)
        }
        .boxed()
    }
}
