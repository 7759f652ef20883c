package tables

// invariants are those of package invariants, each as a query that returns what
// breaks it: the tables are too large to be read as a state, and have columns
// that a state has no place for. Together they tie claims, stamps, scores,
// events and points to one another: part of a scoring without the rest breaks
// one.
var invariants = map[string]string{
	"a nullifier has one holder": `
		select format('%s in %s has %s', hash, community_id, count(*))
		from   registry_hashscorerlink
		group  by hash, community_id
		having count(*) > 1`,

	// Unless the credential has expired since, and another has come.
	"a wallet holds what it counts": `
		select format('%s in %s counts %s by %s, held by %s until %s', p.address, p.community_id, s.provider, n.nullifier, l.address, l.expires_at)
		from   registry_stamp s
		join   registry_passport p on p.id = s.passport_id
		cross  join jsonb_array_elements_text(s.credential #> '{credentialSubject,nullifiers}') as n (nullifier)
		left   join registry_hashscorerlink l on l.hash = n.nullifier and l.community_id = p.community_id
		where  (l.address = p.address and l.expires_at >= (s.credential ->> 'expirationDate')::timestamptz) is not true
		and    not exists (
		         select from registry_score later
		         join   registry_passport of on of.id = later.passport_id and of.community_id = p.community_id
		         where  later.last_score_timestamp >= (s.credential ->> 'expirationDate')::timestamptz
		       )`,

	"a claim is of a scored wallet": `
		select format('%s in %s is held by %s', l.hash, l.community_id, l.address)
		from   registry_hashscorerlink l
		where  not exists (select from registry_passport p where p.address = l.address and p.community_id = l.community_id)`,

	"a passport has a score": `
		select format('%s in %s', p.address, p.community_id)
		from   registry_passport p
		left   join registry_score s on s.passport_id = p.id
		where  s.id is null`,

	"the stamps are those that the score counts": `
		select format('%s in %s has %s, counts %s, reports %s', p.address, p.community_id, has.providers, counts.providers, reported.providers)
		from   registry_passport p
		join   registry_score s on s.passport_id = p.id and s.status = 'DONE'
		cross  join lateral (select array_agg(provider::text order by provider collate "C") as providers from registry_stamp where passport_id = p.id) as has
		cross  join lateral (select array_agg(k order by k collate "C") as providers from jsonb_object_keys(s.stamp_scores) k) as counts
		cross  join lateral (
		         select array_agg(key order by key collate "C") as providers from jsonb_each(s.stamps) where not (value ->> 'dedup')::bool
		       ) as reported
		where  (has.providers is distinct from counts.providers or has.providers is distinct from reported.providers)
		and    s.stamps::text not like '%"source_wallet"%'`,

	"the score is the sum of its stamps": `
		select format('%s in %s: %s of %s, %s', p.address, p.community_id, s.score, s.stamp_scores, s.evidence)
		from   registry_passport p
		join   registry_score s on s.passport_id = p.id and s.status = 'DONE'
		cross  join lateral (select coalesce(sum((value #>> '{}')::numeric), 0) as raw from jsonb_each(s.stamp_scores)) as sum
		where  (sum.raw = (s.evidence ->> 'rawScore')::numeric
		        and (s.evidence ->> 'success')::bool = (sum.raw >= (s.evidence ->> 'threshold')::numeric and not exists (
		          select from account_walletgroupcommunityclaim g
		          where  g.community_id = p.community_id and p.address <> g.canonical_address and p.address = any(string_to_array(g.group_key, ','))
		        ))
		        and s.score = (s.evidence ->> 'success')::bool::int) is not true`,

	"the newest event has the score": `
		select format('%s in %s: score %s, event %s', p.address, p.community_id, to_jsonb(s), newest.data)
		from   registry_passport p
		join   registry_score s on s.passport_id = p.id and s.status = 'DONE'
		left   join lateral (
		         select e.data, e.data -> 'fields' as fields
		         from   registry_event e
		         where  e.action = 'SCU' and e.address = p.address and e.community_id = p.community_id
		         order  by e.id desc
		         limit  1
		       ) as newest on true
		where  ((newest.data ->> 'pk')::bigint = s.id
		        and (newest.fields ->> 'passport')::bigint = p.id
		        and (newest.fields ->> 'score')::numeric = s.score
		        and (newest.fields ->> 'last_score_timestamp')::timestamptz = s.last_score_timestamp
		        and (newest.fields ->> 'expiration_date')::timestamptz is not distinct from s.expiration_date
		        and newest.fields ->> 'status' = s.status
		        and newest.fields -> 'evidence' = s.evidence
		        and newest.fields -> 'stamp_scores' = s.stamp_scores
		        and newest.fields -> 'stamps' = s.stamps) is not true`,

	"every deduplicated stamp has one event": `
		select format('%s in %s: %s events, %s found', address, community_id, recorded, found)
		from (
		    select e.address, e.community_id,
		           count(*) filter (where e.action = 'LDP') as recorded,
		           coalesce(sum(duplicates.n) filter (where e.action = 'SCU'), 0) as found
		    from   registry_event e
		    left   join lateral (
		             select count(*) as n from jsonb_each(e.data #> '{fields,stamps}') as s where (s.value ->> 'dedup')::bool
		           ) as duplicates on e.action = 'SCU'
		    group  by e.address, e.community_id
		) as events
		where  recorded <> found
		and    not exists (
		         select from registry_event merged
		         where  merged.address = events.address and merged.community_id = events.community_id and merged.data::text like '%"source_wallet"%'
		       )`,

	"one group claim names a wallet": `
		select format('%s in %s', wallet, community_id)
		from   account_walletgroupcommunityclaim
		cross  join unnest(string_to_array(group_key, ',')) as wallet
		group  by wallet, community_id
		having count(*) > 1`,

	// A score with stamps of other wallets is that of a canonical one.
	"a merged score has a group claim": `
		select format('%s in %s', p.address, p.community_id)
		from   registry_score s
		join   registry_passport p on p.id = s.passport_id
		where  s.stamps::text like '%"source_wallet"%'
		and    not exists (
		         select from account_walletgroupcommunityclaim g
		         where  g.community_id = p.community_id and g.canonical_address = p.address
		       )`,

	"exactly those that have passed have qualified": `
		select format('%s in %s: passed %s, qualified %s', address, community_id, passed.address is not null, qualified.address is not null)
		from   (` + passed + `) as passed
		full   join registry_humanpointscommunityqualifiedusers qualified using (address, community_id)
		where  passed.address is null or qualified.address is null`,

	"nothing is awarded twice": `
		select format('%s has %s %s %s times', address, action, provider, count(*))
		from   registry_humanpoints
		group  by address, action, provider
		having count(*) > 1`,

	"a key is awarded for each provider that counted in a passing score, and no other": `
		select format('%s for %s: counted %s, awarded %s', address, provider, counted.address is not null, awarded.address is not null)
		from (
		    select distinct e.address, k.provider
		    from   (` + passing + `) as e
		    cross  join jsonb_object_keys(e.data #> '{fields,stamp_scores}') as k (provider)
		) as counted
		full   join (select * from registry_humanpoints where action = 'HKY') as awarded using (address, provider)
		where  counted.address is null or awarded.address is null or awarded.tx_hash = ''`,

	"the bonus is for four communities, and for no fewer": `
		select format('%s qualified in %s, bonus %s', address, communities, bonus.address is not null)
		from   (select address, count(*) as communities from registry_humanpointscommunityqualifiedusers group by address) as qualified
		full   join (select * from registry_humanpoints where action = 'SCB') as bonus using (address)
		where  (coalesce(communities, 0) >= 4) <> (bonus.address is not null)`,
}

// passing are the events of passing scores in communities of the points
// program; passed are the wallets that have had one, with the community.
//
//nolint:gosec // no password
const (
	passing = `
		select e.address, e.community_id, e.data
		from   registry_event e
		join   account_community c on c.id = e.community_id and c.human_points_program
		where  e.action = 'SCU' and e.data #>> '{fields,score}' = '1'`
	passed = `select distinct address, community_id from (` + passing + `) as passing`
)
