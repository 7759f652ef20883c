package pgstore_test

import (
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// notOn are the tests that mean nothing on a server that is not Postgres. A run
// there lists them; a run on Postgres leaves none out.
var notOn = []pgtest.Exclusion{
	{Server: pgstore.Citus, Test: "TestEngine", Reason: "Postgres imitates other engines, with functions that workers lack"},
	{Server: pgstore.Citus, Test: "TestEngine_Contended", Reason: "Postgres imitates other engines"},
	{Server: pgstore.Citus, Test: "TestEngine_FailingCommits", Reason: "triggers, which tables on workers cannot have"},
	{Server: pgstore.Citus, Test: "TestEngine_Prune", Reason: "Postgres imitates other engines"},
	{Server: pgstore.Citus, Test: "Test(Events_|PartitionEvents|EnsureEventPartitions|DropEventPartitions).*", Reason: "events lie in shards there, not in partitions"},
	{Server: pgstore.Citus, Test: "Test(Grants|Grants_Forget|Engine_Grants|StrangersFunctions|Migrate_StrangersTable|CheckSchema_OwnFunctions)", Reason: "a role that may not log in cannot reach the workers"},
	{Server: pgstore.Citus, Test: "TestServedScenarios/service's_schema.*", Reason: "the service's schema is made without passport_locks"},
	{Server: pgstore.Citus, Test: "Test(History_Indexes|Groups_Plan)", Reason: "looks at the plans and the statistics of one node"},
	{Server: pgstore.Citus, Test: "TestGroups_InsertedByService", Reason: "looks for what waits in the tables of one node"},
	{Server: pgstore.Citus, Test: "TestServe_Timeout", Reason: "looks for what waits in the tables of one node"},
	{Server: pgstore.Citus, Test: "TestRoles_DeletedBeforeCommit", Reason: "triggers, which tables on workers cannot have"},
	{Server: pgstore.Citus, Test: "TestAddUsage_IndexLimit", Reason: "a worker reports the limit as XX000"},
	{Server: pgstore.Citus, Test: "TestCitus_Layouts", Reason: "has functions in place of those of Citus"},
	{Server: pgstore.Citus, Test: "TestCitus_Tables", Reason: "has functions in place of those of Citus"},
}
