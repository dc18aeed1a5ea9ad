"""scripts/trustinstall for root: in a place where only root can write, from a checkout where others can."""

from __future__ import annotations

from tests.end_to_end.bootstrap.machine import NOBODY, PREPARING, Machine

SCRIPT = '"a checkout/scripts/trustinstall"'


def test_the_program_is_a_copy_that_only_root_can_write(roots_machine: Machine) -> None:
    """Under root's strictest umask all files are root's, all accounts may read them, and only root may write them."""
    done = roots_machine.shell(
        f"""
        umask 077
        {SCRIPT} --version
        find /opt/trustinstall \\( ! -user 0 -o -perm /022 \\) ! -type l -print
        find /opt/trustinstall ! -name lock ! -perm -004 -print
        setpriv --reuid {NOBODY} --clear-groups /opt/trustinstall/env-*/bin/python -I -m trustinstall --version
        """,
        variables=roots_machine.wheels,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("trustinstall ")
    assert first == second


def test_nothing_is_read_from_the_checkout_any_more(roots_machine: Machine) -> None:
    """What is installed runs without the checkout, links nowhere into it, and has left no file in it."""
    done = roots_machine.shell(
        f"""
        find "a checkout" | sort >before
        {SCRIPT} --version
        find "a checkout" | sort | diff before -
        rm -r "a checkout"
        find /opt/trustinstall -type l -lname "*checkout*"
        grep -rlF "$PWD/a checkout" /opt/trustinstall || true
        /opt/trustinstall/bin/trustinstall --help >/dev/null
        """,
        variables=roots_machine.wheels,
    )
    assert (done.returncode, done.stderr) == (0, PREPARING)
    assert done.stdout.count("\n") == 1


def test_a_place_that_others_may_write_is_refused(roots_machine: Machine) -> None:
    """Root starts no program below a directory in which another account could have put it."""
    for preparation in (
        "chmod 757 /opt",
        "chmod 775 /opt",
        "chmod 1777 /opt",
        "mkdir -m 775 /opt/trustinstall",
        f"mkdir /opt/trustinstall; chown {NOBODY} /opt/trustinstall",
    ):
        planted = "/opt/trustinstall/env-$(date +%N)/bin"
        done = roots_machine.shell(
            f"{preparation}; mkdir -p {planted}; status=0; {SCRIPT} --version || status=$?; exit $status"
        )
        assert done.returncode == 1
        assert "other accounts may write to: /opt" in done.stderr
        assert done.stdout == ""


def test_a_users_pip_configuration_does_not_bind_root(roots_machine: Machine) -> None:
    """A pip.conf in the home that sudo has kept in HOME could make root write a log anywhere."""
    for place in (".config/pip/pip.conf", ".pip/pip.conf", "xdg/pip/pip.conf"):
        path = roots_machine.home / place
        path.parent.mkdir(parents=True)
        path.write_text(f"[global]\nlog = {roots_machine.home}/log\n", encoding="utf-8")
    done = roots_machine.run(
        "--version",
        variables={"PIP_CONFIG_FILE": "", "XDG_CONFIG_HOME": str(roots_machine.home / "xdg"), **roots_machine.wheels},
    )
    assert done.returncode == 0, done.stderr
    assert not (roots_machine.home / "log").exists()


def test_a_link_in_the_checkout_is_refused(roots_machine: Machine) -> None:
    """A link would be read again by root later, or copy a file that only root may read."""
    link = roots_machine.checkout / "trustinstall" / "notes.py"
    link.symlink_to("/etc/shadow")
    done = roots_machine.shell(f"{SCRIPT} --version || echo /opt/trustinstall/*", variables=roots_machine.wheels)
    assert "notes.py is neither a file nor a directory" in done.stderr
    assert done.stdout == "/opt/trustinstall/lock\n"


def test_root_runs_no_python_that_its_path_names(roots_machine: Machine) -> None:
    """Without TRUSTINSTALL_PYTHON root takes the system's Python, and not the first one of PATH."""
    trap = roots_machine.directory / "trap"
    trap.mkdir()
    for name in ("python3", "python3.13", "find", "cksum", "sort", "id", "dirname", "readlink"):
        program = trap / name
        program.write_text(f"#!/bin/sh\ntouch '{trap}/ran'\n", encoding="utf-8")
        program.chmod(0o755)
    done = roots_machine.shell(
        '"a checkout/scripts/find-python"; unshare --mount true; ' + f"{SCRIPT} --version || true",
        variables={"PATH": f"{trap}:/usr/bin:/bin", "TRUSTINSTALL_PYTHON": "", "PIP_NO_INDEX": "1"},
    )
    assert done.stdout.startswith(("/usr/bin/python3", "/usr/local/bin/python3"))
    assert not (trap / "ran").exists()


def test_it_is_on_the_path_until_it_is_uninstalled(roots_machine: Machine) -> None:
    """The first run links the launcher into /usr/local/bin; `self uninstall` deletes link, environments and records."""
    done = roots_machine.shell(
        f"""
        {SCRIPT} --version
        PATH=/usr/local/bin:$PATH trustinstall --version
        mkdir -p /var/lib/trustinstall/private
        trustinstall=/usr/local/bin/trustinstall
        $trustinstall self uninstall --dry-run | grep -c delete
        $trustinstall self uninstall
        ls -d /opt/trustinstall /var/lib/trustinstall $trustinstall 2>/dev/null || echo gone
        """,
        variables=roots_machine.wheels,
    )
    assert (done.returncode, done.stderr) == (0, PREPARING)
    first, second, planned, *_, gone = done.stdout.splitlines()
    assert first == second
    assert (planned, gone) == ("3", "gone")


def test_a_program_of_that_name_stays(roots_machine: Machine) -> None:
    """What the administrator has put at the link's place is neither replaced nor deleted."""
    done = roots_machine.shell(
        f"""
        echo mine >/usr/local/bin/trustinstall
        {SCRIPT} --version
        /opt/trustinstall/bin/trustinstall self uninstall
        cat /usr/local/bin/trustinstall
        """,
        variables=roots_machine.wheels,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("mine\n")


def test_a_path_that_others_may_write_gets_no_link(roots_machine: Machine) -> None:
    """In such a directory another account could replace the program that root starts by its name."""
    done = roots_machine.shell(
        f"chmod 775 /usr/local/bin; {SCRIPT} --version; ls /usr/local/bin/trustinstall || true",
        variables=roots_machine.wheels,
    )
    assert done.stdout.count("trustinstall") == 1
