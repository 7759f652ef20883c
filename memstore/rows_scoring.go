package memstore

import "time"

// The rows that scoring reads or writes. A tag gives the name and the type of
// the column; the first one is the primary key. A decimal, a document or a
// moment without a value stands for NULL where the column has it.

// communityRow is a row of account_community.
type communityRow struct {
	ID                 int64     `col:"id bigint"`
	Name               string    `col:"name varchar(100)"`
	Description        string    `col:"description varchar(100)"`
	AccountID          int64     `col:"account_id bigint"`
	ScorerID           int64     `col:"scorer_id bigint"`
	CreatedAt          time.Time `col:"created_at timestamptz null"`
	Rule               string    `col:"rule varchar(100)"`
	UseCase            *string   `col:"use_case varchar(100) null"`
	DeletedAt          time.Time `col:"deleted_at timestamptz null"`
	ExternalScorerID   *string   `col:"external_scorer_id varchar(42) null"`
	HumanPointsProgram bool      `col:"human_points_program boolean"`
}

// scorerRow is a row of scorer_weighted_scorer.
type scorerRow struct {
	ID                       int64  `col:"id bigint"`
	Type                     string `col:"type varchar(100)"`
	ExcludeFromWeightUpdates bool   `col:"exclude_from_weight_updates boolean"`
}

// weightsRow is a row of scorer_weighted_binaryweightedscorer, or of
// scorer_weighted_weightedscorer, which has the same columns.
type weightsRow struct {
	ScorerPtrID int64    `col:"scorer_ptr_id bigint"`
	Weights     document `col:"weights jsonb null"`
	Threshold   decimal  `col:"threshold numeric(10,5)"`
}

// customizationRow is a row of account_customization.
type customizationRow struct {
	ID                        int64   `col:"id bigint"`
	Path                      string  `col:"path varchar(100)"`
	CustomizationBackground1  *string `col:"customization_background_1 varchar(7) null"`
	CustomizationBackground2  *string `col:"customization_background_2 varchar(7) null"`
	CustomizationForeground1  *string `col:"customization_foreground_1 varchar(7) null"`
	LogoImage                 *string `col:"logo_image text null"`
	LogoCaption               *string `col:"logo_caption text null"`
	LogoBackground            *string `col:"logo_background varchar(10) null"`
	BodyMainText              *string `col:"body_main_text text null"`
	BodySubText               *string `col:"body_sub_text text null"`
	BodyActionText            *string `col:"body_action_text text null"`
	BodyActionURL             *string `col:"body_action_url varchar(200) null"`
	ScorerID                  int64   `col:"scorer_id bigint"`
	UseCustomDashboardPanel   bool    `col:"use_custom_dashboard_panel boolean"`
	ScorerPanelTitle          *string `col:"scorer_panel_title varchar(100) null"`
	ScorerPanelText           *string `col:"scorer_panel_text text null"`
	BodyDisplayInfoTooltip    bool    `col:"body_display_info_tooltip boolean"`
	BodyInfoTooltipText       *string `col:"body_info_tooltip_text text null"`
	ButtonActionType          string  `col:"button_action_type varchar(25)"`
	CustomizationBackground3  *string `col:"customization_background_3 varchar(7) null"`
	CustomizationForeground2  *string `col:"customization_foreground_2 varchar(7) null"`
	ShowExplanationPanel      bool    `col:"show_explanation_panel boolean"`
	PartnerName               string  `col:"partner_name varchar(100)"`
	CustomDashboardPanelTitle *string `col:"custom_dashboard_panel_title varchar(255) null"`
	NavLogo                   *string `col:"nav_logo text null"`
	NavOrder                  int64   `col:"nav_order integer"`
	ShowInTopNav              bool    `col:"show_in_top_nav boolean"`
}

// allowListRow is a row of account_allowlist.
type allowListRow struct {
	ID              int64   `col:"id bigint"`
	Weight          decimal `col:"weight numeric(7,4)"`
	AddressListID   int64   `col:"address_list_id bigint"`
	CustomizationID int64   `col:"customization_id bigint"`
}

// addressListRow is a row of account_addresslist.
type addressListRow struct {
	ID   int64  `col:"id bigint"`
	Name string `col:"name varchar(100)"`
}

// addressListMemberRow is a row of account_addresslistmember.
type addressListMemberRow struct {
	ID      int64  `col:"id bigint"`
	Address string `col:"address varchar(100)"`
	ListID  int64  `col:"list_id bigint"`
}

// customCredentialRow is a row of account_customcredential.
type customCredentialRow struct {
	ID              int64   `col:"id bigint"`
	Weight          decimal `col:"weight numeric(7,4)"`
	DisplayName     string  `col:"display_name varchar(64)"`
	Description     *string `col:"description varchar(256) null"`
	CustomizationID int64   `col:"customization_id bigint"`
	PlatformID      int64   `col:"platform_id bigint"`
	RulesetID       int64   `col:"ruleset_id bigint"`
}

// rulesetRow is a row of account_customcredentialruleset.
type rulesetRow struct {
	ID             int64    `col:"id bigint"`
	CredentialType string   `col:"credential_type varchar(5)"`
	Definition     document `col:"definition jsonb"`
	Name           string   `col:"name varchar(64)"`
	ProviderID     string   `col:"provider_id varchar(256)"`
}

