# Everything a person does with a checkout of Fluxion. `make` alone lists it.
#
# Every building target first installs what is missing (Scripts/setup.sh). `SWIFT_FLAGS` is handed to every `swift` command that builds,
# `ARGS` to the program that is run: make demo ARGS="--epochs 20 --model recurrent"

SWIFT ?= swift
SWIFT_FLAGS ?=
ARGS ?=
PEERS ?= .build/peers
ROUNDS ?= 3
LEVEL ?=
SOURCES = Package.swift Sources Tests Benchmarks Examples
MODULES = Tensors Autodiff Models Optimizers Data Training Fluxion FluxionONNX

.DEFAULT_GOAL := help
.PHONY: help setup setup-mpi test-mpi demo test bench bench-peers server browser arm lint format docs fuzz clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F '|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## install OpenBLAS, LAPACKE, zlib, libpng and libjpeg where they are missing
	@sh Scripts/setup.sh

demo: setup ## train a perceptron on handwritten digits
	$(SWIFT) run -c release $(SWIFT_FLAGS) digits $(ARGS)

test: setup ## run all tests; what each printed is in .build/test.log
	@SWIFT='$(SWIFT)' Scripts/test.sh $(SWIFT_FLAGS) $(ARGS)

setup-mpi: setup ## install Open MPI where it is missing (FLUXION_MPI=mpich looks for MPICH)
	@sh Scripts/setup-mpi.sh

test-mpi: setup ## run the tests of several processes; skipped where there is no MPI; ARGS="collectives"
	@Scripts/test-mpi.sh $(ARGS)

bench: setup ## run the benchmarks, e.g. ARGS="--filter train/"
	$(SWIFT) run -c release $(SWIFT_FLAGS) bench $(ARGS)

bench-peers: setup ## measure beside PyTorch and JAX, set up in PEERS if need be; ROUNDS=3, LEVEL=avx2 limits all alike
	$(SWIFT) build -c release $(SWIFT_FLAGS) --product bench
	python3 Benchmarks/Peers/compare.py --peers $(PEERS) --rounds $(ROUNDS) $(if $(LEVEL),--level $(LEVEL)) \
	  --bench "$$($(SWIFT) build -c release $(SWIFT_FLAGS) --show-bin-path)/bench" $(ARGS)

server: setup ## train the digits model, serve it over HTTP, and check and load the server
	@git ls-remote -q https://github.com/hummingbird-project/hummingbird HEAD >/dev/null 2>&1 || \
	  [ -d .build-server/checkouts/hummingbird ] || { echo "server: hummingbird cannot be had here; skipped"; exit 0; }; \
	  $(SWIFT) run -c release $(SWIFT_FLAGS) digits --curve .build/server.svg --save .build/digits.safetensors | tail -n 1 && \
	  $(SWIFT) build -c release --package-path Examples/Server --scratch-path .build-server --product server && \
	  python3 Examples/Server/check.py .build-server/release/server .build/digits.safetensors Examples/Digits/Resources $(ARGS)

browser: ## install Chromium, which the test of the page that watches a run then opens (Debian, Ubuntu)
	@command -v chromium >/dev/null || { apt-get update -q >/dev/null; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium curl fonts-dejavu-core >/dev/null; }
	@chromium --version

arm: ## install what builds programs for Arm and runs them, which Tests/Arm/run.sh then does (Debian, Ubuntu)
	@[ "$$(uname -m)" != x86_64 ] || { command -v qemu-aarch64 && [ -e /usr/aarch64-linux-gnu/include/stdio.h ] && \
	  [ -d /usr/lib/gcc-cross/aarch64-linux-gnu ]; } >/dev/null || { apt-get update -q >/dev/null; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null; }

fuzz: setup ## fuzz the readers of files: ARGS="SECONDS READER…"
	Tests/Fuzz/run.sh $(ARGS)

lint: ## check the sources' style
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format: ## put the sources into style
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

docs: setup ## build the reference documentation
	$(SWIFT) package $(SWIFT_FLAGS) --disable-sandbox generate-documentation --enable-experimental-combined-documentation \
	  $(addprefix --target ,$(MODULES))

clean: ## remove everything that was built
	rm -rf .build .build-* .build_* Tests/Consumer/.build
