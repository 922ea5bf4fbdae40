#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_completions.py WEIR BASH ZSH FISH: writes what these shells complete of weir's command line, of what the program
says in --help: commands, options, values where the text lists them, files and folders where the argument is one."""
import re
import subprocess
import sys

FILES, FOLDERS, HOSTS, OUTPUTS = "files", "folders", "hosts", "outputs"
KINDS = {"FILE": FILES, "PATH": FILES, "DIR": FOLDERS, "HOST": HOSTS, "WHERE": OUTPUTS}
# Arguments whose values the text may list.
LISTED = ("FORM", "FORMAT", "HOW", "KEY", "KIND", "VERSION", "WHEN", "WORD", "WORDS")
OUTPUT_WORDS = ["text", "null", "store:", "json:", "udp:"]
OPTION = re.compile(r"(?:  (-\w), |  (-\w)(?= )|      )(--[\w-]+)?(\[=\w+\]| [A-Z\[][A-Z\]\[:]*)?(?:  +(\S.*))?$")


class Option:
    """Its argument is "" where it takes none, or where that may be left out."""

    def __init__(self, names, argument, text):
        self.names, self.argument, self.text = names, argument, text

    def words(self):
        """The values that the text lists: 'table (default), json or csv', or 'never; segment: what that is; always:
        so'."""
        text = re.sub(r" \([^)]*\)", "", self.text)
        text = re.sub(r"^(?:[a-z]+(?: --files)?(?:, |: ))+(?=\w+, )", "", text) if self.argument == "KIND" else text
        if self.argument not in LISTED:
            return []
        listed = re.match(r"[\w:]+(?:, (?!or )[\w:]+)*(?:,? or [\w:]+)|[\w:]+(?:, [\w:]+)+", text)
        if listed:
            found = re.split(r",? or |, ", listed[0])
        else:
            found = [piece.split(":")[0] for piece in text.split("; ")]
            found = found if len(found) > 1 and all(re.fullmatch(r"\w+", word) for word in found) else []
        return [re.sub(r"[A-Z]+$", "", word) if ":" in word[:-1] else word.removesuffix(":") for word in found]

    def kind(self):
        return KINDS.get(self.argument)

    def brief(self):
        return ", ".join(self.words()) or re.split(r"; | \(", self.text.removeprefix("may be repeated; "))[0]


class Command:
    def __init__(self, name, text, help_text):
        self.name, self.text, self.options = name, text, []
        usage = help_text.split("\n\n")[0]
        subcommands = re.search(r"\w+(?:\|\w+)+(?= )", usage)
        self.subcommands = subcommands[0].split("|") if subcommands else []
        self.operand = FILES if " FILE" in usage or "[FILE" in usage else FOLDERS if "DIR]" in usage else None
        for line in help_text.splitlines():
            match = OPTION.match(line)
            if match and (match[1] or match[2] or match[3]):
                argument = "" if (match[4] or "[=").startswith("[=") else match[4].strip()
                self.options.append(Option([name for name in match.groups()[:3] if name], argument, match[5] or ""))
            elif self.options and re.match(r" {12,}\S", line):
                self.options[-1].text = (self.options[-1].text + " " + line.strip()).strip()

    def names(self):
        return [name for option in self.options for name in option.names]


