#!/bin/sh
# Puts a backup into the empty database in DATABASE_URL, and says whether the key at hand opens it:
# sh deploy/restore.sh mailflow.dump
# Needs pg_restore, psql and mailflow, with the settings that the bot will have. Stop the bot before; start it afterwards.
set -eu

file=${1:?Usage: restore.sh FILE}
: "${DATABASE_URL:?Set DATABASE_URL to an empty database.}"
if [ ! -r "$file" ]; then
  echo "$file cannot be read." >&2
  exit 2
fi
tables=$(psql --no-psqlrc --tuples-only --no-align --dbname="$DATABASE_URL" \
  --command="select count(*) from pg_tables where schemaname = 'public'")
if [ "$tables" != 0 ]; then
  echo "The database is not empty; nothing was changed. Make a new one and set DATABASE_URL to it." >&2
  exit 2
fi
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$DATABASE_URL" "$file"
# What was open then may have been answered since: a try counts, and before the next one the bot looks into the thread.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" \
  --command="update delivery set tries = 1 where done_at is null and tries = 0"

# Of what the doctor says, only the database is of interest here.
said=$(mailflow doctor --smtp none || true)
printf '%s\n' "$said" | grep -E -A 1 '^[A-Za-z]+ +(settings|database|migrations|writing|key) ' || true
if ! printf '%s\n' "$said" | grep -q -E '^ok +key '; then
  echo "Restored, but the key at hand does not open it. Find the key before you start the bot." >&2
  exit 1
fi
echo "Restored. Start the bot: it goes on with what was open at the time of the backup."
