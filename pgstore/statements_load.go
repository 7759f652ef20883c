package pgstore

// wallets are the addresses in $2. The limit limits nothing: without it the
// planner expects ten of a list that it does not know, finds a plan for the one
// that it gets cheaper, and makes that plan anew each time. With it the plan that
// is kept is the one for a few, by index, however large the tables. The other
// statements do the same with their lists.
const wallets = `
    select wallet.address
    from   unnest($2::text[]) as wallet (address)
    limit  cardinality($2::text[])`

// undeleted are the rows of an address that a scoring looks at, newest first,
// and one more if there are more. The service's index has them in this order.
const undeleted = `
        from   {schema}.ceramic_cache_ceramiccache c
        where  c.address = wallet.address
        and    c.deleted_at is null
        order  by c.id desc
        limit  {MaxCredentials} + 1`

// isRevoked reports whether the credential c is revoked.
const isRevoked = `exists (
             select from {schema}.ceramic_cache_revocation r
             where  r.ceramic_cache_id = c.id
           )`

// walletVersion digests the credentials c of an address, those that a newer one
// of the provider hides as well: when they are read, and again when what was made
// of them is written. The moments go in as the bytes they are kept as: their text
// would depend on the session.
const walletVersion = `
           encode(sha256(coalesce(
             string_agg(int8send(c.id) || timestamptz_send(c.updated_at), ''::bytea order by c.id),
             ''::bytea
           )), 'hex')`

// readCredentials are the credentials of the wallets that are looked at.
const readCredentials = `
    select wallet.address, c.*
    from   wallets as wallet
    cross  join lateral (
        select c.id, c.provider, c.updated_at, c.stamp, row_number() over (order by c.id desc) as place` + undeleted + `
    ) as c
    where  not ` + isRevoked

// liveCredentials are those that count: of each provider the newest, within the
// bounds.
const liveCredentials = boundCredentials + `
    select distinct on (c.address, c.provider) c.*
    from   read_credentials c
    order  by c.address, c.provider, c.updated_at desc, c.id desc` + boundedCredentials

// loadSnapshot reads all that a scoring needs. It is one statement, because
// only then does it see one moment in whatever transaction it runs: at READ
// COMMITTED each statement has a snapshot of its own, and a host's transaction
// cannot be changed to another isolation any more.
//
// Its parts carry the names of the operations that it takes the place of;
// load_ceramic_cache is get_latest_stamps_per_provider. They answer as rows of
// one shape, told apart by the first column:
//
//	$1  the community
//	$2  the addresses
//	$3  the moment of the scoring, NULL for now
//
// The moment is the statement's, not the transaction's: a host's transaction
// may have begun long ago.
const loadSnapshot = `
with wallets as materialized (` + wallets + `
), load_community as (
    select c.id, c.name, c.rule, c.human_points_program, c.scorer_id, c.account_id, c.external_scorer_id
    from   {schema}.account_community c
    where  c.id = $1::bigint
    and    c.deleted_at is null
), load_scorer_config as (
    select s.type,
           coalesce(b.weights, w.weights)     as weights,
           coalesce(b.threshold, w.threshold) as threshold
    from   load_community c
    join   {schema}.scorer_weighted_scorer s
           on s.id = c.scorer_id
    left   join {schema}.scorer_weighted_binaryweightedscorer b
           on b.scorer_ptr_id = s.id and s.type = 'WEIGHTED_BINARY'
    left   join {schema}.scorer_weighted_weightedscorer w
           on w.scorer_ptr_id = s.id and s.type = 'WEIGHTED'
), load_customization as (
    select 'AllowList#' || list.name as key, a.weight, 1 as kind, a.id
    from   {schema}.account_customization z
    join   {schema}.account_allowlist a on a.customization_id = z.id
    join   {schema}.account_addresslist list on list.id = a.address_list_id
    where  z.scorer_id = $1::bigint
    union  all
    select ruleset.provider_id, c.weight, 2, c.id
    from   {schema}.account_customization z
    join   {schema}.account_customcredential c on c.customization_id = z.id
    join   {schema}.account_customcredentialruleset ruleset on ruleset.id = c.ruleset_id
    where  z.scorer_id = $1::bigint
), read_credentials as materialized (` + readCredentials + `
), live_credentials as materialized (` + liveCredentials + `
), nullifiers as (
    select jsonb_array_elements_text(jsonb_path_query_array(
             (
               select jsonb_agg(c.subject -> 'nullifiers')
               from   live_credentials c
               where  case jsonb_typeof(c.subject -> 'nullifiers')
                           when 'array' then jsonb_array_length(c.subject -> 'nullifiers')
                      end <= {MaxNullifiers}
             ),
             'strict $[*][*] ? (@.type() == "string")'
           )) as nullifier
    union
    select c.subject ->> 'hash'
    from   live_credentials c
    where  jsonb_typeof(c.subject -> 'hash') = 'string'
), load_hash_scorer_links as (
    select l.hash, l.address, l.expires_at
    from   {schema}.registry_hashscorerlink l
    where  l.community_id = $1::bigint
    and    l.hash = any(array(select nullifier from nullifiers where length(nullifier) <= 100))
), load_score as (
    select address, s.score, s.status, s.error, s.evidence, s.stamp_scores, s.stamps,
           s.last_score_timestamp, s.expiration_date
    from   wallets
    join   {schema}.registry_passport p using (address)
    join   {schema}.registry_score s on s.passport_id = p.id
    where  p.community_id = $1::bigint
)`