def read_commands(weir):
    def help_text(*command):
        return subprocess.run([weir, *command, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True).stdout
    found = re.findall(r"^  (\w+) {2,}(\S.*)", help_text(), re.M)
    return [Command(name, text, help_text(name)) for name, text in found]


# ----------------------------------------------------------------------------------------------------------------- bash

BASH = """# SPDX-License-Identifier: MIT
# bash completes weir(1) with this. It is made of what the program says in --help.
_weir_words() {{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    [[ ${{COMPREPLY[0]}} != *: ]] || compopt -o nospace
}}

_weir_files() {{
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}}

_weir_folders() {{
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$1")
}}

_weir_outputs() {{
    _weir_words '{outputs}' "$1"
    ((${{#COMPREPLY[@]}})) || _weir_files "$1"
}}

_weir_hosts() {{
    mapfile -t COMPREPLY < <(compgen -A hostname -- "$1")
}}

_weir_command() {{
    if ((COMP_CWORD == 2)); then _weir_words "$2" "$3"; else "$1" "$3"; fi
}}

_weir() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _weir_words '{commands} --help --version' "$word"
        return
    fi
    case $before$word in # bash takes --option=value and store:folder for three words
    =*) before=${{COMP_WORDS[COMP_CWORD - 2]}} ;;
    *[!:]=) word= ;;
    :*) _weir_files "$word"; return ;;
    *:) _weir_files ''; return ;;
    esac
    case "$command $before" in
{values}
    esac
    case "$command $word" in
{options}
{operands}
    esac
}}
complete -F _weir weir
"""


def bash_case(names, action):
    return "    %s) %s ;;" % ("|".join("'%s'" % name for name in names), action)


def bash_value(option):
    if option.kind():
        return "_weir_%s \"$word\"; return" % option.kind()
    return "_weir_words '%s' \"$word\"; return" % " ".join(option.words()) if option.words() else "return"


def bash(commands):
    values = [bash_case(["%s %s" % (command.name, name) for name in option.names], bash_value(option))
              for command in commands for option in command.options if option.argument]
    options = ["    '%s '-*) _weir_words '%s' \"$word\" ;;" % (command.name, " ".join(command.names()))
               for command in commands]
    operands = []
    for command in commands:
        if command.subcommands:
            operands.append("    '%s '*) _weir_command _weir_%s '%s' \"$word\" ;;" %
                            (command.name, command.operand, " ".join(command.subcommands)))
        elif command.operand:
            operands.append("    '%s '*) _weir_%s \"$word\" ;;" % (command.name, command.operand))
    return BASH.format(commands=" ".join(command.name for command in commands), outputs=" ".join(OUTPUT_WORDS),
                       values="\n".join(values), options="\n".join(options), operands="\n".join(operands))


# ------------------------------------------------------------------------------------------------------------------ zsh

ZSH = """#compdef weir
# SPDX-License-Identifier: MIT
# zsh completes weir(1) with this. It is made of what the program says in --help.
local -a commands=(
{commands}
)
if ((CURRENT == 2)); then
    _describe command commands
    return
fi
shift words
((CURRENT--))
case $words[1] in
{cases}
esac
"""


def quoted(text):
    return "'%s'" % text.replace("'", "'\\''")


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_value(option):
    actions = {FILES: "_files", FOLDERS: "_files -/", HOSTS: "_hosts",
               OUTPUTS: '{compadd -S "" -- %s; _files}' % " ".join(OUTPUT_WORDS)}
    action = actions.get(option.kind()) or ("(%s)" % " ".join(option.words()) if option.words() else " ")
    return ":%s:%s" % (zsh_text(option.argument), action.replace(":", "\\:"))


def zsh_option(option):
    names = [name + ("" if not option.argument else "=" if name.startswith("--") else "+") for name in option.names]
    either = "{%s}" % ",".join(names) if len(names) > 1 else names[0]
    return "'*'%s'[%s]%s'" % (either, zsh_text(option.brief()), zsh_value(option) if option.argument else "")


def zsh_operands(command):
    rest = {FILES: ["'*:file:_files'"], FOLDERS: ["'*:folder:_files -/'"]}.get(command.operand, ["'*: : '"])
    return (["'1:what to do:(%s)'" % " ".join(command.subcommands)] if command.subcommands else []) + rest


def zsh_case(command):
    specs = [zsh_option(option) for option in command.options] + zsh_operands(command)
    return "%s)\n    _arguments -s : \\\n        %s\n    ;;" % (command.name, " \\\n        ".join(specs))


def zsh(commands):
    names = ["    '%s:%s'" % (command.name, zsh_text(command.text)) for command in commands]
    return ZSH.format(commands="\n".join(names), cases="\n".join(map(zsh_case, commands)))


# ----------------------------------------------------------------------------------------------------------------- fish

FISH_FOLDERS = "(__fish_complete_directories (commandline -ct))"


def fish_value(option):
    if not option.argument:
        return ""
    if option.kind() == FOLDERS:
        return " -x -a '%s'" % FISH_FOLDERS
    if option.kind() == HOSTS:
        return " -x -a '(__fish_print_hostnames)'"
    if option.kind() == OUTPUTS:
        return " -r -F -a '%s'" % " ".join(OUTPUT_WORDS)
    return " -r -F" if option.kind() == FILES else " -x -a '%s'" % " ".join(option.words())


def fish_option(command, option):
    names = "".join(" -l " + name[2:] if name.startswith("--") else " -s " + name[1:] for name in option.names)
    return "complete -c weir -n '__fish_seen_subcommand_from %s'%s%s -d %s" % (
        command.name, names, fish_value(option), quoted(option.brief()))


def fish(commands):
    lines = ["# SPDX-License-Identifier: MIT",
             "# fish completes weir(1) with this. It is made of what the program says in --help."]
    lines += ["complete -c weir -n __fish_use_subcommand -f -a %s -d %s" % (command.name, quoted(command.text))
              for command in commands]
    for command in commands:
        here = "complete -c weir -n '__fish_seen_subcommand_from %s'" % command.name
        if command.operand != FILES:
            lines.append(here + " -f")
        if command.subcommands:
            names = " ".join(command.subcommands)
            lines.append("%s; and not __fish_seen_subcommand_from %s' -a '%s'" % (here[:-1], names, names))
            lines.append("%s; and __fish_seen_subcommand_from %s' -a '%s'" % (here[:-1], names, FISH_FOLDERS))
        lines += [fish_option(command, option) for option in command.options]
    return "\n".join(lines) + "\n"


def main(weir, *paths):
    commands = read_commands(weir)
    for path, text in zip(paths, (bash(commands), zsh(commands), fish(commands)), strict=True):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
