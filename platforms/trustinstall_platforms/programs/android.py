"""The store for certificates of users in each Android emulator of an account that runs.

Programs that trust certificates of users read it: Chrome, and an app whose network security configuration names
`<certificates src="user"/>`, as the debug builds of many do. The system's own store is not changed: from Android 14 on
it is in a module that cannot be written, and before only where the emulator was started with `-writable-system`.

`android_devices` has the devices, `android_reach` the commands for one that runs, `android_inside` describes its
content. A device that does not run is out of reach: that is an error only if a managed certificate in it should go.

iOS simulators are no stores: the only command that takes a root out (`simctl keychain DEVICE reset`) takes everything
else of the keychain with it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.errors import OutOfReach, ToolFailed
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.programs import android_devices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Change
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.programs.android_devices import Device
    from trustinstall_platforms.programs.android_reach import Access


class AndroidEmulators(Backend):
    """The backend of these stores."""

    name = "android-emulator"
    capabilities = frozenset({Capability.OTHER_MACHINE})

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the virtual devices of the acting account, from files alone."""
        return [self._store(host, one) for one in android_devices.devices(host)]

    def at(self, host: Host, location: str) -> Store | None:
        """Return the device of that directory, or None if it was deleted."""
        found = (one for one in android_devices.devices(host) if one.location == location)
        return next((self._store(host, one) for one in found), None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe what programs trust that trust certificates of users; PARTIAL if they cannot find one that is there.

        Raises OutOfReach if the device does not run, or nobody is root in it; ToolFailed if adb fails.
        """
        inside = _access(host, store).inside()
        anchors = {one.sha256: State.PARTIAL for one in inside.added.values()}
        anchors |= dict.fromkeys(inside.trusted, State.TRUSTED)
        copies = tuple(one for name in sorted(names) for one in inside.copies(name))
        return Observation(anchors, marked=inside.marked(), copies=copies)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts. Raises OSError if nothing can be read."""
        try:
            inside = _access(host, store).inside()
        except (ToolFailed, OutOfReach) as error:
            raise OSError(str(error)) from None
        return iter(dict.fromkeys((*inside.trusted.values(), *(one.der for one in inside.added.values()))))

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan a file for each certificate, or what takes it out. Raises OutOfReach or ToolFailed as `observe`."""
        from trustinstall_platforms.programs import android_reach
        from trustinstall_platforms.programs.android_inside import ADDED

        inside = _access(host, store).inside()
        placed: list[Placed] = []
        operations: list[ToolOperation] = []
        made = {ADDED} & {*change.noted_entries, *change.made}
        if change.add and ADDED not in inside.rooms:
            made = {ADDED}
            operations.append(ToolOperation(android_reach.ROOM, android_reach.TIDY, change.add[0].certificate.der))
        taken: set[str] = set()
        for one in change.add:
            path = inside.path_for(one.certificate, frozenset(taken))
            taken.add(path)
            placed.append(Placed(one.sha256, (path, *sorted(made))))
            operations.append(ToolOperation(android_reach.PUT, android_reach.TAKE, one.certificate.der))
        for certificate in change.drop:
            going = [one for one in change.remove if one.sha256 == certificate.sha256]
            if going or inside.going(certificate, everything=False):
                operation = android_reach.TAKE if all(one.marked for one in going) else android_reach.TAKE_ALL
                operations.append(ToolOperation(operation, android_reach.PUT, certificate.der))
        if change.drop and change.last and made:
            operations.append(ToolOperation(android_reach.TIDY, android_reach.NOTHING, change.drop[0].der))
        return Plan(placed=tuple(placed), operations=tuple(operations))

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return the commands of an operation by the present content; none if the emulator is not reached."""
        access = _access(host, store)
        with suppress(ToolFailed, OutOfReach):
            return access.commands(step)
        return ()

    def _store(self, host: Host, one: Device) -> Store:
        from trustinstall_platforms.programs import android_reach

        why = android_reach.PRODUCTION if one.production else android_reach.resting(one) if one.stopped else None
        return Store(
            self.name,
            one.location,
            host.account.uid,
            f"{self.name}:{one.location}",
            f"Chrome, and apps that trust users' certificates, once started again, in the Android emulator {one.name}",
            label=f"android:{one.name}",
            blocked=blocked(why, permanent=True),
        )


def _access(host: Host, store: Store) -> Access:
    """Return the access to a device; few machines have one."""
    from trustinstall_platforms.programs.android_reach import Access

    return Access(host, store)
