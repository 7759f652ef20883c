package faults_test

const inVictim = "FAULTS_VICTIM"

func beVictim(string) {}
