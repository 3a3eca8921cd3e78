# Thin: each line calls one script. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test check bench prove deb deb-test bare

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: ## build, and start the appliance with a simulated rack of 24 controllers
	@dev/scripts/run.sh

test: ## set up, check, and run every test
	@dev/scripts/test.sh

check: ## format, lints, tidy, licences
	@dev/scripts/check.sh

bench: ## measure speed and size; the figures go to docs/measured.md
	@dev/scripts/bench.sh

prove: ## what is too long for CI: kill tests, fuzzing, benches; the figures go to docs/measured.md
	@dev/scripts/prove.sh

deb: ## build the Debian package
	@dev/scripts/deb.sh

deb-test: ## install, start, remove and purge the package in a fresh Debian 12 (needs root)
	@dev/scripts/deb-chroot.sh

bare: ## make run and make test from a fresh clone on a bare Debian 12 (needs root and debootstrap)
	@dev/scripts/bare.sh
