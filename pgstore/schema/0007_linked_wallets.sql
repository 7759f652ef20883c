-- Group claims are found by the wallets that their key lists. The service has
-- no index for that. Without a list of pending entries, a reader looks at none.

create index passport_group_wallets on {schema}.account_walletgroupcommunityclaim using gin (string_to_array(group_key, ',')) with (fastupdate = off); -- optional
