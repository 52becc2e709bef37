#!/usr/bin/env bash
# Makes docs/example-report.html, four shipped models on the shipped drums, and the pictures of it.
# From the root of the repository: bash docs/example-report.sh
set -euo pipefail

clips=clips/drums
run=runs/drums
models=(drums-cnn2d drums-cnn2d-flatten drums-cnn1d-wave drums-averaging)

[ -f "$run/summary.json" ] || audioinv analyze "$clips" "${models[@]/#/--model=}" -o "$run" -q
[ -f "$run-behind/drums-cnn2d/budget.json" ] ||
  audioinv layers drums-cnn2d "$clips" --limit 24 --budget -o "$run-behind/drums-cnn2d" -q
[ -f "$run-behind/profile/profile.json" ] ||
  audioinv profile drums-cnn2d "$clips" -m drums-cnn2d-flatten --no-references -o "$run-behind/profile" -q
for model in "${models[@]}"; do
  audioinv certify "$model" -o "$run-behind/$model" --overwrite -q || true # refuted is an answer, and ends with 1
  audioinv order "$model" "$clips" -o "$run-behind/$model" --overwrite -q
done
audioinv report "$run" "$run-behind"/* -o docs/example-report.html
python docs/example_pictures.py
