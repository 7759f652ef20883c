package memstore

// newData returns the tables without a row, with the unique constraints of the
// service's schema.
func newData() *data {
	d := &data{
		Scorers: newTable("scorer_weighted_scorer", func(r *scorerRow) int64 { return r.ID }),
		BinaryWeights: newTable("scorer_weighted_binaryweightedscorer",
			func(r *weightsRow) int64 { return r.ScorerPtrID }),
		Weights: newTable("scorer_weighted_weightedscorer", func(r *weightsRow) int64 { return r.ScorerPtrID }),
		Config: newTable("registry_humanpointsconfig", func(r *pointsConfigRow) int64 { return r.ID },
			uniqueBy("action", func(r *pointsConfigRow) (string, bool) { return r.Action, true })),
		Multipliers: newTable("registry_humanpointsmultiplier",
			func(r *multiplierRow) string { return r.Address }),
	}
	d.makeCommunityTables()
	d.makeCredentialTables()
	d.makeScoreTables()
	d.makeKeyTables()
	d.makeCarriedTables()
	return d
}

func (d *data) makeCommunityTables() {
	o := &d.Communities
	o.byExternalID = uniqueBy("external_scorer_id", func(r *communityRow) (string, bool) { return optional(r.ExternalScorerID) })
	o.byName = uniqueBy("account_id, name, deleted_at", func(r *communityRow) (naming, bool) { return nameOf(r), true })
	o.table = newTable("account_community", func(r *communityRow) int64 { return r.ID }, o.byExternalID, o.byName)

	z := &d.Customizations
	z.byCommunity = uniqueBy("scorer_id", func(r *customizationRow) (int64, bool) { return r.ScorerID, true })
	z.byPath = uniqueBy("path", func(r *customizationRow) (string, bool) { return r.Path, true })
	z.table = newTable("account_customization", func(r *customizationRow) int64 { return r.ID }, z.byCommunity, z.byPath)

	a := &d.AllowLists
	a.byCustomization = lookupBy(func(r *allowListRow) (int64, bool) { return r.CustomizationID, true })
	a.table = newTable("account_allowlist", func(r *allowListRow) int64 { return r.ID }, a.byCustomization)

	l := &d.Lists
	l.byName = uniqueBy("name", func(r *addressListRow) (string, bool) { return r.Name, true })
	l.table = newTable("account_addresslist", func(r *addressListRow) int64 { return r.ID }, l.byName)

	m := &d.Members
	m.byAddress = uniqueBy("address, list_id", func(r *addressListMemberRow) (member, bool) {
		return member{r.Address, r.ListID}, true
	})
	m.byList = lookupBy(func(r *addressListMemberRow) (int64, bool) { return r.ListID, true })
	m.table = newTable("account_addresslistmember", func(r *addressListMemberRow) int64 { return r.ID }, m.byAddress, m.byList)

	c := &d.Customs
	c.byCustomization = lookupBy(func(r *customCredentialRow) (int64, bool) { return r.CustomizationID, true })
	c.table = newTable("account_customcredential", func(r *customCredentialRow) int64 { return r.ID }, c.byCustomization)

	s := &d.Rulesets
	s.byProvider = uniqueBy("provider_id", func(r *rulesetRow) (string, bool) { return r.ProviderID, true })
	s.table = newTable("account_customcredentialruleset", func(r *rulesetRow) int64 { return r.ID }, s.byProvider)

	p := &d.Platforms
	p.byName = uniqueBy("name", func(r *platformRow) (string, bool) { return r.Name, true })
	p.table = newTable("account_customplatform", func(r *platformRow) int64 { return r.ID }, p.byName)
}

func nameOf(r *communityRow) naming { return naming{r.AccountID, r.Name, r.DeletedAt} }

func (d *data) makeCredentialTables() {
	c := &d.Credentials
	c.byAddress = lookupBy(func(r *credentialRow) (string, bool) { return optional(r.Address) })
	// Nobody may ask for the empty proof value, which many rows can have.
	c.byProof = lookupBy(func(r *credentialRow) (string, bool) { return r.ProofValue, r.ProofValue != "" })
	c.byFiling = uniqueBy("type, address, provider, deleted_at", func(r *credentialRow) (filing, bool) {
		address, has := optional(r.Address)
		return filing{r.Type, address, r.Provider, r.DeletedAt}, has
	})
	c.table = newTable("ceramic_cache_ceramiccache", func(r *credentialRow) int64 { return r.ID },
		c.byAddress, c.byProof, c.byFiling)
	c.derive = (*credentialRow).derive

	r := &d.Revocations
	r.byCredential = uniqueBy("ceramic_cache_id", func(r *revocationRow) (int64, bool) { return r.CeramicCacheID, true })
	r.table = newTable("ceramic_cache_revocation", func(r *revocationRow) int64 { return r.ID }, r.byCredential)
}

