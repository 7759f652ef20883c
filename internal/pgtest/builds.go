package pgtest

import (
	"fmt"
	"os"
	"runtime"
)

// build is a Postgres that can be downloaded.
type build struct {
	release string
	// sha256 is the digest of the archive, in hex: a release that is published
	// again with other content is refused.
	sha256 string
}

// builds are those that are downloaded, by platform and major version. They
// come from io.zonky.test.postgres, which takes them from the PostgreSQL
// project's own. Versions that it does not publish for a platform are not here.
var builds = map[string]map[int]build{
	"linux-amd64": {
		14: {"14.24.0", "2722d05eb22c671104c9918d59d8ba9f5656898f5452a0207bb4cce21eef5dc4"},
		15: {"15.19.0", "95f0b66fe72d4ca66c815773c44cb1196ea38552463e89a35f18114b3ed1565f"},
		16: {"16.15.0", "653abc065c682b85d3da50168fb95dc524bd85426cdec9ce3695a550ef431df2"},
		17: {"17.11.0", "0dd7b72b6f335b8ecfb355fa24c5781e8a93edd09880bb77eb52ebbf29b3e96d"},
		18: {"18.6.0", "008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1"},
	},
	"linux-arm64v8": {
		14: {"14.23.0", "a55b93f67051a602be033b298461709f88789dccee925236f2fb5a4eaf9dd526"},
		15: {"15.19.0", "95baf4bd4af31b91b3050118df59388ed0064756b556b850669e0300aa7b9911"},
		16: {"16.15.0", "f846a9989d686b7977d6eca9bc9d8b2b69e3f70c7eb60e032197d9c574a6136c"},
		17: {"17.11.0", "8b042e0ea418b1927d95399207950da0734d27fe01e29503ade3bdc464ad4c2b"},
		18: {"18.6.0", "5f54e016723afa6213925a8acb939bac52944b1d348f65c7a20f0cd2928c31be"},
	},
	"linux-amd64-alpine": {
		15: {"15.19.0", "a04a72fb429fed3624507f54244a69f43be491c67f744e58c1a3696a67262aab"},
		16: {"16.15.0", "6bcfdb579fae7fb11e6ea2dba2cc8086c14cc58506db49ad36ce4d70de250dd6"},
		17: {"17.11.0", "ace9a6f95b1c98ce84c9841267cd04ebee5d7de5dc7b8fea148ead44f145afbd"},
		18: {"18.6.0", "1568b3805c3a3b99b5f4f0d7f6cf16e2a39075462ed47a614bfbabd92508350d"},
	},
	"darwin-amd64": {
		15: {"15.19.0", "11d0a55e26f4c74c6ea6c72c5e4e6ac959b29a06cc6da5e5ac8162f9fd9f8055"},
		16: {"16.15.0", "1229188b99515d2160d5cb6222bc96d9c5f3a248268df3bc2dfe0047e6c233d8"},
		17: {"17.11.0", "d464ff178e9860ba204662ac23fa547504b7fd392392ff2fb92e3fd73b5bdb64"},
		18: {"18.6.0", "690941008aac9ee360820fde9bb7870a4f3dcac5e9e2f9e45e42333a436ad0f9"},
	},
	"darwin-arm64v8": {
		14: {"14.23.0", "b3afa06270a5db96748ded366b9af590b29035ce16677e88c8ab65d0c455f613"},
		15: {"15.19.0", "9bfc44d3f50298bb14fa125da4b67a36f382f8134ab2fc95349b72bcd5ec4e87"},
		16: {"16.15.0", "65b953905f0a4d46030767a6b44a52360170d69a7985f1b02aa435f2f6256a83"},
		17: {"17.11.0", "a1c2786acb0c398f9b2d76806fc52f5dc8b222cbc8e9383a9b9702084daaf3a5"},
		18: {"18.6.0", "8f6ed6f38195b50a40712ada8b2a12060b6193c1a6977a6eb5cff053bb5a1b89"},
	},
}

// pinned returns the build of the version for this machine, and the name of the
// machine's platform.
func pinned(major int) (found build, platform string, err error) {
	platform = runtime.GOOS + "-" + runtime.GOARCH
	if runtime.GOARCH == "arm64" {
		platform += "v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		platform += "-alpine"
	}
	found, known := builds[platform][major]
	if !known {
		return build{}, "", fmt.Errorf("there is no build of Postgres %d for %s", major, platform)
	}
	return found, platform, nil
}
