# SPDX-License-Identifier: MIT
# A short front for Meson; `make help` tells what there is.
BUILD ?= build
PREFIX ?= /usr/local
MESON ?= meson

.PHONY: all demo test bench install clean help
all: $(BUILD)/build.ninja
	@$(MESON) compile -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v $(MESON) >/dev/null || { echo "make: no meson here; run tools/setup.sh, which gets what is missing" >&2; exit 1; }
	@$(MESON) setup $(BUILD) --prefix=$(PREFIX) || { echo "make: meson could not set up the build; tools/setup.sh gets what is missing" >&2; exit 1; }

demo: all
	@tools/demo.sh $(BUILD)/weir

test: all
	@tools/make_venv.sh $(abspath $(BUILD))/venv >/dev/null
	@WEIR_VENV=$(abspath $(BUILD))/venv $(MESON) test -C $(BUILD) --print-errorlogs

bench: all
	@bench/collect.sh $(BUILD)/weir $(BUILD)/bench/make_workload
	@bench/decode.sh $(BUILD)/bench/decode $(BUILD)/bench/make_workload
	@$(BUILD)/bench/receive -q
	@if command -v valgrind >/dev/null; then bench/instructions.sh $(BUILD)/bench/decode $(BUILD)/bench/make_workload; \
	else echo "instructions.sh: skipped, there is no valgrind here"; fi; true
	@echo "live collecting, with nfcapd beside it: bench/live.sh $(BUILD)/weir takes some minutes"

install: all
	@$(MESON) configure $(BUILD) --prefix=$(PREFIX) >/dev/null
	DESTDIR=$(if $(DESTDIR),$(abspath $(DESTDIR))) $(MESON) install -C $(BUILD)

clean:
	rm -rf $(BUILD)

help:
	@echo "make            build $(BUILD)/weir"
	@echo "make demo       watch Weir measure real traffic on this machine"
	@echo "make test       run all tests"
	@echo "make bench      measure how fast it is here"
	@echo "make install    install below PREFIX ($(PREFIX)), inside DESTDIR where given"
	@echo "make clean      remove $(BUILD)"
