// Files, goroutines, child processes, signals' names, the registry of time zones; then a server.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	check(os.MkdirAll(filepath.Join("d", "e"), 0o755))
	check(os.WriteFile(`d\e\ünï.txt`, []byte("text"), 0o644))
	check(os.Rename(`d\e\ünï.txt`, `d\two.txt`))
	content, err := os.ReadFile(`D\TWO.TXT`)
	check(err)
	if _, err := os.Stat("absent"); !os.IsNotExist(err) {
		log.Fatal("absent: ", err)
	}
	deep := strings.Repeat(`\directory`, 40)
	check(os.MkdirAll(`C:\work`+deep, 0o755))
	check(os.WriteFile(`C:\work`+deep+`\f`, []byte("deep"), 0o644))
	check(os.RemoveAll(`C:\work\directory`))

	var group sync.WaitGroup
	var lock sync.Mutex
	sum := 0
	for n := 0; n < 1000; n++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			time.Sleep(time.Millisecond)
			lock.Lock()
			defer lock.Unlock()
			sum += n
		}(n)
	}
	group.Wait()
	command := exec.Command("cmd", "/c", "echo child& exit 3")
	said, err := command.Output()
	if code := command.ProcessState.ExitCode(); code != 3 {
		log.Fatal("child: ", code, err)
	}
	me, err := user.Current()
	check(err)
	addresses, err := net.LookupHost("localhost")
	check(err)
	host, err := os.Hostname()
	check(err)
	digest := sha256.Sum256(content)
	zone, _ := time.Now().Zone()
	answer := fmt.Sprintln("go", sum, strings.TrimSpace(string(said)), strings.ToLower(host), me.Username, len(addresses) > 0,
		hex.EncodeToString(digest[:2]), zone)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
