#!/usr/bin/python3
"""messages.py - every text of the pages is in every catalogue, and every text of a catalogue is used

Texts are {{#_}}...{{/_}} in templates; in C the literal arguments of im_tr, im_trn, im_tr_count, im_tr_with, and the
strings that follow the comment N_ (tables of texts). With --missing prints entries to be added to the catalogues.

SPDX-License-Identifier: ISC
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRING = r'"((?:[^"\\]|\\.)*)"'
# one literal may be written in several pieces
LITERAL = rf'{STRING}(?:\s*{STRING})*'


def strings(text):
    """The value of adjacent C string literals."""
    joined = ''.join(re.findall(STRING, text))
    return joined.replace('\\n', '\n').replace('\\"', '"').replace('\\\\', '\\')


def c_texts(source):
    """Yield (singular, plural or None)."""
    for call in re.finditer(rf'\bim_tr(_with)?\([^;{{}}"]*?({LITERAL})', source):
        yield strings(call.group(2)), None
    for call in re.finditer(rf'\bim_tr(?:n|_count)\([^;{{}}"]*?({LITERAL})\s*,\s*({LITERAL})', source):
        parts = re.split(r'"\s*,\s*"', call.group(0)[call.group(0).index('"'):], maxsplit=1)
        yield strings(parts[0] + '"'), strings('"' + parts[1])
    for table in re.finditer(rf'/\* N_ \*/\s*({LITERAL}(?:\s*,\s*{LITERAL})*)', source):
        for one in re.split(r'(?<!\\)"\s*,\s*"', table.group(1)):
            yield strings('"' + one.strip('"') + '"'), None


def used():
    """{msgid: (plural, place)}"""
    found = {}
    for path in sorted(ROOT.glob('cgi/templates/*.html')):
        for text in re.findall(r'\{\{#_\}\}(.*?)\{\{/_\}\}', path.read_text()):
            found.setdefault(text, (None, path))
    for path in sorted([*ROOT.glob('lib/web/*.c'), *ROOT.glob('lib/mta/*.c'), *ROOT.glob('cgi/*/*.c')]):
        for text, plural in c_texts(path.read_text()):
            if text not in found or plural:
                found[text] = (plural, path)
    return found


def catalogue(path):
    """{msgid: (plural, [translations])} without fuzzy and obsolete entries; msgattrib decides what those are."""
    text = subprocess.run(['msgattrib', '--no-wrap', '--no-fuzzy', '--no-obsolete', '--translated', path],
                          capture_output=True, text=True, check=True).stdout
    entries = {}
    for block in text.split('\n\n'):
        fields = {}
        key = None
        for line in block.splitlines():
            start = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line)
            if start:
                key = start.group(1)
                fields[key] = strings(start.group(2))
            elif key and line.startswith('"'):
                fields[key] += strings(line)
        if fields.get('msgid'):
            entries[fields['msgid']] = (fields.get('msgid_plural'),
                                        [v for k, v in fields.items() if k.startswith('msgstr')])
    return entries


def quoted(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def problems(path, texts):
    entries = catalogue(path)
    name = path.relative_to(ROOT)
    for text, (plural, place) in texts.items():
        if text not in entries:
            yield f'{name}: no translation of {quoted(text)} ({place.relative_to(ROOT)})', text
        elif plural != entries[text][0]:
            yield f'{name}: the plural of {quoted(text)} is not {quoted(plural or "")}', None
    for text, (_, translations) in entries.items():
        if text not in texts:
            yield f'{name}: {quoted(text)} is used nowhere', None
        for mark in ('%d', '%s'):
            if any(mark in t for t in translations) != (mark in text) and not (mark == '%d' and entries[text][0]):
                yield f'{name}: {quoted(text)}: {mark} is lost or invented', None


def main():
    texts = used()
    bad = 0
    for path in sorted(ROOT.glob('po/*.po')):
        for message, missing in problems(path, texts):
            if '--missing' not in sys.argv:
                print(message, file=sys.stderr)
            elif missing:
                plural = texts[missing][0]
                more = f'msgid_plural {quoted(plural)}\nmsgstr[0] ""\nmsgstr[1] ""\n' if plural else 'msgstr ""\n'
                print(f'#: {texts[missing][1].relative_to(ROOT)}\nmsgid {quoted(missing)}\n{more}')
            bad += 1
    if not texts:
        print('messages.py: no texts found', file=sys.stderr)
        return 1
    if '--missing' not in sys.argv:
        print(f'texts of pages: {len(texts)}, {bad} problems')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
