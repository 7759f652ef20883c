-- The rights that a role needs to score (Score, Preview, Latest), and no more:
-- a test takes away one at a time. The roles around a scoring (credentials,
-- keys, communities and so on) read and write more tables; Migrate makes them
-- all.
--
--     psql -v role=scorer -v schema=public -f grants.sql
--
-- Where ids come from sequences of their own, as in databases that older
-- versions of Django have made, these are needed too: grant usage on all
-- sequences in schema … to ….

grant usage on schema :"schema" to :"role";

-- To read.
grant select on :"schema".account_community to :"role";
grant select on :"schema".scorer_weighted_scorer to :"role";
grant select on :"schema".scorer_weighted_binaryweightedscorer to :"role";
grant select on :"schema".scorer_weighted_weightedscorer to :"role";
grant select on :"schema".account_customization to :"role";
grant select on :"schema".account_allowlist to :"role";
grant select on :"schema".account_addresslist to :"role";
grant select on :"schema".account_addresslistmember to :"role";
grant select on :"schema".account_customcredential to :"role";
grant select on :"schema".account_customcredentialruleset to :"role";
grant select on :"schema".ceramic_cache_ceramiccache to :"role";
grant select on :"schema".ceramic_cache_revocation to :"role";
grant select on :"schema".registry_passport to :"role";
grant select on :"schema".registry_score to :"role";
grant select on :"schema".registry_stamp to :"role";
grant select on :"schema".registry_hashscorerlink to :"role";
grant select on :"schema".account_walletgroupcommunityclaim to :"role";
grant select on :"schema".registry_humanpoints to :"role";
grant select on :"schema".registry_humanpointsconfig to :"role";
grant select on :"schema".registry_humanpointscommunityqualifiedusers to :"role";
grant select on :"schema".registry_humanpointsmultiplier to :"role";

-- To write. The right to update one column is the right to lock a row.
grant insert on :"schema".registry_passport to :"role";
grant update (requires_calculation) on :"schema".registry_passport to :"role";
grant insert on :"schema".registry_score to :"role";
grant update on :"schema".registry_score to :"role";
grant insert on :"schema".registry_stamp to :"role";
grant delete on :"schema".registry_stamp to :"role";
grant insert on :"schema".registry_event to :"role";
grant insert on :"schema".registry_hashscorerlink to :"role";
grant update (address, expires_at) on :"schema".registry_hashscorerlink to :"role";

-- Linked wallets.
grant insert on :"schema".account_walletgroupcommunityclaim to :"role";
grant delete on :"schema".account_walletgroupcommunityclaim to :"role";
grant update (claimed_at) on :"schema".account_walletgroupcommunityclaim to :"role";

-- Human points.
grant update (updated_at) on :"schema".ceramic_cache_ceramiccache to :"role";
grant insert on :"schema".registry_humanpoints to :"role";
grant insert on :"schema".registry_humanpointscommunityqualifiedusers to :"role";
grant insert on :"schema".registry_humanpointsconfig to :"role";
grant update (points) on :"schema".registry_humanpointsconfig to :"role";
