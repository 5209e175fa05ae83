# EcoStore: every task. `make help` lists them; `make run` is all a newcomer needs.
#
# Only relative paths below: make splits words at spaces, and a clone may live in a folder with one.

MODE ?= dev
ifeq ($(origin CC),default)
CC := gcc
endif
Q := $(if $(V),,@)
SAY = @printf '  %-8s %s\n'
MAKEFLAGS += --no-builtin-rules -j$(shell nproc)
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# build/dev, build/asan, build/cov; another compiler has a folder of its own: build/dev-clang
OUT := build/$(MODE)$(addprefix -,$(filter-out gcc cc,$(notdir $(firstword $(CC)))))

# ---------------------------------------------------------------- flags

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wcast-qual -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Wconversion -Wno-missing-field-initializers
MODE_dev := -O2 -D_FORTIFY_SOURCE=2
MODE_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
MODE_cov := -O0 --coverage
ifndef MODE_$(MODE)
$(error MODE=$(MODE) is none of dev, asan, cov)
endif
CFLAGS := -std=gnu11 $(WARN) -fstack-protector-strong -fPIE -g -D_GNU_SOURCE $(MODE_$(MODE)) -Icommon -isystem /usr/include/postgresql
LDFLAGS := -pie -Wl,--as-needed -Wl,-z,relro,-z,now $(filter -fsanitize% --coverage,$(MODE_$(MODE)))
# --as-needed: a program is linked with what it uses. Only who sends mail carries GMime and GLib.
LDLIBS = -lfcgi -lpq -ljansson -lsodium -ljwt -lcurl -lssl -lcrypto -lutf8proc -lidn2 -lcsv -lesmtp -loath -lqrencode -lcbor $(GMIME_LIBS) -lm -lpthread
GMIME_CFLAGS = $(shell pkg-config --cflags-only-I gmime-3.0 | sed 's/-I/-isystem /g')
GMIME_LIBS = $(shell pkg-config --libs gmime-3.0)

# ---------------------------------------------------------------- what there is: found, not listed

