-- The tables of the store. Open runs this file; every statement in it may run
-- again. Times are microseconds since 1970; the beginning of the year 1, which
-- is Go's zero time, stands for none. JSON is kept as TEXT, in which numbers
-- keep their digits.

CREATE TABLE IF NOT EXISTS communities (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL DEFAULT '',
    account       INTEGER NOT NULL DEFAULT 0,
    external_id   TEXT    NOT NULL DEFAULT '',
    rule          TEXT    NOT NULL DEFAULT 'LIFO',
    human_points  INTEGER NOT NULL DEFAULT FALSE,
    scorer        TEXT    NOT NULL DEFAULT 'WEIGHTED_BINARY',
    weights       TEXT,
    threshold     TEXT    NOT NULL DEFAULT '',
    customization TEXT    NOT NULL DEFAULT '{}', -- decimals by provider
    is_deleted    INTEGER NOT NULL DEFAULT FALSE
);

-- A credential that is deleted or revoked keeps its row: a proof value can be
-- revoked later. AUTOINCREMENT, because an id must never name another row.
CREATE TABLE IF NOT EXISTS credentials (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    address     TEXT    NOT NULL,
    provider    TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    proof_value TEXT    NOT NULL DEFAULT '',
    issued_at   TIMESTAMP NOT NULL DEFAULT -62135596800000000,
    expires_at  TIMESTAMP NOT NULL DEFAULT -62135596800000000,
    updated_at  TIMESTAMP NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    is_foreign  INTEGER NOT NULL DEFAULT FALSE,
    is_deleted  INTEGER NOT NULL DEFAULT FALSE,
    is_revoked  INTEGER NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS credentials_address ON credentials (address, id) WHERE NOT is_deleted;
CREATE INDEX IF NOT EXISTS credentials_proof ON credentials (proof_value);

-- The version of a wallet counts the changes of its credentials. Triggers count
-- them, so that no program that writes credentials can forget to. No row of
-- this table is ever deleted, because a version must not come back.
CREATE TABLE IF NOT EXISTS versions (
    address TEXT    PRIMARY KEY,
    version INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS credential_inserted AFTER INSERT ON credentials BEGIN
    INSERT INTO versions VALUES (new.address, 1)
    ON CONFLICT (address) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER IF NOT EXISTS credential_updated AFTER UPDATE ON credentials BEGIN
    UPDATE versions SET version = version + 1 WHERE address = old.address;
    INSERT INTO versions VALUES (new.address, 1)
    ON CONFLICT (address) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER IF NOT EXISTS credential_deleted AFTER DELETE ON credentials BEGIN
    UPDATE versions SET version = version + 1 WHERE address = old.address;
END;

-- The last score of each address in each community.
CREATE TABLE IF NOT EXISTS scores (
    community    INTEGER NOT NULL,
    address      TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    value        TEXT    NOT NULL,
    scored_at    TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    error        TEXT    NOT NULL,
    evidence     TEXT,
    stamp_scores TEXT,
    stamps       TEXT,
    PRIMARY KEY (community, address)
);

-- The credentials that counted in that score.
CREATE TABLE IF NOT EXISTS counted (
    community INTEGER NOT NULL,
    address   TEXT    NOT NULL,
    provider  TEXT    NOT NULL,
    document  TEXT    NOT NULL
);
CREATE INDEX IF NOT EXISTS counted_wallet ON counted (community, address);

CREATE TABLE IF NOT EXISTS claims (
    community  INTEGER NOT NULL,
    nullifier  TEXT    NOT NULL,
    holder     TEXT    NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (community, nullifier)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    community INTEGER NOT NULL,
    address   TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    at        TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS events_address ON events (community, address, at);
