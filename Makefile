# intimail: "make" builds, "make help" lists the targets. Everything made goes below $(BUILD).
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

BUILD ?= build
CC ?= cc
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '%-5s %s\n' $(1) $(2))

WERROR ?= 1
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wwrite-strings \
	-Wformat=2 -Wundef -Wconversion -Wno-sign-conversion -Wcast-qual -Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2 -ftrivial-auto-var-init=zero
im_cppflags = -Ilib -D_GNU_SOURCE $(CPPFLAGS)
im_cflags = -std=gnu17 $(WARN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,$(HARDEN)) $(CFLAGS)
im_ldflags = $(if $(SAN),-fsanitize=$(SAN),-pie -Wl,-z,relro,-z,now,--as-needed) $(LDFLAGS)

# What a program links besides libc. Third-party libraries that the per-message and per-page programs need are linked
# from their static archives: a library missing for a moment during an upgrade must not bounce mail (exit status 127).
static = $(if $(SAN),$(1),-Wl,-Bstatic $(1) -Wl,-Bdynamic)
LIBS_intimail-user = -lldap -llber
LIBS_login = -lldap -llber $(call static,-lsodium)
LIBS_list = -lsodium
LIBS_message = $(call static,-lsodium -lmagic -lbz2 -llzma -lz)
LIBS_part = $(call static,-lsodium -lmagic -lbz2 -llzma -lz)
LIBS_html = $(call static,-lsodium -lgumbo)
LIBS_intimail-message = $(call static,-lgumbo)
LIBS_intimail-index = -lcjson
# the list page is static altogether: the dynamic loader costs more than all that it does
STATIC_list = $(if $(SAN),,-static-pie)

lib_src := $(wildcard lib/*/*.c)
lib_obj := $(lib_src:%.c=$(BUILD)/%.o)
lib := $(BUILD)/libintimail.a
cmds := $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c)))
cgis := $(notdir $(patsubst %/main.c,%,$(wildcard cgi/*/main.c)))
units := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/check_*.c))

.PHONY: all
all: $(cmds:%=$(BUILD)/bin/%) $(cgis:%=$(BUILD)/cgi/%)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(im_cppflags) $(im_cflags) -MMD -MP -c -o $@ $<

$(lib): $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# $(1) folder, $(2) program, $(3) where to
define program
$(3)/$(2): $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/$(2)/*.c)) $(lib)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(im_cflags) $$(if $$(STATIC_$(2)),$$(STATIC_$(2)) $$(filter-out -pie,$$(im_ldflags)),$$(im_ldflags)) -o $$@ $$^ $$(LIBS_$(2))
endef
$(foreach c,$(cmds),$(eval $(call program,cmd,$(c),$(BUILD)/bin)))
$(foreach c,$(cgis),$(eval $(call program,cgi,$(c),$(BUILD)/cgi)))

unit_libs = -lcheck -lsubunit -lpthread -lrt -lm -lcjson -lldap -llber -lgumbo -lmagic -lsodium
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(lib)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(im_cflags) $(im_ldflags) -o $@ $^ $(unit_libs)

.PHONY: check-unit
check-unit: $(units:%=$(BUILD)/unit/%)
	@for t in $^; do $$t || exit 1; done

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')