// platformRow is a row of account_customplatform.
type platformRow struct {
	ID            int64   `col:"id bigint"`
	PlatformType  string  `col:"platform_type varchar(5)"`
	Name          string  `col:"name varchar(64)"`
	DisplayName   *string `col:"display_name varchar(64) null"`
	IconURL       *string `col:"icon_url varchar(64) null"`
	Description   *string `col:"description varchar(256) null"`
	BannerHeading *string `col:"banner_heading varchar(64) null"`
	BannerContent *string `col:"banner_content varchar(256) null"`
	BannerCTAText *string `col:"banner_cta_text varchar(256) null"`
	BannerCTAURL  *string `col:"banner_cta_url varchar(256) null"`
	IsEVM         bool    `col:"is_evm boolean"`
}

// credentialRow is a row of ceramic_cache_ceramiccache.
type credentialRow struct {
	ID                  int64     `col:"id bigint"`
	Address             *string   `col:"address varchar(100) null"`
	Provider            string    `col:"provider varchar(256)"`
	Stamp               document  `col:"stamp jsonb"`
	CreatedAt           time.Time `col:"created_at timestamptz null"`
	UpdatedAt           time.Time `col:"updated_at timestamptz"`
	Type                int64     `col:"type integer"`
	DeletedAt           time.Time `col:"deleted_at timestamptz null"`
	ComposeDBSaveStatus string    `col:"compose_db_save_status varchar(10)"`
	ComposeDBStreamID   string    `col:"compose_db_stream_id varchar(100)"`
	ExpirationDate      time.Time `col:"expiration_date timestamptz null"`
	IssuanceDate        time.Time `col:"issuance_date timestamptz null"`
	ProofValue          string    `col:"proof_value varchar(256)"`
	SourceApp           *int64    `col:"source_app integer null"`
	SourceScorerID      *int64    `col:"source_scorer_id bigint null"`

	// nullifiers are those that Stamp lists, if it can count; read once, as is
	// whether it is too large.
	nullifiers []string
	tooLarge   bool
}

// revocationRow is a row of ceramic_cache_revocation.
type revocationRow struct {
	ID               int64  `col:"id bigint"`
	ProofValue       string `col:"proof_value varchar(256)"`
	CeramicCacheID   int64  `col:"ceramic_cache_id bigint"`
	RevocationListID *int64 `col:"revocation_list_id bigint null"`
}

// passportRow is a row of registry_passport.
type passportRow struct {
	ID                  int64   `col:"id bigint"`
	CommunityID         *int64  `col:"community_id bigint null"`
	Address             *string `col:"address varchar(100) null"`
	RequiresCalculation *bool   `col:"requires_calculation boolean null"`
}

// scoreRow is a row of registry_score.
type scoreRow struct {
	ID                 int64     `col:"id bigint"`
	Score              decimal   `col:"score numeric(18,9) null"`
	PassportID         int64     `col:"passport_id bigint"`
	Error              *string   `col:"error text null"`
	LastScoreTimestamp time.Time `col:"last_score_timestamp timestamptz null"`
	Status             *string   `col:"status varchar(20) null"`
	Evidence           document  `col:"evidence jsonb null"`
	StampScores        document  `col:"stamp_scores jsonb null"`
	ExpirationDate     time.Time `col:"expiration_date timestamptz null"`
	Stamps             document  `col:"stamps jsonb null"`
}

// stampRow is a row of registry_stamp.
type stampRow struct {
	ID         int64    `col:"id bigint"`
	Provider   string   `col:"provider varchar(256)"`
	Credential document `col:"credential jsonb"`
	PassportID *int64   `col:"passport_id bigint null"`
}

// claimRow is a row of registry_hashscorerlink.
type claimRow struct {
	ID          int64     `col:"id bigint"`
	Hash        string    `col:"hash varchar(100)"`
	Address     string    `col:"address varchar(42)"`
	ExpiresAt   time.Time `col:"expires_at timestamptz"`
	CommunityID int64     `col:"community_id bigint"`
}

// eventRow is a row of registry_event.
type eventRow struct {
	ID          int64     `col:"id bigint"`
	Action      string    `col:"action varchar(3)"`
	Address     string    `col:"address varchar(42)"`
	CreatedAt   time.Time `col:"created_at timestamptz"`
	Data        document  `col:"data jsonb"`
	CommunityID *int64    `col:"community_id bigint null"`
}

// pointRow is a row of registry_humanpoints.
type pointRow struct {
	ID        int64     `col:"id bigint"`
	Address   string    `col:"address varchar(42)"`
	Action    string    `col:"action varchar(3)"`
	Timestamp time.Time `col:"timestamp timestamptz"`
	TxHash    string    `col:"tx_hash varchar(100)"`
	ChainID   int64     `col:"chain_id integer"`
	Provider  string    `col:"provider varchar(100)"`
}

// qualifiedRow is a row of registry_humanpointscommunityqualifiedusers.
type qualifiedRow struct {
	ID          int64  `col:"id bigint"`
	Address     string `col:"address varchar(42)"`
	CommunityID int64  `col:"community_id bigint"`
}

// pointsConfigRow is a row of registry_humanpointsconfig.
type pointsConfigRow struct {
	ID     int64  `col:"id bigint"`
	Action string `col:"action varchar(3)"`
	Points int64  `col:"points integer"`
	Active bool   `col:"active boolean"`
}

// multiplierRow is a row of registry_humanpointsmultiplier.
type multiplierRow struct {
	Address    string `col:"address varchar(42)"`
	Multiplier int64  `col:"multiplier integer"`
}
