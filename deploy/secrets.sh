#!/bin/sh
# Makes what deploy/compose.yaml reads: random secrets, and empty files for the Slack tokens. Leaves what is there as it is.
# Takes the folder; without one it is deploy/secrets.
set -eu

folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder" # the files are for the user in the container, whoever that is; the folder keeps others out
umask 022

random() { # 32 bytes in URL-safe base64: the shape of MAILFLOW_SECRET_KEY
  head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'
}

keep() {
  [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
}

keep MAILFLOW_SECRET_KEY "$(random)"
keep postgres_password "$(random | tr -d '=')"
keep DATABASE_URL "postgresql://mailflow:$(cat "$folder/postgres_password")@database:5432/mailflow"
keep SLACK_BOT_TOKEN ""
keep SLACK_APP_TOKEN ""
echo "Put the tokens into $folder/SLACK_BOT_TOKEN and SLACK_APP_TOKEN."
echo "Keep a copy of $folder/MAILFLOW_SECRET_KEY where the database's backups are not: nothing opens without it."
