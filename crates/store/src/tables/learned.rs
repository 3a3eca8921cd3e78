//! What was learned of controllers of one maker, product and firmware.

use crate::value::{args, document};
use crate::{Result, Store};
use model::traffic::Learned;

impl Store {
    /// Writes down what was learned of models, in place of what was known.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_learned(&self, all: Vec<Learned>) -> Result<()> {
        self.write("write", format!("what was learned of {} models", all.len()), move |c| {
            for learned in &all {
                let sql = "INSERT INTO learned (vendor, product, firmware, document) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (vendor, product, firmware) DO UPDATE SET document = excluded.document";
                let model = &learned.model;
                let json = document(learned, "what was learned")?;
                c.execute(sql, args![&model.vendor, &model.product, &model.firmware, json])?;
            }
            Ok(())
        })
        .await
    }

    /// What was learned of every model.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn learned(&self) -> Result<Vec<Learned>> {
        self.read("list", "what was learned of models", |c| {
            c.all("SELECT document FROM learned ORDER BY vendor, product, firmware", &[], |row| {
                row.document(0, "what was learned")
            })
        })
        .await
    }
}
