# intimail: "make" builds, "make help" lists the targets. Everything made goes below $(BUILD).
#
# Nothing here needs a compiler or pkg-config before the first recipe runs: on a machine with only git and make,
# tests/deps (first thing in every build) installs the rest.
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

BUILD ?= build
CC ?= cc
HOSTCC ?= cc
CLANG ?= clang
PYTHON ?= /usr/bin/python3
FUZZ_TIME ?= 60
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '%-5s %s\n' $(1) $(2))

# DEPS=0: the packages are there, or somebody else sees to it (a package build)
DEPS ?= 1

PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec/intimail
SHAREDIR ?= $(PREFIX)/share/intimail
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install

WERROR ?= 1
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wwrite-strings \
	-Wformat=2 -Wundef -Wconversion -Wno-sign-conversion -Wcast-qual -Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2 -ftrivial-auto-var-init=zero
im_cppflags = -Ilib -D_GNU_SOURCE $(CPPFLAGS)
im_cflags = -std=gnu17 $(WARN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,$(HARDEN)) \
	$(if $(COV),--coverage -O0) $(CFLAGS)
im_ldflags = $(if $(SAN),-fsanitize=$(SAN),-pie -Wl,-z,relro,-z,now,--as-needed) $(if $(COV),--coverage) $(LDFLAGS)

# What a program links besides libc. Third-party libraries that the per-message and per-page programs need are linked
# from their static archives: a library missing for a moment during an upgrade must not bounce mail (exit status 127).
static = $(if $(SAN),$(1),-Wl,-Bstatic $(1) -Wl,-Bdynamic)
magic = $$(cat $(BUILD)/probe/magic)
LIBS_intimail-user = -lldap -llber $(call static,-lsodium)
LIBS_intimail-directory = -lldap -llber
LIBS_intimail-list = -lldap -llber
LIBS_intimail-alias = -lldap -llber
LIBS_login = -lldap -llber $(call static,-lsodium -loath)
LIBS_settings = -lldap -llber -lqrencode $(call static,-lsodium -loath)
LIBS_admin = -lldap -llber -lcjson $(call static,-lsodium)
LIBS_list = -lsodium
LIBS_rules = -lsodium
LIBS_message = -lsodium $(if $(STATIC_message),$$(sed 's/-Wl,-B[a-z]*//g' $(BUILD)/probe/magic),$(magic))
LIBS_part = -lsodium
LIBS_html = -lsodium -lgumbo
LIBS_intimail-message = $(call static,-lgumbo) $(magic)
LIBS_intimail-index = -lcjson
LIBS_intimail-queue = -lcjson
LIBS_intimail-helper = -lcjson -lldap -llber $(call static,-lsodium)
# these are static altogether: the dynamic loader costs as much as all that they do
STATIC_list = $(if $(SAN)$(COV),,-static-pie)
STATIC_message = $(STATIC_list)
STATIC_rules = $(STATIC_list)
STATIC_html = $(STATIC_list)
STATIC_part = $(STATIC_list)
# the agent too: no library can be missing while mail arrives, and it starts in three quarters of the time
STATIC_intimail-deliver = $(STATIC_list)
STATIC_intimail-policy = $(STATIC_list)

