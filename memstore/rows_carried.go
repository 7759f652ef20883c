package memstore

import "time"

// The rows that are only carried, so that a store can hold whatever a database
// of the service holds. The tags are as those of the rows that scoring uses.

// userRow is a row of auth_user.
type userRow struct {
	ID          int64     `col:"id integer"`
	Password    string    `col:"password varchar(128)"`
	LastLogin   time.Time `col:"last_login timestamptz null"`
	IsSuperuser bool      `col:"is_superuser boolean"`
	Username    string    `col:"username varchar(150)"`
	FirstName   string    `col:"first_name varchar(150)"`
	LastName    string    `col:"last_name varchar(150)"`
	Email       string    `col:"email varchar(254)"`
	IsStaff     bool      `col:"is_staff boolean"`
	IsActive    bool      `col:"is_active boolean"`
	DateJoined  time.Time `col:"date_joined timestamptz"`
}

// accountRow is a row of account_account.
type accountRow struct {
	ID      int64  `col:"id bigint"`
	Address string `col:"address varchar(100)"`
	UserID  int64  `col:"user_id integer"`
}

// walletGroupClaimRow is a row of account_walletgroupcommunityclaim.
type walletGroupClaimRow struct {
	ID               int64     `col:"id bigint"`
	GroupKey         string    `col:"group_key text"`
	CanonicalAddress string    `col:"canonical_address varchar(42)"`
	ClaimedAt        time.Time `col:"claimed_at timestamptz"`
	CommunityID      int64     `col:"community_id bigint"`
}

// revocationListRow is a row of ceramic_cache_revocationlist.
type revocationListRow struct {
	ID          int64   `col:"id bigint"`
	Name        *string `col:"name varchar(256) null"`
	Description *string `col:"description text null"`
	CSVFile     string  `col:"csv_file varchar(1024)"`
}

// banRow is a row of ceramic_cache_ban.
type banRow struct {
	ID                    int64     `col:"id bigint"`
	Provider              string    `col:"provider varchar(256)"`
	Hash                  string    `col:"hash varchar(100)"`
	Address               string    `col:"address varchar(42)"`
	EndTime               time.Time `col:"end_time timestamptz null"`
	Reason                *string   `col:"reason text null"`
	CreatedAt             time.Time `col:"created_at timestamptz"`
	LastRunRevokeMatching time.Time `col:"last_run_revoke_matching timestamptz null"`
	Type                  string    `col:"type varchar(20)"`
	BanListID             *int64    `col:"ban_list_id bigint null"`
}

// banListRow is a row of ceramic_cache_banlist.
type banListRow struct {
	ID          int64   `col:"id bigint"`
	Name        *string `col:"name varchar(256) null"`
	Description *string `col:"description text null"`
	CSVFile     string  `col:"csv_file varchar(1024)"`
}

// weightConfigRow is a row of registry_weightconfiguration.
type weightConfigRow struct {
	ID          int64     `col:"id bigint"`
	Version     string    `col:"version varchar(50)"`
	Active      bool      `col:"active boolean"`
	CreatedAt   time.Time `col:"created_at timestamptz"`
	UpdatedAt   time.Time `col:"updated_at timestamptz"`
	Threshold   float64   `col:"threshold float8"`
	Description *string   `col:"description text null"`
	CSVSource   *string   `col:"csv_source varchar(100) null"`
}

// weightConfigItemRow is a row of registry_weightconfigurationitem.
type weightConfigItemRow struct {
	ID                    int64   `col:"id bigint"`
	Provider              string  `col:"provider varchar(100)"`
	Weight                float64 `col:"weight float8"`
	WeightConfigurationID int64   `col:"weight_configuration_id bigint"`
	StampMetadataID       *int64  `col:"stamp_metadata_id bigint null"`
}

// rescoreRequestRow is a row of scorer_weighted_rescorerequest.
type rescoreRequestRow struct {
	ID                      int64     `col:"id bigint"`
	Status                  string    `col:"status varchar(20)"`
	CreatedAt               time.Time `col:"created_at timestamptz"`
	UpdatedAt               time.Time `col:"updated_at timestamptz"`
	NumCommunitiesRequested int64     `col:"num_communities_requested integer"`
	NumCommunitiesProcessed int64     `col:"num_communities_processed integer"`
}

// batchRequestRow is a row of registry_batchmodelscoringrequest.
type batchRequestRow struct {
	ID                    int64     `col:"id bigint"`
	CreatedAt             time.Time `col:"created_at timestamptz"`
	S3Filename            string    `col:"s3_filename varchar(100)"`
	ModelList             string    `col:"model_list varchar(100)"`
	Status                string    `col:"status varchar(20)"`
	Progress              int64     `col:"progress integer"`
	InputAddressesFile    *string   `col:"input_addresses_file varchar(100) null"`
	LastProgressUpdate    time.Time `col:"last_progress_update timestamptz null"`
	ResultsFile           *string   `col:"results_file varchar(100) null"`
	TriggerProcessingFile *string   `col:"trigger_processing_file varchar(100) null"`
}

// batchItemRow is a row of registry_batchmodelscoringrequestitem.
type batchItemRow struct {
	ID                    int64    `col:"id bigint"`
	Status                string   `col:"status varchar(20)"`
	Address               string   `col:"address varchar(42)"`
	Result                document `col:"result jsonb null"`
	BatchScoringRequestID int64    `col:"batch_scoring_request_id bigint"`
}
