-- How a session is closed without its device's record: endpoint, certificate, and account or token, sealed by the vault.

ALTER TABLE open_sessions ADD COLUMN way_in BLOB;
