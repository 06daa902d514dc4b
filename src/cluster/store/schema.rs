//! The tables, and how a file of an older sky becomes one of this.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, Stored};

/// Each step leads from one version to the next; steps are never changed once released, only added.
const STEPS: &[&str] = &[
    "
CREATE TABLE installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL);
CREATE TABLE cluster (
    name TEXT PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    cloud_name TEXT NOT NULL,
    status TEXT NOT NULL,
    wanted TEXT NOT NULL,
    nodes INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    cloud TEXT, region TEXT, zone TEXT, instance_type TEXT,
    accelerators TEXT, gpus_per_node INTEGER,
    capacity TEXT, price_hourly INTEGER, key TEXT, user TEXT, launched_at INTEGER,
    idle_s INTEGER, down INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE claim (
    name TEXT PRIMARY KEY,
    token TEXT NOT NULL, verb TEXT NOT NULL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    since INTEGER NOT NULL, beat INTEGER NOT NULL
) STRICT;
CREATE TABLE launch (
    key TEXT PRIMARY KEY,
    cluster TEXT NOT NULL, uid TEXT NOT NULL,
    cloud TEXT NOT NULL, region TEXT NOT NULL, zone TEXT, instance_type TEXT NOT NULL, accelerators TEXT,
    capacity TEXT NOT NULL, nodes INTEGER NOT NULL, price_hourly INTEGER NOT NULL,
    stage TEXT NOT NULL, asked_at INTEGER NOT NULL, changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX launch_by_cluster ON launch (uid);
CREATE INDEX launch_by_stage ON launch (stage);
CREATE TABLE node (
    key TEXT NOT NULL, rank INTEGER NOT NULL, id TEXT NOT NULL, region TEXT NOT NULL, zone TEXT, state TEXT NOT NULL,
    instance_type TEXT NOT NULL, capacity TEXT NOT NULL, cluster TEXT NOT NULL, public_ip TEXT, private_ip TEXT,
    PRIMARY KEY (key, id)
) STRICT;
CREATE TABLE usage (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER
) STRICT;
CREATE INDEX usage_by_key ON usage (key);
CREATE TABLE belief (
    id INTEGER PRIMARY KEY,
    cause TEXT NOT NULL, cloud TEXT, region TEXT, zone TEXT, family TEXT, instance_type TEXT, type_accelerator TEXT,
    accelerator TEXT, attached TEXT, attached_milli INTEGER, capacity TEXT,
    code TEXT NOT NULL, message TEXT NOT NULL, met_at INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
",
    "
ALTER TABLE belief ADD COLUMN accelerated INTEGER NOT NULL DEFAULT 0;
",
];

/// Brings a file up to date.
pub(super) fn migrate(connection: &mut Connection) -> Stored<()> {
    let version = |connection: &Connection| -> rusqlite::Result<usize> {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(version as usize)
    };
    let found = version(connection)?;
    if found == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here while this one waited.
    let found = version(&transaction)?;
    if found > STEPS.len() {
        return Err(StoreError {
            message: format!("the state file has version {found}, and this sky knows up to {}", STEPS.len()),
            remedy: "use the newer sky that wrote it, or name another directory by SKY_HOME".to_owned(),
        });
    }
    for step in &STEPS[found..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date_with_what_it_holds() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch(STEPS[0]).expect("a first version");
        connection.pragma_update(None, "user_version", 1).expect("writes");
        let row =
            "INSERT INTO belief (cause, cloud, code, message, met_at, until) VALUES ('quota', 'gcp', 'c', 'm', 1, 2)";
        connection.execute(row, []).expect("writes");
        migrate(&mut connection).expect("migrates");
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("reads");
        assert_eq!(version, STEPS.len() as i64);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?));
        let held = connection.query_row("SELECT cloud, accelerated FROM belief", [], read).expect("reads");
        assert_eq!(held, ("gcp".to_owned(), false));
    }
}