// loadPoints are further parts of the statement, for a scoring in the human
// points program. count_passing_scores is qualified_communities: its rows are
// the communities in which an address passed.
//
//	$4  the names of the address lists
//	$5  the actions to count
const loadPoints = `, human_points as (
    select address, h.action, h.provider, h.tx_hash, h.chain_id
    from   wallets
    join   {schema}.registry_humanpoints h using (address)
), qualified_communities as (
    select address, q.community_id
    from   wallets
    join   {schema}.registry_humanpointscommunityqualifiedusers q using (address)
), address_lists as (
    select address, list.name
    from   wallets
    join   {schema}.account_addresslistmember m using (address)
    join   {schema}.account_addresslist list on list.id = m.list_id
    where  list.name = any($4::text[])
), count_metamask_og_awards as (
    select counted.action, count(h.id) as given
    from   (select distinct action from unnest($5::text[]) as asked (action)) as counted
    left   join {schema}.registry_humanpoints h on h.action = counted.action
    group  by counted.action
), points_config as (
    select c.action, c.points
    from   {schema}.registry_humanpointsconfig c
    where  c.active
)`

// answerSnapshot gives the parts one shape. What is NULL is given as "" or 0.
const (
	answerSnapshot = `
select part::text,
       coalesce(address, '')::text,
       coalesce(number, 0)::bigint,
       case when moment is not null then ` + clampMoment + `moment` + clampedZone + ` end,
       case when until  is not null then ` + clampMoment + `until` + clampedZone + ` end,
       coalesce(text1, '')::text, coalesce(text2, '')::text, coalesce(text3, '')::text,
       coalesce(text4, '')::text, coalesce(text5, '')::text, coalesce(document, '')::text
from (
    select 'community' as part, c.external_scorer_id::text as address, human_points_program::int::bigint as number,
           coalesce($3::timestamptz, statement_timestamp()) as moment, null::timestamptz as until,
           c.name::text as text1, c.rule::text as text2, s.type::text as text3,
           s.weights::text as text4, s.threshold::text as text5, c.account_id::text as document
    from   load_community c left join load_scorer_config s on true
    union  all
    select 'weight', null, row_number() over (order by kind, id), null, null, key, weight::text, null, null, null, null
    from   load_customization
    union  all
    select 'wallet', wallet.address, null, null, null, (select` + walletVersion + `
                                                        from   read_credentials c
                                                        where  c.address = wallet.address), null, null, null, null, null
    from   wallets as wallet
    union  all
    select 'credential', address, id, updated_at, null, provider, omitted, null, null, null, stamp
    from   live_credentials
    union  all
    select 'claim', address, null, null, expires_at, hash, null, null, null, null, null
    from   load_hash_scorer_links
    union  all
    select 'score', address, null, last_score_timestamp, expiration_date, status,
           trim_scale(score)::text, error, evidence::text, stamp_scores::text, stamps::text
    from   load_score`
	answerPoints = `
    union  all
    select 'award', address, chain_id, null, null, action, provider, tx_hash, null, null, null
    from   human_points
    union  all
    select 'qualified', address, community_id, null, null, null, null, null, null, null, null
    from   qualified_communities
    union  all
    select 'list', address, null, null, null, name, null, null, null, null, null
    from   address_lists
    union  all
    select 'given', null, given, null, null, action, null, null, null, null, null
    from   count_metamask_og_awards
    union  all
    select 'value', null, points, null, null, action, null, null, null, null, null
    from   points_config`
	endSnapshot = `
) as answer`
)

const (
	snapshotSQL          = loadSnapshot + answerSnapshot + endSnapshot
	snapshotAndPointsSQL = loadSnapshot + loadPoints + answerSnapshot + answerPoints + endSnapshot
)
