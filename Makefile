# One line a target; the work is in scripts/. README.md says what each is for.
MINUTES ?= 10
SEEDS ?= 1000
YEARS ?= 16
JOBS ?= $(shell nproc)
ROUNDS ?= 200
SEED ?= 1
MIXTURES ?= 2
# The address sanitizer keeps what was freed for a while, to see who touches it, 256 MB of it as it comes: then each
# allocation is of fresh memory, and page faults take half of all time. Of a few MB, who touches what was freed soon
# before is still seen. Who allocated is told as deep as it takes to know the test.
export ASAN_OPTIONS ?= quarantine_size_mb=4:malloc_context_size=12

.PHONY: default run test bench overload fuzz fuzz-coverage linear golden sim sim-proof kill-test power format tidy clean
default:
	@scripts/build.sh release
run: default
	@scripts/demo.sh
test:
	@scripts/install-packages.sh build run test
	@scripts/unpack-packages.sh build/peers
	@/usr/bin/python3 scripts/test.py
bench: default
	@scripts/install-packages.sh bench
	@scripts/unpack-packages.sh build/peers
	@/usr/bin/python3 bench/run.py
overload: default
	@ninja -C build/release --quiet tests/overload/flood tests/overload/meter
	@/usr/bin/python3 tests/overload/run.py $(if $(JSON),--json $(JSON))
fuzz:
	@scripts/install-packages.sh build fuzz
	@/usr/bin/python3 scripts/fuzz.py --minutes $(MINUTES)
golden:
	@scripts/build.sh release
	@ninja -C build/release --quiet tests/golden/posthaste_golden
	@build/release/tests/golden/posthaste_golden --cuts all --jobs $$(nproc)
fuzz-coverage:
	@scripts/install-packages.sh build fuzz
	@/usr/bin/python3 scripts/fuzz_coverage.py
linear:
	@scripts/build.sh release
	@meson test -C build/release --benchmark --suite linear --num-processes 1 --verbose
sim:
	@scripts/build.sh release
	@ninja -C build/release --quiet tests/sim/posthaste_sim
	@build/release/tests/sim/posthaste_sim --seeds $(SEEDS) --jobs $(JOBS)
	@build/release/tests/sim/posthaste_sim --scenario year --seeds $(YEARS) --jobs $(JOBS)
sim-proof:
	@scripts/install-packages.sh build
	@/usr/bin/python3 scripts/sim_proof.py
kill-test:
	@scripts/build.sh debug
	@scripts/install-packages.sh test
	@EVERY_STEP=1 build/debug/tests/unit/test_store_fault
	@EVERY_STEP=1 build/debug/tests/unit/test_store_contact
	@ROUNDS=$(ROUNDS) POSTHASTE_BIN=build/debug/posthaste /usr/bin/python3 -m pytest -q tests/e2e/test_kill.py
power:
	@scripts/build.sh release
	@ninja -C build/release --quiet tests/power/posthaste_power tests/power/power_recorder.so
	@scripts/power.py --seed $(SEED) --mixtures $(MIXTURES)
format:
	@scripts/install-packages.sh format
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i
tidy:
	@scripts/install-packages.sh format
	@/usr/bin/python3 scripts/tidy.py
clean:
	@rm -rf build
