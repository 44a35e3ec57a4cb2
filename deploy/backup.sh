#!/bin/sh
# Writes the database in DATABASE_URL into a file, while the bot goes on: sh deploy/backup.sh mailflow.dump
# Needs pg_dump and pg_restore, not older than the server. The key is not in it, on purpose: keep a copy of it somewhere else.
# The process list shows the URL, so where others use the machine keep its password in ~/.pgpass instead.
set -eu
umask 077

file=${1:?Usage: backup.sh FILE}
: "${DATABASE_URL:?Set DATABASE_URL to the database. With the embedded one, stop the bot and copy MAILFLOW_HOME.}"
if [ -e "$file" ]; then
  echo "$file is there already; choose another name." >&2
  exit 2
fi
trap 'rm -f "$file.part"' EXIT
pg_dump --format=custom --no-owner --no-privileges --file="$file.part" --dbname="$DATABASE_URL"
pg_restore --list "$file.part" >/dev/null # it can be read
mv "$file.part" "$file"
echo "$file has $(wc -c <"$file") bytes. It opens with the key of today only: MAILFLOW_SECRET_KEY, or secret.key in MAILFLOW_HOME."
