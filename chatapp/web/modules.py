"""Which modules a page is made of, so that the browser can ask for all of them at once.

There is no build step: modules import each other by relative path, and a browser would learn of each only when it has
read the one that imports it, a round trip a level. Read from the files under `static/` once; `templates/script.html` writes
the links.
"""

import functools
import re
from pathlib import Path

#: `import ... from "./x.js"`, `export ... from "./x.js"` and `import "./x.js"`; not `import("./x.js")`, which is for later.
_IMPORT = re.compile(r"""^\s*(?:import|export)\b[^;"'()]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


@functools.cache
def modules_of(static: Path, entry: str) -> tuple[str, ...]:
    """The paths under `static` of `entry` and of all that it imports, nearest first."""
    static = static.resolve()
    found = [(static / entry).resolve()]
    for module in found:  # grows while it is gone through
        for path in _IMPORT.findall(module.read_text(encoding="utf-8")):
            imported = (module.parent / path).resolve()
            if imported not in found:
                found.append(imported)
    return tuple(str(module.relative_to(static)) for module in found)
