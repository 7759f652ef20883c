-- Spreads the tables over the nodes of a Citus cluster, in one of two layouts.
-- Run it on the coordinator, once, after Migrate with WithEngine(Citus), as
-- the owner of the tables:
--
--     psql -1 -v schema=public -v by_community=off -f citus.sql
--
-- With by_community=on it is the second layout. Without psql, take the
-- statements of one layout, or those of the function CitusStatements, in one
-- transaction. Tables may have rows: Citus copies them while it locks the
-- table, and leaves the old ones on the coordinator until
-- truncate_local_data_after_distributing_table is called.
--
-- In both layouts
--
--   - ids still differ from row to row, but do not grow with time: each node
--     numbers rows from a range of its own;
--   - a transaction on more than one node is a two-phase commit, for which
--     every node needs max_prepared_transactions; READ COMMITTED holds on each
--     node, and no snapshot spans them;
--   - an advisory lock holds on the node that it was taken on, so the store
--     locks rows of passport_locks;
--   - a worker reports some refusals with SQLSTATE XX000: an index entry that
--     is too long is an internal error there;
--   - a host's own transaction on the SDK's tables begins with set local
--     citus.multi_shard_modify_mode = sequential, as the store's do.

set local search_path to :"schema";

\if :by_community

-- Second layout: rows of a community lie together on one worker, by the hash
-- of its id. It is for many communities: those of one never spread further.
--
-- Distributed are the tables that grow with every scoring and have a
-- community_id: events and claims. Citus needs that column in every unique
-- key. The one of claims has it; the primary keys, which are the id alone, get
-- it as a second column: the database numbers the rows, so that ids differ
-- even so, and nothing refers to these rows. The column takes no NULL any
-- more, and the SDK writes none. A statement on one community goes to one
-- shard; forgetting a wallet and pruning go to all of them.
--
-- account_community is a reference table: each node has a copy, so that the
-- foreign keys to it hold. A write to it is a write to all nodes, and fails
-- while one of them is away; communities change rarely.
--
-- The rest is local to the coordinator: credentials and wallets, which are
-- found by address in every community, points as well; stamps and scores,
-- which have no community_id but a foreign key to a wallet's id; accounts and
-- keys. None of it changes. So the coordinator is as large as the credentials
-- are.

alter table registry_event
    drop constraint registry_event_community_id_83e82610_fk_account_community_id,
    drop constraint registry_event_pkey,
    add  constraint registry_event_pkey primary key (id, community_id);
alter table registry_hashscorerlink
    drop constraint registry_hashscorerl_community_id_464dfa88_fk_account_c,
    drop constraint registry_hashscorerlink_pkey,
    add  constraint registry_hashscorerlink_pkey primary key (id, community_id);

select create_reference_table('account_community');

select create_distributed_table('registry_event', 'community_id', colocate_with => 'none');
select create_distributed_table('registry_hashscorerlink', 'community_id', colocate_with => 'registry_event');

alter table registry_event
    add  constraint registry_event_community_id_83e82610_fk_account_community_id foreign key (community_id) references account_community (id) deferrable initially deferred;
alter table registry_hashscorerlink
    add  constraint registry_hashscorerl_community_id_464dfa88_fk_account_c foreign key (community_id) references account_community (id) deferrable initially deferred;

-- local: scorer_weighted_scorer, scorer_weighted_binaryweightedscorer,
--   scorer_weighted_weightedscorer, auth_user, account_account,
--   account_accountapikey, account_accountapikeyanalytics, account_addresslist,
--   account_addresslistmember, account_customization, account_allowlist,
--   account_customplatform, account_customcredentialruleset,
--   account_customcredential, account_walletgroupcommunityclaim,
--   ceramic_cache_ceramiccache, ceramic_cache_revocationlist,
--   ceramic_cache_revocation, ceramic_cache_banlist, ceramic_cache_ban,
--   registry_passport, registry_score, registry_stamp, registry_humanpoints,
--   registry_humanpointscommunityqualifiedusers, registry_humanpointsconfig,
--   registry_humanpointsmultiplier, passport_schema_version, passport_locks

\else

-- First layout: all tables on one worker, whichever Citus chooses. It is
-- schema- based sharding: a cluster of many hosts' databases, or of one that
-- wants the SDK's tables off its coordinator, gives each schema a node, and
-- citus_move_shard_placement moves it to another while it is in use.
--
-- The tables stay as they are: every foreign key, unique key and index holds,
-- joins run where the rows are, and a transaction is one node's. It does not
-- grow past that node.
--
-- auth_user.id is an integer, which a worker does not number; the coordinator
-- does, as long as a program connects to it.
--
-- A schema of another name than public can be given to Citus as a whole:
-- select citus_schema_distribute('passport'). It is the same layout, and
-- tables of later versions find their place in it. Citus refuses it for
-- public.

select create_distributed_table('scorer_weighted_scorer', null, colocate_with => 'none');
select create_distributed_table('scorer_weighted_binaryweightedscorer', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('scorer_weighted_weightedscorer', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('auth_user', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_account', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_accountapikey', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_accountapikeyanalytics', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_community', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_addresslist', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_addresslistmember', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_customization', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_allowlist', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_customplatform', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_customcredentialruleset', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_customcredential', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('account_walletgroupcommunityclaim', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('ceramic_cache_ceramiccache', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('ceramic_cache_revocationlist', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('ceramic_cache_revocation', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('ceramic_cache_banlist', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('ceramic_cache_ban', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_passport', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_score', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_stamp', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_hashscorerlink', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_event', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_humanpoints', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_humanpointscommunityqualifiedusers', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_humanpointsconfig', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('registry_humanpointsmultiplier', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('passport_schema_version', null, colocate_with => 'scorer_weighted_scorer');
select create_distributed_table('passport_locks', null, colocate_with => 'scorer_weighted_scorer');

\endif
