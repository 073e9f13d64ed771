package sandbox

import (
	"fmt"
	"os"
	"time"
)

// tries are what a child of these tests can be asked beside a real act: to break in every way there is.
var tries = map[string]probe{
	"grow": func() ([]byte, error) {
		var all [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = byte(i)
			}
			all = append(all, b)
			if len(all) > 1<<14 {
				return nil, nil
			}
		}
	},
	"spin": func() ([]byte, error) {
		for start := time.Now(); time.Since(start) < time.Minute; {
		}
		return nil, nil
	},
	"sleep": func() ([]byte, error) {
		time.Sleep(time.Minute)
		return nil, nil
	},
	"panic": func() ([]byte, error) { panic("as asked") },
	"leave": func() ([]byte, error) {
		os.Exit(0)
		return nil, nil
	},
	"babble": func() ([]byte, error) {
		fmt.Println("no frame at all")
		return nil, nil
	},
	"ask too far": func() ([]byte, error) {
		err := writeFrame(os.Stdout, frameRead, rangeFrame(0, 1<<40, 1))
		time.Sleep(time.Minute)
		return nil, err
	},
	"ask the network": func() ([]byte, error) {
		err := writeFrame(os.Stdout, frameFetch, []byte(`{"Method":"GET","URL":"http://127.0.0.1/"}`))
		time.Sleep(time.Minute)
		return nil, err
	},
	"announce much": func() ([]byte, error) {
		_, err := os.Stdout.Write([]byte{frameAnswer, 0xff, 0xff, 0xff, 0xff})
		time.Sleep(time.Minute)
		return nil, err
	},
	"answer": func() ([]byte, error) { return []byte(`{"pages":[]}`), nil },
}
