//! Settings, and facts about the appliance: a JSON document for each key.

use crate::value::{args, document};
use crate::work::Trouble;
use crate::{Result, Store};
use serde::{Serialize, de::DeserializeOwned};

impl Store {
    /// Writes a setting, in place of an earlier value.
    ///
    /// # Errors
    /// If it is no JSON, or cannot be written.
    pub async fn put_setting<T: Serialize + Sync + ?Sized>(&self, key: &str, value: &T) -> Result<()> {
        let (key, json) = (key.to_owned(), document(value, "setting"));
        self.write("write", format!("setting {key}"), move |c| {
            let sql = "INSERT INTO settings (key, document) VALUES ($1, $2) \
                       ON CONFLICT (key) DO UPDATE SET document = excluded.document";
            c.execute(sql, args![key, json?]).map(drop)
        })
        .await
    }

    /// A setting, if it was ever written.
    ///
    /// # Errors
    /// If it cannot be read, or is of another type.
    pub async fn setting<T: DeserializeOwned + Send + 'static>(&self, key: &str) -> Result<Option<T>> {
        let key = key.to_owned();
        self.read("read", format!("setting {key}"), move |c| {
            c.first("SELECT document FROM settings WHERE key = $1", args![key], |row| {
                row.document(0, "setting")
            })
        })
        .await
    }

    /// Every setting, by key, as it was written.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn settings(&self) -> Result<Vec<(String, serde_json::Value)>> {
        self.read("list", "settings", |c| {
            c.all("SELECT key, document FROM settings ORDER BY key", &[], |row| -> Result<_, Trouble> {
                Ok((row.take(0)?, row.document(1, "setting")?))
            })
        })
        .await
    }

    /// Removes a setting.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_setting(&self, key: &str) -> Result<bool> {
        let key = key.to_owned();
        self.write("delete", format!("setting {key}"), move |c| {
            Ok(c.execute("DELETE FROM settings WHERE key = $1", args![key])? > 0)
        })
        .await
    }
}
