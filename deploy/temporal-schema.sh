#!/bin/sh
# Makes Temporal's two databases and brings them up to the schema of this image. Safe to repeat.
# The password is read from SQL_PASSWORD.
set -eu

tool() {
  temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" --port 5432 --user "$SQL_USER" "$@"
}

for kind in temporal visibility; do
  database=temporal
  [ "$kind" = temporal ] || database=temporal_visibility
  tool --db "$database" create
  # Only where there is none: an existing schema keeps its version.
  tool --db "$database" setup-schema -v 0.0
  tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$kind/versioned"
done
