/*
 * completion.c - a bash script out of the table of a program
 *
 * One function for each program. It walks over the words before the cursor as the program would: which is the
 * subcommand, and whether the next word is the value of an option. "want" says what comes at the cursor: f a file,
 * d a directory, n nothing that could be guessed, empty one of "words".
 *
 * A program whose arguments are another's (intimail VERB) asks that one for its script, once in a shell, and calls its
 * function with the rest of the words: what is offered is what the program that is there can do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/completion.h"

#include <stdio.h>
#include <string.h>

/* as a part of a bash identifier */
static void
put_name(const char *name)
{
	for (; *name; name++)
		putchar(*name == '-' ? '_' : *name);
}

/* what the help calls an argument says what it is */
static char
wanted(const char *arg)
{
	return arg && strstr(arg, "FILE") ? 'f' : arg && strstr(arg, "DIR") ? 'd' : 'n';
}

static void
put_long_names(const struct im_opt *o)
{
	for (; o && o->name; o++)
		printf(" --%s", o->name);
}

static void
put_values(const struct im_opt *o)
{
	for (; o && o->name; o++) {
		if (!o->arg)
			continue;
		printf("\t\t");
		if (o->letter)
			printf("-%c | ", o->letter);
		printf("--%s) want=%c && continue ;;\n", o->name, wanted(o->arg));
	}
}

/* the words before the cursor; "--name=value" comes as three of them */
static void
put_walk(const struct im_cmd *cmd, const struct im_opt *common)
{
	const char *stop = cmd->flags & IM_CMD_FIRST ? " && break" : "";

	printf("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tword=${COMP_WORDS[i]}\n"
	       "\t\t[[ $word == = ]] && continue\n"
	       "\t\t[[ $want ]] && want= && continue\n"
	       "\t\tcase $word in\n");
	put_values(common);
	put_values(cmd->opts);
	printf("\t\tesac\n"
	       "\t\t[[ ! $sub && $word != -* ]] && sub=$word%s && continue\n"
	       "\t\tcase $sub,$word in\n",
	    stop);
	for (const struct im_subcmd *s = cmd->subs; s && s->name; s++) {
		for (const struct im_opt *o = s->opts; o && o->name; o++) {
			if (!o->arg)
				continue;
			printf("\t\t");
			if (o->letter)
				printf("%s,-%c | ", s->name, o->letter);
			printf("%s,--%s) want=%c ;;\n", s->name, o->name, wanted(o->arg));
		}
	}
	printf("\t\tesac\n"
	       "\tdone\n"
	       "\t[[ $cur == = ]] && cur=\n");
}

/* programs beside this one, or in the bin and sbin beside it, as main.c of intimail looks for them */
static void
put_delegation(const struct im_cmd *cmd)
{
	printf("\tif [[ $sub =~ ^[a-z0-9-]+$ && $sub != help ]]; then\n"
	       "\t\tlocal f=_");
	put_name(cmd->name);
	printf("_${sub//-/_}\n"
	       "\t\tdeclare -F \"$f\" >/dev/null || eval \"$(\"${COMP_WORDS[0]}\" \"$sub\" --completion "
	       "2>/dev/null)\"\n"
	       "\t\tdeclare -F \"$f\" >/dev/null || return 0\n"
	       "\t\tlocal -a COMP_WORDS=(\"%s-$sub\" \"${COMP_WORDS[@]:i + 1}\")\n"
	       "\t\tlocal COMP_CWORD=$((COMP_CWORD - i))\n"
	       "\t\t\"$f\"\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tword=$(type -P \"${COMP_WORDS[0]}\")\n"
	       "\tfor word in \"${word%%/*}\"/{,../bin/,../sbin/}%s-*; do\n"
	       "\t\t[[ -x $word && \"$words \" != *\" ${word##*/%s-} \"* ]] && words+=\" ${word##*/%s-}\"\n"
	       "\tdone\n"
	       "\twords+=\" help\"\n",
	    cmd->name, cmd->name, cmd->name, cmd->name);
}

static void
put_choice(const struct im_cmd *cmd)
{
	printf("\tcase $sub in\n");
	for (const struct im_subcmd *s = cmd->subs; s && s->name; s++) {
		printf("\t%s)\n\t\targ=%c\n\t\topts+=\"", s->name, wanted(s->args));
		put_long_names(s->opts);
		printf("\" ;;\n");
	}
	if (cmd->subs) {
		printf("\t'') words=\"");
		for (const struct im_subcmd *s = cmd->subs; s->name; s++)
			printf("%s ", s->name);
		printf("help\" ;;\n");
	} else if (!(cmd->flags & IM_CMD_FIRST)) {
		printf("\t*) arg=%c ;;\n", wanted(cmd->args));
	}
	printf("\tesac\n");
}

void
im_completion(const struct im_cmd *cmd, const struct im_opt *common)
{
	printf("# bash completion of %s, printed by \"%s --completion\"\n_", cmd->name, cmd->name);
	put_name(cmd->name);
	printf("()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} word='' sub='' want='' arg='' words='' opts='' i\n"
	       "\tCOMPREPLY=()\n");
	put_walk(cmd, common);
	if (cmd->flags & IM_CMD_FIRST)
		put_delegation(cmd);
	printf("\topts=\"");
	put_long_names(common);
	put_long_names(cmd->opts);
	printf("\"\n");
	put_choice(cmd);
	printf("\tif [[ ! $want && $cur == -* ]]; then\n"
	       "\t\twords=$opts\n"
	       "\telif [[ $want || $arg ]]; then\n"
	       "\t\twant=${want:-$arg} words=\n"
	       "\tfi\n"
	       "\tcase $want in\n"
	       "\tf | d)\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -\"$want\" -- \"$cur\") ;;\n"
	       "\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
	       "\tesac\n"
	       "}\ncomplete -F _");
	put_name(cmd->name);
	printf(" %s\n", cmd->name);
}
