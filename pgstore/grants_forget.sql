-- The rights that a role needs to forget addresses and to prune what is old
-- (Forget, Prune), and no more: a test takes away one at a time. They are not
-- among those of a scoring (grants.sql): a role that only scores can delete no
-- history.
--
--     psql -v role=keeper -v schema=public -f grants_forget.sql

grant usage on schema :"schema" to :"role";

-- To find the rows.
grant select on :"schema".account_community to :"role";
grant select on :"schema".account_accountapikeyanalytics to :"role";
grant select on :"schema".account_addresslistmember to :"role";
grant select on :"schema".account_walletgroupcommunityclaim to :"role";
grant select on :"schema".ceramic_cache_ceramiccache to :"role";
grant select on :"schema".ceramic_cache_revocation to :"role";
grant select on :"schema".registry_event to :"role";
grant select on :"schema".registry_hashscorerlink to :"role";
grant select on :"schema".registry_humanpoints to :"role";
grant select on :"schema".registry_humanpointscommunityqualifiedusers to :"role";
grant select on :"schema".registry_humanpointsmultiplier to :"role";
grant select on :"schema".registry_passport to :"role";
grant select on :"schema".registry_score to :"role";
grant select on :"schema".registry_stamp to :"role";

-- To remove them.
grant delete on :"schema".account_accountapikeyanalytics to :"role";
grant delete on :"schema".account_addresslistmember to :"role";
grant delete on :"schema".account_walletgroupcommunityclaim to :"role";
grant delete on :"schema".ceramic_cache_ceramiccache to :"role";
grant delete on :"schema".ceramic_cache_revocation to :"role";
grant delete on :"schema".registry_event to :"role";
grant delete on :"schema".registry_hashscorerlink to :"role";
grant delete on :"schema".registry_humanpoints to :"role";
grant delete on :"schema".registry_humanpointscommunityqualifiedusers to :"role";
grant delete on :"schema".registry_humanpointsmultiplier to :"role";
grant delete on :"schema".registry_passport to :"role";
grant delete on :"schema".registry_score to :"role";
grant delete on :"schema".registry_stamp to :"role";

-- To lock and to change rows. The right to update one column is the right to
-- lock a row.
grant insert on :"schema".registry_passport to :"role";
grant update (requires_calculation) on :"schema".registry_passport to :"role";
grant update (group_key) on :"schema".account_walletgroupcommunityclaim to :"role";
grant update (address) on :"schema".registry_hashscorerlink to :"role";
grant update (data) on :"schema".registry_event to :"role";
grant update (status_code) on :"schema".account_accountapikeyanalytics to :"role";
