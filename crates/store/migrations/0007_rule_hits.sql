-- What the policy's rules have counted, over loads of the kernel and starts of the appliance.

CREATE TABLE rule_hits (
    scenario     TEXT    NOT NULL,      -- its id
    rule         TEXT    NOT NULL,      -- an application and which of its rules, or why none decided
    packets      INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    last         INTEGER,               -- when it was last seen to count
    seen_packets INTEGER NOT NULL,      -- what the kernel's own counter showed then
    seen_bytes   INTEGER NOT NULL,
    PRIMARY KEY (scenario, rule)
) STRICT, WITHOUT ROWID;