lib_src := $(wildcard lib/*/*.c)
lib_obj := $(lib_src:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/charset_data.o
lib := $(BUILD)/libintimail.a
cmds := $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c)))
cgis := $(notdir $(patsubst %/main.c,%,$(wildcard cgi/*/main.c)))
units := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/check_*.c))
fuzzers := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
langs := $(patsubst po/%.po,%,$(wildcard po/*.po))
ours := $(wildcard lib/*/*.[ch] cmd/*/*.[ch] cgi/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch] \
	tests/system/*.[ch] tests/lib/*.[ch] lib/mail/gen/*.c)

.PHONY: all
all: ## build everything: build/bin, build/cgi, build/locale
all: $(cmds:%=$(BUILD)/bin/%) $(cgis:%=$(BUILD)/cgi/%) $(langs:%=$(BUILD)/locale/%.mo)

# the packages that a build needs are looked at once, before the first object
$(BUILD)/.deps-%: tests/deps
	@mkdir -p $(@D)
	$(Q)$(if $(filter 0,$(DEPS)),:,sh tests/deps $*)
	@touch $@
built := $(BUILD)/.deps-build

define compile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(im_cppflags) $(im_cflags) -MMD -MP -c -o $@ $<
endef
$(BUILD)/obj/%.o: %.c Makefile | $(built)
	$(compile)

# charsets as tables, made from the iconv of this machine
$(BUILD)/gen/charset_data.c: lib/mail/gen/mkcharset.c Makefile | $(built)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(HOSTCC) -O -o $(BUILD)/gen/mkcharset $< && $(BUILD)/gen/mkcharset >$@
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	$(compile)

# (the objects of a page program lie in obj/cgi/<name>/, the program is cgi/<name>)
$(BUILD)/lib/%.o: $(BUILD)/obj/lib/%.o
	@:

$(lib): $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# How libmagic is linked: its static archive needs what the distribution built it with; else the shared library
$(BUILD)/probe/magic: Makefile | $(built)
	@mkdir -p $(@D)
	$(Q)echo '#include <magic.h>' >$@.c; echo 'int main(void) { return magic_open(0) == 0; }' >>$@.c; \
	for l in '$(call static,-lmagic -lbz2 -llzma -lz)' \
	    "-Wl,-Bstatic $$(pkg-config --static --libs libmagic 2>/dev/null) -Wl,-Bdynamic" '-lmagic'; do \
		if $(CC) -o $@.test $@.c $$l 2>/dev/null; then echo "$$l" >$@; exit 0; fi; \
	done; echo 'libmagic cannot be linked: run tests/deps build' >&2; exit 1

# $(1) folder, $(2) program, $(3) where to
define program
$(3)/$(2): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/$(2)/*.c)) $(lib) \
	    $(if $(findstring probe/magic,$(value LIBS_$(2))$(LIBS_$(2))),$(BUILD)/probe/magic)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	@[ ! -d $$@ ] || rm -r $$@
	$$(Q)$$(CC) $$(im_cflags) $$(if $$(STATIC_$(2)),$$(STATIC_$(2)) $$(filter-out -pie,$$(im_ldflags)),$$(im_ldflags)) \
	    -o $$@ $$(filter %.o %.a,$$^) $$(LIBS_$(2))
endef
$(foreach c,$(cmds),$(eval $(call program,cmd,$(c),$(BUILD)/bin)))
$(foreach c,$(cgis),$(eval $(call program,cgi,$(c),$(BUILD)/cgi)))

$(BUILD)/locale/%.mo: po/%.po | $(built)
	@mkdir -p $(@D)
	$(call say,MO,$@)
	$(Q)msgfmt --check-format -o $@ $<

# --- tests ---

lib_libs = -lcjson -lldap -llber -lgumbo -lmagic -lsodium -loath -lqrencode
unit_libs = -lcheck -lsubunit -lpthread -lrt -lm $(lib_libs)
tested := $(BUILD)/.deps-test

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(lib) | $(tested)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(im_cflags) $(im_ldflags) -o $@ $(filter %.o %.a,$^) $(unit_libs)

.PHONY: check
check: ## run everything that must pass: units, sanitizers, real servers, browser, quick lint
check: $(tested)
	$(Q)BUILD=$(BUILD) MAKE='$(MAKE)' sh tests/check

.PHONY: check-unit
check-unit: ## unit tests
check-unit: $(units:%=$(BUILD)/unit/%)
	$(Q)sh tests/unit/run $^

.PHONY: check-system
check-system: ## the programs with real slapd, Postfix, lighttpd, Chromium
check-system: all $(tested)
	$(Q)bad=0; for d in tests/system tests/browser; do \
	    BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -p no:cacheprovider --durations=10 $$d $(PYTEST_ARGS) || bad=1; \
	done; exit $$bad

.PHONY: check-asan
check-asan: ## unit tests and the fuzz corpora under AddressSanitizer and UBSan
	$(Q)$(MAKE) -k BUILD=$(BUILD)/asan SAN=address,undefined WERROR=0 CFLAGS='-O1 -g' all check-unit fuzz-replay

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ_TIME seconds (60)
fuzz: $(fuzzers:%=$(BUILD)/fuzz/%)
	$(Q)sh tests/fuzz/run $(FUZZ_TIME) $(BUILD)/fuzz $(fuzzers)

# libFuzzer instruments what it shall steer by: the library is compiled into each target's own archive once
fuzz_flags = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g
$(BUILD)/fuzz/%.o: %.c Makefile | $(tested)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CLANG) $(im_cppflags) -std=gnu17 $(fuzz_flags) -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/gen/%.o: $(BUILD)/gen/%.c Makefile | $(tested)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(im_cppflags) -std=gnu17 $(fuzz_flags) -c -o $@ $<
$(BUILD)/fuzz/lib.a: $(lib_src:%.c=$(BUILD)/fuzz/%.o) $(BUILD)/fuzz/gen/charset_data.o
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/lib.a
	$(call say,LD,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(lib_libs)

.PHONY: fuzz-replay
fuzz-replay: ## run every fuzz target over its stored corpus
fuzz-replay: $(fuzzers:%=$(BUILD)/replay/%)
	$(Q)sh tests/fuzz/replay-all $(BUILD)/replay $(fuzzers)
$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(lib)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(im_cflags) $(im_ldflags) -o $@ $^ $(lib_libs)

.PHONY: bench
bench: ## compare with maildrop, dovecot-lda, sqwebmail, Roundcube (installs them)
bench: all
	$(Q)$(if $(filter 0,$(DEPS)),:,sh tests/deps bench)
	$(Q)for b in tests/bench/bench_*.py; do BUILD=$(abspath $(BUILD)) $(PYTHON) $$b $(BENCH_ARGS) || exit 1; done

.PHONY: coverage
coverage: ## line and branch coverage of lib/ by the unit tests and the fuzz corpora
	$(Q)find $(BUILD)/cov -name '*.gcda' -delete 2>/dev/null || :
	$(Q)$(MAKE) BUILD=$(BUILD)/cov COV=1 WERROR=0 CFLAGS='-O0 -g' HARDEN=-fPIE -k all check-unit fuzz-replay || echo 'not all tests passed'
	$(Q)$(PYTHON) tests/lint/coverage.py $(BUILD)/cov

# --- looking after the source ---

.PHONY: lint lint-fast lint-tidy
lint: ## all static checks
lint: lint-fast lint-tidy
lint-fast: ## those that take seconds
lint-fast: all
	$(Q)BUILD=$(BUILD) sh tests/lint/run format banned layers size man conf templates messages shell python
lint-tidy: ## clang-tidy and cppcheck
lint-tidy: $(tested)
	$(Q)BUILD=$(BUILD) sh tests/lint/run cppcheck tidy

.PHONY: format format-check
format: ## clang-format all C files
	$(Q)clang-format -i $(ours)
format-check: ## tell which files clang-format would change
	$(Q)BUILD=$(BUILD) sh tests/lint/run format

# --- using it ---

.PHONY: run
run: ## start a private server with three accounts and mail; ends with Ctrl-C
run: all
	$(Q)$(if $(filter 0,$(DEPS)),:,sh tests/deps run)
	$(Q)BUILD=$(abspath $(BUILD)) $(PYTHON) tests/demo.py $(RUN_ARGS)

.PHONY: deps
deps: ## install the Debian packages for building, running and testing
	$(Q)sh tests/deps build run test

users_bin := intimail intimail-message
agents := intimail-deliver intimail-policy intimail-helper
.PHONY: install
install: ## install below DESTDIR; set-uid bits and users are the package's or intimail-setup's work
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBEXECDIR)/cgi
	$(Q)for p in $(filter $(users_bin),$(cmds)); do $(INSTALL) -m 755 $(BUILD)/bin/$$p $(DESTDIR)$(BINDIR)/ || exit 1; done
	$(Q)for p in $(filter-out $(users_bin) $(agents),$(cmds)); do \
	    $(INSTALL) -m 755 $(BUILD)/bin/$$p $(DESTDIR)$(SBINDIR)/ || exit 1; done
	$(Q)for p in $(filter $(agents),$(cmds)); do $(INSTALL) -m 755 $(BUILD)/bin/$$p $(DESTDIR)$(LIBEXECDIR)/ || exit 1; done
	$(Q)for p in $(cgis); do $(INSTALL) -m 755 $(BUILD)/cgi/$$p $(DESTDIR)$(LIBEXECDIR)/cgi/ || exit 1; done
	$(Q)for f in $$(cd cgi && find templates static -type f); do \
	    $(INSTALL) -D -m 644 cgi/$$f $(DESTDIR)$(SHAREDIR)/$$f || exit 1; done
	$(Q)cat cgi/static/* | sha256sum | cut -c1-16 >$(DESTDIR)$(SHAREDIR)/static/version
	$(Q)for f in $$(find postfix openldap lighttpd -type f); do \
	    $(INSTALL) -D -m 644 $$f $(DESTDIR)$(SHAREDIR)/setup/$$f || exit 1; done
	$(Q)for l in $(langs); do $(INSTALL) -D -m 644 $(BUILD)/locale/$$l.mo $(DESTDIR)$(SHAREDIR)/locale/$$l.mo || exit 1; done
	$(Q)for m in man/*.[1-8]; do $(INSTALL) -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; done
	$(INSTALL) -d $(DESTDIR)$(COMPLETIONDIR)
	$(Q)for p in $(filter-out $(agents),$(cmds)); do \
	    $(BUILD)/bin/$$p --completion >$(DESTDIR)$(COMPLETIONDIR)/$$p && chmod 644 $(DESTDIR)$(COMPLETIONDIR)/$$p || exit 1; done

.PHONY: clean
clean: ## remove everything made
	rm -rf $(BUILD)

.PHONY: help
help: ## show this
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/  \1	\2/p' Makefile | expand -t 18

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')
