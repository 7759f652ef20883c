package memstore

import (
	"reflect"
	"time"
)

// data is all tables of the service. The fields are exported for reflection,
// which lists and replaces tables without a second list of them.
type data struct {
	Communities    communityTable
	Scorers        *table[int64, scorerRow]
	BinaryWeights  *table[int64, weightsRow]
	Weights        *table[int64, weightsRow]
	Customizations customizationTable
	AllowLists     allowListTable
	Lists          addressListTable
	Members        memberTable
	Customs        customCredentialTable
	Rulesets       rulesetTable
	Platforms      platformTable

	Credentials credentialTable
	Revocations revocationTable
	Passports   passportTable
	Scores      scoreTable
	Stamps      stampTable
	Claims      claimTable
	Events      eventTable

	Points      pointTable
	Qualified   qualifiedTable
	Config      *table[int64, pointsConfigRow]
	Multipliers *table[string, multiplierRow]

	Users    userTable
	Accounts accountTable
	APIKeys  apiKeyTable
	APIUses  *table[int64, apiKeyUseRow]
	Groups   *table[int64, walletGroupClaimRow]

	RevocationLists *table[int64, revocationListRow]
	Bans            *table[int64, banRow]
	BanLists        *table[int64, banListRow]
	WeightConfigs   *table[int64, weightConfigRow]
	WeightItems     *table[int64, weightConfigItemRow]
	Rescores        *table[int64, rescoreRequestRow]
	Batches         *table[int64, batchRequestRow]
	BatchItems      *table[int64, batchItemRow]
}

// all returns the tables by name.
func (d *data) all() map[string]rows {
	tables := map[string]rows{}
	for _, field := range reflect.ValueOf(d).Elem().Fields() {
		if table, is := reflect.TypeAssert[rows](field); is {
			tables[table.title()] = table
		}
	}
	return tables
}

// with returns the same tables, the named ones taken from other.
func (d *data) with(other *data, named map[string]bool) *data {
	merged := *d
	from := reflect.ValueOf(other).Elem()
	into := reflect.ValueOf(&merged).Elem()
	for i := range from.NumField() {
		if table, is := reflect.TypeAssert[rows](from.Field(i)); is && named[table.title()] {
			into.Field(i).Set(from.Field(i))
		}
	}
	return &merged
}

// Tables with an index that is asked by name.

// naming is what a community is called in its account.
type naming struct {
	account   int64
	name      string
	deletedAt time.Time // zero while it is not deleted
}

type communityTable struct {
	*table[int64, communityRow]
	byExternalID *unique[string, communityRow]
	byName       *unique[naming, communityRow]
}

type customizationTable struct {
	*table[int64, customizationRow]
	byCommunity *unique[int64, customizationRow]
	byPath      *unique[string, customizationRow]
}

type allowListTable struct {
	*table[int64, allowListRow]
	byCustomization *lookup[int64, allowListRow]
}

type addressListTable struct {
	*table[int64, addressListRow]
	byName *unique[string, addressListRow]
}

type member struct {
	address string
	list    int64
}

type memberTable struct {
	*table[int64, addressListMemberRow]
	byAddress *unique[member, addressListMemberRow]
	byList    *lookup[int64, addressListMemberRow]
}

type customCredentialTable struct {
	*table[int64, customCredentialRow]
	byCustomization *lookup[int64, customCredentialRow]
}

type rulesetTable struct {
	*table[int64, rulesetRow]
	byProvider *unique[string, rulesetRow]
}

type platformTable struct {
	*table[int64, platformRow]
	byName *unique[string, platformRow]
}

// filing is what a stored credential is filed under.
type filing struct {
	kind              int64
	address, provider string
	deletedAt         time.Time // zero while it is not deleted
}

type credentialTable struct {
	*table[int64, credentialRow]
	byAddress *lookup[string, credentialRow]
	byProof   *lookup[string, credentialRow]
	byFiling  *unique[filing, credentialRow]
}

type revocationTable struct {
	*table[int64, revocationRow]
	byCredential *unique[int64, revocationRow]
}

// place is a text in a community: an address or a nullifier.
type place struct {
	text      string
	community int64
}

type passportTable struct {
	*table[int64, passportRow]
	byAddress *unique[place, passportRow]
}

type scoreTable struct {
	*table[int64, scoreRow]
	byPassport *unique[int64, scoreRow]
}

type stampTable struct {
	*table[int64, stampRow]
	byPassport *lookup[int64, stampRow]
}

type claimTable struct {
	*table[int64, claimRow]
	byNullifier *unique[place, claimRow]
	byHolder    *lookup[place, claimRow]
}

type eventTable struct {
	*table[int64, eventRow]
	byPlace *lookup[place, eventRow]
}

// earning is all that tells one point from another.
type earning struct {
	address, action, provider, txHash string
	chain                             int64
}

// once is what an address can be given a point for once.
type once struct{ address, action, provider string }

type pointTable struct {
	*table[int64, pointRow]
	byAddress *lookup[string, pointRow]
	byAction  *lookup[string, pointRow]
	byOnce    *lookup[once, pointRow]
}

type qualifiedTable struct {
	*table[int64, qualifiedRow]
	byPlace   *unique[place, qualifiedRow]
	byAddress *lookup[string, qualifiedRow]
}

type userTable struct {
	*table[int64, userRow]
	byName *unique[string, userRow]
}

type accountTable struct {
	*table[int64, accountRow]
	byUser *unique[int64, accountRow]
}

type apiKeyTable struct {
	*table[string, apiKeyRow]
	byPrefix *unique[string, apiKeyRow]
}
