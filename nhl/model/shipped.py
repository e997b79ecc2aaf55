"""The trained models that come with the library, found from any folder. Imports no torch."""

from pathlib import Path

from nhl.model.checkpoint import CONFIG, CheckpointError

EMOJI = "emoji"
GALLERY = "gallery.db"
# In a checkout they lie beside the package; an installed package holds them itself.
PLACES = (Path(__file__).parents[2] / "checkpoints", Path(__file__).parents[1] / "checkpoints")


def shipped(name: str = EMOJI) -> Path:
    """The folder of a model that comes with the library: weights, settings and the gallery that it searches.

    Raises:
        CheckpointError: if it is not there.
    """
    for place in PLACES:
        if (place / name / CONFIG).is_file():
            return place / name
    raise CheckpointError(
        f"no model {name!r} in {PLACES[0]} or {PLACES[1]}: it comes with the repository and with an installed "
        "package, so install nested-hashing again, or name the folder of a model"
    )
