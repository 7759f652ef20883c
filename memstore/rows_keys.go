package memstore

import "time"

// apiKeyRow is a row of account_accountapikey.
type apiKeyRow struct {
	ID                 string    `col:"id varchar(150)"`
	Prefix             string    `col:"prefix varchar(8)"`
	HashedKey          string    `col:"hashed_key varchar(150)"`
	Created            time.Time `col:"created timestamptz"`
	Name               string    `col:"name varchar(50)"`
	Revoked            bool      `col:"revoked boolean"`
	ExpiryDate         time.Time `col:"expiry_date timestamptz null"`
	AccountID          int64     `col:"account_id bigint"`
	RateLimit          *string   `col:"rate_limit varchar(20) null"`
	CreateScorers      bool      `col:"create_scorers boolean"`
	ReadScores         bool      `col:"read_scores boolean"`
	SubmitPassports    bool      `col:"submit_passports boolean"`
	AnalysisRateLimit  *string   `col:"analysis_rate_limit varchar(20) null"`
	HistoricalEndpoint bool      `col:"historical_endpoint boolean"`
	EmbedRateLimit     *string   `col:"embed_rate_limit varchar(20) null"`
	HashedKeySHA256    *string   `col:"hashed_key_sha256 varchar(71) null"`
}

// apiKeyUseRow is a row of account_accountapikeyanalytics.
type apiKeyUseRow struct {
	ID              int64     `col:"id bigint"`
	CreatedAt       time.Time `col:"created_at timestamptz null"`
	Path            string    `col:"path varchar(1000)"`
	APIKeyID        string    `col:"api_key_id varchar(150)"`
	BasePath        *string   `col:"base_path varchar(200) null"`
	Error           *string   `col:"error text null"`
	Headers         document  `col:"headers jsonb null"`
	PathSegments    document  `col:"path_segments jsonb null"`
	Payload         document  `col:"payload jsonb null"`
	QueryParams     document  `col:"query_params jsonb null"`
	Response        document  `col:"response jsonb null"`
	ResponseSkipped *bool     `col:"response_skipped boolean null"`
	StatusCode      *int64    `col:"status_code integer null"`
}