LIB := $(OUT)/libecostore.a
TESTLIB := $(OUT)/libtest.a
LIB_SRC := $(filter-out common/base/fault.c,$(wildcard common/base/*.c common/data/*.c common/edges/*.c common/app/*.c))
SERVICES := $(patsubst fcgi-apps/%/main.c,%,$(wildcard fcgi-apps/*/main.c))
SERVICE_SRC := $(foreach s,$(SERVICES),$(wildcard fcgi-apps/$(s)/*.c))
BINARIES := $(SERVICES:%=$(OUT)/bin/%)
TESTLIB_SRC := $(wildcard tests/lib/*.c)
TEST_SRC := $(wildcard tests/unit/*.c tests/store/*.c tests/http/*.c tests/fault/*.c tests/bench/*.c)
TESTS := $(TEST_SRC:%.c=$(OUT)/%)
# The same programs with fault points (common/base/fault.h): only what has any is compiled again, and linked first.
FAULT_SRC := common/base/fault.c $(shell grep -l '"base/fault.h"' $(LIB_SRC))
FAULT_OBJECTS := $(FAULT_SRC:%.c=$(OUT)/fault/%.o)
FAULT_BINARIES := $(SERVICES:%=$(OUT)/fault/bin/%)
OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(LIB_SRC) $(SERVICE_SRC) $(TESTLIB_SRC) $(TEST_SRC))

# tests/store/cart_lines.c is linked with cart-service's objects (but main.c), bus_….c with event-bus', mock_….c with mock-provider's.
service_of = $(if $(findstring _,$(notdir $1)),$(firstword $(filter $(firstword $(subst _, ,$(notdir $1)))-% %-$(firstword $(subst _, ,$(notdir $1))),$(SERVICES))))

# ---------------------------------------------------------------- build

.PHONY: help build objects tests faults lint format clean packages test-packages
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; print "make <task>:"} /^[a-z][a-z-]*:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile
	@printf '\nPORT=8080  TLS_PORT=  RUN_DIR=.run  S=<service>  LIMITS=strict  MODE=dev|asan|cov  CC=clang  FAULT=1  V=1\n'

build: $(LIB) $(BINARIES) ## Compile everything (MODE=asan, MODE=cov, CC=clang)

objects: $(OBJECTS) ## Compile without linking: for a branch whose library is not whole yet

tests: build faults $(TESTS) ## Compile the C tests

faults: $(FAULT_BINARIES)

$(LIB): $(patsubst %.c,$(OUT)/%.o,$(LIB_SRC))
$(TESTLIB): $(patsubst %.c,$(OUT)/%.o,$(TESTLIB_SRC))
define SERVICE_RULES
$(OUT)/lib/$(1).a: $(patsubst %.c,$(OUT)/%.o,$(filter-out %/main.c,$(wildcard fcgi-apps/$(1)/*.c)))
$(OUT)/bin/$(1): $(OUT)/fcgi-apps/$(1)/main.o $(OUT)/lib/$(1).a $(LIB)
$(OUT)/fault/bin/$(1): $(OUT)/fcgi-apps/$(1)/main.o $(FAULT_OBJECTS) $(OUT)/lib/$(1).a $(LIB)
$(patsubst %.c,$(OUT)/%.o,$(wildcard fcgi-apps/$(1)/*.c)): OWN := -Ifcgi-apps/$(1)
endef
$(foreach s,$(SERVICES),$(eval $(call SERVICE_RULES,$(s))))
define TEST_RULES
$(OUT)/$(1): $(OUT)/$(1).o $(if $(call service_of,$(1)),$(OUT)/lib/$(call service_of,$(1)).a) $(TESTLIB) $(LIB)
$(OUT)/$(1).o: OWN := -Itests/lib $(addprefix -Ifcgi-apps/,$(call service_of,$(1)))
endef
$(foreach t,$(TEST_SRC:%.c=%),$(eval $(call TEST_RULES,$(t))))
$(OUT)/tests/lib/%.o: OWN := -Itests/lib
$(OUT)/common/edges/mail.o: OWN = $(GMIME_CFLAGS)

$(OUT)/%.a:
	$(SAY) AR $@
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

$(BINARIES) $(FAULT_BINARIES) $(TESTS):
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(if $(filter $(OUT)/tests/%,$@),-lcmocka) $(LDLIBS)

# What is included must be installed first.
$(patsubst %.c,$(OUT)/%.o,$(LIB_SRC) $(SERVICE_SRC)) $(FAULT_OBJECTS): | packages
$(patsubst %.c,$(OUT)/%.o,$(TESTLIB_SRC) $(TEST_SRC)): | test-packages
$(OUT)/%.o: %.c $(OUT)/flags
	$(SAY) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OWN) -MMD -MP -c -o $@ $<
$(FAULT_OBJECTS): $(OUT)/fault/%.o: %.c $(OUT)/flags
	$(SAY) CC '$< (fault)'
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -DES_FAULT -MMD -MP -c -o $@ $<

# Other flags, other objects: the stamp changes only when they do.
$(OUT)/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@
.PHONY: always
always:

-include $(OBJECTS:.o=.d) $(FAULT_OBJECTS:.o=.d)

# ---------------------------------------------------------------- packages

packages:
	@common/install/packages.sh run

# One apt at a time.
test-packages: | packages
	@common/install/packages.sh run test

# ---------------------------------------------------------------- tests

.PHONY: test
# One C test needs no more than itself.
test: assets $(if $(wildcard $(T:%.c=%).c),test-packages $(OUT)/$(T:%.c=%),tests) ## Run every test; T=tests/unit/money runs one
	@BUILD=$(OUT) tests/run $(T)

lint: build ## Prove layers, sizes, banned functions, declared access, documented keys
	@BUILD=$(OUT) tests/lint/run

format: ## Format C sources in place (only what git knows and clang-format changes)
	$(Q)git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

clean: ## Remove build/ (never .run)
	$(Q)rm -rf build

# ---------------------------------------------------------------- the shop

ASSET_SRC := $(wildcard templates/assets/*.* templates/assets/*/*)
build/assets.json: $(ASSET_SRC) common/install/assets.py | packages
	$(SAY) ASSETS $@
	$(Q)common/install/assets.py templates/assets build/assets $@

.PHONY: assets run start stop restart status logs seed reset import
assets: packages build/assets.json build/openapi.json

# The services' documents as one, held against their route tables: a difference stops the build.
build/openapi.json: $(wildcard fcgi-apps/*/openapi.yaml) common/install/openapi_base.yaml common/install/openapi_merge.py $(BINARIES) | packages
	$(SAY) DOCS $@
	$(Q)for b in $(BINARIES); do "$$b" --routes || exit 1; done > $@.routes
	$(Q)common/install/openapi_merge.py --routes $@.routes --out $@
	$(Q)gzip -9 -n -k -f $@

SHOP = @exec env BUILD=$(OUT)$(FAULT:%=/fault) PORT='$(PORT)' TLS_PORT='$(TLS_PORT)' RUN_DIR='$(RUN_DIR)' S='$(S)' LIMITS='$(LIMITS)' common/install/shop/shop.py
PROGRAMS := build $(FAULT:%=faults)
PORT ?=
RUN_DIR ?= .run

run: $(PROGRAMS) assets ## Start the whole shop here; Ctrl-C stops it
	$(SHOP) run

start: $(PROGRAMS) assets ## Start it in the background (S=cart-service: that service)
	$(SHOP) start

stop: ## Stop it
	$(SHOP) stop

restart: $(PROGRAMS) assets ## Stop and start again, with the same settings
	$(SHOP) restart

status: ## What runs, since when, how large, and where
	$(SHOP) status

logs: ## Follow the logs (S=cart-service, N=100 lines back)
	$(SHOP) logs

seed: ## Import the seed shop again
	$(SHOP) seed

import: ## Import products: FILE=products.ndjson or .csv
	$(SHOP) import "$$FILE"

reset: ## Stop it and remove its data, after asking (YES=1: without)
	$(SHOP) reset

# ---------------------------------------------------------------- longer proofs

.PHONY: test-fault test-fresh test-security bench valgrind
test-fault: tests assets ## Kill -9 at every commit of a sale; lose PostgreSQL; 100 purchases and a million events under random kills
	@BUILD=$(OUT) POINTS=each OUTAGES=12 PURCHASES=$(or $(PURCHASES),100) EVENTS=$(or $(EVENTS),1000000) FAULT_SECS=7200 tests/run tests/fault

test-fresh: ## make run and make test in a fresh Debian (debootstrap, root): slow
	@common/install/packages.sh fresh
	@tests/fresh/run

test-security: build assets ## sqlmap and wapiti against a running shop find nothing
	@common/install/packages.sh run test security
	@BUILD=$(OUT) HOSTILE=all tests/run tests/security tests/system/test_routes
	@BUILD=$(OUT) tests/security/run

bench: tests assets ## Measure against the limits of this machine: ratios, p50/p99, memory
	@BUILD=$(OUT) tests/bench/run
	@BUILD=$(OUT) /usr/bin/python3 -B tests/bench/bus.py

valgrind: tests assets ## 10,000 requests to each service under valgrind: no leak
	@BUILD=$(OUT) tests/valgrind/run
