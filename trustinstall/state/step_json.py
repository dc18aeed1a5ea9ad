"""Steps as JSON: the format of the journal."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey

if TYPE_CHECKING:
    from collections.abc import Mapping
from trustinstall.stores.steps import (
    Content,
    Delete,
    Edit,
    Link,
    MakeDirectory,
    RemoveDirectory,
    ToolOperation,
    Transform,
    Undo,
)

# The words of the journal's format. They never change, even if classes are renamed.
_WORDS: dict[type[Undo], str] = {
    Edit: "Edit",
    Delete: "Delete",
    Link: "Link",
    MakeDirectory: "MakeDirectory",
    RemoveDirectory: "RemoveDirectory",
    ToolOperation: "Native",
}


def step_to_json(step: Undo) -> dict[str, Any]:
    """Return one inverse step as plain JSON data; `step_from_json` reads it.

    Raises TypeError for an Edit whose change is Computed.
    """
    kind = _WORDS[type(step)]
    if isinstance(step, Edit):
        owner = list(step.owner) if step.owner else None
        attributes = {name: base64.b64encode(value).decode() for name, value in step.attributes}
        return {
            "kind": kind,
            "path": step.path,
            "expect": step.expect,
            "mode": step.mode,
            "owner": owner,
            **({"attributes": attributes} if attributes else {}),
            **_transform_to_json(step.transform),
        }
    if isinstance(step, ToolOperation):
        der = base64.b64encode(step.der).decode()
        return {"kind": kind, "operation": step.operation, "inverse": step.inverse, "der": der}
    if isinstance(step, Delete):
        return {"kind": kind, "path": step.path, "expect": step.expect}
    if isinstance(step, Link):
        owned = {"owner": list(step.owner)} if step.owner else {}
        return {"kind": kind, "path": step.path, "target": step.target, "expect": step.expect, **owned}
    if isinstance(step, MakeDirectory):
        return {"kind": kind, "path": step.path, "mode": step.mode}
    return {"kind": kind, "path": step.path}


def step_from_json(data: Mapping[str, Any]) -> Undo:
    """Return the step that `step_to_json` described. Raises KeyError, TypeError or ValueError on any other data."""
    kind = data["kind"]
    if kind == "Native":
        return ToolOperation(str(data["operation"]), str(data["inverse"]), base64.b64decode(data["der"], validate=True))
    path = str(data["path"])
    if kind == "Edit":
        found = data.get("attributes", {})
        attributes = tuple((str(name), base64.b64decode(value, validate=True)) for name, value in found.items())
        return Edit(
            path, _transform_from_json(data), str(data["expect"]), int(data["mode"]), _owner(data["owner"]), attributes
        )
    if kind == "Delete":
        return Delete(path, str(data["expect"]))
    if kind == "Link":
        return Link(path, str(data["target"]), str(data["expect"]), _owner(data.get("owner")))
    if kind == "MakeDirectory":
        return MakeDirectory(path, int(data["mode"]))
    if kind == "RemoveDirectory":
        return RemoveDirectory(path)
    raise ValueError(f"no such step: {kind!r}")


def _owner(data: Any) -> tuple[int, int] | None:  # noqa: ANN401  JSON
    return (int(data[0]), int(data[1])) if data else None


def _transform_to_json(transform: Transform) -> dict[str, Any]:
    if isinstance(transform, Content):
        return {"content": base64.b64encode(transform.content).decode()}
    if isinstance(transform, Blocks):
        return {"blocks": transform.to_json()}
    if isinstance(transform, SetKey):
        return {"setting": transform.to_json()}
    raise TypeError("a change that a backend computes is undone by content, and never journalled")


def _transform_from_json(data: Mapping[str, Any]) -> Transform:
    if "content" in data:
        return Content(base64.b64decode(data["content"], validate=True))
    return SetKey.from_json(data["setting"]) if "setting" in data else Blocks.from_json(data["blocks"])
