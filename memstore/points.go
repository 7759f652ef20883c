package memstore

// configurePoints adds the points that the service's schema starts with, save
// those of actions that are configured already.
func (d *data) configurePoints() {
	configured := make(map[string]bool, len(d.Config.rows))
	for _, row := range d.Config.rows {
		configured[row.Action] = true
	}
	for _, fresh := range []struct {
		action string
		points int64
	}{
		{"CSB", 100},
		{"CSE", 200},
		{"CST", 500},
		{"HIM", 1000},
		{"HKY", 100},
		{"ISB", 100},
		{"ISG", 500},
		{"ISS", 200},
		{"PMT", 300},
		{"SCB", 500},
	} {
		if !configured[fresh.action] {
			d.Config.set(&pointsConfigRow{ID: d.Config.nextID(), Action: fresh.action, Points: fresh.points, Active: true})
		}
	}
}
