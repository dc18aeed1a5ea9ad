"""A command of the command line: the options of every command, old spellings of options, and two sizes of help."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption

from trustinstall.cli.options import GENERAL, PANELS, RARE
from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Hidden spellings of options: those of earlier versions, and `--root` as dnf and apk have it.
_ALIASES = {
    "--user": ("--for-user",),
    "--search": ("--python", "--bundle"),
    "--refresh": ("--rescan",),
    "--with-windows": ("--windows-host",),
    "--variables": ("--env",),
    "--not-ours": ("--foreign",),
    "--foreign": ("--all",),
    "--sysroot": ("--root",),
}
#: Flags that mean an option with a value.
_FLAGS = {
    "--color": (("--no-color", "never"),),
    "--from": (("--from-system", "system"), ("--from-windows", "windows")),
}
#: The values of `--color`, and whether output is coloured; None: the terminal decides.
_WORDS = {"auto": None, "always": True, "never": False}


#: Commands that only report. A change's exit code is about the change, also if its report is lost.
_REPORTING = frozenset({"check", "doctor", "env", "export", "list", "log", "stores", "tools"})
_UNWRITTEN = 1  # `export >trust.toml` on a full disk
#: The commands that accept either an argument or a command of the caller behind `--`.
_RUNNING = frozenset({"doctor"})


def words_of(context: typer.Context) -> tuple[str, ...] | None:
    """Return the words behind `--`; None if there is no `--`."""
    words: tuple[str, ...] | None = context.obj
    return words


class Command(TyperCommand):
    """A command with `--color` and `--help-all`, whose `--help` omits rarely needed options."""

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401  Typer's settings
        """Initialise a command with Typer's settings."""
        super().__init__(name, **settings)
        self.params.append(_color())
        if any(isinstance(one, TyperOption) and one.rich_help_panel in RARE for one in self.params):
            self.params.append(_help_all())
        self.params.sort(key=_panel)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  as below
        """Parse the arguments; remove the words behind `--` first if they are the caller's command; see `words_of`."""
        if self.name in _RUNNING and "--" in args:
            at = args.index("--")
            ctx.obj = tuple(args[at + 1 :])
            args = args[:at]
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  as below
        """Run the command; if it succeeds but only reports, and its report is lost, end with 1."""
        from trustinstall.host import console

        try:
            super().invoke(ctx)
        except typer.Exit as ended:
            if ended.exit_code:
                raise
        if console.lost() and _only_reports(self.name, ctx.params):
            raise typer.Exit(_UNWRITTEN)

    def make_parser(self, ctx: Any) -> Any:  # noqa: ANN401  Typer exports no type of its copy of click
        """Return the parser of this command's options, with their hidden spellings."""
        parser = super().make_parser(ctx)
        for option in [one for one in self.params if isinstance(one, TyperOption)]:
            for alias in _ALIASES.get(option.opts[0], ()):
                other = copy(option)
                other.opts = [alias]
                other.add_to_parser(parser, ctx)
            for alias, value in _FLAGS.get(option.opts[0], ()):
                action = "append_const" if option.multiple else "store_const"
                parser.add_option(obj=option, opts=[alias], dest=option.name, action=action, const=value)
        return parser

    def get_help_option(self, ctx: Any) -> TyperOption | None:  # noqa: ANN401  as above
        """Return the option `--help`, in the panel of general options."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = GENERAL
        return option

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401  as above
        """Return the help without rarely needed options."""
        for one in self.params:
            if isinstance(one, TyperOption):
                one.hidden = one.hidden or one.rich_help_panel in RARE
        return self.whole_help(ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  as above
        """Write the examples, each on its line, if the help has no frames."""
        if self.epilog:
            formatter.write(f"\n{self.epilog}\n")

    def whole_help(self, ctx: Any) -> str:  # noqa: ANN401  as above
        """Return the help with every option except hidden ones."""
        if self.rich_markup_mode is not None:
            from typer import rich_utils

            from trustinstall.host import console

            rich_utils.FORCE_TERMINAL = console.wants_colour()  # as --color, NO_COLOR and the terminal say
        return super().get_help(ctx)


def _only_reports(name: str | None, options: Mapping[str, object]) -> bool:
    """Whether a command with these options changes nothing, so that its report is all that it does."""
    if options.get("dry_run") or options.get("action") == "status":
        return True
    return name in _REPORTING and not options.get("fix")


def _panel(one: object) -> int:
    """Return the place of an option in the help: arguments come first, rare options last."""
    return PANELS.index(one.rich_help_panel) if isinstance(one, TyperOption) and one.rich_help_panel in PANELS else -1


def _color() -> TyperOption:
    return TyperOption(
        param_decls=["--color"],
        metavar="|".join(_WORDS),
        autocompletion=lambda *_: list(_WORDS),
        envvar="TRUSTINSTALL_COLOR",
        show_envvar=True,
        help="When to use colours; NO_COLOR and FORCE_COLOR are known.",
        is_eager=True,
        expose_value=False,
        callback=_choose_colour,
        rich_help_panel=GENERAL,
    )


def _choose_colour(context: Any, _option: object, value: str | None) -> None:  # noqa: ANN401  as above
    if value is None or context.resilient_parsing:
        return
    if value not in _WORDS:
        raise typer.BadParameter(f"{printable(value, 40)} is none of {', '.join(_WORDS)}")
    from trustinstall.host import console

    console.choose_colour(_WORDS[value])


def _help_all() -> TyperOption:
    return TyperOption(
        param_decls=["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_all,
        help="Show the options for images and special cases, too.",
        rich_help_panel=GENERAL,
    )


def _show_all(context: Any, _option: object, value: bool) -> None:  # noqa: ANN401  as Typer calls it
    if value and not context.resilient_parsing:
        typer.echo(context.command.whole_help(context))
        context.exit()
