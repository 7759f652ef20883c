package pgstore

// The statements of the role Communities, in the order in which they run. All
// of them take their locks in one order: the one that sets communities up, then
// users and accounts, the scorer, the community, weights, and the overlay's
// lists, rulesets and platform, each by name. Scorings lock none of these rows
// but a community's key, and that last.

// lockCommunities makes those queue that put communities or lists. It must be a
// statement of its own: what comes after it sees what its last holder wrote.
const lockCommunities = `
select pg_advisory_xact_lock(hashtextextended('passport communities', 0))`

// verifyAccount fails unless the account exists, and keeps it from being
// removed.
//
//	$1 account
const verifyAccount = `
select 1 / count(*)
from   (
         select from {schema}.account_account a
         where  a.id = $1::bigint
         for    key share
       ) as account`

// putUser makes the user when there is none of that name, unless any account
// does instead and there is one.
//
//	$1 name  $2 any account does  $3 password
const putUser = `
insert into {schema}.auth_user
       (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
select $1::text, $3::text, false, '', '', '', false, true, statement_timestamp()
where  not exists (select from {schema}.auth_user u where u.username = $1::text)
and    not ($2::boolean and exists (select from {schema}.account_account))
on     conflict (username) do nothing`

// putAccount does the same for the account of the user.
//
//	$1 name  $2 any account does
const putAccount = `
insert into {schema}.account_account (address, user_id)
select '', u.id
from   {schema}.auth_user u
where  u.username = $1::text
and    not exists (select from {schema}.account_account a where a.user_id = u.id)
and    not ($2::boolean and exists (select from {schema}.account_account))
on     conflict (user_id) do nothing`

// findAccount answers with the account of the user.
//
//	$1 name
const findAccount = `
select a.id::bigint
from   {schema}.auth_user u
join   {schema}.account_account a on a.user_id = u.id
where  u.username = $1::text`

// putCommunity keeps the community's scorer, unless it has none that no other
// community uses.
//
//	$1 community  $2 name  $3 account or 0  $4 external id or ""  $5 rule
//	$6 human points  $7 type of the scorer
const putCommunity = `
with own_scorer as (
    select c.scorer_id as id
    from   {schema}.account_community c
    where  c.id = $1::bigint
    and    not exists (
             select from {schema}.account_community other
             where  other.scorer_id = c.scorer_id
             and    other.id <> c.id
           )
), new_scorer as (
    insert into {schema}.scorer_weighted_scorer (type, exclude_from_weight_updates)
    select $7::text, false
    where  not exists (select from own_scorer)
    returning id
), type_of_scorer as (
    update {schema}.scorer_weighted_scorer s
    set    type = $7::text
    from   own_scorer
    where  s.id = own_scorer.id
    and    s.type <> $7::text
)
insert into {schema}.account_community
       (id, name, description, account_id, scorer_id, created_at, rule, external_scorer_id, human_points_program)
select $1::bigint, $2::text, '',
       coalesce(
         nullif($3::bigint, 0),
         (select c.account_id from {schema}.account_community c where c.id = $1::bigint),
         (select min(a.id) from {schema}.account_account a)
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
       deleted_at           = null`

// passCommunity moves the numbering of communities past the one that brought
// its id, so that the service's next one does not collide with it. Ids in the
// upper half of the range are left alone, or numbering would come to an end.
// The ids in the table count too, because a sequence that was set but not yet
// asked does not tell where it stands.
//
//	$1 community
const passCommunity = `
select setval(sequence.name, greatest(
         coalesce(pg_sequence_last_value(sequence.name), 0),
         (select max(c.id) from {schema}.account_community c where c.id <= 4611686018427387903)
       ))
from   (
         select pg_get_serial_sequence(c.tableoid::regclass::text, 'id')::regclass as name
         from   {schema}.account_community c
         where  c.id = $1::bigint
       ) as sequence
where  $1::bigint <= 4611686018427387903
and    $1::bigint > coalesce(pg_sequence_last_value(sequence.name), 0)`

// removeWeights removes the weights of the community's scorer that are not to
// be replaced.
//
//	$1 community  $2 type of the scorer, "" for no weights
const removeWeights = `
with scorer as (
    select c.scorer_id as id
    from   {schema}.account_community c
    where  c.id = $1::bigint
), binary_weights as (
    delete from {schema}.scorer_weighted_binaryweightedscorer w
    using  scorer
    where  w.scorer_ptr_id = scorer.id
    and    $2::text <> 'WEIGHTED_BINARY'
)
delete from {schema}.scorer_weighted_weightedscorer w
using  scorer
where  w.scorer_ptr_id = scorer.id
and    $2::text <> 'WEIGHTED'`

// putBinaryWeights and putWeights write the weights of the community's scorer,
// each in the table for its type.
//
//	$1 community  $2 weights or ""  $3 threshold
const (
	putBinaryWeights = `
insert into {schema}.scorer_weighted_binaryweightedscorer` + putAnyWeights
	putWeights = `
insert into {schema}.scorer_weighted_weightedscorer` + putAnyWeights

	putAnyWeights = ` (scorer_ptr_id, weights, threshold)
select c.scorer_id, nullif($2::text, '')::jsonb, $3::text::numeric(10,5)
from   {schema}.account_community c
where  c.id = $1::bigint
on     conflict (scorer_ptr_id) do update
set    weights   = excluded.weights,
       threshold = excluded.threshold`
)

// deleteCommunity marks the community deleted.
//
//	$1 community
const deleteCommunity = `
update {schema}.account_community
set    deleted_at = statement_timestamp()
where  id = $1::bigint
and    deleted_at is null
returning id::bigint`

// findCommunity looks for the external id first.
//
//	$1 account  $2 external id or ""  $3 id or 0
const findCommunity = `
select c.id::bigint
from   {schema}.account_community c
where  c.account_id = $1::bigint
and    c.deleted_at is null
and    (c.external_scorer_id = nullif($2::text, '') or c.id = $3::bigint)
order  by c.external_scorer_id = nullif($2::text, '') desc nulls last
limit  1`
