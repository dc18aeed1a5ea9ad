"""Makes the commands of sh, bash and zsh from words and operators.

Sources: POSIX.1-2017, Shell Command Language 2.9, 2.10; bash(1), SHELL GRAMMAR; zshmisc(1), COMPLEX COMMANDS. From the
first syntax that is not known here, the rest of a text is unknown.
"""

from __future__ import annotations

from functools import lru_cache

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.sessions.sh_nodes import (
    AndOr,
    Apart,
    Branch,
    Case,
    Commands,
    For,
    Function,
    Group,
    If,
    Node,
    Pipeline,
    Simple,
    Test,
    While,
    alone,
)
from trustinstall_platforms.tools.sessions.sh_tokens import Tokens
from trustinstall_platforms.tools.sessions.sh_words import Scanner
from trustinstall_platforms.tools.sessions.words import LostError, Word

_DEEPEST = 40  # nested commands
_SEPARATORS = frozenset({"\n", ";", "&", "&|", "&!"})
_REDIRECTIONS = frozenset({"<", ">", ">>", "<<", "<<-", "<<<", "<>", "<&", ">&", ">|", "&>", "&>>"})
_ASSIGNMENT = regex(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_LOOPS = frozenset({"for", "select", "foreach"})
_OF_ZSH = frozenset({"repeat"})  # whose words are not followed here


class Text(NamedTuple):
    """The commands of a text; `lost` is the place from which on it is unknown, or None."""

    scanner: Scanner
    commands: tuple[AndOr, ...]
    lost: int | None


@lru_cache(maxsize=64)  # several sessions read the same files
def read(text: str, *, zsh: bool) -> Text:
    """Return the commands of a text."""
    scanner = Scanner(text, zsh=zsh)
    parser, found, start = _Parser(scanner), list[AndOr](), 0
    try:
        while parser.more():
            found.append(parser.and_or())
            start = parser.at
    except (LostError, RecursionError):
        return Text(scanner, tuple(found), start)
    return Text(scanner, tuple(found), None)


class _Parser(Tokens):
    def __init__(self, scanner: Scanner) -> None:
        super().__init__(scanner)
        self._depth = 0

    def more(self) -> bool:
        """Skip empty commands; return whether a command comes."""
        while self.token.operator in _SEPARATORS:
            self._take()
        return self.token.operator != "" or self.token.word is not None

    def and_or(self) -> AndOr:
        """Return the next command, up to its separator."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LostError(self.token.start)
        parts = [("", self._pipeline())]
        while self.token.operator in {"&&", "||"}:
            operator = self._take().operator
            self._skip_lines()
            parts.append((operator, self._pipeline()))
        apart = self.token.operator in {"&", "&|", "&!"}
        if self.token.operator in _SEPARATORS:
            self._take()
        elif self.token.word is not None:
            raise LostError(self.token.start)
        self._depth -= 1
        return AndOr(tuple(parts), apart)

    def _list(self, *ends: str) -> Commands:
        """Return commands up to one of these words or operators, which stays."""
        found: list[AndOr] = []
        while self.more() and (self._plain() or self.token.operator) not in ends:
            found.append(self.and_or())
        is_empty = not found and "esac" not in ends and not self._scanner.zsh  # bash and dash refuse an empty list
        if is_empty or (self._plain() or self.token.operator) not in ends:
            raise LostError(self.token.start)
        return tuple(found)

    def _pipeline(self) -> Pipeline:
        negated = False
        while self._plain() in {"!", "time", "-p"}:
            negated ^= self._plain() == "!"
            self._take()
        nodes = [self._command()]
        while self.token.operator in {"|", "|&"}:
            self._take()
            self._skip_lines()
            nodes.append(self._command())
        return Pipeline(tuple(nodes), negated)

    def _command(self) -> Node:
        if self.token.operator == "(":
            return self._redirected(self._parenthesis())
        word = self._plain()
        if word in _LOOPS:
            return self._redirected(self._for())
        if word in _OF_ZSH and self._scanner.zsh:
            raise LostError(self.token.start)
        known = {
            "{": self._group,
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "case": self._case,
            "function": self._function,
            "[[": self._test,
        }.get(word or "")
        return self._redirected(known()) if known else self._simple()

    def _redirected(self, node: Node) -> Node:
        while self.token.operator in _REDIRECTIONS:
            self._redirection()
        return node

    def _redirection(self) -> None:
        operator = self._take().operator
        target = self._word()
        if operator in {"<<", "<<-"}:
            self._scanner.document(target, tabs=operator == "<<-")

    def _simple(self) -> Node:
        start, assignments, words = self.token.start, list[Word](), list[Word]()
        while self.token.word is not None or self.token.operator in _REDIRECTIONS:
            if self.token.word is None:
                self._redirection()
                continue
            word = self._word()
            is_assignment = not words and _ASSIGNMENT.match(self._scanner.text, word.start, word.end)
            (assignments if is_assignment else words).append(word)
            if len(words) == 1 and not assignments and self.token.operator == "(":
                return self._defined(words[0])
        if not assignments and not words:
            raise LostError(start)
        return Simple(tuple(assignments), tuple(words), start)

    def _defined(self, name: Word) -> Function:
        self._expect("(")
        self._expect(")")
        return Function(name.literal or "", self._body(), name.start, self._scanner.at)

    def _function(self) -> Function:
        self._take()
        name = self._word()
        if self.token.operator == "(":
            self._take()
            self._expect(")")
        return Function(name.literal or "", self._body(), name.start, self._scanner.at)

    def _body(self) -> Commands:
        self._skip_lines()
        node = self._command()
        return node.body if isinstance(node, Group) else alone(node)

    def _group(self) -> Node:
        self._take()
        body = self._list("}")
        self._take()
        if self._plain() != "always":
            return Group(body)
        self._take()
        self._expect("{")
        body += self._list("}")
        self._take()
        return Group(body)

    def _parenthesis(self) -> Node:
        """Return a subshell or arithmetic; or a function of zsh without a name, which is run."""
        start = self.token.start
        self._ahead, self._scanner.at = None, start
        if self._scanner.zsh and self._scanner.text.startswith("()", start):
            self._scanner.at = start + 2
            return Group(self._body())
        self._scanner.skip_parentheses()
        return Apart()

    def _if(self) -> If:
        branches: list[tuple[Commands | None, Commands]] = []
        said = self._expect("if")
        while said in {"if", "elif"}:
            condition = self._list("then")
            self._take()
            branches.append((condition, self._list("elif", "else", "fi")))
            said = self._expect("elif", "else", "fi")
        if said == "else":
            branches.append((None, self._list("fi")))
            self._take()
        return If(tuple(branches))

    def _while(self) -> While:
        until = self._word().plain == "until"
        condition = self._list("do")
        return While(condition, self._do(), until)

    def _do(self) -> Commands:
        self._expect("do")
        body = self._list("done")
        self._take()
        return body

    def _for(self) -> Node:
        self._take()
        if self.token.operator == "(":
            self._ahead, self._scanner.at = None, self.token.start
            self._scanner.skip_parentheses()
            self.more()
            return While((), self._do(), until=False)
        name = self._word().literal or ""
        self._skip_lines()
        words: list[Word] | None = None
        if self._plain() == "in":
            self._take()
            words = []
            while self.token.word is not None:
                words.append(self._word())
        self.more()
        return For(name, None if words is None else tuple(words), self._do())

    def _case(self) -> Case:
        self._take()
        word = self._word()
        self._skip_lines()
        self._expect("in")
        branches: list[Branch] = []
        self._skip_lines()
        while self._plain() != "esac":
            branches.append(self._branch())
            self._skip_lines()
        self._take()
        return Case(word, tuple(branches))

    def _branch(self) -> Branch:
        if self.token.operator == "(":
            self._take()
        patterns = [self._word()]
        while self.token.operator == "|":
            self._take()
            patterns.append(self._word())
        self._expect(")")
        body = self._list(";;", ";&", ";;&", ";|", "esac")
        end = ";;" if self._plain() == "esac" else self._take().operator
        if end == ";;&" and self._scanner.zsh:
            raise LostError(self.token.start)
        return Branch(tuple(patterns), body, end)

    def _test(self) -> Test:
        self._take()
        words: list[Word | str] = []
        while self._plain() != "]]":
            token = self._take()
            if token.word is None and not token.operator:
                raise LostError(token.start)
            if token.operator != "\n":
                words.append(token.word if token.word is not None else token.operator)
        self._take()
        return Test(tuple(words))
