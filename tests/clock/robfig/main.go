// What robfig/cron v3 makes of expressions: a line "zone<TAB>expression<TAB>start<TAB>end" on standard input, instants
// in seconds since 1970, and for each a line of the instants in (start, end], or "!" and why it takes no such thing.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		fmt.Fprintln(out, instants(parts[0], parts[1], seconds(parts[2]), seconds(parts[3])))
		out.Flush()
	}
}

func instants(zone, expression string, start, end time.Time) string {
	schedule, err := cron.ParseStandard("TZ=" + zone + " " + expression)
	if err != nil {
		return "! " + err.Error()
	}
	var found []string
	for at := schedule.Next(start); !at.IsZero() && !at.After(end); at = schedule.Next(at) {
		found = append(found, strconv.FormatInt(at.Unix(), 10))
	}
	return strings.Join(found, " ")
}

func seconds(text string) time.Time {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return time.Unix(number, 0)
}
