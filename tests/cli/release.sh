#!/usr/bin/env bash
# A whole release from the command line: $RELORCH is the command, the working directory is empty.
# What it prints is compared by the test; every "expect" that does not hold ends it.
set -euo pipefail

export DATABASE_URL="file:./release.db" RELORCH_OPERATOR="ana"
relorch() { command $RELORCH "$@" 2>>words.txt; }
expect() { [ "$2" = "$1" ] || { printf 'expected: %s\nactual:   %s\n' "$1" "$2" >&2; exit 70; }; }
refused() { local code=0; relorch "$@" >refused.txt || code=$?; expect 1 "$code"; }
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -n 1; }

cat >inventory.csv <<'CSV'
cluster,namespace,name,kubeconfig_path,db_host
eu-1,acme-prod,"Acme, Ltd",~/.kube/eu-1,db1
eu-1,beta-prod,Beta,~/.kube/eu-1,db2
us-1,acme-prod,Acme US,~/.kube/us-1,db3
CSV
cat >runbook.md <<'MARKDOWN'
# Migrate

```sql
UPDATE settings SET version = 42;
```

# Upgrade

```bash
helm upgrade app charts/app -n ${{ namespace }} --set db=${{ vars.db_host }}
```

# Tell the customer

Write to ${{ customer.name }}.
MARKDOWN

# --- before the release
relorch import inventory inventory.csv
relorch import release runbook.md --name 2026.11 >/dev/null
relorch activate 2026.11 --all >/dev/null

# --- Beta: look, run, tick with the digest of the text that was looked at; one fails at first, one is skipped
relorch next --release 2026.11 --customer beta-prod --json >next.json
relorch done "$(field id <next.json)" --sha256 "$(field textSha256 <next.json)" --note "2 rows" >/dev/null
relorch next --release 2026.11 --customer beta-prod --text >text.txt
expect "helm upgrade app charts/app -n beta-prod --set db=db2" "$(cat text.txt)"
step=$(($(field id <next.json) + 1))
relorch start "$step" >/dev/null
relorch fail "$step" --reason "the pod does not start" >/dev/null
refused done "$step" --sha256 0123456789abcdef
relorch done "$step" --sha256 "$(sha256sum <text.txt | cut -d' ' -f1)" --note "second try" >/dev/null
relorch skip --release 2026.11 --customer beta-prod --reason "they know" --yes >/dev/null

# --- Acme: the wrong one ticked, taken back, overridden, finished by a list
step=$(relorch next --release 2026.11 --customer eu-1/acme-prod --json | field id)
relorch done "$step" >/dev/null
relorch undo >/dev/null
printf 'UPDATE settings SET version = 43;\n' | relorch override "$step" - --yes >/dev/null
expect "UPDATE settings SET version = 43;" "$(relorch show "$step" --text)"
relorch done "$step" $((step + 1)) $((step + 2)) >/dev/null

# --- afterwards: the record, the files, the archive
relorch matrix --release 2026.11
relorch export release 2026.11 -o release.yaml
relorch export workbook -o workbook.jsonl
relorch report 2026.11 -o report.html
grep -q "Acme, Ltd" report.html
relorch backup backup.db >/dev/null
refused archive 2026.11
relorch archive 2026.11 --yes
refused done --release 2026.11 --customer us-1/acme-prod
relorch check
relorch restore backup.db >/dev/null
relorch status
