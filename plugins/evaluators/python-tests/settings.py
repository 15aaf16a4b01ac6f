"""The configuration."""

import json

MODES = ("fixed", "compat")
STYLES = ("check", "asserts", "programs")

SCHEMA = json.dumps(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "mode": {"enum": list(MODES), "default": MODES[0]},
            "style": {"enum": list(STYLES), "default": STYLES[0]},
        },
    },
    separators=(",", ":"),
)


def read(text):
    """Mode and style. Raises ValueError, which names the key that is wrong."""
    try:
        given = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ValueError(f"the configuration is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("the configuration is not a JSON object")
    for key in given:
        if key not in ("mode", "style"):
            raise ValueError(f"unknown key `{key}`, expected `mode` or `style`")
    mode, style = given.get("mode", MODES[0]), given.get("style", STYLES[0])
    for key, value, allowed in (("mode", mode, MODES), ("style", style, STYLES)):
        if value not in allowed:
            raise ValueError(f"`{key}` must be one of {', '.join(allowed)}, found: {json.dumps(value)}")
    return mode, style
