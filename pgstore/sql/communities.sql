-- The statements of the role Communities, in the order in which they run. All
-- transactions take their locks in one order: lock_communities, users and
-- accounts, the scorer, the community, weights, and the customization's lists,
-- rulesets and platform, each by name. Scorings lock none of these rows but the
-- community's key, and that last.

-- name: lock_communities
-- Makes transactions queue that put communities or lists. It must be a
-- statement of its own: the statements after it see the rows that its last
-- holder wrote.
select pg_advisory_xact_lock(hashtextextended('passport communities', 0));

-- name: verify_account
-- Fails unless the account exists, and keeps it from being deleted.
--
--   $1 account
select (case when count(*) = 1 then '1' else 'no such account' end)::bigint
from   (
         select from /* schema */account_account a
         where  a.id = $1::bigint
         for    key share
       ) as account;

-- name: put_user
-- Inserts the user if there is none of that name, unless any account will do
-- and there is one.
--
--   $1 name  $2 any account will do  $3 password
insert into /* schema */auth_user
       (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
select wanted.username, $3::text, false, '', '', '', false, true, statement_timestamp()
from   (select $1::text as username) as wanted
left   join /* schema */auth_user u on u.username = wanted.username
left   join (select a.id from /* schema */account_account a limit 1) as other on $2::boolean
where  u.id is null
and    other.id is null
on     conflict (username) do nothing;

-- name: put_account
-- Does the same for the account of the user.
--
--   $1 name  $2 any account will do
insert into /* schema */account_account (address, user_id)
select '', u.id
from   /* schema */auth_user u
left   join /* schema */account_account a on a.user_id = u.id
left   join (select a.id from /* schema */account_account a limit 1) as other on $2::boolean
where  u.username = $1::text
and    a.id is null
and    other.id is null
on     conflict (user_id) do nothing;

-- name: find_account
-- Returns the account of the user.
--
--   $1 name
select a.id::bigint
from   /* schema */auth_user u
join   /* schema */account_account a on a.user_id = u.id
where  u.username = $1::text;

-- name: put_scorer
-- Sets the type of the community's own scorer.
--
--   $1 community  $2 type of the scorer
update /* schema */scorer_weighted_scorer s
set    type = $2::text
from   (
-- shared: own scorer
    select c.scorer_id as id
    from   /* schema */account_community c
    left   join /* schema */account_community other on other.scorer_id = c.scorer_id and other.id <> c.id
    where  c.id = $1::bigint
    and    other.id is null
-- end shared
       ) as own_scorer
where  s.id = own_scorer.id
and    s.type <> $2::text;

-- name: put_community
-- Inserts or replaces the community. It keeps its scorer unless another
-- community uses that as well.
--
--   $1 community  $2 name  $3 account or 0  $4 external id or ""  $5 rule
--   $6 human points  $7 type of the scorer
with own_scorer as (
-- shared: own scorer
    select c.scorer_id as id
    from   /* schema */account_community c
    left   join /* schema */account_community other on other.scorer_id = c.scorer_id and other.id <> c.id
    where  c.id = $1::bigint
    and    other.id is null
-- end shared
), new_scorer as (
    insert into /* schema */scorer_weighted_scorer (type, exclude_from_weight_updates)
    select wanted.type, false
    from   (select $7::text as type) as wanted
    left   join own_scorer on true
    where  own_scorer.id is null
    returning id
)
insert into /* schema */account_community
       (id, name, description, account_id, scorer_id, created_at, rule, external_scorer_id, human_points_program)
select $1::bigint, $2::text, '',
       coalesce(
         nullif($3::bigint, 0),
         (select c.account_id from /* schema */account_community c where c.id = $1::bigint),
         (select min(a.id) from /* schema */account_account a)
       ),
       scorer.id, statement_timestamp(), $5::text, nullif($4::text, ''), $6::boolean
from   (select id from own_scorer union all select id from new_scorer) as scorer
on     conflict (id) do update
set    name                 = excluded.name,
       account_id           = excluded.account_id,
       scorer_id            = excluded.scorer_id,
       rule                 = excluded.rule,
       external_scorer_id   = excluded.external_scorer_id,
       human_points_program = excluded.human_points_program,
       deleted_at           = null;

-- name: pass_community
-- Moves the sequence of communities past an id that was given, so that the
-- service does not assign it again. It ignores ids in the upper half of the
-- range, which would leave none to assign. The ids in the table count too,
-- because a sequence that was set but not used does not report its value.
--
--   $1 community
select setval(sequence.name, greatest(
         coalesce(pg_sequence_last_value(sequence.name), 0),
         (select max(c.id) from /* schema */account_community c where c.id <= 4611686018427387903)
       ))
from   (
         select pg_get_serial_sequence(c.tableoid::regclass::text, 'id')::regclass as name
         from   /* schema */account_community c
         where  c.id = $1::bigint
       ) as sequence
where  $1::bigint <= 4611686018427387903
and    $1::bigint > coalesce(pg_sequence_last_value(sequence.name), 0);

-- name: remove_weights
-- Deletes the weights of the community's scorer that are not replaced.
--
--   $1 community  $2 type of the scorer, "" for no weights
with scorer as (
    select c.scorer_id as id
    from   /* schema */account_community c
    where  c.id = $1::bigint
), binary_weights as (
    delete from /* schema */scorer_weighted_binaryweightedscorer w
    using  scorer
    where  w.scorer_ptr_id = scorer.id
    and    $2::text <> 'WEIGHTED_BINARY' /* ScorerBinary */
)
delete from /* schema */scorer_weighted_weightedscorer w
using  scorer
where  w.scorer_ptr_id = scorer.id
and    $2::text <> 'WEIGHTED' /* ScorerWeighted */;

-- name: put_binary_weights
-- Writes the weights of a binary scorer.
--
--   $1 community  $2 weights or ""  $3 threshold
insert into /* schema */scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold)
select c.scorer_id, nullif($2::text, '')::jsonb, $3::text::numeric(10,5)
from   /* schema */account_community c
where  c.id = $1::bigint
on     conflict (scorer_ptr_id) do update
set    weights   = excluded.weights,
       threshold = excluded.threshold;

-- name: put_weights
-- Writes the weights of a weighted scorer.
--
--   $1 community  $2 weights or ""  $3 threshold
insert into /* schema */scorer_weighted_weightedscorer (scorer_ptr_id, weights, threshold)
select c.scorer_id, nullif($2::text, '')::jsonb, $3::text::numeric(10,5)
from   /* schema */account_community c
where  c.id = $1::bigint
on     conflict (scorer_ptr_id) do update
set    weights   = excluded.weights,
       threshold = excluded.threshold;

-- name: delete_community
-- Marks the community deleted.
--
--   $1 community
update /* schema */account_community
set    deleted_at = statement_timestamp()
where  id = $1::bigint
and    deleted_at is null
returning id::bigint;

-- name: find_community
-- Finds a community by its external id, or else by its id, 0 if there is none.
--
--   $1 account  $2 external id or ""  $3 id or 0
select coalesce((
         select c.id
         from   /* schema */account_community c
         where  c.account_id = $1::bigint
-- shared: the named community
         and    c.deleted_at is null
         and    (c.external_scorer_id = nullif($2::text, '') or c.id = $3::bigint)
         order  by c.external_scorer_id = nullif($2::text, '') desc nulls last
         limit  1
-- end shared
       ), 0)::bigint;
