package servicerows

import "github.com/passport-sdk/passport-go/store"

// tables are the rows of the service's tables, with the columns that a state
// has a place for. NULL is the zero of a type.
type tables struct {
	Users          []user          `json:"auth_user"`
	Accounts       []account       `json:"account_account"`
	Communities    []community     `json:"account_community"`
	Scorers        []scorer        `json:"scorer_weighted_scorer"`
	Binary         []weights       `json:"scorer_weighted_binaryweightedscorer"`
	Weighted       []weights       `json:"scorer_weighted_weightedscorer"`
	Customizations []customization `json:"account_customization"`
	AllowLists     []allowList     `json:"account_allowlist"`
	Lists          []list          `json:"account_addresslist"`
	Members        []member        `json:"account_addresslistmember"`
	Customs        []custom        `json:"account_customcredential"`
	Rulesets       []ruleset       `json:"account_customcredentialruleset"`
	Credentials    []credential    `json:"ceramic_cache_ceramiccache"`
	Revocations    []revocation    `json:"ceramic_cache_revocation"`
	Passports      []passport      `json:"registry_passport"`
	Scores         []score         `json:"registry_score"`
	Stamps         []stamp         `json:"registry_stamp"`
	Claims         []claim         `json:"registry_hashscorerlink"`
	GroupClaims    []groupClaim    `json:"account_walletgroupcommunityclaim"`
	Events         []event         `json:"registry_event"`
	Points         []point         `json:"registry_humanpoints"`
	Qualified      []qualification `json:"registry_humanpointscommunityqualifiedusers"`
	Values         []pointValue    `json:"registry_humanpointsconfig"`
	Multipliers    []multiplier    `json:"registry_humanpointsmultiplier"`
	Keys           []key           `json:"account_accountapikey"`
	Usage          []usage         `json:"account_accountapikeyanalytics"`
}

type user struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

type account struct {
	ID   int64 `json:"id"`
	User int64 `json:"user_id"`
}

type community struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Account     int64     `json:"account_id"`
	Scorer      int64     `json:"scorer_id"`
	Rule        string    `json:"rule"`
	DeletedAt   timestamp `json:"deleted_at"`
	ExternalID  string    `json:"external_scorer_id"`
	HumanPoints bool      `json:"human_points_program"`
}

type scorer struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type weights struct {
	Scorer    int64    `json:"scorer_ptr_id"`
	Weights   document `json:"weights"`
	Threshold decimal  `json:"threshold"`
}

type customization struct {
	ID        int64 `json:"id"`
	Community int64 `json:"scorer_id"`
}

type allowList struct {
	Weight        decimal `json:"weight"`
	List          int64   `json:"address_list_id"`
	Customization int64   `json:"customization_id"`
}

type list struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type member struct {
	Address store.Address `json:"address"`
	List    int64         `json:"list_id"`
}

type custom struct {
	Weight        decimal `json:"weight"`
	Customization int64   `json:"customization_id"`
	Ruleset       int64   `json:"ruleset_id"`
}

type ruleset struct {
	ID       int64  `json:"id"`
	Provider string `json:"provider_id"`
}

// ownType is the type of the credentials that the service stores itself.
const ownType = 1

type credential struct {
	ID         int64         `json:"id"`
	Address    store.Address `json:"address"`
	Provider   string        `json:"provider"`
	Stamp      document      `json:"stamp"`
	UpdatedAt  timestamp     `json:"updated_at"`
	Type       int           `json:"type"`
	DeletedAt  timestamp     `json:"deleted_at"`
	ExpiresAt  timestamp     `json:"expiration_date"`
	IssuedAt   timestamp     `json:"issuance_date"`
	ProofValue string        `json:"proof_value"`
}

type revocation struct {
	Credential int64 `json:"ceramic_cache_id"`
}

type passport struct {
	ID        int64         `json:"id"`
	Community int64         `json:"community_id"`
	Address   store.Address `json:"address"`
}

type score struct {
	Score       decimal      `json:"score"`
	Passport    int64        `json:"passport_id"`
	Error       string       `json:"error"`
	ScoredAt    timestamp    `json:"last_score_timestamp"`
	Status      store.Status `json:"status"`
	Evidence    document     `json:"evidence"`
	StampScores document     `json:"stamp_scores"`
	ExpiresAt   timestamp    `json:"expiration_date"`
	Stamps      document     `json:"stamps"`
}

type stamp struct {
	Provider   string   `json:"provider"`
	Credential document `json:"credential"`
	Passport   int64    `json:"passport_id"`
}

type claim struct {
	Nullifier string        `json:"hash"`
	Address   store.Address `json:"address"`
	ExpiresAt timestamp     `json:"expires_at"`
	Community int64         `json:"community_id"`
}

type groupClaim struct {
	Key       string        `json:"group_key"`
	Canonical store.Address `json:"canonical_address"`
	ClaimedAt timestamp     `json:"claimed_at"`
	Community int64         `json:"community_id"`
}

type event struct {
	ID        int64         `json:"id"`
	Action    string        `json:"action"`
	Address   store.Address `json:"address"`
	CreatedAt timestamp     `json:"created_at"`
	Data      document      `json:"data"`
	Community int64         `json:"community_id"`
}

type point struct {
	Address  store.Address `json:"address"`
	Action   string        `json:"action"`
	At       timestamp     `json:"timestamp"`
	TxHash   string        `json:"tx_hash"`
	ChainID  int           `json:"chain_id"`
	Provider string        `json:"provider"`
}

type qualification struct {
	Address   store.Address `json:"address"`
	Community int64         `json:"community_id"`
}

type pointValue struct {
	Action string `json:"action"`
	Points int    `json:"points"`
	Active bool   `json:"active"`
}

type multiplier struct {
	Address    store.Address `json:"address"`
	Multiplier int           `json:"multiplier"`
}

type key struct {
	ID              string    `json:"id"`
	Prefix          string    `json:"prefix"`
	Hash            string    `json:"hashed_key"`
	Created         timestamp `json:"created"`
	Name            string    `json:"name"`
	Revoked         bool      `json:"revoked"`
	ExpiresAt       timestamp `json:"expiry_date"`
	Account         int64     `json:"account_id"`
	RateLimit       string    `json:"rate_limit"`
	CreateScorers   bool      `json:"create_scorers"`
	ReadScores      bool      `json:"read_scores"`
	SubmitPassports bool      `json:"submit_passports"`
	Historical      bool      `json:"historical_endpoint"`
	SHA256          string    `json:"hashed_key_sha256"`
}

type usage struct {
	ID              int64     `json:"id"`
	CreatedAt       timestamp `json:"created_at"`
	Path            string    `json:"path"`
	Key             string    `json:"api_key_id"`
	BasePath        string    `json:"base_path"`
	Error           string    `json:"error"`
	Headers         document  `json:"headers"`
	Segments        document  `json:"path_segments"`
	Payload         document  `json:"payload"`
	Query           document  `json:"query_params"`
	Response        document  `json:"response"`
	ResponseSkipped bool      `json:"response_skipped"`
	Status          int       `json:"status_code"`
}
