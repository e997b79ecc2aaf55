"""The ways to get codes of several lengths that `compare` sets side by side."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """A way to get codes of all lengths.

    Args:
        nested: one run of all lengths, not one for each.
        scaled: with the `nested_scale` of the losses that have one, not as published.
        weighting: of the lengths.
        distilled: longer codes teach shorter ones.
        central: weight of central similarity beside the loss; 1 was as good as 0.3 or 3, or better, on training
            pictures that were kept back.
        cut: one run of the longest length alone, whose codes are cut short to the others, as one would with an
            ordinary model.
        heads: one trunk with a linear map of its own for each length, whose codes share no bit.
        hadamard: hash centres of each length by themselves, as published, whose prefixes contradict one another.
        unsupervised: a name from `nhl.evaluation.unsupervised.UNSUPERVISED`, for codes that no labels have made.
        matryoshka: nested softmax over real-valued prefixes, whose signs are the codes [0].

    [0] Kusupati et al., Matryoshka Representation Learning, NeurIPS 2022, arXiv 2205.13147
    """

    nested: bool = True
    scaled: bool = True
    weighting: str = "equal"
    distilled: bool = False
    central: float = 0.0
    cut: bool = False
    heads: bool = False
    hadamard: bool = False
    unsupervised: str = ""
    matryoshka: bool = False

    @property
    def without_loss(self) -> bool:
        """Whether no published loss plays a part, so that one run serves all of them."""
        return bool(self.unsupervised) or self.matryoshka


MODES = {
    "single": Mode(nested=False, scaled=False),
    "single-scaled": Mode(nested=False),
    "equal": Mode(scaled=False),
    "scaled": Mode(),
    "adaptive": Mode(weighting="nhl"),
    "distill": Mode(distilled=True),
    "full": Mode(weighting="nhl", distilled=True),
    "uncertainty": Mode(weighting="uncertainty"),
    "gradnorm": Mode(weighting="gradnorm"),
    "pcgrad": Mode(weighting="pcgrad"),
    "cut": Mode(nested=False, scaled=False, cut=True),
    "heads": Mode(scaled=False, heads=True),
    "hadamard": Mode(scaled=False, hadamard=True),
    "hadamard-adaptive": Mode(scaled=False, hadamard=True, weighting="nhl"),
    "single-central": Mode(nested=False, central=1.0),
    "central": Mode(central=1.0),
    "central-full": Mode(weighting="nhl", distilled=True, central=1.0),
    "matryoshka": Mode(matryoshka=True),
    **{name: Mode(nested=False, unsupervised=name) for name in ("lsh", "pca", "itq", "pq")},
}
"""Every mode by its name."""
