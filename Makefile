# SPDX-License-Identifier: MIT
# A short front for Meson; `make help` tells what there is.
BUILD ?= build
PREFIX ?= /usr/local
MESON ?= meson

.PHONY: all test demo install clean help
all: $(BUILD)/build.ninja
	@$(MESON) compile -C $(BUILD)

$(BUILD)/build.ninja:
	$(MESON) setup $(BUILD) --prefix=$(PREFIX)

test: all
	$(MESON) test -C $(BUILD) --print-errorlogs

clean:
	rm -rf $(BUILD)
