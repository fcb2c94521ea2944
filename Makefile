# Every target sets up what it needs and works without an activated environment. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | while IFS="	" read -r name what; do printf '  make %-6s  %s\n' "$$name" "$$what"; done

demo:  ## play the story on a fresh server, and serve the page to play it by hand (needs no Node)
	@scripts/bootstrap demo
	@.venv/bin/acquaint demo

serve:  ## serve ./acquaint-data on http://127.0.0.1:8080
	@scripts/bootstrap demo
	@.venv/bin/acquaint serve

# Each processor tests files of its own, with servers and databases of its own.
PYTEST_PARALLEL = --numprocesses auto --maxprocesses 4 --dist loadfile

test:  ## check and test everything; PYTEST_ARGS="-k sessions" for a part
	@scripts/bootstrap test
	@scripts/check; checked=$$?; .venv/bin/python -m pytest $(PYTEST_PARALLEL) $(PYTEST_ARGS) && exit $$checked

check:  ## lint, format, types, who may import whom
	@scripts/bootstrap test
	@scripts/check

bench:  ## measure the budgets, as ratios of one run
	@scripts/bootstrap test
	@.venv/bin/python -m bench

lock:  ## take the newest versions into requirements/*.txt
	@scripts/bootstrap test
	@scripts/lock

clean:  ## remove what was built or cached, but no data
	rm -rf .venv build dist tests/sdk/node_modules sdk/js/node_modules sdk/js/types src/acquaint/widget/joined .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
