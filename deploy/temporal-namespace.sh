#!/bin/sh
# Makes the namespace of TEMPORAL_NAMESPACE and has it keep what is closed. Safe to repeat.
set -eu

# Ten years: histories are what an auditor replays, and Temporal would forget them after three days.
RETENTION=3650d

turns=60
until temporal operator cluster health >/dev/null 2>&1; do
  turns=$((turns - 1))
  [ "$turns" -gt 0 ] || { echo "Temporal does not answer at $TEMPORAL_ADDRESS" >&2; exit 1; }
  sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
