"""A stand-in for the Hugging Face Hub: as much of its interface as making and filling a Space asks."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from serving import serve


@dataclass
class Space:
    """What is in a Space: the size of each file that is stored apart, the content of the others."""

    hardware: str | None
    private: bool
    files: dict[str, int | bytes] = field(default_factory=lambda: {".gitattributes": b"", "old.py": b""})
    commits: int = 0


class Hub:
    """Where it answers, its Spaces, and what it refuses: a part of an address to a status and a reason."""

    def __init__(self) -> None:
        self.spaces: dict[str, Space] = {}
        self.refuse: dict[str, tuple[int, str]] = {}
        self.sent: set[str] = set()  # what was stored apart, by its hash
        self.app = FastAPI()
        self._routes()
        self.address, self.stop = serve(self.app)

    def _routes(self) -> None:
        app, add = self.app, self.app.add_api_route
        app.middleware("http")(self.refusals)
        add("/api/repos/create", self.create, methods=["POST"])
        add("/api/validate-yaml", lambda: {"errors": [], "warnings": []}, methods=["POST"])
        add("/api/spaces/{user}/{name}/tree/main", self.tree)
        add("/api/spaces/{user}/{name}/preupload/main", self.preupload, methods=["POST"])
        add("/spaces/{user}/{name}.git/info/lfs/objects/batch", self.batch, methods=["POST"])
        add("/stored/{digest}", self.store, methods=["PUT"])
        add("/api/spaces/{user}/{name}/commit/main", self.commit, methods=["POST"])
        add("/api/spaces/{user}/{name}/hardware", self.set_hardware, methods=["POST"])

    async def refusals(self, request: Request, answer: Callable[[Request], Any]) -> Response:
        for part, (status, why) in self.refuse.items():
            if part in request.url.path:
                return JSONResponse({"error": why}, status, {"X-Error-Message": why})
        return await answer(request)

    async def create(self, request: Request) -> Response:
        asked = await request.json()
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.spaces:
            return JSONResponse({"error": "You already created this space repo"}, 409)
        assert (asked["type"], asked["sdk"]) == ("space", "gradio")
        self.spaces[name] = Space(asked.get("hardware"), asked.get("visibility") == "private")
        return JSONResponse({"url": f"{self.address}/spaces/{name}"})

    def tree(self, user: str, name: str) -> Response:
        if (space := self.spaces.get(f"{user}/{name}")) is None:
            missing = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            return JSONResponse({"error": "Repository not found"}, 404, missing)
        return JSONResponse([{"type": "file", "path": p, "size": 0, "oid": "0"} for p in space.files])

    async def preupload(self, request: Request) -> dict[str, Any]:
        """Binary files are stored apart, as the Hub wants it."""
        files = (await request.json())["files"]
        apart = [b"\0" in base64.b64decode(file["sample"]) for file in files]
        return {
            "files": [
                {"path": file["path"], "uploadMode": "lfs" if binary else "regular", "shouldIgnore": False}
                for file, binary in zip(files, apart, strict=True)
            ]
        }

    async def batch(self, request: Request) -> dict[str, Any]:
        objects = (await request.json())["objects"]
        for thing in objects:
            thing["actions"] = {"upload": {"href": f"{self.address}/stored/{thing['oid']}"}}
        return {"transfer": "basic", "objects": objects}

    async def store(self, digest: str, request: Request) -> dict[str, Any]:
        await request.body()
        self.sent.add(digest)
        return {}

    async def commit(self, user: str, name: str, request: Request) -> dict[str, Any]:
        space = self.spaces[f"{user}/{name}"]
        for line in (await request.body()).splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                space.files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                assert value["oid"] in self.sent
                space.files[value["path"]] = value["size"]
            elif entry["key"] == "deletedFile":
                del space.files[value["path"]]
        space.commits += 1
        oid = f"{space.commits:040x}"
        return {
            "success": True,
            "commitOid": oid,
            "commitUrl": f"{self.address}/spaces/{user}/{name}/commit/{oid}",
        }

    async def set_hardware(self, user: str, name: str, request: Request) -> dict[str, Any]:
        self.spaces[f"{user}/{name}"].hardware = (await request.json())["flavor"]
        return {"stage": "BUILDING", "hardware": {"current": None, "requested": "cpu-basic"}}