func (d *data) makeScoreTables() {
	p := &d.Passports
	p.byAddress = uniqueBy("address, community_id", func(r *passportRow) (place, bool) {
		address, has := optional(r.Address)
		community, in := optional(r.CommunityID)
		return place{address, community}, has && in
	})
	p.table = newTable("registry_passport", func(r *passportRow) int64 { return r.ID }, p.byAddress)

	s := &d.Scores
	s.byPassport = uniqueBy("passport_id", func(r *scoreRow) (int64, bool) { return r.PassportID, true })
	s.table = newTable("registry_score", func(r *scoreRow) int64 { return r.ID }, s.byPassport)

	t := &d.Stamps
	t.byPassport = lookupBy(func(r *stampRow) (int64, bool) { return optional(r.PassportID) })
	t.table = newTable("registry_stamp", func(r *stampRow) int64 { return r.ID }, t.byPassport)

	c := &d.Claims
	c.byNullifier = uniqueBy("hash, community_id", func(r *claimRow) (place, bool) {
		return place{r.Hash, r.CommunityID}, true
	})
	c.byHolder = lookupBy(func(r *claimRow) (place, bool) { return place{r.Address, r.CommunityID}, true })
	c.table = newTable("registry_hashscorerlink", func(r *claimRow) int64 { return r.ID }, c.byNullifier, c.byHolder)

	e := &d.Events
	e.byPlace = lookupBy(func(r *eventRow) (place, bool) {
		community, in := optional(r.CommunityID)
		return place{r.Address, community}, in
	})
	e.table = newTable("registry_event", func(r *eventRow) int64 { return r.ID }, e.byPlace)

	h := &d.Points
	h.byAddress = lookupBy(func(r *pointRow) (string, bool) { return r.Address, true })
	h.byOnce = lookupBy(func(r *pointRow) (once, bool) { return once{r.Address, r.Action, r.Provider}, true })
	h.byAction = lookupBy(func(r *pointRow) (string, bool) { return r.Action, true })
	h.table = newTable("registry_humanpoints", func(r *pointRow) int64 { return r.ID }, h.byAddress, h.byAction, h.byOnce,
		uniqueBy("address, action, chain_id, provider, tx_hash", func(r *pointRow) (earning, bool) {
			return earning{r.Address, r.Action, r.Provider, r.TxHash, r.ChainID}, true
		}))

	q := &d.Qualified
	q.byPlace = uniqueBy("address, community_id", func(r *qualifiedRow) (place, bool) {
		return place{r.Address, r.CommunityID}, true
	})
	q.byAddress = lookupBy(func(r *qualifiedRow) (string, bool) { return r.Address, true })
	q.table = newTable("registry_humanpointscommunityqualifiedusers",
		func(r *qualifiedRow) int64 { return r.ID }, q.byPlace, q.byAddress)
}

func (d *data) makeKeyTables() {
	k := &d.APIKeys
	k.byPrefix = uniqueBy("prefix", func(r *apiKeyRow) (string, bool) { return r.Prefix, true })
	k.table = newTable("account_accountapikey", func(r *apiKeyRow) string { return r.ID }, k.byPrefix)

	d.APIUses = newTable("account_accountapikeyanalytics", func(r *apiKeyUseRow) int64 { return r.ID })
}

// makeCarriedTables makes the tables that nothing here looks into.
func (d *data) makeCarriedTables() {
	type item struct {
		parent int64
		name   string
	}
	d.Users.byName = uniqueBy("username", func(r *userRow) (string, bool) { return r.Username, true })
	d.Users.table = newTable("auth_user", func(r *userRow) int64 { return r.ID }, d.Users.byName)
	d.Accounts.byUser = uniqueBy("user_id", func(r *accountRow) (int64, bool) { return r.UserID, true })
	d.Accounts.table = newTable("account_account", func(r *accountRow) int64 { return r.ID }, d.Accounts.byUser)
	d.Groups = newTable("account_walletgroupcommunityclaim", func(r *walletGroupClaimRow) int64 { return r.ID },
		uniqueBy("group_key, community_id", func(r *walletGroupClaimRow) (item, bool) {
			return item{r.CommunityID, r.GroupKey}, true
		}))
	d.RevocationLists = newTable("ceramic_cache_revocationlist", func(r *revocationListRow) int64 { return r.ID })
	d.Bans = newTable("ceramic_cache_ban", func(r *banRow) int64 { return r.ID })
	d.BanLists = newTable("ceramic_cache_banlist", func(r *banListRow) int64 { return r.ID })
	d.WeightConfigs = newTable("registry_weightconfiguration", func(r *weightConfigRow) int64 { return r.ID },
		uniqueBy("version", func(r *weightConfigRow) (string, bool) { return r.Version, true }),
		uniqueBy("active", func(r *weightConfigRow) (bool, bool) { return true, r.Active }))
	d.WeightItems = newTable("registry_weightconfigurationitem", func(r *weightConfigItemRow) int64 { return r.ID },
		uniqueBy("weight_configuration_id, provider", func(r *weightConfigItemRow) (item, bool) {
			return item{r.WeightConfigurationID, r.Provider}, true
		}))
	d.Rescores = newTable("scorer_weighted_rescorerequest", func(r *rescoreRequestRow) int64 { return r.ID })
	d.Batches = newTable("registry_batchmodelscoringrequest", func(r *batchRequestRow) int64 { return r.ID })
	d.BatchItems = newTable("registry_batchmodelscoringrequestitem", func(r *batchItemRow) int64 { return r.ID },
		uniqueBy("batch_scoring_request_id, address", func(r *batchItemRow) (item, bool) {
			return item{r.BatchScoringRequestID, r.Address}, true
		}))
}
